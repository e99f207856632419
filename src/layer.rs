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
    resolve::{self, edits::Edits, head::Head},
    rewrite,
    rules::{ConnectionScheme, Rules},
    secret::{self, Secret},
    trust::Trust,
};

/// Rewrites each request so that the inner service sees the request that the client made.
///
/// Add it last to an axum `Router`, or first to a `ServiceBuilder`. It must run before every layer that looks at
/// addresses, schemes or hosts, such as CORS, CSRF protection, tracing and rate limits.
///
#[cfg_attr(feature = "axum-08", doc = "```")]
#[cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
/// use axum::{Router, routing::get};
/// use tower_forwarded::{ClientIp, ForwardedLayer, Origin, TrustedProxies};
///
/// async fn users(ClientIp(ip): ClientIp, origin: Origin) -> String {
///     format!("{ip} requested {}", origin.url("/users/"))
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
    /// Creates a layer that believes the `X-Forwarded-*` headers of the proxies that `trust` trusts.
    ///
    /// `trust` can be a [`TrustedProxies`](crate::TrustedProxies), a `SwapProxies`, an `Arc<dyn Trust>`, the result of
    /// [`trust_fn`](crate::trust_fn), or a type of your own that implements [`Trust`]. Parse a string first:
    /// `"10.0.0.0/8".parse::<TrustedProxies>()?`.
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

    /// Believes these headers instead of `X-Forwarded-*`.
    ///
    /// Use the preset of the product in front of your service: see [`Headers`].
    ///
    /// Call this before [`believe_identity`](Self::believe_identity) and [`require`](Self::require). These then refuse
    /// a header that is read here. In the other order, a header has only one meaning too: the layer no longer believes
    /// it about who the client is, and never reads the secret as anything else.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::any()).headers(Headers::AWS_ALB);
    /// ```
    pub fn headers(self, mut headers: Headers) -> Self {
        self.with(|rules| {
            if let Some(secret) = &rules.secret {
                headers.ignore(&secret.name);
            }
            rules.identity.forget_what_is_read(&headers);
            rules.headers = headers;
            rules.update_kept();
        })
    }

    /// Believes a forwarded host (`X-Forwarded-Host`, or `host=` in `Forwarded`) if it matches one of these patterns
    /// (rule R8).
    ///
    /// Most load balancers pass through an `X-Forwarded-Host` header that a client sent. So without this call, the
    /// layer ignores forwarded hosts. It then takes the host from the request itself. A second call replaces the first.
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
    /// Returns an error that names the first string that is not a valid [`HostPattern`].
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

    /// Believes a forwarded port (rule R9). The layer adds it to an authority that has no port of its own.
    ///
    /// Call this only if your proxy overwrites the port header. The documentation of its [preset](Headers) says whether
    /// it does.
    ///
    /// The preset must also name a port header. If it names none, call [`with_port_field`](Headers::with_port_field).
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
    ///     .headers(Headers::AWS_ALB)
    ///     .believe_port();
    /// # Ok::<(), tower_forwarded::TrustError>(())
    /// ```
    pub fn believe_port(self) -> Self {
        self.with(|rules| rules.port = true)
    }

    /// Believes a forwarded path prefix (rule R9): see [`Resolution::prefix`].
    ///
    /// Call this only if your proxy overwrites the prefix header. Where the proxy strips no prefix, it must remove the
    /// header.
    ///
    /// The [preset](Headers) must also name a prefix header. Some presets, such as `NGINX`, name none: for these, call
    /// [`with_prefix_field`](Headers::with_prefix_field).
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
    ///     .headers(Headers::NGINX.with_prefix_field("X-Forwarded-Prefix")?)
    ///     .believe_prefix();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn believe_prefix(self) -> Self {
        self.with(|rules| rules.prefix = true)
    }

    /// Sets the scheme of the connection itself. The layer uses it for requests whose scheme no trusted proxy states
    /// (rule R3). The default is `http`.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Scheme, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme(Scheme::Https);
    /// ```
    pub fn connection_scheme(self, scheme: Scheme) -> Self {
        self.with(|rules| rules.connection_scheme = ConnectionScheme::Fixed(scheme))
    }

    /// Like [`connection_scheme`](Self::connection_scheme), but reads the scheme from the request's extensions.
    ///
    /// Use it if your service terminates TLS itself on some of its ports.
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

    /// Tells the layer where to find the peer (rule R1).
    ///
    /// Use it if your server stores the peer where this crate does not look: see the table at [`Peer`]. A peer in one of
    /// the places of that table comes first.
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

    /// Believes a trusted peer only if the request also carries a secret (rule R17). The request must have exactly one
    /// line of the header `name`, and its value must be equal to one of `values`. With several values you can rotate
    /// the secret.
    ///
    /// Use it if other customers' proxies share the addresses of your proxy. Then an address alone does not prove that
    /// a request came through your proxy. CloudFront and Fastly can add a header with a secret. Cloudflare can do so
    /// with a transform rule. Azure Front Door sends the ID of your own instance in `X-Azure-FDID`.
    ///
    /// The layer compares the values in constant time. It removes the header from every request, and never shows its
    /// value: not in the output of [`explain`](crate::explain()), not in the log, and not in `Debug` output. If the
    /// secret is missing or wrong, the layer believes nothing, and the request has the finding
    /// [`SecretMissing`](Finding::SecretMissing).
    ///
    /// Call this for the outermost [`ForwardedLayer`]. An inner one removes its secret, but requires nothing, because
    /// the outer one has already decided (rule R15). A second call replaces the first.
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
    /// Use a header that has no other purpose: the layer reads it for nothing else.
    ///
    /// # Errors
    ///
    /// Returns an error if `name` is not a valid header name, contains `*`, or is a header that this crate reads, that
    /// HTTP needs, or that holds credentials: `X-Forwarded-For`, `Connection`, `Authorization`. Also returns an error
    /// if there is no value, or if a value is empty, has spaces around it, or is not a valid header value.
    pub fn require<I>(self, name: impl AsRef<str>, values: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let name = name.as_ref();
        let header = secret::header(name, &self.policy.rules.headers)?;
        let secret = Secret::new(header, values).map_err(|reason| HeadersError::Secret {
            name: name.to_owned(),
            reason,
        })?;
        Ok(self.secret(secret))
    }

    /// Believes these headers about who the client is: a name, an e-mail address, groups, a token, a certificate (rule
    /// R18).
    ///
    /// The layer removes every [known
    /// header](crate::guide::removed_headers#headers-that-say-who-the-client-is) that says who the client is. It keeps a
    /// header that is named here only if a trusted peer sent it, in exactly one line.
    /// [`Resolution::identity`] holds the headers that the layer believed.
    ///
    /// Pass the preset of the product in front of your service ([`Identity`](crate::Identity)), or the names of its
    /// headers. You can also name headers of your own. The layer then removes them from every request whose peer is not
    /// trusted.
    ///
    /// If a header states that the proxy did not verify the client's certificate, the layer removes the headers that
    /// [describe the
    /// certificate](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/client_certificates/index.html#was-the-certificate-verified).
    ///
    /// Name a header only if the proxy overwrites or removes the value that a client sent. [Who is
    /// it?](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/identity/index.html) tells you for each product whether it does.
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
    /// Returns an error that names the first string that is not a valid header name. Headers that cannot say who the
    /// client is are also refused (`Host`, `X-Forwarded-For`, `Content-Length`), and so is a name that differs from
    /// another one only in underscores or dots.
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

    /// Believes a header of your own that holds the certificate that the client presented.
    ///
    /// The value can be PEM, also percent-encoded or with spaces in place of newlines, or DER in base64. In a chain,
    /// the client's own certificate comes first.
    ///
    /// This method does the same as [`believe_identity`](Self::believe_identity), for a header that this crate does not
    /// know. For headers that are [known to hold a certificate](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/client_certificates/index.html), call
    /// `believe_identity`.
    ///
    /// If the request has a header that states that the certificate was not verified, the layer removes the
    /// certificate, and believed headers that begin with its name. For `x-device-certificate`, it looks for
    /// `x-device-certificate-verify` and `x-device-verify`. The values `SUCCESS` and `0` mean success: see [client
    /// certificates](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/client_certificates/index.html#was-the-certificate-verified).
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
    /// Returns the same errors as [`believe_identity`](Self::believe_identity).
    #[cfg(feature = "client-cert")]
    pub fn believe_client_cert(self, name: impl AsRef<str>) -> Result<Self, HeadersError> {
        let mut identity = self.policy.rules.identity.clone();
        identity.add_certificate(name.as_ref())?;
        identity.differs_from(&self.policy.rules.headers)?;
        Ok(self.with(|rules| rules.identity = identity))
    }

    /// Adds the headers that a configuration keeps and removes.
    #[cfg(feature = "serde")]
    pub(crate) fn keep_and_remove(self, keep: Vec<HeaderName>, remove: Vec<HeaderName>) -> Self {
        self.with(|rules| {
            // The layer always writes `Host`.
            let is_other = |name: &HeaderName| *name != http::header::HOST;
            rules.keep.extend(keep.into_iter().filter(is_other));
            let remove = remove.into_iter().filter(is_other);
            rules.remove.extend(remove.collect());
            rules.update_kept();
        })
    }

    #[cfg(feature = "serde")]
    pub(crate) fn identity(self, mut identity: BelievedNames) -> Self {
        self.with(|rules| {
            identity.forget_what_is_read(&rules.headers);
            rules.identity = identity;
        })
    }

    pub(crate) fn secret(self, secret: Secret) -> Self {
        self.with(|rules| {
            rules.headers.ignore(&secret.name);
            rules.update_kept();
            rules.secret = Some(secret);
        })
    }

    /// Leaves a header unchanged. The layer neither removes it nor reduces it to the part that trusted proxies wrote
    /// (rule R11).
    ///
    /// Code behind the layer that reads this header may read a value that a client forged. What is believed of it does
    /// not change: the [`Resolution`](crate::Resolution) still holds only what trusted proxies wrote. A
    /// [secret](Self::require) is never kept.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// // Code behind the layer writes the whole list into a log.
    /// let layer = ForwardedLayer::new(TrustedProxies::any()).keep("x-forwarded-for")?;
    /// # Ok::<(), tower_forwarded::HeadersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `name` is not a valid header name, or contains `*`. `Host` cannot be kept: the layer always
    /// writes it.
    pub fn keep(self, name: impl AsRef<str>) -> Result<Self, HeadersError> {
        let name = name.as_ref();
        let header: HeaderName = match name.parse() {
            // `*` stands for no other names. The layer always writes `Host`.
            Ok(header) if header != http::header::HOST && !name.contains('*') => header,
            _ => {
                return Err(HeadersError::InvalidName {
                    name: name.to_owned(),
                });
            }
        };
        Ok(self.with(|rules| {
            if !rules.keep.contains(&header) {
                rules.keep.push(header);
            }
            rules.update_kept();
        }))
    }

    /// Removes these headers from every request, even if a trusted peer sent them. The layer also removes spellings
    /// with underscores or dots.
    ///
    /// Use it for headers that no code behind the layer should read, and that this crate does not
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
    /// Returns an error that names the first string that is not a valid header name, or contains `*`. `Host` cannot be
    /// removed.
    pub fn remove<I>(self, names: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let remove = Unwanted::parse(names)?;
        Ok(self.with(|rules| rules.remove.extend(remove)))
    }

    /// Records the hops of each request: see [`Resolution::hops_seen`].
    ///
    /// This costs at least two allocations for each request in which a trusted proxy names the client.
    pub fn record_hops(self) -> Self {
        self.with(|rules| rules.record_hops = true)
    }

    /// Does not write the scheme and host into the request's URI (rule R12). Use it in a service that forwards
    /// requests.
    ///
    /// If the client's own URI names another scheme or host, the layer still removes both from it.
    pub fn keep_uri(self) -> Self {
        self.with(|rules| rules.keep_uri = true)
    }

    /// Leaves axum's `ConnectInfo` unchanged. It then holds the peer instead of the client (rule R14).
    pub fn keep_connect_info(self) -> Self {
        self.with(|rules| rules.keep_connect_info = true)
    }

    /// Returns how often each finding occurred, for all services that this layer and its clones created.
    ///
    /// The counts are a snapshot that you can export as a metric: a counter with the finding as its attribute. Counting
    /// costs nothing for a request without findings.
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

    /// Rewrites the head of a request as the layer does, and returns the [`Resolution`]. Use it in frameworks whose
    /// middleware is not a tower service: see [other frameworks](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/entrances/index.html#other-frameworks).
    ///
    /// `peer` is the other end of the connection, as the framework reports it. To resolve a request without changing
    /// it, call [`Policy::resolve`].
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
            rewrite::fields::remove_secret(&mut parts.headers, &self.policy.rules);
            return resolution.clone();
        }
        let (empty, ()) = Request::new(()).into_parts();
        let mut request = Request::from_parts(std::mem::replace(parts, empty), ());
        pass(&mut request, peer, &self.policy);
        *parts = request.into_parts().0;
        match parts.extensions.get::<Resolution>() {
            Some(resolution) => resolution.clone(),
            // `pass` has just inserted it.
            None => self.policy.resolve(peer, parts),
        }
    }

    /// Returns the settings of this layer: whom it trusts and what it believes.
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

