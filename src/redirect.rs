//! An opt-in layer that redirects http to https, so that the balancer need not.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Resolution, Scheme,
    answer::{self, AnswerFuture, Finish},
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
///    port as [mapped](Self::map_port) and else none, the believed prefix, path and query byte for byte.
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
/// [`ForwardedStack`](crate::ForwardedStack) cannot get it wrong.
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
pub struct HttpsRedirectLayer {
    options: Arc<Options>,
}

#[derive(Clone, Default)]
struct Options {
    moved_permanently_for_get: bool,
    ports: Vec<(u16, u16)>,
    hsts: Option<Hsts>,
    exempt: Vec<Arc<Exempt>>,
}

type Exempt = dyn Fn(&Uri, &HeaderMap) -> bool + Send + Sync;

#[derive(Clone, Copy, Debug)]
struct Hsts {
    max_age: Duration,
    include_subdomains: bool,
    preload: bool,
}

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
        }
    }

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

    /// Adds `Strict-Transport-Security` (RFC 6797) to answers by https, where the service did not set it
    /// itself; never to answers by http, as section 7.2 asks.
    pub fn hsts(self, max_age: Duration) -> Self {
        self.with(|options| {
            options.hsts = Some(Hsts {
                max_age,
                include_subdomains: false,
                preload: false,
            });
        })
    }

    /// As [`hsts`](Self::hsts), for all names below the host too.
    pub fn hsts_with_subdomains(self, max_age: Duration) -> Self {
        self.with(|options| {
            options.hsts = Some(Hsts {
                max_age,
                include_subdomains: true,
                preload: false,
            });
        })
    }

    /// As [`hsts_with_subdomains`](Self::hsts_with_subdomains), and asks browsers to put the host into
    /// their lists. That is hard to take back.
    pub fn hsts_with_preload(self, max_age: Duration) -> Self {
        self.with(|options| {
            options.hsts = Some(Hsts {
                max_age,
                include_subdomains: true,
                preload: true,
            });
        })
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
        self.exempt(move |uri, _| {
            let path = uri.path();
            let below = exempt.ends_with('/') && path.starts_with(&exempt);
            path == exempt || (below && !has_dots(path))
        })
    }

    /// Lets requests pass by http for which `is_exempt` says so.
    ///
    /// Can be called more than once; what one call exempts is exempt.
    pub fn exempt<F>(self, is_exempt: F) -> Self
    where
        F: Fn(&Uri, &HeaderMap) -> bool + Send + Sync + 'static,
    {
        self.with(|options| options.exempt.push(Arc::new(is_exempt)))
    }
}

impl fmt::Debug for HttpsRedirectLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsRedirectLayer")
            .field(
                "moved_permanently_for_get",
                &self.options.moved_permanently_for_get,
            )
            .field("ports", &self.options.ports)
            .field("hsts", &self.options.hsts.map(Hsts::value))
            .field("exempt", &self.options.exempt.len())
            .finish()
    }
}

impl Hsts {
    fn value(self) -> Option<HeaderValue> {
        let subdomains = if self.include_subdomains {
            "; includeSubDomains"
        } else {
            ""
        };
        let preload = if self.preload { "; preload" } else { "" };
        let max_age = self.max_age.as_secs();
        HeaderValue::try_from(format!("max-age={max_age}{subdomains}{preload}")).ok()
    }
}

/// Adds `Strict-Transport-Security` where the service did not set it itself.
#[derive(Debug)]
pub struct AddHsts(Option<Hsts>);

impl Finish for AddHsts {
    fn finish(&mut self, headers: &mut HeaderMap) {
        if let Some(value) = self.0.and_then(Hsts::value) {
            if !headers.contains_key(header::STRICT_TRANSPORT_SECURITY) {
                // A full map has no room for it.
                let _full = headers.try_insert(header::STRICT_TRANSPORT_SECURITY, value);
            }
        }
    }
}

/// What becomes of a request.
enum Fate {
    Pass,
    Redirect(StatusCode, HeaderValue),
    NoTarget,
}

impl Options {
    fn fate<B>(&self, request: &Request<B>, resolution: &Resolution) -> Fate {
        let uri = request.uri();
        let exempt = || {
            self.exempt
                .iter()
                .any(|exempt| exempt(uri, request.headers()))
        };
        if resolution.scheme().is_https()
            || (uri.path() == "*" && *request.method() == Method::OPTIONS)
            || *request.method() == Method::CONNECT
            || is_preflight(request)
            || exempt()
        {
            return Fate::Pass;
        }
        match self.location(uri, resolution) {
            Some(location) => Fate::Redirect(self.status(request.method()), location),
            None => Fate::NoTarget,
        }
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
        // An empty path, as in `http://host?query`, begins with the question mark.
        let slash = if path.starts_with('/') { "" } else { "/" };
        let location = format!("https://{host}{port}{prefix}{slash}{path}");
        HeaderValue::from_bytes(location.as_bytes()).ok()
    }
}

/// Whether a segment is `.` or `..` to anything that decodes the path once, takes `\` for `/`, or cuts a
/// segment's parameters off (`..;a=b`).
fn has_dots(path: &str) -> bool {
    let decoded = [
        ("%2e", "."),
        ("%2f", "/"),
        ("%5c", "/"),
        ("%3b", ";"),
        ("\\", "/"),
    ]
    .iter()
    .fold(path.to_ascii_lowercase(), |path, (from, to)| {
        path.replace(from, to)
    });
    decoded.split('/').any(|segment| {
        let name = segment.split(';').next().unwrap_or_default();
        matches!(name, "." | "..")
    })
}

fn is_preflight<B>(request: &Request<B>) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl<S> Layer<S> for HttpsRedirectLayer {
    type Service = HttpsRedirect<S>;

    fn layer(&self, inner: S) -> HttpsRedirect<S> {
        HttpsRedirect {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`HttpsRedirectLayer`] makes.
#[derive(Clone, Debug)]
pub struct HttpsRedirect<S> {
    inner: S,
    layer: HttpsRedirectLayer,
}

impl<S, B, R> Service<Request<B>> for HttpsRedirect<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AnswerFuture<S::Future, R, AddHsts>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(resolution) = request.extensions().get::<Resolution>() else {
            return AnswerFuture::answered(answer::layer_missing());
        };
        let options = &self.layer.options;
        match options.fate(&request, resolution) {
            Fate::Pass => {
                let hsts = options.hsts.filter(|_| resolution.scheme().is_https());
                AnswerFuture::finished(self.inner.call(request), AddHsts(hsts))
            }
            Fate::Redirect(status, location) => {
                let mut response = Response::new(R::from(String::new()));
                *response.status_mut() = status;
                response.headers_mut().insert(header::LOCATION, location);
                AnswerFuture::answered(response)
            }
            Fate::NoTarget => AnswerFuture::answered(answer::problem(
                StatusCode::BAD_REQUEST,
                "the request has no target that https could serve: no valid host, or `*`",
            )),
        }
    }
}
