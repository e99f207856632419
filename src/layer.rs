//! The layer: resolves and rewrites each request before the inner service sees it.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Extensions, HeaderName, Request, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "serde")]
use crate::identity::names::BelievedNames;
use crate::{
    counts::Counts,
    headers::{Headers, HeadersError, unwanted::Unwanted},
    host_pattern::{HostPattern, HostPatternError},
    peer::Peer,
    policy::Policy,
    resolution::{Finding, Findings, Resolution, scheme::Scheme},
    resolve::{self, head::Head},
    rewrite,
    rules::{ConnectionScheme, Rules},
    secret::Secret,
    trust::Trust,
};

/// Gives the inner service the request that the client really made.
///
/// Add it last in axum, first in a `ServiceBuilder`: it has to run before every layer that looks at
/// addresses, schemes or hosts (CORS, CSRF, tracing, rate limits).
///
#[cfg_attr(feature = "axum-08", doc = "```")]
#[cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
/// use axum::{Router, routing::get};
/// use tower_forwarded::{ClientIp, ForwardedLayer, Origin, TrustedProxies};
///
/// async fn users(ClientIp(ip): ClientIp, origin: Origin) -> String {
///     format!("{ip} reached us at {}", origin.url("/users/"))
/// }
///
/// let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
/// let app: Router = Router::new()
///     .route("/users/", get(users))
///     .layer(ForwardedLayer::new(proxies));
/// # Ok::<(), tower_forwarded::TrustError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ForwardedLayer {
    policy: Arc<Policy>,
}

