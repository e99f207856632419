//! A small reverse proxy to start from, with axum, hyper-util's client, and the two layers of this crate.
//!
//! Start any service at port 9000. Run `cargo run -p tower-forwarded-checks --example proxy -- 127.0.0.1:9000`, then:
//!
//! ```text
//! curl http://127.0.0.1:3000/users -H "X-Forwarded-For: 203.0.113.7" -H "X-Forwarded-Proto: https"
//! ```
//!
//! The service gets `X-Forwarded-For: 203.0.113.7, 127.0.0.1`, because curl connects from 127.0.0.1, and the example
//! trusts that address as a proxy.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    error_handling::HandleErrorLayer,
    http::{HeaderValue, Method, Request, StatusCode, Uri, Version, header, uri},
    middleware::map_request,
};
use hyper::body::Body as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use hyproxy::headers::StripHopByHopLayer;
use tower::ServiceBuilder;
use tower_forwarded::{ForwardedLayer, OutboundLayer, Resolution, TrustedProxies};

/// Sends every request on to the authority `next`.
pub fn app(proxies: TrustedProxies, next: uri::Authority) -> Router {
    let send = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |error: axum::BoxError| {
            (
                StatusCode::BAD_GATEWAY,
                format!("the next service: {error}\n"),
            )
        }))
        // Removes `Connection`, `Keep-Alive` and other hop-by-hop headers.
        .layer(StripHopByHopLayer::new())
        .layer(OutboundLayer::x_forwarded())
        .map_request(move |request| address_to(&next, request))
        .map_response(|response: axum::http::Response<_>| response.map(Body::new))
        .map_err(axum::BoxError::from)
        .service(Client::builder(TokioExecutor::new()).build_http::<Body>());
    Router::new()
        .fallback_service(send)
        .layer(map_request(acceptable))
        // `record_hops` is needed if more than one proxy is in front of this one.
        .layer(ForwardedLayer::new(proxies).record_hops())
}

/// Refuses tunnels and requests without a valid host. Without a host, the HTTP client would fill in the address of the
/// next service.
async fn acceptable(request: Request<Body>) -> Result<Request<Body>, StatusCode> {
    if *request.method() == Method::CONNECT {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let resolution: Option<&Resolution> = request.extensions().get();
    match resolution.and_then(Resolution::authority) {
        Some(_) => Ok(request),
        None => Err(StatusCode::BAD_REQUEST),
    }
}

/// Replaces the scheme and authority of the URI. `ForwardedLayer` set those that the client requested; the HTTP client
/// needs those of the next service.
fn address_to(next: &uri::Authority, mut request: Request<Body>) -> Request<Body> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    // The next service gets the client's host, so that it builds the right URLs. Over HTTP/2 the host is only in the
    // URI.
    let host = parts.authority.as_ref().map(uri::Authority::as_str);
    if let Some(Ok(host)) = host.map(HeaderValue::from_str) {
        request.headers_mut().insert(header::HOST, host);
    }
    parts.scheme = Some(uri::Scheme::HTTP);
    parts.authority = Some(next.clone());
    let root = || uri::PathAndQuery::from_static("/");
    parts.path_and_query.get_or_insert_with(root);
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    *request.version_mut() = Version::HTTP_11;
    for_http_1(request)
}

/// Adapts the headers of an HTTP/2 request to HTTP/1.1: adds `Transfer-Encoding` and joins the lines of `Cookie`.
fn for_http_1(mut request: Request<Body>) -> Request<Body> {
    let has_body = !request.body().is_end_stream() && request.body().size_hint().exact().is_none();
    let headers = request.headers_mut();
    if has_body {
        headers.insert(
            header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
    }
    let cookies: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if let (true, Ok(cookie)) = (
        cookies.len() > 1,
        HeaderValue::from_bytes(&cookies.join(&b"; "[..])),
    ) {
        headers.insert(header::COOKIE, cookie);
    }
    request
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let next = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:9000".to_owned());
    let app = app("loopback".parse()?, next.parse()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "http://{} sends on to http://{next}",
        listener.local_addr()?
    );
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}
