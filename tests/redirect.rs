//! Tests the app's redirects from http to https, which must not break CORS.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode},
    routing::any,
};
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, Peer, Refusal, RefusalReason};
use tower_http::cors::CorsLayer;

use crate::support::{
    wire::{Version, send, serve},
    *,
};

const HTTP: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "http"),
];
const HTTPS: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

fn ask(
    redirect: &HttpsRedirectLayer,
    outer: &ForwardedLayer,
    method: &str,
    uri: &str,
    fields: &[(&str, &str)],
) -> (u16, String, String) {
    let inner = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let mut request = request(uri, fields);
    *request.method_mut() = method.parse().unwrap();
    request
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let answer = now(outer.layer(redirect.layer(inner)).oneshot(request)).unwrap();
    let field = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    (
        answer.status().as_u16(),
        field("location"),
        field("strict-transport-security"),
    )
}

fn with(host: &'static str) -> Vec<(&'static str, &'static str)> {
    [&HTTP[..], &[("host", host)]].concat()
}

#[test]
fn http_is_redirected_to_the_resolved_origin_byte_for_byte() {
    let redirect = HttpsRedirectLayer::new();
    for (uri, host, location) in [
        ("/", "api.example.com", "https://api.example.com/"),
        (
            "/a%2Fb//c?x=%20&y",
            "api.example.com",
            "https://api.example.com/a%2Fb//c?x=%20&y",
        ),
        (
            "//evil.example/x",
            "api.example.com",
            "https://api.example.com//evil.example/x",
        ),
        ("/x", "API.example.com:80", "https://api.example.com/x"),
        ("/x", "[2001:db8::1]:80", "https://[2001:db8::1]/x"),
        // A port without a mapping belongs to http, so the https URL does not contain it.
        ("/x", "api.example.com:8080", "https://api.example.com/x"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS"] {
            let answer = ask(&redirect, &layer(), method, uri, &with(host));
            assert_eq!(
                answer,
                (308, location.to_owned(), String::new()),
                "{method} {uri} {host}"
            );
        }
    }
}

#[test]
fn https_passes_and_hsts_is_for_https_only() {
    let year = Duration::from_secs(31_536_000);
    for (redirect, expected) in [
        (HttpsRedirectLayer::new(), ""),
        (HttpsRedirectLayer::new().hsts(year), "max-age=31536000"),
        (
            HttpsRedirectLayer::new().hsts_with_subdomains(year),
            "max-age=31536000; includeSubDomains",
        ),
        (
            HttpsRedirectLayer::new().hsts_with_preload(year),
            "max-age=31536000; includeSubDomains; preload",
        ),
    ] {
        assert_eq!(
            ask(&redirect, &layer(), "GET", "/", &HTTPS),
            (200, String::new(), expected.to_owned())
        );
        let redirected = ask(&redirect, &layer(), "GET", "/", &HTTP);
        assert_eq!((redirected.0, redirected.2.as_str()), (308, ""));
        let exempt = redirect.exempt(|_, _| true);
        assert_eq!(
            ask(&exempt, &layer(), "GET", "/", &HTTP),
            (200, String::new(), String::new())
        );
    }
}

#[test]
fn get_and_head_are_301_if_asked_and_nothing_else_is() {
    let redirect = HttpsRedirectLayer::new().moved_permanently_for_get();
    for (method, status) in [("GET", 301), ("HEAD", 301), ("POST", 308), ("PUT", 308)] {
        assert_eq!(
            ask(&redirect, &layer(), method, "/", &HTTP).0,
            status,
            "{method}"
        );
    }
}

#[test]
fn ports_are_mapped_and_a_believed_prefix_is_kept() {
    let redirect = HttpsRedirectLayer::new()
        .map_port(8080, 8443)
        .map_port(80, 443)
        .map_port(81, 444);
    for (host, location) in [
        ("a.example:8080", "https://a.example:8443/x"),
        ("a.example", "https://a.example/x"),
        ("a.example:81", "https://a.example:444/x"),
        ("a.example:82", "https://a.example/x"),
    ] {
        assert_eq!(
            ask(&redirect, &layer(), "GET", "/x", &with(host)).1,
            location,
            "{host}"
        );
    }
    let fields = [&HTTP[..], &[("x-forwarded-prefix", "/api")]].concat();
    // The proxy writes the prefix and also leaves it in the path, such as Traefik without StripPrefix.
    for (path, location) in [
        ("/api/x", "https://app.internal/api/x"),
        ("/api", "https://app.internal/api"),
        ("/api?a=b", "https://app.internal/api?a=b"),
        ("/apix", "https://app.internal/api/apix"),
    ] {
        let answer = ask(&redirect, &layer().believe_prefix(), "GET", path, &fields);
        assert_eq!(answer.1, location);
    }
    let redirect = HttpsRedirectLayer::new();
    assert_eq!(
        ask(&redirect, &layer().believe_prefix(), "GET", "/x", &fields).1,
        "https://app.internal/api/x"
    );
    assert_eq!(
        ask(&redirect, &layer(), "GET", "/x", &fields).1,
        "https://app.internal/x"
    );
}

