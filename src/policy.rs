//! What was decided beforehand: whom to trust and what to believe.

use std::{fmt, sync::Arc};

use http::{Extensions, HeaderName, request::Parts};

use crate::{
    Headers, HostPattern, Peer, Resolution, Scheme, Trust, TrustedProxies,
    headers::known::{FieldSet, Kind},
    report::Reports,
    resolve::{self, Head},
};

/// What the service decided beforehand: whom to trust and what to believe.
///
/// A [`ForwardedLayer`](crate::ForwardedLayer) builds it and hands it out with
/// [`policy`](crate::ForwardedLayer::policy).
pub struct Policy<T = TrustedProxies> {
    pub(crate) trust: Arc<T>,
    pub(crate) rules: Rules,
    pub(crate) reports: Arc<Reports>,
}

impl<T> Clone for Policy<T> {
    fn clone(&self) -> Self {
        Self {
            trust: self.trust.clone(),
            rules: self.rules.clone(),
            reports: self.reports.clone(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Policy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("trust", &self.trust)
            .field("rules", &self.rules)
            .finish()
    }
}

impl<T: Trust> Policy<T> {
    /// What comes out of a request from `peer`, without touching it.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?);
    /// let (parts, ()) = http::Request::get("/")
    ///     .header("host", "api.example.com")
    ///     .header("x-forwarded-for", "203.0.113.7")
    ///     .header("x-forwarded-proto", "https")
    ///     .body(())?
    ///     .into_parts();
    ///
    /// let resolution = layer.policy().resolve(Some("10.0.0.1:40000".parse()?), &parts);
    /// assert_eq!(resolution.client(), Some("203.0.113.7".parse()?));
    /// assert_eq!(resolution.origin().unwrap().to_string(), "https://api.example.com");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn resolve(&self, peer: Option<Peer>, parts: &Parts) -> Resolution {
        self.trust
            .snapshot(|trust| resolve::resolve(peer, Head::of(parts), &self.rules, trust, &mut ()))
            .resolution
    }
}

/// The part of a policy that does not depend on the type of the trust.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) headers: Headers,
    pub(crate) hosts: Vec<HostPattern>,
    pub(crate) port: bool,
    pub(crate) prefix: bool,
    pub(crate) connection_scheme: Arc<dyn ConnectionScheme + Send + Sync>,
    pub(crate) peer_from: Option<Arc<PeerFrom>>,
    pub(crate) keep: Vec<HeaderName>,
    /// The known ones among `keep`, as a set.
    pub(crate) keep_known: FieldSet,
    pub(crate) keep_uri: bool,
    pub(crate) keep_connect_info: bool,
}

pub(crate) type PeerFrom = dyn Fn(&Extensions) -> Option<Peer> + Send + Sync;

impl Default for Rules {
    fn default() -> Self {
        Self {
            headers: Headers::X_FORWARDED,
            hosts: Vec::new(),
            port: false,
            prefix: false,
            connection_scheme: Arc::new(Scheme::Http),
            peer_from: None,
            keep: Vec::new(),
            keep_known: FieldSet::EMPTY,
            keep_uri: false,
            keep_connect_info: false,
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("headers", &self.headers)
            .field("hosts", &self.hosts)
            .field("port", &self.port)
            .field("prefix", &self.prefix)
            .field("peer_from", &self.peer_from.is_some())
            .field("keep", &self.keep)
            .field("keep_uri", &self.keep_uri)
            .field("keep_connect_info", &self.keep_connect_info)
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// Which of the fields to keep are forwarding fields; after a change of either.
    pub(crate) fn update_kept(&mut self) {
        let kept = self
            .keep
            .iter()
            .filter_map(|name| match self.headers.recognise(name) {
                Some(Kind::Field(field)) => Some(field),
                _ => None,
            });
        self.keep_known = FieldSet::of(kept);
    }

    /// The peer of a request (rule R1).
    pub(crate) fn peer_of(&self, extensions: &Extensions) -> Option<Peer> {
        Peer::of(extensions).or_else(|| self.peer_from.as_ref().and_then(|from| from(extensions)))
    }
}

/// The scheme of the connection that a request came in on (rule R3): a [`Scheme`], or a function of
/// the request's extensions for a service that ends TLS itself on some of its ports.
///
/// ```
/// use tower_forwarded::{ForwardedLayer, Scheme, TrustedProxies};
///
/// #[derive(Clone)]
/// struct Tls; // inserted by the acceptor of the TLS port
///
/// let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme(
///     |extensions: &http::Extensions| match extensions.get::<Tls>() {
///         Some(Tls) => Scheme::Https,
///         None => Scheme::Http,
///     },
/// );
/// ```
pub trait ConnectionScheme {
    /// The scheme of the connection whose request carries `extensions`.
    fn connection_scheme(&self, extensions: &Extensions) -> Scheme;
}

impl ConnectionScheme for Scheme {
    fn connection_scheme(&self, _: &Extensions) -> Scheme {
        *self
    }
}

impl<F> ConnectionScheme for F
where
    F: Fn(&Extensions) -> Scheme,
{
    fn connection_scheme(&self, extensions: &Extensions) -> Scheme {
        self(extensions)
    }
}
