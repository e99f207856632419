//! The changes that the request needs to agree with its resolution.

use crate::headers::{field_set::FieldSet, known::Field};

/// The changes to the headers (rules R11, R13). Holds positions only, so that the request can be borrowed again to
/// change it.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// Headers to remove.
    pub(crate) remove: FieldSet,
    /// Whether there are headers that are spelled with underscores or dots.
    pub(crate) underscored: bool,
    /// Whether headers that say who the client is may have to be removed.
    pub(crate) identity: bool,
    pub(crate) client: ClientEdit,
    /// The scheme header that was read, if its value is not exactly the resolved scheme.
    pub(crate) set_scheme: Option<(Field, &'static str)>,
    pub(crate) set_forwarded_host: bool,
    pub(crate) set_port: Option<u16>,
    pub(crate) set_prefix: bool,
    pub(crate) set_host: bool,
    /// Whether `Host` is present but invalid (rule R13).
    pub(crate) remove_host: bool,
}

/// How the client header must change so that it holds only what trusted proxies wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientEdit {
    #[default]
    Keep,
    /// Keep the only line from this byte on.
    Suffix(usize),
    /// Write this many elements from the right again. In `Forwarded`, put the host into the element with the number
    /// `host`, counted from the right; 0 means none.
    Rebuild { elements: usize, host: usize },
}
