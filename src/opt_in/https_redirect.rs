//! An opt-in layer that redirects http to https, so that the load balancer does not have to.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};

use super::{
    exempt::is_exempt,
    opt_in_service,
    refusal::{self, EmptyResponse, Refusal, RefusalReason},
    refusal_response,
    response_headers::Finish,
};
use crate::{
    original_uri::original_uri,
    resolution::{Resolution, scheme::Scheme},
    syntax::path::has_prefix,
};

/// Redirects requests whose resolved scheme is `http` to `https`.
///
/// If a load balancer redirects by itself, its response has no CORS headers, and a browser's cross-origin request
/// fails. Put this layer inside the CORS layer, and its redirects have CORS headers. It applies these rules:
///
/// 1. A request whose resolved scheme is https passes.
/// 2. A CORS preflight passes, since browsers do not follow redirects of preflights.
/// 3. A request that is [exempt](Self::exempt) passes. `OPTIONS *` and CONNECT requests pass too, and so do WebSockets
///    over HTTP/2, which use CONNECT. They have no target to redirect to, or their clients do not follow redirects.
/// 4. All other requests are answered with 308, or with 301 for GET and HEAD [if you choose
///    so](Self::moved_permanently_for_get). The target has the scheme `https`, the resolved host, the believed prefix,
///    and the path and query byte for byte. It has a port only if you [map](Self::map_port) the port of the request. If
///    the path begins with the prefix already, since the proxy did not strip it, the layer does not add it again.
/// 5. A request without a valid authority is answered with 400, and so is a request for `*` with a method other than
///    OPTIONS. There is no URL to redirect these to.
/// 6. A request that no [`ForwardedLayer`](crate::ForwardedLayer) has seen is answered with 500.
///
/// # Where to put it
///
/// Put it inside `ForwardedLayer` and inside the CORS layer, so that redirects have CORS headers. Put it outside of
/// layers that change the path. If you put it outside of CORS by mistake, preflights still work, but browsers refuse
/// the redirects.
///
/// ```
/// use std::time::Duration;
///
/// use axum::Router;
/// use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, TrustedProxies};
/// use tower_http::cors::CorsLayer;
///
/// let app: Router = Router::new()
///     .layer(
///         HttpsRedirectLayer::new()
///             .hsts(Duration::from_secs(31_536_000))
///             .exempt_path("/healthz"),
///     )
///     .layer(CorsLayer::permissive())
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// ```
///
/// This order is wrong:
///
/// ```
/// # use axum::Router;
/// # use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, TrustedProxies};
/// # use tower_http::cors::CorsLayer;
/// let app: Router = Router::new()
///     .layer(CorsLayer::permissive())
///     .layer(HttpsRedirectLayer::new()) // outside of CORS: its redirects have no CORS headers
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// ```
///
/// [`check_order`](crate::check_order) finds a CORS layer in the wrong place.
///
/// # Caveats
///
/// To a browser, the `http` and `https` URLs of a host are two origins. When a page of another origin fetches an `http`
/// URL, the redirect leads from one origin to another. After that, the browser sends `Origin: null` (Fetch standard,
/// "HTTP-redirect fetch"). Then only a CORS rule for any origin lets the page read the response. A page of the service
/// itself keeps its origin, and so does a page that fetches the `https` URL.
///
/// If a proxy sends no scheme, every request counts as `http`, and the redirects never end. The finding
/// [`SchemeMissing`](crate::Finding::SchemeMissing) shows that.
#[derive(Clone)]
#[must_use]
pub struct HttpsRedirectLayer<F = EmptyResponse> {
    is_off: bool,
    options: Arc<Options>,
    refusal_response: F,
}

#[derive(Clone, Default)]
struct Options {
    moved_permanently_for_get: bool,
    ports: Vec<(u16, u16)>,
    hsts: Option<HeaderValue>,
    exempt: Vec<Arc<Exempt>>,
}

type Exempt = dyn Fn(&Uri, &HeaderMap) -> bool + Send + Sync;

impl Default for HttpsRedirectLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpsRedirectLayer {
    /// Creates a layer that redirects with 308, without HSTS and without exemptions.
    pub fn new() -> Self {
        Self {
            is_off: false,
            options: Arc::default(),
            refusal_response: EmptyResponse,
        }
    }
}

