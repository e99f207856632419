//! Where the client reached the service.

use std::{fmt, sync::Arc};

use http::uri::Authority;

use super::scheme::Scheme;

pub(super) fn port_of(authority: &Authority, scheme: Scheme) -> u16 {
    authority
        .port_u16()
        .unwrap_or_else(|| scheme.default_port())
}

/// Where the client reached the service: the scheme, the authority and, if believed, the path prefix.
///
/// `Display` writes an ASCII origin (RFC 6454, section 6.2), such as `https://api.example.com`. Browsers send this form
/// in the `Origin` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) prefix: Option<Arc<str>>,
}

impl Origin {
    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host, with its port unless that is the default port of the scheme.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host without the port. An IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The port of the authority, or else the scheme's default port.
    #[must_use]
    pub fn port(&self) -> u16 {
        port_of(&self.authority, self.scheme)
    }

    /// The path prefix that a proxy stripped, if it is believed: see [`Resolution::prefix`](crate::Resolution::prefix).
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Builds the absolute URL of a path (and query) of this service, as the client must request it. The URL includes
    /// the prefix that a proxy stripped.
    ///
    /// Use it for OAuth callbacks, sitemaps and OpenAPI servers. `path` is inserted unchanged, and always after a
    /// slash, so it cannot change the authority. If `path` has characters that must be percent-encoded, encode them
    /// first.
    ///
    /// ```
    /// # use tower_forwarded::*;
    /// # fn handler(origin: Origin) {
    /// assert_eq!(origin.url("/callback?state=1"), "https://api.example.com/callback?state=1");
    /// assert_eq!(origin.url("@evil.example"), "https://api.example.com/@evil.example");
    /// # }
    /// # let request = http::Request::get("https://api.example.com/").body(()).unwrap();
    /// # let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme(Scheme::Https);
    /// # handler(layer.policy().resolve(None, &request.into_parts().0).origin().unwrap());
    /// ```
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{self}{prefix}{slash}{path}")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}
