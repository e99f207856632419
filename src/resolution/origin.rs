//! Where the client reached the service.

use std::{fmt, sync::Arc};

use http::uri::Authority;

use super::scheme::Scheme;

pub(super) fn port_of(authority: &Authority, scheme: Scheme) -> u16 {
    authority
        .port_u16()
        .unwrap_or_else(|| scheme.default_port())
}

/// Where the client reached the service: scheme, authority and, if believed, path prefix.
///
/// Displays as an ASCII origin (RFC 6454, section 6.2), `https://api.example.com`, which is what a
/// browser sends in `Origin`.
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

    /// The host, with its port unless it is the scheme's default.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host alone, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The authority's port, else the scheme's default.
    #[must_use]
    pub fn port(&self) -> u16 {
        port_of(&self.authority, self.scheme)
    }

    /// The path that a proxy stripped, if that is believed; see [`Resolution::prefix`](crate::Resolution::prefix).
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The absolute URL of a path (and query) of this service, as the client has to write it: with
    /// the prefix that a proxy stripped.
    ///
    /// For OAuth callbacks, sitemaps, OpenAPI servers. `path` goes in as it is, behind a slash, so
    /// that it cannot reach into the authority; percent-encode what is not yet.
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
