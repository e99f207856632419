//! Who the client is, as the trusted peer says.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};

#[cfg(feature = "client-cert")]
use super::client_cert::ClientCert;

/// Who the client is, as the trusted peer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    headers: HeaderMap,
    #[cfg(feature = "client-cert")]
    pub(crate) client_cert: Option<ClientCert>,
}

impl Who {
    pub(crate) fn add(&mut self, name: HeaderName, mut value: HeaderValue) {
        // A token is among them.
        value.set_sensitive(true);
        // A map that is full has 24,576 names, more than can be believed.
        let _ = self.headers.try_insert(name, value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "client-cert")]
        if self.client_cert.is_some() {
            return false;
        }
        self.headers.is_empty()
    }
}

/// The headers, none for nobody.
pub(super) fn headers_of(who: Option<&Who>) -> &HeaderMap {
    static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
    who.map_or(&*NONE, |who| &who.headers)
}
