//! What few services ask for, out of the way of the others.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};

#[cfg(feature = "client-cert")]
use super::client_cert::{ClientCert, XfccElement};
use super::hop::Hop;

/// What few services ask for: the way of the request, and who the client is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) hops_seen: Vec<Hop>,
    identity: HeaderMap,
    #[cfg(feature = "client-cert")]
    pub(crate) client_cert: Option<ClientCert>,
    #[cfg(feature = "client-cert")]
    pub(crate) xfcc: Option<XfccElement>,
}

impl Details {
    pub(crate) fn add_identity(&mut self, name: HeaderName, mut value: HeaderValue) {
        // A token is among them.
        value.set_sensitive(true);
        // A map that is full has 24,576 names, more than can be believed.
        let _ = self.identity.try_insert(name, value);
    }
}

/// Who the client is; nobody without details.
pub(super) fn identity(details: Option<&Details>) -> &HeaderMap {
    static NOBODY: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
    details.map_or(&*NOBODY, |details| &details.identity)
}
