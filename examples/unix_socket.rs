//! axum behind nginx on a Unix socket. Run `cargo run --example unix_socket`, then send a request as nginx would:
//!
//! `curl --unix-socket app.sock http://api.example.com/ -H 'X-Forwarded-For: 203.0.113.7' -H 'X-Forwarded-Proto: https'`
//!
//! In nginx, write `proxy_pass http://unix:/path/to/app.sock;`, and set the headers that the page of `Headers::NGINX`
//! shows.

use axum::{Router, routing::get};
use tower_forwarded::{ClientIp, ForwardedLayer, Headers, Origin, Peer, TrustedProxies};

async fn hello(ClientIp(ip): ClientIp, origin: Origin) -> String {
    format!("{ip} requested {}\n", origin.url("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Every process that can connect to the socket is trusted. The permissions of its directory decide which can.
    let proxies: TrustedProxies = "unix".parse()?;
    let forwarded = ForwardedLayer::new(proxies).headers(Headers::NGINX);
    let app = Router::new().route("/", get(hello)).layer(forwarded);

    let path = std::env::args().nth(1).unwrap_or("app.sock".to_owned());
    let _ = std::fs::remove_file(&path); // left by the last run
    let listener = tokio::net::UnixListener::bind(&path)?;
    println!("listening on {path}");
    axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).await?;
    Ok(())
}
