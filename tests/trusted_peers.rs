//! Tests that with `TrustedPeersLayer`, the service serves only trusted peers.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_forwarded::{
    ForwardedLayer, Peer, Refusal, RefusalReason, TrustedPeersLayer, TrustedProxies,
};

use crate::support::*;

fn ask(
    outer: &ForwardedLayer,
    peer: Option<&str>,
    uri: &str,
    fields: &[(&str, &str)],
) -> Response<String> {
    let mut request = request(uri, fields);
    if let Some(peer) = peer {
        request
            .extensions_mut()
            .insert(peer.parse::<Peer>().unwrap());
    }
    let service = ServiceBuilder::new()
        .layer(outer.clone())
        .layer(TrustedPeersLayer::new().exempt_path("/healthz"))
        .service(service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new("inner".to_owned())))
        }));
    now(service.oneshot(request)).unwrap()
}

#[test]
fn a_direct_client_is_turned_away_whatever_it_sends() {
    let login = [("x-forwarded-user", "admin")];
    let forged = [
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-proto", "https"),
    ];
    for fields in [&[][..], &login, &forged] {
        let answer = ask(&layer(), Some("203.0.113.9:1"), "/", fields);
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{fields:?}");
        assert_eq!(answer.body(), "");
        let refusal = answer.extensions().get::<Refusal>().unwrap();
        assert_eq!(refusal.reason(), RefusalReason::PeerNotTrusted);
        let told = "this service accepts requests only from its proxy";
        assert_eq!(refusal.to_string(), told);
        assert_eq!(ask(&layer(), None, "/", fields).status(), 403);
        assert_eq!(ask(&layer(), Some(PROXY), "/", fields).body(), "inner");
    }
}

#[test]
fn without_the_secret_or_the_counted_proxies_a_peer_is_not_the_proxy() {
    let secret = layer().require("x-origin-verify", ["s3cret"]).unwrap();
    assert_eq!(ask(&secret, Some(PROXY), "/", &[]).status(), 403);
    let proof = [("x-origin-verify", "s3cret")];
    assert_eq!(ask(&secret, Some(PROXY), "/", &proof).status(), 200);
    let counted = ForwardedLayer::new(TrustedProxies::count(2));
    let one = [("x-forwarded-for", "203.0.113.7")];
    let two = [("x-forwarded-for", "203.0.113.7, 130.176.1.9")];
    assert_eq!(ask(&counted, Some(PROXY), "/", &one).status(), 403);
    assert_eq!(ask(&counted, Some(PROXY), "/", &two).status(), 200);
}

#[test]
fn probes_pass_by_their_path_only() {
    for (uri, status) in [
        ("/healthz", 200),
        ("/healthz/", 403),
        ("/healthz/../admin", 403),
    ] {
        let answer = ask(&layer(), Some("172.17.0.1:1"), uri, &[]);
        assert_eq!(answer.status(), status, "{uri}");
    }
}

#[test]
fn the_root_is_one_path_and_not_all() {
    let exempt = TrustedPeersLayer::new().exempt_path("/");
    for (uri, status) in [
        ("/", 200),
        ("/?probe", 200),
        ("/admin", 403),
        ("//admin", 403),
    ] {
        let stranger = through(&layer(), Some("203.0.113.9:1"), request(uri, &[]));
        let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
        let answer = now(exempt.layer(inner).oneshot(stranger)).unwrap();
        assert_eq!(answer.status(), status, "{uri}");
    }
}

#[cfg(feature = "axum-08")]
#[tokio::test]
async fn inside_of_nest_a_path_is_what_the_nested_router_sees() {
    use axum::{Router, body::Body, routing::get};

    let nested = Router::new()
        .route("/healthz", get(|| async {}))
        .route("/admin/healthz", get(|| async {}));
    for (exempt, path, status) in [
        ("/healthz", "/admin/healthz", 200),
        ("/admin/healthz", "/admin/healthz", 403),
        ("/admin/healthz", "/admin/admin/healthz", 200),
    ] {
        let peers = TrustedPeersLayer::new().exempt_path(exempt);
        let app = Router::new().nest("/admin", nested.clone().layer(peers));
        let mut asked = Request::get(path).body(Body::empty()).unwrap();
        let stranger: Peer = "203.0.113.9:1".parse().unwrap();
        asked.extensions_mut().insert(stranger);
        let answer = app.layer(layer()).oneshot(asked).await.unwrap();
        assert_eq!(answer.status(), status, "{exempt} {path}");
    }
}

#[test]
fn a_missing_layer_is_found_at_the_first_request() {
    let alone = TrustedPeersLayer::new().layer(service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    }));
    let answer = now(alone.oneshot(request("/", &[]))).unwrap();
    assert_eq!(answer.status(), 500);
}

#[test]
fn what_became_of_a_request_can_be_printed() {
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let mut service = TrustedPeersLayer::new().layer(inner);
    for (peer, printed) in [
        (PROXY, r#"ResponseFuture("passed")"#),
        ("203.0.113.9:1", r#"ResponseFuture("refused")"#),
    ] {
        let request = through(&layer(), Some(peer), request("/", &[]));
        assert_eq!(format!("{:?}", service.call(request)), printed);
    }
}
