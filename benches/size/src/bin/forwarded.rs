//! axum with the layer.

use std::net::SocketAddr;

use axum::{Router, routing::get};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
    let app = Router::new().route("/", get(|| async { "hello" }));
    let app = app.layer(ForwardedLayer::new(proxies).headers(Headers::AWS_ALB));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}