impl<F> HttpsRedirectLayer<F> {
    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(Arc::make_mut(&mut self.options));
        self
    }

    /// Redirects GET and HEAD requests with 301 instead of 308, for clients that do not know 308.
    ///
    /// Other methods keep 308, since a client may turn a POST into a GET after 301.
    pub fn moved_permanently_for_get(self) -> Self {
        self.with(|options| options.moved_permanently_for_get = true)
    }

    /// Redirects requests for port `http` to port `https`.
    ///
    /// If the port of a request is not mapped, the target has no port, which means the default port of `https`. A
    /// request without a port counts as a request for port 80.
    ///
    /// ```
    /// use tower_forwarded::HttpsRedirectLayer;
    ///
    /// let layer = HttpsRedirectLayer::new().map_port(8080, 8443);
    /// ```
    pub fn map_port(self, http: u16, https: u16) -> Self {
        self.with(|options| options.ports.push((http, https)))
    }

    /// Adds `Strict-Transport-Security` (RFC 6797) to responses to `https` requests, if the service did not set it.
    ///
    /// Responses to `http` requests never get it, as section 7.2 requires. `max_age` is cut to whole seconds.
    pub fn hsts(self, max_age: Duration) -> Self {
        self.strict_transport_security(max_age, "")
    }

    /// Like [`hsts`](Self::hsts), but includes all subdomains of the host.
    pub fn hsts_with_subdomains(self, max_age: Duration) -> Self {
        self.strict_transport_security(max_age, "; includeSubDomains")
    }

    /// Like [`hsts_with_subdomains`](Self::hsts_with_subdomains), and also asks browsers to add the host to their
    /// preload lists. That is hard to undo.
    pub fn hsts_with_preload(self, max_age: Duration) -> Self {
        self.strict_transport_security(max_age, "; includeSubDomains; preload")
    }

    fn strict_transport_security(self, max_age: Duration, more: &str) -> Self {
        let value = format!("max-age={}{more}", max_age.as_secs());
        self.with(|options| options.hsts = HeaderValue::try_from(value).ok())
    }

    /// Lets `http` requests for this path pass. If the path ends with a slash, as `/.well-known/acme-challenge/` does,
    /// this includes all paths below it, except that `/` is only the root.
    ///
    /// Paths are compared byte for byte. A path with a segment of dots (`..`, `%2e%2e`, `..%2f`, `..;a`) is never below
    /// another path, since code further in may take it for a different one. Inside axum's `nest`, paths do not have the
    /// prefix of the nested router.
    ///
    /// ```
    /// use tower_forwarded::HttpsRedirectLayer;
    ///
    /// let layer = HttpsRedirectLayer::new()
    ///     .exempt_path("/healthz")
    ///     .exempt_path("/.well-known/acme-challenge/");
    /// ```
    pub fn exempt_path(self, path: impl Into<String>) -> Self {
        let exempt = path.into();
        self.exempt(move |uri, _| is_exempt(uri, &exempt))
    }

    /// Lets `http` requests pass if `is_exempt` returns `true` for them.
    ///
    /// You can call this more than once. A request is exempt if any of the calls exempts it.
    ///
    /// ```
    /// use tower_forwarded::HttpsRedirectLayer;
    ///
    /// let layer = HttpsRedirectLayer::new()
    ///     .exempt(|_, headers| headers.get("host").is_some_and(|host| host == "app.internal"));
    /// ```
    pub fn exempt<P>(self, is_exempt: P) -> Self
    where
        P: Fn(&Uri, &HeaderMap) -> bool + Send + Sync + 'static,
    {
        self.with(|options| options.exempt.push(Arc::new(is_exempt)))
    }
}

impl<F> fmt::Debug for HttpsRedirectLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsRedirectLayer")
            .field("is_off", &self.is_off)
            .field(
                "moved_permanently_for_get",
                &self.options.moved_permanently_for_get,
            )
            .field("ports", &self.options.ports)
            .field("hsts", &self.options.hsts)
            .field("exempt", &self.options.exempt.len())
            .finish_non_exhaustive()
    }
}

impl<F> HttpsRedirectLayer<F> {
    fn decide<B>(&self, request: &Request<B>) -> Result<Finish, Refusal> {
        let resolution = refusal::resolution(request)?;
        let options = &self.options;
        if resolution.scheme().is_https() {
            return Ok(options.hsts.clone().map_or(Finish::Nothing, Finish::Hsts));
        }
        if options.lets_pass(request) {
            return Ok(Finish::Nothing);
        }
        match options.location(original_uri(request), resolution) {
            Some(location) => Err(Refusal::redirect(
                options.status(request.method()),
                location,
            )),
            None => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                RefusalReason::NoTarget,
            )),
        }
    }
}

impl Options {
    /// Whether an `http` request passes without a redirect.
    fn lets_pass<B>(&self, request: &Request<B>) -> bool {
        let (method, uri) = (request.method(), request.uri());
        let is_asterisk = uri.path() == "*" && *method == Method::OPTIONS;
        is_asterisk
            || *method == Method::CONNECT
            || is_preflight(request)
            || self
                .exempt
                .iter()
                .any(|exempt| exempt(uri, request.headers()))
    }

    fn status(&self, method: &Method) -> StatusCode {
        if self.moved_permanently_for_get && matches!(*method, Method::GET | Method::HEAD) {
            StatusCode::MOVED_PERMANENTLY
        } else {
            StatusCode::PERMANENT_REDIRECT
        }
    }

    fn location(&self, uri: &Uri, resolution: &Resolution) -> Option<HeaderValue> {
        let host = resolution.host()?;
        let asked = resolution.port()?;
        let mapped = self.ports.iter().find(|(http, _)| *http == asked);
        let port = match mapped {
            Some((_, https)) if *https != Scheme::Https.default_port() => format!(":{https}"),
            _ => String::new(),
        };
        let prefix = resolution.prefix().unwrap_or_default();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // `GET *` names no resource (RFC 9112, section 3.2.4).
        if path == "*" {
            return None;
        }
        // The path has the prefix already if the proxy did not strip it, or if the app expects it there.
        let prefix = if has_prefix(path.as_bytes(), prefix.as_bytes()) {
            ""
        } else {
            prefix
        };
        // If the path is empty, as in `http://host?query`, this text begins with the question mark.
        let slash = if path.starts_with('/') { "" } else { "/" };
        let location = format!("https://{host}{port}{prefix}{slash}{path}");
        HeaderValue::from_bytes(location.as_bytes()).ok()
    }
}

fn is_preflight<B>(request: &Request<B>) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

refusal_response!(HttpsRedirectLayer { is_off, options });
opt_in_service!(HttpsRedirectService of HttpsRedirectLayer);
