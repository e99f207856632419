//! hyper without a framework. Run `cargo run --example hyper`, then send the request of `examples/axum.rs`.

use std::convert::Infallible;

use hyper::{Request, Response, body::Incoming};
use hyper_util::{rt, server::conn::auto, service::TowerToHyperService};
use tower::ServiceBuilder;
use tower_forwarded::{ForwardedLayer, Headers, Peer, Resolution, TrustedProxies};

async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let client = request.extensions().get().and_then(Resolution::client);
    Ok(Response::new(format!(
        "{client:?} asked for {}\n",
        request.uri()
    )))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
    let forwarded = ForwardedLayer::new(proxies).headers(Headers::AWS_ALB);
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await;
    let listener = listener.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, address) = listener.accept().await?;
        let service = ServiceBuilder::new()
            // Tells the layer who the peer is.
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer::from(address));
                request
            })
            .layer(forwarded.clone())
            .service_fn(hello);
        tokio::spawn(async move {
            let server = auto::Builder::new(rt::TokioExecutor::new());
            server
                .serve_connection(rt::TokioIo::new(stream), TowerToHyperService::new(service))
                .await
        });
    }
}
