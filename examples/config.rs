//! All settings in a configuration file. Run `cargo run --example config -- app.toml` with a file such as this:
//!
//! ```toml
//! [forwarded]
//! trust = ["loopback", "10.0.0.0/8"]
//! headers = "aws-alb"
//! allowed_hosts = ["api.example.com"]
//! ```

use std::net::SocketAddr;

use axum::{Router, routing::get};
use tower_forwarded::{ClientIp, Config, Origin};
use tower_http::cors::CorsLayer;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    forwarded: Config,
}

async fn hello(ClientIp(ip): ClientIp, origin: Origin) -> String {
    format!("{ip} requested {}\n", origin.url("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: config FILE [ADDRESS]")?;
    let settings = toml::from_str::<Settings>(&std::fs::read_to_string(file)?);
    // Only the message: the error itself holds the whole file.
    let settings = settings.map_err(|error| error.to_string())?;
    let app = Router::new()
        .route("/", get(hello))
        .layer(settings.forwarded.layers(CorsLayer::permissive()));

    let address = arguments.next().unwrap_or("127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
