use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, Response, Uri, request::Builder},
};
use tower::ServiceExt;

/// A request for `url` by `client`, as a TLS-terminating load balancer at 10.0.0.1 forwards it.
#[allow(dead_code)]
pub fn request_of(client: &str, url: &str) -> Builder {
    let url: Uri = url.parse().unwrap();
    Request::get(url.path_and_query().unwrap().as_str())
        .header("host", url.authority().unwrap().as_str())
        .header("x-forwarded-for", client)
        .header("x-forwarded-proto", url.scheme_str().unwrap())
        .extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 40000))))
}

#[allow(dead_code)]
pub fn request(url: &str) -> Builder {
    request_of("203.0.113.7", url)
}

/// A probe by an orchestrator at 192.168.7.1: over HTTP, with an IP address as host, without forwarding headers.
#[allow(dead_code)]
pub fn probe(path: &str) -> Builder {
    Request::get(path)
        .header("host", "10.0.3.9:3000")
        .extension(ConnectInfo(SocketAddr::from(([192, 168, 7, 1], 40000))))
}

/// The app's response.
#[allow(dead_code)]
pub async fn send(app: &Router, request: Builder) -> Response<String> {
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}
