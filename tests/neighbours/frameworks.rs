//! Other frameworks: only hyper, and warp.

use std::convert::Infallible;

use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_forwarded::{ForwardedLayer, Peer, Resolution, TrustedProxies};

use super::*;
use crate::support::wire::{Server, Version, send};

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let resolution: &Resolution = request.extensions().get().unwrap();
    let client = resolution.client().unwrap();
    let text = format!("{client} {}", request.uri());
    Ok(Response::new(Full::from(text)))
}

#[tokio::test]
async fn hyper_alone_needs_the_peer_in_the_extensions() {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (stream, address) = listener.accept().await.unwrap();
            let service = ServiceBuilder::new()
                .map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(Peer::from(address));
                    request
                })
                .layer(layer.clone())
                .service_fn(hello);
            let service = TowerToHyperService::new(service);
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let server = Server::of(address, task);
    for version in [Version::Http1, Version::Http2] {
        let uri = "http://app.example.com/users?a";
        let answer = send(&server, version, "GET", uri, &HTTPS[1..]).await;
        assert_eq!(answer.body, "203.0.113.7 https://app.example.com/users?a");
    }
}

#[tokio::test]
async fn warp_is_right_around_its_service() {
    use warp::Filter;

    let filter = warp::ext::get::<Resolution>()
        .and(warp::host::optional())
        .map(
            |resolution: Resolution, host: Option<warp::host::Authority>| {
                let client = resolution.client().unwrap();
                format!("{client} {} {}", resolution.scheme(), host.unwrap())
            },
        );
    let peer = Peer::from(std::net::SocketAddr::from(([10, 0, 0, 1], 40_000)));
    let request = behind(Request::get("/"))
        .extension(peer)
        .body(Full::<Bytes>::default())
        .unwrap();
    let service = forwarded().layer(warp::service(filter));
    let answer = service.oneshot(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "203.0.113.7 https app.example.com");
}

/// For frameworks with other request types: copies the request head, rewrites the copy, and copies it back.
#[test]
fn a_head_of_other_types_is_rewritten_by_a_call() {
    let (mut parts, ()) = behind(Request::get("/users"))
        .body(())
        .unwrap()
        .into_parts();
    let peer = Some("10.0.0.1:40000".parse().unwrap());
    let resolution = forwarded().rewrite(peer, &mut parts);
    assert_eq!(resolution.client().unwrap().to_string(), "203.0.113.7");
    assert_eq!(parts.uri, "https://app.example.com/users");
    assert_eq!(parts.headers["x-forwarded-for"], "203.0.113.7");
}
