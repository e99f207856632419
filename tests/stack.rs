//! Tests that the usual layers work in the order that the docs give, and in no other order.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, StatusCode},
    response::Redirect,
    routing::any,
};
use http::Request;
use tower::{ServiceBuilder, ServiceExt};
use tower_forwarded::{
    AllowedHostsLayer, Finding, HttpsRedirectLayer, LocationLayer, Peer, RejectLayer,
};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    trace::TraceLayer,
};

use crate::support::*;

/// What the closures of the layers saw of the requests.
#[derive(Clone, Default)]
struct Saw(Arc<Mutex<Vec<String>>>);

impl Saw {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn trace(
        &self,
    ) -> TraceLayer<
        tower_http::classify::SharedClassifier<tower_http::classify::ServerErrorsAsFailures>,
        impl Fn(&Request<Body>) -> tracing::Span + Clone + use<>,
    > {
        let saw = self.clone();
        TraceLayer::new_for_http().make_span_with(move |request: &Request<Body>| {
            saw.note(format!("trace {}", request.uri()));
            tracing::Span::none()
        })
    }

    /// Allows the service's own origin, which it builds from the request, and the page's origin.
    fn cors(&self) -> CorsLayer {
        let saw = self.clone();
        CorsLayer::new().allow_origin(AllowOrigin::predicate(move |origin, parts| {
            saw.note(format!("cors {}", parts.uri));
            origin == PAGE || parts.uri.to_string().starts_with(origin.to_str().unwrap())
        }))
    }
}

const PAGE: &str = "https://app.example.com";

fn hosts() -> AllowedHostsLayer {
    AllowedHostsLayer::new(["api.example.com"]).unwrap()
}

fn routes() -> Router {
    Router::new()
        .route(
            "/old",
            any(|| async { Redirect::to("http://app.internal:3000/new") }),
        )
        .fallback(|| async { "app" })
}

struct Answer {
    status: StatusCode,
    location: String,
    /// Whether a page of the request's origin can read the response.
    readable: bool,
    saw: Vec<String>,
}

async fn ask(
    app: &Router,
    saw: &Saw,
    method: Method,
    host: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let answer = app.clone().oneshot(request).await.unwrap();
    let field = |name: &str| answer.headers().get(name).cloned();
    Answer {
        status: answer.status(),
        location: field("location")
            .map_or(String::new(), |value| value.to_str().unwrap().to_owned()),
        readable: field("access-control-allow-origin").is_some(),
        saw: saw.take(),
    }
}

/// Checks everything that the promise requires of the whole stack. The error is the first failure.
async fn check(app: &Router, saw: &Saw) -> Result<(), &'static str> {
    let host = "api.example.com";
    let by = |scheme: &'static str, origin: &'static str| {
        [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", scheme),
            ("origin", origin),
        ]
    };
    let get = Method::GET;

    let answer = ask(app, saw, get.clone(), host, "/x", &by("https", PAGE)).await;
    if answer.status != StatusCode::OK {
        return Err("an honest request is answered");
    }
    if !answer
        .saw
        .contains(&"trace https://api.example.com/x".to_owned())
    {
        return Err("the trace has the true URI");
    }
    let answer = ask(
        app,
        saw,
        get.clone(),
        host,
        "/x",
        &by("https", "https://api.example.com"),
    )
    .await;
    if !answer.readable {
        return Err("a CORS rule sees the true origin");
    }
    let answer = ask(
        app,
        saw,
        get.clone(),
        "evil.example",
        "/x",
        &by("https", "https://evil.example"),
    )
    .await;
    if answer.status != StatusCode::MISDIRECTED_REQUEST {
        return Err("another host is refused");
    }
    if answer.readable || answer.saw.iter().any(|line| line.starts_with("cors")) {
        return Err("a CORS rule is not asked by another host");
    }
    if !answer.saw.iter().any(|line| line.starts_with("trace")) {
        return Err("what is refused is traced");
    }
    let answer = ask(app, saw, get, host, "/x", &by("http", PAGE)).await;
    if (answer.status.as_u16(), answer.location.as_str()) != (308, "https://api.example.com/x") {
        return Err("http is redirected");
    }
    if !answer.readable {
        return Err("a browser can follow the redirect");
    }
    let preflight = [
        &by("http", PAGE)[..],
        &[("access-control-request-method", "PUT")],
    ]
    .concat();
    let answer = ask(app, saw, Method::OPTIONS, host, "/x", &preflight).await;
    if answer.status != StatusCode::OK || !answer.readable {
        return Err("a preflight is answered");
    }
    Ok(())
}

/// All orders of `0..n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    let Some(last) = n.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(last) {
        for place in 0..n {
            let mut longer = order.clone();
            longer.insert(place, last);
            all.push(longer);
        }
    }
    all
}

#[tokio::test]
async fn of_all_orders_only_the_documented_one_keeps_the_promise() {
    let saw = Saw::default();
    let mut right = Vec::new();
    for order in orders(5) {
        // axum adds layers from the inside to the outside.
        let mut app = routes();
        for which in order.iter().rev() {
            app = match which {
                0 => app.layer(layer()),
                1 => app.layer(saw.trace()),
                2 => app.layer(hosts()),
                3 => app.layer(saw.cors()),
                _ => app.layer(HttpsRedirectLayer::new()),
            };
        }
        if check(&app, &saw).await.is_ok() {
            right.push(order);
        }
    }
    assert_eq!(right, [[0, 1, 2, 3, 4]]);
}

#[tokio::test]
async fn the_inner_layers_have_their_places_too() {
    let saw = Saw::default();
    let https = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("origin", PAGE),
    ];
    let repair = LocationLayer::new()
        .backends(["app.internal:3000"])
        .unwrap();
    let layers = ServiceBuilder::new()
        .layer(layer())
        .layer(CorsLayer::new().allow_origin(HeaderValue::from_static(PAGE)))
        .layer(RejectLayer::new([Finding::ForMalformed]))
        .layer(repair);
    let app = routes().layer(layers);
    let get = || Method::GET;
    let answer = ask(&app, &saw, get(), "api.example.com", "/old", &https).await;
    assert_eq!(answer.location, "https://api.example.com/new");
    let junk = [("x-forwarded-for", "junk"), https[1], https[2]];
    let answer = ask(&app, &saw, get(), "api.example.com", "/", &junk).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.readable, "a browser can read why");
}
