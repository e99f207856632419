//! The policy from a configuration file: `cargo run --example config -- app.toml`, with for example
//!
//! ```toml
//! [forwarded]
//! trust = ["loopback", "10.0.0.0/8"]
//! headers = "aws-alb"
//! ```

use std::net::SocketAddr;

use axum::{Router, routing::get};
use serde::Deserialize;
use tower_forwarded::{ClientIp, Config, Origin};

#[derive(Deserialize)]
struct App {
    forwarded: Config,
}

async fn hello(ClientIp(ip): ClientIp, origin: Origin) -> String {
    format!("{ip} reached us at {}\n", origin.url("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: config FILE [ADDRESS]")?;
    let settings: App = toml::from_str(&std::fs::read_to_string(file)?)?;
    let app = Router::new()
        .route("/", get(hello))
        .layer(settings.forwarded.layer());

    let address = arguments.next().unwrap_or("127.0.0.1:3000".to_owned());
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
