//! The parts of a resolution that few services need, kept apart from the others.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};

#[cfg(feature = "client-cert")]
use super::client_cert::{ClientCert, XfccElement};
use super::hop::Hop;

/// The parts that few services need: the hops of the request, and who the client is.
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
    pub(crate) fn is_empty(&self) -> bool {
        let is_empty = self.hops_seen.is_empty() && self.identity.is_empty();
        #[cfg(feature = "client-cert")]
        let is_empty = is_empty && self.client_cert.is_none() && self.xfcc.is_none();
        is_empty
    }

    pub(crate) fn add_identity(&mut self, name: HeaderName, mut value: HeaderValue) {
        // Some of these headers hold a token.
        value.set_sensitive(true);
        // This fails only if the map is full. It holds 24,576 names, more than the layer can believe.
        let _ = self.identity.try_insert(name, value);
    }
}

/// The headers that say who the client is. Empty without details.
pub(super) fn identity(details: Option<&Details>) -> &HeaderMap {
    static NOBODY: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
    details.map_or(&*NOBODY, |details| &details.identity)
}
