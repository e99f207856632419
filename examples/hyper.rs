//! hyper without a framework: `cargo run --example hyper`. Then send a request as in `examples/axum.rs`.

use std::convert::Infallible;

use hyper::{Request, Response, body::Incoming};
use hyper_util::{rt, server::conn::auto, service::TowerToHyperService};
use tower::ServiceBuilder;
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
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:3000");
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, address) = listener.accept().await?;
        let service = ServiceBuilder::new()
            .map_request(move |mut request: Request<Incoming>| {
                // The layer needs to know the peer of the connection.
                request.extensions_mut().insert(Peer::from(address));
                request
            })
            .layer(forwarded.clone())
            .service_fn(hello);
        tokio::spawn(async move {
            let server = auto::Builder::new(rt::TokioExecutor::new());
            let service = TowerToHyperService::new(service);
            let stream = rt::TokioIo::new(stream);
            server.serve_connection(stream, service).await
        });
    }
}
