//! Tests crates that believe every client. Without the layer, clients can fool them; behind the layer, they cannot.

#![allow(deprecated)]

use axum::{Router, routing::get};
use axum_client_ip::{RightmostXForwardedFor, XRealIp};
use tower_forwarded::{ForwardedLayer, TrustedProxies};
use tower_governor::key_extractor::{KeyExtractor, SmartIpKeyExtractor};

use crate::support::wire::{Version, send, serve};

const SPOOFED: [(&str, &str); 5] = [
    ("x-forwarded-for", "198.51.100.66, 203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    ("x-real-ip", "198.51.100.66"),
    (
        "forwarded",
        "for=198.51.100.66;proto=http;host=evil.example",
    ),
];

async fn ask(app: Router) -> String {
    let app = app.route("/", get(|| async { "unreachable" }));
    let server = serve(app).await;
    send(
        &server,
        Version::Http1,
        "GET",
        "http://api.example.com/read",
        &SPOOFED,
    )
    .await
    .body
}

/// The output of the reader without the layer and behind the layer.
async fn both(routes: impl Fn() -> Router) -> (String, String) {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap());
    (ask(routes()).await, ask(routes().layer(layer)).await)
}

#[tokio::test]
async fn tower_governors_smart_key_is_the_client() {
    let routes = || {
        Router::new().route(
            "/read",
            get(|request: axum::extract::Request| async move {
                SmartIpKeyExtractor.extract(&request).unwrap().to_string()
            }),
        )
    };
    let (without, with) = both(routes).await;
    assert_eq!(without, "198.51.100.66");
    assert_eq!(with, "203.0.113.7");
}

#[tokio::test]
async fn axum_client_ip_reads_the_client_from_the_rightmost_element() {
    let routes = || {
        Router::new().route(
            "/read",
            get(|RightmostXForwardedFor(ip): RightmostXForwardedFor| async move { ip.to_string() }),
        )
    };
    assert_eq!(
        both(routes).await,
        ("203.0.113.7".into(), "203.0.113.7".into())
    );
}

#[tokio::test]
async fn axum_client_ip_cannot_read_a_field_that_nobody_vouches_for() {
    let routes = || {
        Router::new().route(
            "/read",
            get(|XRealIp(ip): XRealIp| async move { ip.to_string() }),
        )
    };
    let (without, with) = both(routes).await;
    assert_eq!(without, "198.51.100.66");
    assert!(!with.contains("198.51.100.66"), "{with}");
}

#[tokio::test]
async fn axum_extras_host_is_the_host_that_was_asked_for() {
    let routes = || {
        Router::new().route(
            "/read",
            get(|axum_extra::extract::Host(host): axum_extra::extract::Host| async move { host }),
        )
    };
    assert_eq!(
        both(routes).await,
        ("evil.example".into(), "api.example.com".into())
    );
}

#[tokio::test]
async fn axum_extras_scheme_is_the_true_one() {
    let routes = || {
        Router::new().route(
            "/read",
            get(|axum_extra::extract::Scheme(scheme): axum_extra::extract::Scheme| async move { scheme }),
        )
    };
    assert_eq!(both(routes).await, ("http".into(), "https".into()));
}