/// The service that [`ForwardedLayer`] creates.
#[derive(Clone, Debug)]
pub struct Forwarded<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Forwarded<S> {
    /// Gets a reference to the inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Gets a mutable reference to the inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Consumes `self`, and returns the inner service.
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
        // R15: if an outer layer has already resolved the request, this one only removes its own secret.
        if request.extensions().get::<Resolution>().is_none() {
            let peer = self.policy.rules.peer_of(request.extensions());
            pass(&mut request, peer, &self.policy);
        } else {
            rewrite::fields::remove_secret(request.headers_mut(), &self.policy.rules);
        }
        self.inner.call(request)
    }
}

/// Resolves one request, reports its findings, and rewrites it.
#[inline]
fn pass<B>(request: &mut Request<B>, peer: Option<Peer>, policy: &Policy) {
    let rules = &policy.rules;
    policy.with_trust(|trust| {
        let head = Head::of_request(request);
        let mut resolution = Resolution::of_peer(peer);
        let mut edits = Edits::default();
        resolve::resolve(head, rules, trust, &mut (), &mut resolution, &mut edits);
        let findings = resolution.findings();
        if !findings.is_empty() {
            report(findings, policy, peer, head, trust);
        }
        rewrite::rewrite(request, &resolution, &edits, rules);
        request.extensions_mut().insert(resolution);
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