#[test]
fn what_is_exempt_passes_by_http() {
    let redirect = HttpsRedirectLayer::new()
        .exempt(|uri, _| uri.path() == "/healthz")
        .exempt(|_, headers| headers.contains_key("x-probe"));
    assert_eq!(ask(&redirect, &layer(), "GET", "/healthz", &HTTP).0, 200);
    assert_eq!(
        ask(
            &redirect,
            &layer(),
            "GET",
            "/",
            &[&HTTP[..], &[("x-probe", "1")]].concat()
        )
        .0,
        200
    );
    assert_eq!(ask(&redirect, &layer(), "GET", "/healthz/x", &HTTP).0, 308);
    assert_eq!(ask(&redirect, &layer(), "OPTIONS", "*", &HTTP).0, 200);

    let redirect = HttpsRedirectLayer::new()
        .exempt_path("/healthz")
        .exempt_path("/.well-known/acme-challenge/");
    for (path, status) in [
        ("/healthz", 200),
        ("/healthz?full", 200),
        ("/healthz/", 308),
        ("/healthz2", 308),
        ("/.well-known/acme-challenge/token", 200),
        ("/.well-known/acme-challenge", 308),
        ("/.well-known/other", 308),
        ("/.well-known/acme-challenge/../../admin", 308),
        ("/.well-known/acme-challenge/%2e%2E/admin", 308),
        ("/.well-known/acme-challenge/.%2e/admin", 308),
        // Code that decodes the path once, or removes path parameters, sees the dots too.
        ("/.well-known/acme-challenge/..%2Fadmin", 308),
        ("/.well-known/acme-challenge/%2e%2e%2fadmin", 308),
        ("/.well-known/acme-challenge/..%5cadmin", 308),
        ("/.well-known/acme-challenge/a%5C..%5cadmin", 308),
        ("/.well-known/acme-challenge/..;a=b/admin", 308),
        ("/.well-known/acme-challenge/..%3ba=b/admin", 308),
        ("/.well-known/acme-challenge/a..b;c/d%2Fe", 200),
        ("/.well-known/acme-challenge/a..b", 200),
    ] {
        assert_eq!(
            ask(&redirect, &layer(), "GET", path, &HTTP).0,
            status,
            "{path}"
        );
    }
}

#[test]
fn without_a_valid_host_there_is_no_location() {
    for host in [
        "user@evil.example",
        "evil.example/x",
        "",
        "a b",
        "evil.example\\@a",
    ] {
        let answer = ask(
            &HttpsRedirectLayer::new(),
            &layer(),
            "GET",
            "/",
            &with(host),
        );
        assert_eq!((answer.0, answer.1.as_str()), (400, ""), "{host}");
    }
}

#[test]
fn a_client_cannot_choose_where_another_is_sent() {
    let evil = [
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "//evil.example"),
        ("x-original-host", "evil.example"),
    ];
    let answer = ask(
        &HttpsRedirectLayer::new(),
        &layer(),
        "GET",
        "/x",
        &[&HTTP[..], &evil].concat(),
    );
    assert_eq!(answer.1, "https://app.internal/x");
}

#[test]
fn a_missing_layer_is_found_at_the_first_request() {
    let inner = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let answer = now(HttpsRedirectLayer::new()
        .layer(inner)
        .oneshot(request("/", &[])))
    .unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let refusal = answer.extensions().get::<Refusal>().unwrap();
    assert_eq!(refusal.reason(), RefusalReason::LayerMissing);
    assert!(refusal.to_string().contains("ForwardedLayer"), "{refusal}");
}

const PAGE: &str = "https://app.example.com";

fn app() -> Router {
    Router::new().route("/users", any(|| async { "users" }))
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(HeaderValue::from_static(PAGE))
        .allow_methods([Method::PUT])
}

fn forwarded() -> ForwardedLayer {
    ForwardedLayer::new(
        "127.0.0.1"
            .parse::<tower_forwarded::TrustedProxies>()
            .unwrap(),
    )
}

