//! The result of a resolution, as plain data.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, HeaderValue, uri::Authority};

#[cfg(feature = "client-cert")]
mod client_cert;
mod details;
mod finding;
mod hop;
mod origin;
pub(crate) mod scheme;

#[cfg(feature = "client-cert")]
pub use self::client_cert::{ClientCert, XfccElement};
pub(crate) use self::details::Details;

pub use self::{
    finding::{Finding, FindingError, Findings, FindingsIter},
    hop::Hop,
    origin::Origin,
    scheme::{Scheme, SchemeError},
};
use crate::peer::Peer;

/// What is known about a request: the client, the scheme and the host, as the outermost trusted proxy saw them.
///
/// [`ForwardedLayer`](crate::ForwardedLayer) inserts one into the extensions of every request. In axum, it is also an
/// extractor.
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
    pub(crate) hops: usize,
    pub(crate) findings: Findings,
    pub(crate) details: Option<Arc<Details>>,
}

impl Resolution {
    /// Nothing is known yet, except the peer.
    pub(crate) const fn of_peer(peer: Option<Peer>) -> Self {
        Self {
            peer,
            client: None,
            client_port: None,
            scheme: Scheme::Http,
            authority: None,
            prefix: None,
            hops: 0,
            findings: Findings::NONE,
            details: None,
        }
    }

    /// Creates a resolution for tests of handlers: a client whose request came through one trusted proxy.
    ///
    /// ```
    /// use tower_forwarded::{Resolution, Scheme};
    ///
    /// let resolution = Resolution::for_test(
    ///     "203.0.113.7".parse()?,
    ///     Scheme::Https,
    ///     "api.example.com".parse()?,
    /// );
    /// let mut request = http::Request::get("/").body(())?;
    /// request.extensions_mut().insert(resolution); // as the layer does
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn for_test(client: IpAddr, scheme: Scheme, authority: Authority) -> Self {
        Self {
            peer: Some(Peer::from(SocketAddr::from(([127, 0, 0, 1], 0)))),
            client: Some(client),
            client_port: None,
            scheme,
            authority: Some(authority),
            prefix: None,
            hops: 1,
            findings: Findings::NONE,
            details: None,
        }
    }