impl ForwardedLayer {
    /// Believes the proxies that `trust` names, in the `X-Forwarded-*` headers.
    ///
    /// `trust` is a [`TrustedProxies`](crate::TrustedProxies), a `SwapProxies`, an `Arc<dyn Trust>`, what
    /// [`trust_fn`](crate::trust_fn) makes of a closure, or a type of your own that implements [`Trust`].
    /// A text is read first: `"10.0.0.0/8".parse::<TrustedProxies>()?`.
    pub fn new(trust: impl Trust + 'static) -> Self {
        Self {
            policy: Arc::new(Policy {
                trust: Arc::new(trust),
                rules: Rules::default(),
                counts: Arc::<Counts>::default(),
                #[cfg(feature = "tracing")]
                reports: Arc::default(),
            }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut Arc::make_mut(&mut self.policy).rules);
        self
    }

    /// Believes these fields instead of `X-Forwarded-*`.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::any()).headers(Headers::AWS_ALB);
    /// ```
    pub fn headers(self, headers: Headers) -> Self {
        self.with(|rules| {
            rules.identity.forget_what_is_read(&headers);
            rules.headers = headers;
            rules.update_kept();
        })
    }

    /// Believes a forwarded host (`X-Forwarded-Host`, or `host=` in `Forwarded`) that matches one of
    /// these patterns (rule R8).
    ///
    /// Most balancers pass a client's own `X-Forwarded-Host` on, so without this call it is ignored
    /// and the host is the one in the request itself.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::any())
    ///     .believe_hosts(["api.example.com", "*.example.org"])?;
    /// # Ok::<(), tower_forwarded::HostPatternError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Names the first text that is no [`HostPattern`].
    pub fn believe_hosts<I>(self, patterns: I) -> Result<Self, HostPatternError>
    where
        I: IntoIterator,
        I::Item: TryInto<HostPattern>,
        HostPatternError: From<<I::Item as TryInto<HostPattern>>::Error>,
    {
        Ok(self.host_patterns(HostPattern::all(patterns)?))
    }

    pub(crate) fn host_patterns(self, patterns: Vec<HostPattern>) -> Self {
        self.with(|rules| rules.hosts = patterns)
    }

    /// Believes a forwarded port, which then joins an authority that names none (rule R9).
    ///
    /// Only behind a proxy that sets the header itself; the [preset](Headers)'s page says so. The preset has to read one:
    /// for those that read none, call [`with_port_field`](Headers::with_port_field).
    pub fn believe_port(self) -> Self {
        self.with(|rules| rules.port = true)
    }

    /// Believes a forwarded path prefix, see [`Resolution::prefix`] (rule R9).
    ///
    /// Only behind a proxy that sets the header itself, and removes it where it strips nothing. The [preset](Headers)
    /// has to read one: for those that read none, such as `NGINX`, call
    /// [`with_prefix_field`](Headers::with_prefix_field).
    pub fn believe_prefix(self) -> Self {
        self.with(|rules| rules.prefix = true)
    }

    /// The scheme of the connection itself, for requests whose scheme no trusted proxy states: `http`
    /// unless this is called (rule R3).
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Scheme, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme(Scheme::Https);
    /// ```
    pub fn connection_scheme(self, scheme: Scheme) -> Self {
        self.with(|rules| rules.connection_scheme = ConnectionScheme::Fixed(scheme))
    }

    /// The same from the request's extensions, for a service that ends TLS itself on some of its ports.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Scheme, TrustedProxies};
    ///
    /// #[derive(Clone)]
    /// struct Tls; // inserted by the acceptor of the TLS port
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme_from(|extensions| {
    ///     match extensions.get::<Tls>() {
    ///         Some(Tls) => Scheme::Https,
    ///         None => Scheme::Http,
    ///     }
    /// });
    /// ```
    pub fn connection_scheme_from<F>(self, from: F) -> Self
    where
        F: Fn(&Extensions) -> Scheme + Send + Sync + 'static,
    {
        self.with(|rules| rules.connection_scheme = ConnectionScheme::From(Arc::new(from)))
    }

    /// Where to find the peer, for servers that put it where this crate does not look: see the table
    /// at [`Peer`] (rule R1).
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use tower_forwarded::{ForwardedLayer, Peer, TrustedProxies};
    ///
    /// #[derive(Clone)]
    /// struct Accepted { from: SocketAddr }
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::any()).peer_from(|extensions| {
    ///     extensions.get().map(|accepted: &Accepted| Peer::from(accepted.from))
    /// });
    /// ```
    pub fn peer_from<F>(self, from: F) -> Self
    where
        F: Fn(&Extensions) -> Option<Peer> + Send + Sync + 'static,
    {
        self.with(|rules| rules.peer_from = Some(Arc::new(from)))
    }

    /// Believes a trusted peer only if the request proves itself: by one line of the header `name` that is
    /// equal to one of `values` (rule R17). More than one value is for rotation.
    ///
    /// It is the cure wherever other people's proxies share the addresses of yours: let CloudFront or Fastly
    /// add a header with a secret, or Cloudflare by a transform rule; Azure Front Door sends the id of
    /// your own one in `X-Azure-FDID`. The values are compared in constant time. The header is removed from
    /// every request, and its value is never shown: not by [`explain`](crate::explain()), in the log or by
    /// `Debug`. Without the secret, nothing is believed, and the request has the finding
    /// [`SecretMissing`](Finding::SecretMissing).
    ///
    /// ```no_run
    /// use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
    ///
    /// let secret = std::env::var("ORIGIN_SECRET")?;
    /// let layer = ForwardedLayer::new(TrustedProxies::any())
    ///     .headers(Headers::CLOUDFLARE)
    ///     .require("x-origin-verify", [secret])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `name` is no header name or the name of a header that proxies forward, if there is no value, or if a
    /// value is empty or cannot stand in a header.
    pub fn require<I>(self, name: impl AsRef<str>, values: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let name = name.as_ref();
        let header: HeaderName = name.parse().map_err(|_| HeadersError::InvalidName {
            name: name.to_owned(),
        })?;
        if self
            .policy
            .rules
            .headers
            .recognise(header.as_str())
            .is_some()
        {
            return Err(HeadersError::InvalidName {
                name: name.to_owned(),
            });
        }
        let secret = Secret::new(header, values).map_err(|reason| HeadersError::Secret {
            name: name.to_owned(),
            reason,
        })?;
        Ok(self.secret(secret))
    }

    /// Believes these headers to say who the client is: a name, an e-mail address, groups, a token, a certificate
    /// (rule R18).
    ///
    /// The layer removes every [known header](crate::guide::identity#which-headers-are-removed) that says who the client
    /// is. It keeps a header that is named here if a trusted peer sent it, in exactly one line. What was believed is in
    /// [`Resolution::identity`].
    ///
    /// Take the preset of the product in front ([`Identity`](crate::Identity)), or name its headers. Your own names work too: they
    /// are then removed from every request of a peer that is not trusted. Name a header only if the proxy
    /// overwrites or strips a client's own: see [who is it?](crate::guide::identity) for each product.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Identity, TrustedProxies};
    ///
    /// let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
    /// let layer = ForwardedLayer::new(proxies.clone()).believe_identity(Identity::AUTHELIA)?;
    /// let layer = ForwardedLayer::new(proxies).believe_identity(["x-auth-request-email"])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Names the first text that is no header name, or the name of a header that cannot say who the client is
    /// (`Host`, `X-Forwarded-For`, `Content-Length`), or that differs from another only in underscores or dots.
    pub fn believe_identity<I>(self, names: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut identity = self.policy.rules.identity.clone();
        for name in names {
            identity.add(name.as_ref())?;
        }
        identity.differs_from(&self.policy.rules.headers)?;
        Ok(self.with(|rules| rules.identity = identity))
    }

    /// Believes a header of your own to hold the certificate that the client presented: PEM, also
    /// percent-encoded or with spaces for its newlines, or DER in base64, a chain with the client's own first.
    ///
    /// It does what [`believe_identity`](Self::believe_identity) does, which is enough for the headers that are
    /// [known to hold a certificate](crate::guide::client_certificates).
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
    ///     .believe_client_cert("x-device-certificate")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`believe_identity`](Self::believe_identity).
    #[cfg(feature = "client-cert")]
    pub fn believe_client_cert(self, name: impl AsRef<str>) -> Result<Self, HeadersError> {
        let mut identity = self.policy.rules.identity.clone();
        identity.add_certificate(name.as_ref())?;
        identity.differs_from(&self.policy.rules.headers)?;
        Ok(self.with(|rules| rules.identity = identity))
    }

    /// What a configuration keeps and removes.
    #[cfg(feature = "serde")]
    pub(crate) fn keep_and_remove(self, keep: Vec<HeaderName>, remove: Vec<HeaderName>) -> Self {
        self.with(|rules| {
            rules.keep.extend(keep);
            rules.remove.extend(remove.into_iter().collect());
            rules.update_kept();
        })
    }

    #[cfg(feature = "serde")]
    pub(crate) fn identity(self, identity: BelievedNames) -> Self {
        self.with(|rules| rules.identity = identity)
    }

    pub(crate) fn secret(self, secret: Secret) -> Self {
        self.with(|rules| rules.secret = Some(secret))
    }

    /// Leaves a field as it came: it is neither removed nor reduced to its vouched part (rule R11).
    ///
    /// Code behind the layer that reads it reads what any client may have written.
    ///
    /// # Errors
    ///
    /// If `name` is no field name.
    pub fn keep(self, name: impl AsRef<str>) -> Result<Self, HeadersError> {
        let name = name.as_ref();
        let header: HeaderName = name.parse().map_err(|_| HeadersError::InvalidName {
            name: name.to_owned(),
        })?;
        Ok(self.with(|rules| {
            rules.keep.insert(header);
            rules.update_kept();
        }))
    }

    /// Removes these headers from every request, whoever sent it, in their spellings with underscores and dots too.
    ///
    /// For headers that nobody behind the layer should read, and that this crate does not
    /// [know](crate::guide::removed_headers).
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::any()).remove(["x-internal-user"])?;
    /// # Ok::<(), tower_forwarded::HeadersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Names the first text that is no header name. `Host` cannot be removed.
    pub fn remove<I>(self, names: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let remove = Unwanted::parse(names)?;
        Ok(self.with(|rules| rules.remove.extend(remove)))
    }

    /// Records the way of each request: see [`Resolution::hops_seen`]. It costs an allocation.
    pub fn record_hops(self) -> Self {
        self.with(|rules| rules.record_hops = true)
    }

    /// Leaves the request's URI as it came, for an app that forwards requests (rule R12).
    pub fn keep_uri(self) -> Self {
        self.with(|rules| rules.keep_uri = true)
    }

    /// Leaves axum's `ConnectInfo` as it came: the peer instead of the client (rule R14).
    pub fn keep_connect_info(self) -> Self {
        self.with(|rules| rules.keep_connect_info = true)
    }

    /// How often each finding was met, by all services that this layer and its clones made.
    ///
    /// A snapshot to export as a metric: a counter with the finding as its attribute. It costs a
    /// request without findings nothing.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::none());
    /// for (finding, count) in layer.finding_counts() {
    ///     println!("forwarded_findings_total{{finding=\"{finding}\"}} {count}");
    /// }
    /// ```
    pub fn finding_counts(&self) -> impl Iterator<Item = (Finding, u64)> {
        self.policy.counts.all().into_iter()
    }

    /// Does to the head of a request what the layer does, and gives back what came out: for frameworks whose middleware
    /// is no tower service. See [other frameworks](crate::guide::entrances#other-frameworks).
    ///
    /// `peer` is the other end of the connection, as the framework tells it. To look without touching the request, call
    /// [`Policy::resolve`].
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?);
    /// let (mut parts, ()) = http::Request::get("/users")
    ///     .header("host", "api.example.com")
    ///     .header("x-forwarded-for", "203.0.113.7")
    ///     .header("x-forwarded-proto", "https")
    ///     .body(())?
    ///     .into_parts();
    ///
    /// let resolution = layer.rewrite(Some("10.0.0.1:40000".parse()?), &mut parts);
    /// assert_eq!(resolution.client(), Some("203.0.113.7".parse()?));
    /// assert_eq!(parts.uri, "https://api.example.com/users");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rewrite(&self, peer: Option<Peer>, parts: &mut Parts) -> Resolution {
        if let Some(resolution) = parts.extensions.get::<Resolution>() {
            return resolution.clone();
        }
        let (empty, ()) = Request::new(()).into_parts();
        let mut request = Request::from_parts(std::mem::replace(parts, empty), ());
        pass(&mut request, peer, &self.policy);
        *parts = request.into_parts().0;
        match parts.extensions.get::<Resolution>() {
            Some(resolution) => resolution.clone(),
            // It was put there a moment ago.
            None => self.policy.resolve(peer, parts),
        }
    }

    /// What was decided so far.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl<S> Layer<S> for ForwardedLayer {
    type Service = Forwarded<S>;

    fn layer(&self, inner: S) -> Forwarded<S> {
        #[cfg(feature = "tracing")]
        crate::explain::log::started(&self.policy);
        Forwarded {
            inner,
            policy: self.policy.clone(),
        }
    }
}

/// The service that [`ForwardedLayer`] makes.
#[derive(Clone, Debug)]
pub struct Forwarded<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Forwarded<S> {
    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change it.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without this one around it.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for Forwarded<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        // R15: what a layer further out resolved stands.
        if request.extensions().get::<Resolution>().is_none() {
            let peer = self.policy.rules.peer_of(request.extensions());
            pass(&mut request, peer, &self.policy);
        }
        self.inner.call(request)
    }
}

/// The way of a request: peer, resolve, rewrite.
#[inline]
fn pass<B>(request: &mut Request<B>, peer: Option<Peer>, policy: &Policy) {
    let rules = &policy.rules;
    policy.with_trust(|trust| {
        let head = Head::of_request(request);
        let outcome = resolve::resolve(peer, head, rules, trust, &mut ());
        let findings = outcome.resolution.findings();
        if !findings.is_empty() {
            report(findings, policy, peer, head, trust);
        }
        rewrite::rewrite(request, outcome, rules);
    });
}

/// Counts the findings, and logs them.
#[cold]
fn report(
    findings: Findings,
    policy: &Policy,
    peer: Option<Peer>,
    head: Head<'_>,
    trust: &dyn Trust,
) {
    for finding in findings.iter() {
        policy.counts.add(finding);
        #[cfg(feature = "tracing")]
        crate::explain::log::log(finding, peer, head, policy, trust);
        #[cfg(not(feature = "tracing"))]
        let _ = (peer, head, trust);
    }
}
