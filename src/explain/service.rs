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
    printable::{escaped, shortened},
    shown,
};
use crate::{layer::ForwardedLayer, policy::Policy, resolution::Resolution, rules::Rules};

/// Makes a service that shows whoever asks how their very request is resolved: for a path such as
/// `/debug/forwarded`, to be opened in the browser that is said to see `http`.
///
/// What it shows tells an attacker how the deployment is built, so it asks `guard` first: a function
/// of the request as it came and of what was resolved. There is no way to make it without one. Where
/// the guard says no, the answer is 404, as if nothing were there.
///
/// | asked with | answer |
/// |---|---|
/// | `Accept: text/html` (a browser), or `?format=html` | a page |
/// | `Accept: application/json`, or `?format=json` | the [`Explanation`] as data |
/// | anything else (curl), or `?format=text` | its text |
///
/// The page shows the forwarding fields and `Host` as they came; no other field's value (cookies,
/// credentials), so that no script can read there what it cannot read elsewhere. Nothing is stored by
/// caches.
///
/// # Where to put it
///
/// **Beside** the layer, not behind it: it explains what the layer will do, so it needs the request
/// as it came. A route added after `.layer(…)` is not behind that layer. Behind it, it answers 500 and
/// says so.
///
/// ```
/// use axum::{Router, routing::get};
/// use subtle::ConstantTimeEq; // takes as long for a wrong token as for a right one
/// use tower_forwarded::{ForwardedLayer, TrustedProxies, explain_service};
///
/// let secret = std::env::var("DEBUG_TOKEN").ok(); // without one, nobody is let in
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
/// Do not let the guard rest on the client's address alone. Where the proxy is not trusted yet, which is
/// what one opens this page for, every client seems to be the proxy: `127.0.0.1` for one on the same
/// machine.
pub fn explain_service<G>(layer: &ForwardedLayer, guard: G) -> ExplainService
where
    G: Fn(&Parts, &Resolution) -> bool + Send + Sync + 'static,
{
    ExplainService {
        policy: Arc::new(layer.policy().clone()),
        guard: Arc::new(guard),
    }
}

/// The service that [`explain_service`] makes.
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
                "a ForwardedLayer has rewritten this request already: add the route after .layer(…)",
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
        // Over HTTP/2 an answer to HEAD that has content is an error.
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
    response
}

fn text(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(format!("{body}\n"));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[derive(Clone, Copy)]
enum Format {
    Page,
    Json,
    Text,
}

impl Format {
    /// What the query asks for by name, else the first of the types in `Accept` that is one of ours.
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
    let uri = shortened(&escaped(parts.uri.to_string().as_bytes()));
    let mut came = format!("{} {uri} {:?}\n", parts.method, parts.version);
    for (name, value) in &parts.headers {
        if let Some(value) = shown(name, value, rules) {
            came.push_str(&format!("{name}: {value}\n"));
        }
    }
    let (came, steps) = (escape(&came), escape(steps));
    // Each part of the template is written once, and what is put between is not read again.
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
