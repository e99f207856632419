//! axum behind nginx on a Unix socket: `cargo run --example unix_socket`, then ask as nginx would:
//!
//! `curl --unix-socket app.sock http://api.example.com/ -H 'X-Forwarded-For: 203.0.113.7' -H 'X-Forwarded-Proto: https'`
//!
//! nginx: `proxy_pass http://unix:/path/to/app.sock;`, and the headers of `Headers::NGINX`'s page.

use axum::{Router, routing::get};
use tower_forwarded::{ClientIp, ForwardedLayer, Headers, Origin, Peer, TrustedProxies};

async fn hello(ClientIp(ip): ClientIp, origin: Origin) -> String {
    format!("{ip} reached us at {}\n", origin.url("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Whoever may connect to the socket is trusted: the rights of its folder say who that is.
    let proxies: TrustedProxies = "unix".parse()?;
    let forwarded = ForwardedLayer::new(proxies).headers(Headers::NGINX);
    let app = Router::new().route("/", get(hello)).layer(forwarded);

    let path = std::env::args().nth(1).unwrap_or("app.sock".to_owned());
    let _ = std::fs::remove_file(&path); // of the last run
    let listener = tokio::net::UnixListener::bind(&path)?;
    println!("listening on {path}");
    axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).await?;
    Ok(())
}
