//! The layer around a plain tower service.

use std::convert::Infallible;

use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_forwarded::{ForwardedLayer, Peer, Resolution, TrustedProxies};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
    let app = ForwardedLayer::new(proxies).layer(service_fn(async |request: Request<()>| {
        let client = request
            .extensions()
            .get::<Resolution>()
            .and_then(Resolution::client);
        Ok::<_, Infallible>(Response::new(format!("{client:?} {}", request.uri())))
    }));

    let request = Request::get("/a?b")
        .header("host", "api.example.com")
        .header("x-forwarded-for", "6.6.6.6, 198.51.100.7")
        .header("x-forwarded-proto", "https")
        .extension(Peer::from(std::net::SocketAddr::from((
            [10, 0, 0, 1],
            4711,
        ))))
        .body(())?;
    let said = app.oneshot(request).await?.into_body();
    println!("none: {said}");
    assert_eq!(said, "Some(198.51.100.7) https://api.example.com/a?b");
    Ok(())
}
