//! The usual layers in the one order that keeps the promise.

use tower_layer::{Identity, Layer};

use crate::{
    AllowedHostsLayer, Forwarded, ForwardedLayer, HttpsRedirectLayer, LocationLayer, RejectLayer,
    TrustedProxies,
};

/// The common stack as one layer, in the right order whatever order it is written in.
///
/// From the outside in, with the reason for each place:
///
/// | | layer | why there |
/// |---|---|---|
/// | 1 | [`ForwardedLayer`] | everything below sees the client's request instead of the proxy's |
/// | 2 | [`trace`](Self::trace) | its spans have the true URI, and cover what is refused below |
/// | 3 | [`allowed_hosts`](Self::allowed_hosts) | nothing below is asked by a host that is not the service's, a CORS rule neither |
/// | 4 | [`cors`](Self::cors) | answers below have its fields, so that a browser can read them and follow redirects; it answers preflights before the redirect sees them |
/// | 5 | [`reject`](Self::reject) | a browser can read why |
/// | 6 | [`https_redirect`](Self::https_redirect) | the app's work is done for https only |
/// | 7 | [`location`](Self::location) | next to the service whose answers it repairs |
///
/// Each but the first is left out until it is given. In axum, add it last.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use tower_forwarded::*;
/// use tower_http::{cors::CorsLayer, trace::TraceLayer};
///
/// let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
/// let stack = ForwardedStack::new(ForwardedLayer::new(proxies).headers(Headers::AWS_ALB))
///     .trace(TraceLayer::new_for_http())
///     .allowed_hosts(AllowedHostsLayer::new(["api.example.com"])?.allow_addresses())
///     .cors(CorsLayer::permissive())
///     .https_redirect(
///         HttpsRedirectLayer::new()
///             .hsts(Duration::from_secs(31_536_000))
///             .exempt_path("/healthz"),
///     );
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(stack);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # By hand
///
/// A `ServiceBuilder` with the same layers in the same order does the same:
///
/// ```
/// # use tower::ServiceBuilder;
/// # use tower_forwarded::*;
/// # use tower_http::{cors::CorsLayer, trace::TraceLayer};
/// let layers = ServiceBuilder::new()
///     .layer(ForwardedLayer::new(TrustedProxies::any()))
///     .layer(TraceLayer::new_for_http())
///     .layer(AllowedHostsLayer::new(["api.example.com"])?)
///     .layer(CorsLayer::permissive())
///     .layer(HttpsRedirectLayer::new());
/// # let app: axum::Router = axum::Router::new().layer(layers);
/// # Ok::<(), tower_forwarded::HostPatternError>(())
/// ```
///
/// [`check_order`](crate::check_order) tells whether such a stack has CORS in the right place.
#[derive(Clone, Debug)]
#[must_use]
pub struct ForwardedStack<
    T = TrustedProxies,
    Trace = Identity,
    Hosts = Identity,
    Cors = Identity,
    Fatal = Identity,
    Https = Identity,
    Repair = Identity,
> {
    forwarded: ForwardedLayer<T>,
    trace: Trace,
    hosts: Hosts,
    cors: Cors,
    fatal: Fatal,
    https: Https,
    repair: Repair,
}

impl<T> ForwardedStack<T> {
    /// Begins with the layer that all others rest on.
    pub fn new(forwarded: ForwardedLayer<T>) -> Self {
        Self {
            forwarded,
            trace: Identity::new(),
            hosts: Identity::new(),
            cors: Identity::new(),
            fatal: Identity::new(),
            https: Identity::new(),
            repair: Identity::new(),
        }
    }
}

impl<T, Trace, Hosts, Cors, Fatal, Https, Repair>
    ForwardedStack<T, Trace, Hosts, Cors, Fatal, Https, Repair>
{
    /// A layer that makes spans or logs requests, such as tower-http's `TraceLayer`; it sees every request.
    pub fn trace<N>(self, layer: N) -> ForwardedStack<T, N, Hosts, Cors, Fatal, Https, Repair> {
        ForwardedStack {
            forwarded: self.forwarded,
            trace: layer,
            hosts: self.hosts,
            cors: self.cors,
            fatal: self.fatal,
            https: self.https,
            repair: self.repair,
        }
    }

    /// Refuses what is asked for by another host than the service's own.
    pub fn allowed_hosts(
        self,
        layer: AllowedHostsLayer,
    ) -> ForwardedStack<T, Trace, AllowedHostsLayer, Cors, Fatal, Https, Repair> {
        ForwardedStack {
            forwarded: self.forwarded,
            trace: self.trace,
            hosts: layer,
            cors: self.cors,
            fatal: self.fatal,
            https: self.https,
            repair: self.repair,
        }
    }

    /// A CORS layer, such as tower-http's `CorsLayer`.
    pub fn cors<N>(self, layer: N) -> ForwardedStack<T, Trace, Hosts, N, Fatal, Https, Repair> {
        ForwardedStack {
            forwarded: self.forwarded,
            trace: self.trace,
            hosts: self.hosts,
            cors: layer,
            fatal: self.fatal,
            https: self.https,
            repair: self.repair,
        }
    }

    /// Refuses requests with findings that the deployment calls fatal.
    pub fn reject(
        self,
        layer: RejectLayer,
    ) -> ForwardedStack<T, Trace, Hosts, Cors, RejectLayer, Https, Repair> {
        ForwardedStack {
            forwarded: self.forwarded,
            trace: self.trace,
            hosts: self.hosts,
            cors: self.cors,
            fatal: layer,
            https: self.https,
            repair: self.repair,
        }
    }

    /// Redirects what was asked by http.
    pub fn https_redirect(
        self,
        layer: HttpsRedirectLayer,
    ) -> ForwardedStack<T, Trace, Hosts, Cors, Fatal, HttpsRedirectLayer, Repair> {
        ForwardedStack {
            forwarded: self.forwarded,
            trace: self.trace,
            hosts: self.hosts,
            cors: self.cors,
            fatal: self.fatal,
            https: layer,
            repair: self.repair,
        }
    }

    /// Repairs URLs that the service makes of its own address.
    pub fn location(
        self,
        layer: LocationLayer,
    ) -> ForwardedStack<T, Trace, Hosts, Cors, Fatal, Https, LocationLayer> {
        ForwardedStack {
            forwarded: self.forwarded,
            trace: self.trace,
            hosts: self.hosts,
            cors: self.cors,
            fatal: self.fatal,
            https: self.https,
            repair: layer,
        }
    }
}

impl<S, T, Trace, Hosts, Cors, Fatal, Https, Repair> Layer<S>
    for ForwardedStack<T, Trace, Hosts, Cors, Fatal, Https, Repair>
where
    Repair: Layer<S>,
    Https: Layer<Repair::Service>,
    Fatal: Layer<Https::Service>,
    Cors: Layer<Fatal::Service>,
    Hosts: Layer<Cors::Service>,
    Trace: Layer<Hosts::Service>,
{
    type Service = Forwarded<Trace::Service, T>;

    fn layer(&self, inner: S) -> Self::Service {
        let inner = self.repair.layer(inner);
        let inner = self.https.layer(inner);
        let inner = self.fatal.layer(inner);
        let inner = self.cors.layer(inner);
        let inner = self.hosts.layer(inner);
        let inner = self.trace.layer(inner);
        self.forwarded.layer(inner)
    }
}
