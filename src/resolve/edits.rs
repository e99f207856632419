//! What came out, and how the request has to change to say the same.

use crate::{
    headers::{field_set::FieldSet, known::Field},
    resolution::Resolution,
};

/// A resolution, and how the request has to change to say the same.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) resolution: Resolution,
    pub(crate) edits: Edits,
}

/// How the header fields have to change (rules R11, R13). Positions only, so that the request can be
/// borrowed again to change it.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// Fields to remove.
    pub(crate) remove: FieldSet,
    /// Fields spelled with underscores or dots are there.
    pub(crate) underscored: bool,
    /// Headers that say who the client is may have to go.
    pub(crate) identity: bool,
    pub(crate) client: ClientEdit,
    /// The scheme field that was read, if it does not say the resolved scheme, and only that.
    pub(crate) set_scheme: Option<Field>,
    pub(crate) set_forwarded_host: bool,
    pub(crate) set_port: Option<u16>,
    pub(crate) set_prefix: bool,
    pub(crate) set_host: bool,
    /// `Host` is there and not understood (rule R13).
    pub(crate) remove_host: bool,
}

/// How the client field has to change to hold its vouched part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientEdit {
    #[default]
    Keep,
    /// The only line, from this byte on.
    Suffix(usize),
    /// Write this many elements from the right anew, the host into one of them (`Forwarded` only, counted
    /// from the right, 0 for none).
    Rebuild { elements: usize, host: usize },
}
