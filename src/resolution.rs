//! What came out: plain data.

use std::{fmt, net::IpAddr, net::SocketAddr, str::FromStr, sync::Arc};

use http::uri::Authority;

use crate::{Peer, Scheme};

/// The request that the client really made, as the outermost trusted proxy saw it.
///
/// [`ForwardedLayer`](crate::ForwardedLayer) puts one among the extensions of every request. In axum
/// it is an extractor too.
///
/// ```
/// # async fn handler(request: http::Request<()>) {
/// use tower_forwarded::Resolution;
///
/// if let Some(resolution) = request.extensions().get::<Resolution>() {
///     println!("{:?} asks by {}", resolution.client(), resolution.scheme());
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub(crate) peer: Option<Peer>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) client_port: Option<u16>,
    pub(crate) scheme: Scheme,
    pub(crate) authority: Option<Authority>,
    pub(crate) prefix: Option<Arc<str>>,
    pub(crate) trusted: bool,
    pub(crate) hops: usize,
    pub(crate) findings: Findings,
}

impl Resolution {
    /// The client's address (`client.address`).
    ///
    /// `None` if the peer is unknown, or if it is a Unix socket and no proxy named the client.
    #[must_use]
    pub const fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// The client's port (`client.port`), if the client is the peer itself or a proxy told it.
    #[must_use]
    pub const fn client_port(&self) -> Option<u16> {
        self.client_port
    }

    /// The client's address and port; the port is 0 if it is not known.
    #[must_use]
    pub fn client_addr(&self) -> Option<SocketAddr> {
        let port = self.client_port.unwrap_or(0);
        self.client.map(|client| SocketAddr::new(client, port))
    }

    /// The scheme of the target URI (`url.scheme`).
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The authority of the target URI: lowercase, without the scheme's default port.
    ///
    /// `None` if the request named none, or none that is valid.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// The host alone (`server.address`), an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::host)
    }

    /// The port that the client connected to (`server.port`): the authority's, else the scheme's.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.authority
            .as_ref()
            .map(|authority| port_of(authority, self.scheme))
    }

    /// The path that a proxy stripped before it forwarded the request, without a slash at its end.
    ///
    /// Only with [`believe_prefix`](crate::ForwardedLayer::believe_prefix).
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Where the client reached the service; `None` without an authority.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        Some(Origin {
            scheme: self.scheme,
            authority: self.authority.clone()?,
            prefix: self.prefix.clone(),
        })
    }

    /// The other end of the connection, which is the proxy if there is one; `None` if unknown.
    #[must_use]
    pub const fn peer(&self) -> Option<Peer> {
        self.peer
    }

    /// Whether the peer is a trusted proxy, so that its word counts.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// How many trusted proxies vouched for what came out; 0 if the peer is not trusted.
    #[must_use]
    pub const fn hops(&self) -> usize {
        self.hops
    }

    /// What was not as it should be.
    #[must_use]
    pub const fn findings(&self) -> Findings {
        self.findings
    }
}

fn port_of(authority: &Authority, scheme: Scheme) -> u16 {
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
    scheme: Scheme,
    authority: Authority,
    prefix: Option<Arc<str>>,
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

    /// The path that a proxy stripped, if that is believed; see [`Resolution::prefix`].
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

macro_rules! findings {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// Something about a request that was not as it should be.
        ///
        /// A finding never makes a request fail by itself (rule R16): the resolution is the truth as
        /// far as it was vouched for. In text it is kebab-case.
        ///
        /// ```
        /// use tower_forwarded::Finding;
        ///
        /// assert_eq!(Finding::SchemeMissing.to_string(), "scheme-missing");
        /// assert_eq!("hop-limit".parse(), Ok(Finding::HopLimit));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Finding {
            $($(#[$doc])* $variant,)*
        }

        impl Finding {
            /// Every finding there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in kebab-case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

findings! {
    /// Nobody said who the peer is, so nothing is believed.
    PeerUnknown = "peer-unknown",
    /// Forwarding fields came from a peer that is not trusted; they were ignored.
    PeerUntrusted = "peer-untrusted",
    /// A trusted proxy sent other fields of the family, but did not say for whom.
    ForMissing = "for-missing",
    /// An element is empty, no node identifier, or the unspecified address; the walk ended there.
    ForMalformed = "for-malformed",
    /// A proxy hides its client (`unknown` or `_obfuscated`).
    ClientHidden = "client-hidden",
    /// The hop limit ended the walk at a trusted address with more to its left.
    HopLimit = "hop-limit",
    /// A trusted proxy did not say the scheme; the connection's own is taken.
    SchemeMissing = "scheme-missing",
    /// The scheme is none of http, https, ws, wss; the connection's own is taken.
    SchemeInvalid = "scheme-invalid",
    /// A forwarded host is not one of those allowed; it was ignored.
    HostNotAllowed = "host-not-allowed",
    /// A host is malformed, missing, or named twice.
    HostInvalid = "host-invalid",
    /// A forwarded port is no number from 1 to 65535; it was ignored.
    PortInvalid = "port-invalid",
    /// A forwarded prefix is no safe path; it was ignored.
    PrefixInvalid = "prefix-invalid",
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no finding: expected one of {}", .0.escape_debug(), Finding::ALL.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", "))]
pub struct FindingError(pub String);

impl FromStr for Finding {
    type Err = FindingError;

    fn from_str(text: &str) -> Result<Self, FindingError> {
        Self::ALL
            .iter()
            .copied()
            .find(|finding| finding.as_str() == text)
            .ok_or_else(|| FindingError(text.to_owned()))
    }
}

/// A set of [`Finding`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Findings(u16);

impl Findings {
    /// No finding.
    pub const NONE: Self = Self(0);

    /// Whether nothing was found.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `finding` is in the set.
    #[must_use]
    pub const fn contains(self, finding: Finding) -> bool {
        self.0 & Self::bit(finding) != 0
    }

    /// The findings that both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The findings of the set, in the order of [`Finding::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Finding> {
        Finding::ALL
            .iter()
            .copied()
            .filter(move |&finding| self.contains(finding))
    }

    pub(crate) const fn insert(&mut self, finding: Finding) {
        self.0 |= Self::bit(finding);
    }

    const fn bit(finding: Finding) -> u16 {
        1_u16.wrapping_shl(finding as u32)
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        let mut set = Self::NONE;
        for finding in findings {
            set.insert(finding);
        }
        set
    }
}

impl fmt::Debug for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Finding::as_str))
            .finish()
    }
}
