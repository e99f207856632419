//! An opt-in layer that redirects http to https, so that the balancer need not.

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

/// Redirects requests that were made by http to https, by the scheme that was resolved.
///
/// A balancer that redirects by itself answers without CORS headers, and that is where a browser's
/// cross-origin request ends. This layer, placed inside the CORS layer, answers with them. The rules:
///
/// 1. A request whose resolved scheme is https passes.
/// 2. A CORS preflight passes, since browsers refuse to follow one that is redirected.
/// 3. A request that is [exempt](Self::exempt) passes, and so do `OPTIONS *` and CONNECT, a WebSocket
///    over HTTP/2 included: they have no target to redirect to, or a client that does not follow.
/// 4. Every other is answered with 308, or with 301 for GET and HEAD
///    [if asked](Self::moved_permanently_for_get). The target is `https`, the resolved host, the
///    port as [mapped](Self::map_port) and else none, the believed prefix, path and query byte for byte. A path
///    that begins with the prefix already, since the proxy did not take it off, does not get it twice.
/// 5. A request without a valid authority, or for `*` with another method than OPTIONS, is 400: there
///    is no place to redirect to.
/// 6. A request that no [`ForwardedLayer`](crate::ForwardedLayer) has seen is 500.
///
/// # Where to put it
///
/// Inside `ForwardedLayer` and inside the CORS layer, so that redirects carry CORS headers; outside of
/// what changes the path. Placed outside of CORS by mistake, preflights still work, and the redirects
/// are what a browser refuses.
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
/// And the mistake:
///
/// ```
/// # use axum::Router;
/// # use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, TrustedProxies};
/// # use tower_http::cors::CorsLayer;
/// let app: Router = Router::new()
///     .layer(CorsLayer::permissive())
///     .layer(HttpsRedirectLayer::new()) // outside of CORS: redirects without its fields
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// ```
///
/// [`check_order`](crate::check_order) finds a CORS layer in the wrong place.
///
/// # Caveats
///
/// To a browser, http and https are two origins. A page of another origin that fetches by http is sent on
/// across origins, and from there on the browser sends `Origin: null` (Fetch standard, "HTTP-redirect
/// fetch"): only a CORS rule for any origin lets it read the answer. A page of the service itself, or one
/// that fetches by https, keeps its origin.
///
/// Behind a proxy that sends no scheme, every request counts as http, and the redirect never ends. The
/// finding [`SchemeMissing`](crate::Finding::SchemeMissing) says so.
#[derive(Clone)]
#[must_use]
pub struct HttpsRedirectLayer<F = EmptyResponse> {
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
    /// Redirects with 308, without HSTS and exemptions.
    pub fn new() -> Self {
        Self {
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

    /// Redirects GET and HEAD with 301 instead of 308, for clients that do not know the latter. Others
    /// keep 308, since 301 lets a client turn POST into GET.
    pub fn moved_permanently_for_get(self) -> Self {
        self.with(|options| options.moved_permanently_for_get = true)
    }

    /// Redirects a request for port `http` to port `https`.
    ///
    /// A port that is not mapped is dropped, so that the target has https's own. Without a port, the
    /// request was made to port 80.
    ///
    /// ```
    /// use tower_forwarded::HttpsRedirectLayer;
    ///
    /// let layer = HttpsRedirectLayer::new().map_port(8080, 8443);
    /// ```
    pub fn map_port(self, http: u16, https: u16) -> Self {
        self.with(|options| options.ports.push((http, https)))
    }

    /// Adds `Strict-Transport-Security` (RFC 6797) to responses by https, where the service did not set it
    /// itself; never to responses by http, as section 7.2 asks. `max_age` counts in whole seconds.
    pub fn hsts(self, max_age: Duration) -> Self {
        self.strict_transport_security(max_age, "")
    }

    /// As [`hsts`](Self::hsts), for all names below the host too.
    pub fn hsts_with_subdomains(self, max_age: Duration) -> Self {
        self.strict_transport_security(max_age, "; includeSubDomains")
    }

    /// As [`hsts_with_subdomains`](Self::hsts_with_subdomains), and asks browsers to put the host into
    /// their lists. That is hard to take back.
    pub fn hsts_with_preload(self, max_age: Duration) -> Self {
        self.strict_transport_security(max_age, "; includeSubDomains; preload")
    }

    fn strict_transport_security(self, max_age: Duration, more: &str) -> Self {
        let value = format!("max-age={}{more}", max_age.as_secs());
        self.with(|options| options.hsts = HeaderValue::try_from(value).ok())
    }

    /// Lets requests for this path pass by http, or for all paths below it if it ends with a slash, as
    /// `/.well-known/acme-challenge/` does. Paths are compared byte for byte; one with a segment of dots
    /// (`..`, `%2e%2e`, `..%2f`, `..;a`) is never exempt, since something further in may take it for another
    /// path.
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

    /// Lets requests pass by http for which `is_exempt` says so.
    ///
    /// Can be called more than once; what one call exempts is exempt.
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
    /// Whether a request by http goes on as it is.
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
        // `GET *` asks for no resource (RFC 9112, section 3.2.4).
        if path == "*" {
            return None;
        }
        // A proxy that did not take the prefix off, or an app that asks for it, has it in the path.
        let prefix = if has_prefix(path.as_bytes(), prefix.as_bytes()) {
            ""
        } else {
            prefix
        };
        // An empty path, as in `http://host?query`, begins with the question mark.
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

refusal_response!(HttpsRedirectLayer { options });
opt_in_service!(HttpsRedirectService of HttpsRedirectLayer);
