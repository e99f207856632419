//! An opt-in service that shows a request its own explanation.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, request::Parts,
};
use tower_service::Service;

use super::{
    Explanation, explain,
    printable::{escaped, shortened, without_userinfo},
    shown,
};
use crate::{layer::ForwardedLayer, policy::Policy, resolution::Resolution, rules::Rules};

/// Creates a service that shows a visitor how their own request is resolved. Give it a path such as `/debug/forwarded`,
/// and open that path in the browser that has the problem.
///
/// The explanation tells an attacker how your deployment is built. So the service calls `guard` first, with the request
/// as it came and with what was resolved. If the guard returns `false`, the response is 404, as if the path did not
/// exist.
///
/// | request | response |
/// |---|---|
/// | `Accept: text/html` (a browser), or `?format=html` | a page |
/// | `Accept: application/json`, or `?format=json` | the [`Explanation`] as data |
/// | anything else (curl), or `?format=text` | its text |
///
/// The page shows the forwarding headers and `Host` as they came. It shows no other values, such as cookies and
/// credentials, so a script in the browser learns nothing from it that it could not read before. Caches do not store
/// the response.
///
/// # Where to put it
///
/// **Beside** the layer, not behind it. The service explains what the layer will do, so it needs the request as it
/// came. A route that you add after `.layer(…)` is not behind that layer. If the service is behind the layer, it
/// responds with 500 and says so.
///
/// ```
/// use axum::{Router, routing::get};
/// use subtle::ConstantTimeEq; // takes as long for a wrong token as for a right one
/// use tower_forwarded::{ForwardedLayer, TrustedProxies, explain_service};
///
/// let secret = std::env::var("DEBUG_TOKEN").ok(); // without a token, the guard admits nobody
/// let forwarded = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?);
/// let why = explain_service(&forwarded, move |request, _| {
///     match (request.headers.get("x-debug-token"), &secret) {
///         (Some(token), Some(secret)) => token.as_bytes().ct_eq(secret.as_bytes()).into(),
///         _ => false,
///     }
/// });
/// let app: Router = Router::new()
///     .route("/", get(|| async { "the app" }))
///     .layer(forwarded)
///     .route_service("/debug/forwarded", why); // after the layer, so beside it
/// # Ok::<(), tower_forwarded::TrustError>(())
/// ```
///
/// # Caveat
///
/// The guard must not rely on the client's address alone. People open this page when the proxy is not trusted yet. Then
/// every client has the proxy's address, such as `127.0.0.1`.
pub fn explain_service<G>(layer: &ForwardedLayer, guard: G) -> ExplainService
where
    G: Fn(&Parts, &Resolution) -> bool + Send + Sync + 'static,
{
    ExplainService {
        policy: Arc::new(layer.policy().clone()),
        guard: Arc::new(guard),
    }
}

/// The service that [`explain_service`] creates.
#[derive(Clone)]
pub struct ExplainService {
    policy: Arc<Policy>,
    guard: Arc<Guard>,
}

type Guard = dyn Fn(&Parts, &Resolution) -> bool + Send + Sync;

impl fmt::Debug for ExplainService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExplainService")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for ExplainService {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let parts = request.into_parts().0;
        ready(Ok(self.answer(&parts)))
    }
}

impl ExplainService {
    fn answer(&self, parts: &Parts) -> Response<String> {
        if let Some(resolution) = parts.extensions.get::<Resolution>() {
            if !(self.guard)(parts, resolution) {
                return not_found();
            }
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "a ForwardedLayer has already rewritten this request: add the route after .layer(…)",
            );
        }
        let rules = &self.policy.rules;
        let explanation = explain(rules.peer_of(&parts.extensions), parts, &self.policy);
        if !(self.guard)(parts, explanation.resolution()) {
            return not_found();
        }
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD");
            let allow = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allow);
            return response;
        }
        let (kind, body) = match Format::of(&parts.uri, &parts.headers) {
            Format::Page => ("text/html; charset=utf-8", page(&explanation, parts, rules)),
            Format::Json => (
                "application/json",
                serde_json::to_string_pretty(&explanation).unwrap_or_default(),
            ),
            Format::Text => ("text/plain; charset=utf-8", format!("{explanation}\n")),
        };
        // Over HTTP/2, a response to HEAD with content is an error.
        let is_head = parts.method == Method::HEAD;
        let mut response = Response::new(if is_head { String::new() } else { body });
        for (name, value) in [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "accept"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
            ),
        ] {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

fn not_found() -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    not_stored(response)
}

fn text(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(format!("{body}\n"));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    not_stored(response)
}

/// No cache keeps the response, so that nobody gets another visitor's.
fn not_stored(mut response: Response<String>) -> Response<String> {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

#[derive(Clone, Copy)]
enum Format {
    Page,
    Json,
    Text,
}

impl Format {
    /// The format that the query names. Otherwise the first type in `Accept` that the service supports.
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let named = uri.query().and_then(|query| {
            let mut pairs = query.split('&');
            pairs.find_map(|pair| match pair.strip_prefix("format=")? {
                "html" => Some(Self::Page),
                "json" => Some(Self::Json),
                "text" => Some(Self::Text),
                _ => None,
            })
        });
        let accepted = || {
            let values = headers.get_all(header::ACCEPT).iter();
            let mut types = values
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .filter_map(|item| item.split(';').next());
            types.find_map(|kind| match kind.trim() {
                "text/html" => Some(Self::Page),
                "application/json" => Some(Self::Json),
                "text/plain" => Some(Self::Text),
                _ => None,
            })
        };
        named.or_else(accepted).unwrap_or(Self::Text)
    }
}

fn page(explanation: &Explanation, parts: &Parts, rules: &Rules) -> String {
    let text = explanation.to_string();
    let (first, steps) = text.split_once("\n\n").unwrap_or((&text, ""));
    let class = match explanation.advice().next() {
        None => "good",
        Some(_) => "bad",
    };
    let first: String = first
        .lines()
        .map(|line| format!("<p class=\"{class}\">{}</p>\n", escape(line)))
        .collect();
    let uri = parts.uri.to_string();
    let uri = shortened(&escaped(&without_userinfo(uri.as_bytes())));
    let mut came = format!("{} {uri} {:?}\n", parts.method, parts.version);
    for (name, value) in &parts.headers {
        if let Some(value) = shown(name, value, rules) {
            came.push_str(&format!("{name}: {value}\n"));
        }
    }
    let (came, steps) = (escape(&came), escape(steps));
    // The inserted texts are not searched for marks of the template again.
    let mut page = String::new();
    let mut rest = include_str!("page.html");
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        page.push_str(match name {
            "first" => &first,
            "came" => &came,
            "steps" => &steps,
            _ => "",
        });
        rest = after;
    }
    page.push_str(rest);
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
