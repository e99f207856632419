//! Tests what only real connections have: `:authority` beside `Host`, `OPTIONS *`, trailers.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::IntoResponse,
};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Empty};
use tower_forwarded::{ForwardedLayer, Resolution, TrustedProxies};

use crate::support::wire::{Answer, Server, Version, over, serve};

/// The client's address, the URI, `Host`, the forwarding headers that are left, and the trailers.
async fn show(resolution: Resolution, request: Request) -> impl IntoResponse {
    let uri = request.uri().clone();
    let headers = request.headers().clone();
    let told = |name: &str| {
        let lines = headers.get_all(name).iter();
        let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
        lines.join("|")
    };
    let body = request.into_body().collect().await.unwrap();
    let trailer = body.trailers().and_then(|it| it.get("x-forwarded-for"));
    format!(
        "{} {uri} host={} for={} trailer={}",
        resolution.client().unwrap(),
        told("host"),
        told("x-forwarded-for"),
        trailer.map_or("", |it| it.to_str().unwrap())
    )
}

async fn server() -> Server {
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    let layer = ForwardedLayer::new(trust);
    serve(Router::new().fallback(show).layer(layer)).await
}

async fn answer(server: &Server, version: Version, request: http::Request<Body>) -> Answer {
    let stream = tokio::net::TcpStream::connect(server.address).await;
    over(stream.unwrap(), version, request).await.unwrap()
}

fn asked(method: &str, uri: &str) -> http::request::Builder {
    http::Request::builder()
        .method(method)
        .uri(uri)
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "https")
}

#[tokio::test]
async fn over_http2_the_authority_counts_and_a_hosts_header_beside_it_does_not() {
    let request = asked("GET", "http://api.example.com/x")
        .version(http::Version::HTTP_2)
        .header("host", "evil.example")
        .body(Body::empty());
    let answer = answer(&server().await, Version::Http2, request.unwrap()).await;
    assert_eq!(
        answer.body,
        "203.0.113.7 https://api.example.com/x host=api.example.com for=203.0.113.7 trailer="
    );
}

#[tokio::test]
async fn the_asterisk_stays_over_a_real_connection() {
    let server = server().await;
    let over_http1 = asked("OPTIONS", "*").header("host", "api.example.com");
    let told = answer(
        &server,
        Version::Http1,
        over_http1.body(Body::empty()).unwrap(),
    )
    .await;
    assert_eq!(
        told.body,
        "203.0.113.7 * host=api.example.com for=203.0.113.7 trailer="
    );
}

#[tokio::test]
async fn trailers_pass_with_the_body_and_change_nothing_else() {
    let server = server().await;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
    let body = Empty::<Bytes>::new().with_trailers(async { Some(Ok(trailers)) });
    let request = asked("POST", "http://api.example.com/")
        .version(http::Version::HTTP_2)
        .body(Body::new(body));
    let told = answer(&server, Version::Http2, request.unwrap()).await;
    assert_eq!(
        told.body,
        "203.0.113.7 https://api.example.com/ host=api.example.com for=203.0.113.7 trailer=1.1.1.1"
    );
}
