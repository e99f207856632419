//! Tests that `RejectLayer` refuses fatal findings (R16).

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_forwarded::{Finding, Refusal, RefusalReason, RejectLayer};

use crate::support::*;

fn answer(fatal: &[Finding], peer: Option<&str>, fields: &[(&str, &str)]) -> Response<String> {
    let mut request = request("/", fields);
    if let Some(peer) = peer {
        request
            .extensions_mut()
            .insert(peer.parse::<tower_forwarded::Peer>().unwrap());
    }
    let service = ServiceBuilder::new()
        .layer(layer())
        .layer(RejectLayer::new(fatal.iter().copied()))
        .service(service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new("inner".to_owned())))
        }));
    now(service.oneshot(request)).unwrap()
}

#[test]
fn nothing_is_an_error_unless_the_deployment_says_so() {
    let bad = [
        ("x-forwarded-for", "junk"),
        ("x-forwarded-proto", "ftp"),
        ("host", "a b"),
    ];
    assert_eq!(answer(&[], Some(PROXY), &bad).body(), "inner");
    assert_eq!(
        answer(&[Finding::HopLimit], Some(PROXY), &bad).body(),
        "inner"
    );
}

#[test]
fn a_fatal_finding_is_a_400_that_names_it_and_nothing_else() {
    let bad = [
        ("x-forwarded-for", "secret-junk"),
        ("x-forwarded-proto", "https"),
    ];
    let answer = answer(&[Finding::ForMalformed], Some(PROXY), &bad);
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.body(), "");
    let refusal = answer.extensions().get::<Refusal>().unwrap();
    assert_eq!(
        refusal.reason(),
        RefusalReason::Finding(Finding::ForMalformed)
    );
    assert_eq!(refusal.to_string(), "for-malformed");
}

#[test]
fn a_client_cannot_make_anothers_request_an_error() {
    // All findings but one are fatal. The proxy is honest, and the client writes text to the left of its elements.
    let evil = [
        ("x-forwarded-for", "junk,,unknown, 203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=\""),
    ];
    let all_but_host = Finding::ALL
        .iter()
        .copied()
        .filter(|f| *f != Finding::HostNotAllowed)
        .collect::<Vec<_>>();
    assert_eq!(answer(&all_but_host, Some(PROXY), &evil).body(), "inner");
}

#[test]
fn without_the_layer_the_peer_is_unknown() {
    let service = ServiceBuilder::new()
        .layer(RejectLayer::new([Finding::PeerUnknown]))
        .service(service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new("inner".to_owned())))
        }));
    let answer = now(service.oneshot(request("/", &[]))).unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn the_wrong_family_is_a_finding_that_can_be_fatal_and_no_client_causes_it() {
    let other = [("forwarded", "for=203.0.113.7;proto=https")];
    let fatal = [Finding::OtherFamily];
    assert_eq!(answer(&fatal, Some(PROXY), &other).status(), 400);
    assert_eq!(findings(&resolve(&layer(), &other)), "other-family");
    // If the proxy writes the believed headers, a client's own `Forwarded` has no effect.
    let honest = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    let both = [&honest[..], &other].concat();
    assert_eq!(answer(&fatal, Some(PROXY), &both).body(), "inner");
    // A proxy that writes the scheme but not the client does so for all clients.
    let half = [honest[1], other[0]];
    assert_eq!(findings(&resolve(&layer(), &half)), "for-missing");
    // If the peer is not trusted, this finding does not occur.
    assert_eq!(
        answer(&fatal, Some("203.0.113.9:1"), &other).body(),
        "inner"
    );
}
