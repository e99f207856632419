//! tonic, and tonic-web with CORS.

use axum::{Router, http::Request, routing::post};
use tokio::net::TcpListener;
use tonic::transport::server::TcpConnectInfo;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_forwarded::{ForwardedLayer, Peer, Resolution, TrustedProxies};

use super::*;

#[tokio::test]
async fn under_tonic_the_peer_is_where_tonic_puts_it() {
    use tonic::transport::server::Server;

    use crate::support::wire::{Version, send_to};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap()).peer_from(
        |extensions| {
            let info: &TcpConnectInfo = extensions.get()?;
            info.remote_addr().map(Peer::from)
        },
    );
    let routes = axum::Router::new().fallback(|resolution: Resolution| async move {
        format!(
            "{} {}",
            resolution.client().unwrap(),
            resolution.origin().unwrap()
        )
    });
    let server = tokio::spawn(async move {
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        Server::builder()
            .layer(layer)
            .add_routes(tonic::service::Routes::from(routes))
            .serve_with_incoming(incoming)
            .await
            .unwrap();
    });
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("content-type", "application/grpc"),
    ];
    let answer = send_to(
        address,
        Version::Http2,
        "POST",
        "http://api.example.com/a.B/C",
        &fields,
    )
    .await;
    assert_eq!(answer.body, "203.0.113.7 https://api.example.com");
    server.abort();
}

/// Inside `ForwardedLayer`, tonic's own `remote_addr()` is the client's address too.
fn tell_tonic<B>(mut request: Request<B>) -> Request<B> {
    let resolution: Option<&Resolution> = request.extensions().get();
    let client = resolution.and_then(Resolution::client_addr);
    if let Some(info) = request.extensions_mut().get_mut::<TcpConnectInfo>() {
        info.remote_addr = client.or(info.remote_addr);
    }
    request
}

#[tokio::test]
async fn tonics_remote_addr_is_the_peers_until_it_is_told() {
    let layer = forwarded().peer_from(|extensions| {
        let info: &TcpConnectInfo = extensions.get()?;
        info.remote_addr().map(Peer::from)
    });
    let request = || {
        let info = TcpConnectInfo {
            local_addr: None,
            remote_addr: Some(([10, 0, 0, 1], 40_000).into()),
        };
        let mut request = Request::post("/a.B/C").extension(info);
        for (name, value) in HTTPS {
            request = request.header(name, value);
        }
        request.body(()).unwrap()
    };
    let inner = tower::service_fn(async |request: Request<()>| {
        let request = tonic::Request::from_http(request);
        let resolution: &Resolution = request.extensions().get().unwrap();
        let client = resolution.client().unwrap();
        Ok::<_, std::convert::Infallible>((request.remote_addr().unwrap().ip(), client))
    });
    let (remote, client) = layer.layer(inner).oneshot(request()).await.unwrap();
    assert_eq!(
        (remote.to_string(), client.to_string()),
        ("10.0.0.1".to_owned(), "203.0.113.7".to_owned())
    );
    let told = ServiceBuilder::new().map_request(tell_tonic).service(inner);
    let (remote, client) = layer.layer(told).oneshot(request()).await.unwrap();
    assert_eq!(
        (remote, remote.to_string()),
        (client, "203.0.113.7".to_owned())
    );
}

#[tokio::test]
async fn grpc_web_from_the_own_origin_and_from_no_other() {
    use tower_http::cors::{AllowOrigin, CorsLayer};

    let own = AllowOrigin::predicate(|origin, parts| {
        let resolution: Option<&Resolution> = parts.extensions.get();
        let own = resolution.and_then(Resolution::origin);
        own.is_some_and(|own| origin.as_bytes() == own.to_string().as_bytes())
    });
    let service = ServiceBuilder::new()
        .layer(forwarded())
        .layer(CorsLayer::new().allow_origin(own))
        .layer(tonic_web::GrpcWebLayer::new())
        .service(Router::new().route("/a.B/C", post(async || {})));
    for (origin, is_allowed) in [
        ("https://app.example.com", true),
        ("http://app.example.com", false),
        ("https://evil.example", false),
    ] {
        let request = behind(Request::post("/a.B/C"))
            .header("origin", origin)
            .header("content-type", "application/grpc-web+proto")
            .body(Body::empty())
            .unwrap();
        let answer = service.clone().oneshot(request).await.unwrap();
        let allowed = answer.headers().get("access-control-allow-origin");
        assert_eq!(allowed.is_some(), is_allowed, "{origin}");
    }
}
