//! axum behind a TLS-terminating load balancer: `cargo run --example axum`. Then send a request as the load balancer would:
//!
//! `curl http://127.0.0.1:3000/ -H 'Host: api.example.com' -H 'X-Forwarded-For: 203.0.113.7' -H 'X-Forwarded-Proto: https'`

use std::net::SocketAddr;

use axum::{Router, routing::get};
use tower_forwarded::{ClientIp, ForwardedLayer, Headers, Origin, TrustedProxies};

async fn hello(ClientIp(ip): ClientIp, origin: Origin) -> String {
    format!("{ip} requested {}\n", origin.url("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Which proxies do you trust? Name the addresses that the load balancer connects from.
    let proxies: TrustedProxies = "loopback, 10.0.0.0/16".parse()?;
    // Which headers does it write? Choose the preset of the product.
    let forwarded = ForwardedLayer::new(proxies).headers(Headers::AWS_ALB);
    let app = Router::new().route("/", get(hello)).layer(forwarded); // added last, it runs first

    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:3000");
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
