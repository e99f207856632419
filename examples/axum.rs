//! axum behind a TLS-terminating load balancer. Run `cargo run --example axum`, then send a request as the load
//! balancer would:
//!
//! `curl http://127.0.0.1:3000/ -H 'Host: api.example.com' -H 'X-Forwarded-For: 203.0.113.7' -H 'X-Forwarded-Proto: https'`

use std::net::SocketAddr;

use axum::{Router, routing::get};
use tower_forwarded::{ClientIp, ForwardedLayer, Headers, Origin, TrustedProxies};

async fn hello(ClientIp(ip): ClientIp, origin: Origin) -> String {
    format!("{ip} reached us at {}\n", origin.url("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The trusted proxies: the addresses that the load balancer connects from.
    let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
    // The headers that the load balancer writes: the preset of the product.
    let forwarded = ForwardedLayer::new(proxies).headers(Headers::AWS_ALB);
    // The layer is added last, so it runs first.
    let app = Router::new().route("/", get(hello)).layer(forwarded);

    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await;
    let listener = listener.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}
