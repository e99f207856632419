//! Tests with crates that services use together with this one. A user of both crates could have written each test.

mod axum_router;
mod cors_and_csrf;
mod forwarded_header_value;
mod frameworks;
mod grpc;
mod logins;
mod openapi;
mod rate_limits;
mod streams;
mod telemetry;

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Response, request::Builder},
};
use http_body_util::BodyExt;
use tower_forwarded::{ForwardedLayer, TrustedProxies};

/// Trusts 10.0.0.0/8.
fn forwarded() -> ForwardedLayer {
    ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>().unwrap())
}

const HTTPS: [(&str, &str); 3] = [
    ("host", "app.example.com"),
    ("x-forwarded-for", "198.51.100.66, 203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

/// A request as the load balancer at 10.0.0.1 forwards it. The client at 203.0.113.7 requested
/// https://app.example.com and forged an address.
fn behind(request: Builder) -> Builder {
    HTTPS
        .iter()
        .fold(from_balancer(request), |request, (name, value)| {
            request.header(*name, *value)
        })
}

fn from_balancer(request: Builder) -> Builder {
    request.extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 40_000))))
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
