//! Tests the layer in different stacks.

use std::{convert::Infallible, future::Ready, net::SocketAddr};

use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_forwarded::{Forwarded, ForwardedLayer, Peer, Resolution, TrustedProxies};

use crate::support::*;

/// `Future = S::Future`: the future is not boxed and has no state of its own.
fn future_is_the_inner_one<S, B>(_: &Forwarded<S>) -> bool
where
    S: Service<Request<B>>,
    Forwarded<S>: Service<Request<B>, Future = S::Future>,
{
    true
}

#[test]
fn the_response_future_is_the_inner_services_own() {
    // The body, the response and the future need not be Send, Unpin or Clone.
    struct Body(std::rc::Rc<()>);
    let inner = service_fn(
        |request: Request<Body>| -> Ready<Result<usize, Infallible>> {
            std::future::ready(Ok(std::rc::Rc::strong_count(&request.body().0)))
        },
    );
    let service = layer().layer(inner);
    assert!(future_is_the_inner_one::<_, Body>(&service));
    assert_eq!(
        now(service.oneshot(Request::new(Body(std::rc::Rc::new(()))))).unwrap(),
        1
    );
}

#[test]
fn layer_and_service_are_send_sync_clone_and_debug() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug + 'static>(_: &T) {}
    let layer = layer();
    check(&layer);
    check(&layer.layer(()));
    assert!(format!("{layer:?}").contains("10.0.0.0/8"), "{layer:?}");
}

#[test]
fn readiness_is_the_inner_services() {
    let inner = tower::util::BoxService::new(service_fn(|_: Request<()>| {
        std::future::ready(Err::<(), _>("down"))
    }));
    let mut service = layer().layer(inner);
    assert!(now(service.ready()).is_ok());
    assert_eq!(now(service.call(Request::new(()))), Err("down"));
}

#[test]
fn a_clone_of_the_layer_that_is_changed_leaves_the_other_alone() {
    let one = layer();
    let two = one.clone().keep_uri();
    let seen = |layer: &ForwardedLayer| {
        through(layer, Some(PROXY), request("/", &[]))
            .uri()
            .to_string()
    };
    assert_eq!(seen(&one), "http://app.internal/");
    assert_eq!(seen(&two), "/");
}

#[tokio::test]
async fn under_hyper_directly_the_peer_is_inserted_by_hand() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = ServiceBuilder::new()
                .map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(Peer::from(peer));
                    request
                })
                .layer(ForwardedLayer::new(
                    "127.0.0.1".parse::<TrustedProxies>().unwrap(),
                ))
                .service_fn(|request: Request<Incoming>| async move {
                    let resolution = request.extensions().get::<Resolution>().unwrap();
                    let body = format!("{} {}", request.uri(), resolution.client().unwrap());
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body))))
                });
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
                    .await
            });
        }
    });
    for http2 in [false, true] {
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .http2_only(http2)
            .build_http();
        let request = Request::builder()
            .uri(format!("http://{address}/x?y"))
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-forwarded-proto", "https")
            .body(Empty::<Bytes>::new())
            .unwrap();
        let body = client
            .request(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        assert_eq!(body, format!("https://{address}/x?y 203.0.113.7"));
    }
    server.abort();
}

#[tokio::test]
async fn behind_a_unix_socket_axum_says_so_through_peer() {
    use axum::{Router, routing::get};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let app =
        Router::new()
            .route(
                "/",
                get(
                    |ip: tower_forwarded::ClientIp,
                     info: axum::extract::ConnectInfo<SocketAddr>| async move {
                        format!("{ip} {}", info.0)
                    },
                ),
            )
            .layer(ForwardedLayer::new(
                "unix".parse::<TrustedProxies>().unwrap(),
            ));
    let server = tokio::spawn(async move {
        axum::serve(listener, app.into_make_service_with_connect_info::<Peer>())
            .await
            .unwrap();
    });
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("203.0.113.7 203.0.113.7:0"), "{answer}");
    server.abort();
}
