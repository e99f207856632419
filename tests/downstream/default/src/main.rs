//! The layer and its extractors in an axum app.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request},
    routing::get,
};
use tower::ServiceExt;
use tower_forwarded::{ClientIp, ForwardedLayer, Origin, TrustedProxies};

async fn users(
    ClientIp(ip): ClientIp,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    origin: Origin,
) -> String {
    assert_eq!(peer.ip(), ip);
    format!("{ip} {}", origin.url("/callback"))
}

async fn ask(app: Router, peer: impl Into<IpAddr>) -> Result<String, Box<dyn std::error::Error>> {
    let request = Request::get("/users/")
        .header("host", "api.example.com")
        .header("x-forwarded-for", "6.6.6.6, 198.51.100.7")
        .header("x-forwarded-proto", "https")
        .extension(ConnectInfo(SocketAddr::new(peer.into(), 4711)))
        .body(Body::empty())?;
    let body = to_bytes(app.oneshot(request).await?.into_body(), 1024).await?;
    Ok(String::from_utf8(body.to_vec())?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
    let app = Router::new()
        .route("/users/", get(users))
        .layer(ForwardedLayer::new(proxies));

    let proxy = ask(app.clone(), [10, 0, 0, 1]).await?;
    let stranger = ask(app, [203, 0, 113, 9]).await?;
    println!("default: {proxy}, {stranger}");
    assert_eq!(proxy, "198.51.100.7 https://api.example.com/callback");
    assert_eq!(stranger, "203.0.113.9 http://api.example.com/callback");
    Ok(())
}
