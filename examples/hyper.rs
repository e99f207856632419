//! hyper without a framework: `cargo run --example hyper`. Then send a request as in `examples/axum.rs`.

use std::convert::Infallible;

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use tower::{Layer, ServiceExt};
use tower_forwarded::{ForwardedLayer, Headers, Peer, Resolution, TrustedProxies};

async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let client = request.extensions().get().and_then(Resolution::client);
    let text = format!("{client:?} requested {}\n", request.uri());
    Ok(Response::new(text))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proxies: TrustedProxies = "loopback, 10.0.0.0/16".parse()?;
    let forwarded = ForwardedLayer::new(proxies).headers(Headers::AWS_ALB);
    let hello = forwarded.layer(tower::service_fn(hello));
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:3000");
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let hello = hello.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer::from(peer)); // the layer needs to know the peer
            hello.clone().oneshot(request)
        });
        let stream = hyper_util::rt::TokioIo::new(stream);
        tokio::spawn(http1::Builder::new().serve_connection(stream, service));
    }
}