    /// Adds a header that says who the client is, for tests of handlers.
    ///
    /// ```
    /// use http::{HeaderName, HeaderValue};
    /// use tower_forwarded::{Resolution, Scheme};
    ///
    /// let resolution = Resolution::for_test(
    ///     "203.0.113.7".parse()?,
    ///     Scheme::Https,
    ///     "api.example.com".parse()?,
    /// )
    /// .with_identity(
    ///     HeaderName::from_static("remote-user"),
    ///     HeaderValue::from_static("alice"),
    /// );
    /// assert_eq!(resolution.identity().get("remote-user").unwrap(), "alice");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_identity(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let details = Arc::make_mut(self.details.get_or_insert_default());
        details.add_identity(name, value);
        self
    }

    /// Adds a certificate that the client presented, for tests of handlers.
    ///
    /// ```
    /// use tower_forwarded::{ClientCert, Resolution, Scheme};
    ///
    /// let der = vec![0x30, 0x00]; // of your test's certificate
    /// let resolution = Resolution::for_test(
    ///     "203.0.113.7".parse()?,
    ///     Scheme::Https,
    ///     "api.example.com".parse()?,
    /// )
    /// .with_client_cert(ClientCert::for_test(der.into(), Vec::new()));
    /// let certificate = resolution.client_cert().expect("the one above");
    /// assert_eq!(**certificate.der(), [0x30, 0x00]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "client-cert")]
    #[must_use]
    pub fn with_client_cert(mut self, certificate: ClientCert) -> Self {
        let details = Arc::make_mut(self.details.get_or_insert_default());
        details.client_cert = Some(certificate);
        self
    }

    /// The client's address (`client.address` in OpenTelemetry's terms).
    ///
    /// `None` if the peer is unknown, or if it is a Unix socket and no proxy named the client.
    #[must_use]
    pub const fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// The client's port (`client.port`), if the client is the peer itself, or if a proxy sent the port.
    #[must_use]
    pub const fn client_port(&self) -> Option<u16> {
        self.client_port
    }

    /// The client's address and port. The port is 0 if it is unknown.
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

    /// The authority of the target URI, in lowercase and without the scheme's default port.
    ///
    /// `None` if the request has no authority, or none that is valid.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// The host without the port (`server.address`). An IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::host)
    }

    /// The port that the client connected to (`server.port`): the port of the authority, or else the scheme's default
    /// port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.authority
            .as_ref()
            .map(|authority| origin::port_of(authority, self.scheme))
    }

    /// The path prefix that a proxy stripped before it forwarded the request. It does not end with a slash.
    ///
    /// Always `None` without [`believe_prefix`](crate::ForwardedLayer::believe_prefix).
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The origin at which the client reached the service; `None` if there is no authority.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        Some(Origin {
            scheme: self.scheme,
            authority: self.authority.clone()?,
            prefix: self.prefix.clone(),
        })
    }

    /// The other end of the connection: the proxy if there is one. `None` if unknown.
    #[must_use]
    pub const fn peer(&self) -> Option<Peer> {
        self.peer
    }

    /// Whether the peer is a trusted proxy, so that the layer believes its headers.
    ///
    /// Also `false` if a required secret is missing, or if the request came through fewer proxies than are counted.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.hops > 0
    }

    /// The number of trusted proxies that vouch for this resolution; 0 if the peer is not trusted.
    #[must_use]
    pub const fn hops(&self) -> usize {
        self.hops
    }

    /// The hops that the request took, for audit logs: every node that trusted proxies reported, from the client to the
    /// proxy that connected to the [peer](Self::peer).
    ///
    /// Empty unless the layer [records hops](crate::ForwardedLayer::record_hops). Also empty if the peer is not
    /// believed.
    ///
    #[cfg_attr(feature = "axum-08", doc = "```")]
    #[cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
    /// use tower_forwarded::Resolution;
    ///
    /// async fn handler(resolution: Resolution) -> String {
    ///     let way: Vec<String> = resolution
    ///         .hops_seen()
    ///         .iter()
    ///         .map(|hop| hop.address().map_or("hidden".to_owned(), |address| address.to_string()))
    ///         .collect();
    ///     way.join(" > ") // 203.0.113.7 > 130.176.1.9
    /// }
    /// ```
    #[must_use]
    pub fn hops_seen(&self) -> &[Hop] {
        self.details
            .as_ref()
            .map_or(&[], |details| details.hops_seen.as_slice())
    }

    /// The headers that say who the client is, as the trusted peer sent them.
    ///
    /// Contains one value for each header that [`believe_identity`](crate::ForwardedLayer::believe_identity) names.
    /// Empty if there are no such headers, and for every request whose peer is not trusted.
    ///
    /// Read these headers here, and not in the request. Then a client cannot fool your handler if you forget the layer.
    /// The values are [sensitive](HeaderValue::is_sensitive): `Debug` does not show them.
    ///
    #[cfg_attr(feature = "axum-08", doc = "```")]
    #[cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
    /// use axum::http::StatusCode;
    /// use tower_forwarded::Resolution;
    ///
    /// async fn handler(resolution: Resolution) -> Result<String, StatusCode> {
    ///     let user = resolution.identity().get("remote-user").ok_or(StatusCode::UNAUTHORIZED)?;
    ///     let user = user.to_str().map_err(|_| StatusCode::BAD_REQUEST)?;
    ///     Ok(format!("hello {user}"))
    /// }
    /// ```
    #[must_use]
    pub fn identity(&self) -> &HeaderMap {
        details::identity(self.details.as_deref())
    }

    /// The certificate that the client presented, as the trusted peer passed it on.
    #[cfg(feature = "client-cert")]
    #[must_use]
    pub fn client_cert(&self) -> Option<&ClientCert> {
        self.details.as_ref()?.client_cert.as_ref()
    }

    /// What Envoy reports about the client's certificate: its hash, its subject, its URI and DNS names.
    ///
    /// Use it if your service knows its clients by a SPIFFE ID, and does not need the certificate itself.
    ///
    /// `None` if `X-Forwarded-Client-Cert` is not believed, or if it has no readable element about the client.
    ///
    /// Behind the sidecar of a service mesh, the client is the workload that sent the request to the sidecar. There,
    /// trust `loopback` with `.hops(1)`.
    #[cfg(feature = "client-cert")]
    #[must_use]
    pub fn xfcc(&self) -> Option<&XfccElement> {
        self.details.as_ref()?.xfcc.as_ref()
    }

    /// What the layer noticed in the request: see [`Finding`].
    #[must_use]
    pub const fn findings(&self) -> Findings {
        self.findings
    }
}
