//! Configuration, a trust set that is replaced, the debug page and the span.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request},
    routing::get,
};
use tower::ServiceExt;
use tower_forwarded::{Config, ForwardedLayer, Origin, SwapProxies, explain_service, request_span};

async fn ask(app: Router, path: &str) -> Result<String, Box<dyn std::error::Error>> {
    let request = Request::get(path)
        .header("host", "api.example.com")
        .header("accept", "application/json")
        .header("x-forwarded-for", "6.6.6.6, 198.51.100.7")
        .header("x-forwarded-proto", "https")
        .extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4711))))
        .body(Body::empty())?;
    let body = to_bytes(app.oneshot(request).await?.into_body(), 65_536).await?;
    Ok(String::from_utf8(body.to_vec())?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config: Config =
        serde_json::from_str(r#"{"trust": ["10.0.0.0/8"], "headers": "aws-alb"}"#)?;
    let layer = config.layer();
    let debug = explain_service(&layer, |_, _| true);
    let app = Router::new()
        .route(
            "/",
            get(async |origin: Origin, request: Request| {
                let _span = request_span(&request);
                origin.to_string()
            }),
        )
        .layer(layer)
        .route_service("/debug", debug);
    let origin = ask(app.clone(), "/").await?;
    let told: serde_json::Value = serde_json::from_str(&ask(app, "/debug").await?)?;

    let proxies = SwapProxies::new("10.0.0.0/8".parse()?);
    let swapped = Router::new()
        .route("/", get(async |origin: Origin| origin.to_string()))
        .layer(ForwardedLayer::new(proxies.clone()));
    let before = ask(swapped.clone(), "/").await?;
    proxies.store("192.168.0.0/16".parse()?);
    let after = ask(swapped, "/").await?;

    println!("all: {origin} {before} {after} {told}");
    assert_eq!(origin, "https://api.example.com");
    assert_eq!(told["client"], "198.51.100.7");
    assert_eq!(
        [before, after],
        ["https://api.example.com", "http://api.example.com"]
    );
    Ok(())
}
