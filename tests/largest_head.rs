//! Tests that a request head near the limit of hyper is resolved like any other.

use axum::{Router, routing::get};
use http::StatusCode;
use tower_forwarded::{ForwardedLayer, Headers, Resolution, TrustedProxies};

use crate::support::wire::{Version, send, serve};

#[tokio::test]
async fn a_head_near_hypers_limit_is_resolved_to_the_truth() {
    let filled = |field: &'static str, honest: &str, forged: &str, lines: usize, bytes: usize| {
        let line = format!("{forged}, ").repeat(bytes / (forged.len() + 2));
        let mut fields = vec![(field, line); lines];
        fields.push((field, honest.to_owned()));
        fields
    };
    // hyper's defaults: 100 headers and about 400 KiB; over HTTP/2, 16 KiB.
    for (version, headers, mut fields) in [
        (
            Version::Http2,
            Headers::X_FORWARDED,
            filled("x-forwarded-for", "203.0.113.7", "10.6.6.6", 10, 1_500),
        ),
        (
            Version::Http2,
            Headers::FORWARDED,
            filled(
                "forwarded",
                "for=203.0.113.7;proto=https",
                "for=\"10.6.6.6",
                1,
                15_000,
            ),
        ),
        (
            Version::Http1,
            Headers::X_FORWARDED,
            filled("x-forwarded-for", "203.0.113.7", "10.6.6.6", 90, 4_000),
        ),
        (
            Version::Http1,
            Headers::FORWARDED,
            filled(
                "forwarded",
                "for=203.0.113.7;proto=https",
                "for=\"10.6.6.6",
                90,
                4_000,
            ),
        ),
        (
            Version::Http1,
            Headers::X_FORWARDED,
            filled("x-forwarded-for", "203.0.113.7", "10.6.6.6", 1, 380_000),
        ),
    ] {
        fields.push(("x-forwarded-proto", "https".to_owned()));
        let trust: TrustedProxies = "127.0.0.1, 10.0.0.0/8".parse().unwrap();
        let layer = ForwardedLayer::new(trust).headers(headers);
        let show = |resolution: Resolution| async move {
            format!("{} {}", resolution.client().unwrap(), resolution.scheme())
        };
        let server = serve(Router::new().route("/", get(show)).layer(layer)).await;
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let answer = send(&server, version, "GET", "http://api.example.com/", &fields).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, "203.0.113.7 https");
    }
}