#[tokio::test]
async fn inside_cors_every_redirect_carries_the_origin_and_outside_preflights_still_work() {
    let inside = serve(
        app()
            .layer(HttpsRedirectLayer::new())
            .layer(cors())
            .layer(forwarded()),
    )
    .await;
    let outside = serve(
        app()
            .layer(cors())
            .layer(HttpsRedirectLayer::new())
            .layer(forwarded()),
    )
    .await;
    for version in [Version::Http1, Version::Http2] {
        for (server, redirects_with_cors) in [(&inside, true), (&outside, false)] {
            let fields = [
                &HTTP[..],
                &[("origin", PAGE), ("access-control-request-method", "PUT")],
            ]
            .concat();
            let preflight = send(
                server,
                version,
                "OPTIONS",
                "http://api.example.com/users",
                &fields,
            )
            .await;
            assert_eq!(preflight.status, StatusCode::OK);
            assert_eq!(preflight.field("access-control-allow-origin"), PAGE);

            let fields = [&HTTP[..], &[("origin", PAGE)]].concat();
            let put = send(
                server,
                version,
                "PUT",
                "http://api.example.com/users",
                &fields,
            )
            .await;
            assert_eq!(put.status, StatusCode::PERMANENT_REDIRECT);
            assert_eq!(put.field("location"), "https://api.example.com/users");
            let allowed = if redirects_with_cors { PAGE } else { "" };
            assert_eq!(put.field("access-control-allow-origin"), allowed);
        }
    }
}

#[test]
fn a_websocket_over_http2_passes_since_its_client_follows_no_redirect() {
    let answer = ask(
        &HttpsRedirectLayer::new(),
        &layer(),
        "CONNECT",
        "http://a.example/ws",
        &HTTP,
    );
    assert_eq!((answer.0, answer.1.as_str()), (200, ""));
}

#[test]
fn hsts_that_the_service_set_itself_stands() {
    let own = HeaderValue::from_static("max-age=1");
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(String::new());
        response
            .headers_mut()
            .insert("strict-transport-security", own.clone());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut request = request("/", &HTTPS);
    request
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let redirect = HttpsRedirectLayer::new().hsts(Duration::from_secs(9));
    let answer = now(layer().layer(redirect.layer(inner)).oneshot(request)).unwrap();
    let values: Vec<_> = answer
        .headers()
        .get_all("strict-transport-security")
        .iter()
        .collect();
    assert_eq!(values, [&own]);
}

#[test]
fn only_a_whole_preflight_passes() {
    const ORIGIN: (&str, &str) = ("origin", "https://app.example.com");
    const METHOD: (&str, &str) = ("access-control-request-method", "GET");
    for (method, fields, status) in [
        ("OPTIONS", &[ORIGIN, METHOD][..], 200),
        ("GET", &[ORIGIN, METHOD], 308),
        ("OPTIONS", &[ORIGIN], 308),
        ("OPTIONS", &[METHOD], 308),
        ("OPTIONS", &[], 308),
    ] {
        let fields = [&HTTP[..], fields].concat();
        let answer = ask(
            &HttpsRedirectLayer::default(),
            &layer(),
            method,
            "/",
            &fields,
        );
        assert_eq!(answer.0, status, "{method} {fields:?}");
    }
}

#[test]
fn only_options_may_ask_for_the_asterisk_by_http() {
    let redirect = HttpsRedirectLayer::new();
    for (method, by_http) in [
        ("OPTIONS", 200),
        ("GET", 400),
        ("POST", 400),
        ("HEAD", 400),
        ("TRACE", 400),
    ] {
        let ask = |fields: &[(&str, &str)]| ask(&redirect, &layer(), method, "*", fields).0;
        assert_eq!(ask(&HTTP), by_http, "{method}");
        assert_eq!(ask(&HTTPS), 200, "{method}");
    }
}

#[tokio::test]
async fn inside_of_nest_the_redirect_has_the_whole_path() {
    let inner = Router::new()
        .route("/users", any(|| async { "hello" }))
        .layer(HttpsRedirectLayer::new());
    let app = Router::new().nest("/api", inner).layer(layer());
    let mut request = axum::http::Request::get("/api/users?page=2")
        .header("host", "api.example.com")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "http")
        .body(axum::body::Body::empty())
        .unwrap();
    request
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let response = tower::ServiceExt::oneshot(app, request).await.unwrap();
    assert_eq!(
        response.headers()["location"],
        "https://api.example.com/api/users?page=2"
    );
}
