//! Tests `check_order`, which finds a layer in the wrong place before production does.

use axum::{Router, body::Body, http::StatusCode, middleware, routing::get};
use tower::{ServiceBuilder, service_fn};
use tower_forwarded::{ForwardedLayer, OrderError, check_order};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::support::*;

fn routes() -> Router {
    Router::new().route("/", get(|| async { "app" }))
}

#[tokio::test]
async fn a_cors_layer_outside_is_named() {
    for cors in [
        CorsLayer::permissive(),
        CorsLayer::very_permissive(),
        // This layer does not allow the probe's origin, but `check_order` still detects it.
        CorsLayer::new().allow_origin(AllowOrigin::list(["https://a.example".parse().unwrap()])),
        CorsLayer::new().allow_origin(AllowOrigin::predicate(|_, _| false)),
    ] {
        let forwarded = layer();
        let wrong = routes().layer(forwarded.clone()).layer(cors.clone());
        let error = check_order(&forwarded, wrong, Body::empty())
            .await
            .unwrap_err();
        assert_eq!(error, OrderError::InsideCors);
        assert!(
            error
                .to_string()
                .contains("after `.layer(CorsLayer::new()…)`"),
            "{error}"
        );
        let right = routes().layer(cors).layer(forwarded.clone());
        assert_eq!(check_order(&forwarded, right, Body::empty()).await, Ok(()));
    }
}

#[tokio::test]
async fn a_layer_that_is_not_reached_is_told_with_the_answers_status() {
    let refuse = middleware::from_fn(|_: axum::extract::Request, _: middleware::Next| async {
        StatusCode::UNAUTHORIZED
    });
    let forwarded = layer();
    for app in [
        routes(),
        routes().layer(forwarded.clone()).layer(refuse),
        routes().layer(layer()),
    ] {
        let error = check_order(&forwarded, app, Body::empty())
            .await
            .unwrap_err();
        assert!(matches!(error, OrderError::NotReached(_)), "{error}");
        assert!(
            error.to_string().contains("a preflight was answered "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn it_is_told_apart_whatever_the_peer_is_taken_from() {
    use axum::extract::connect_info::MockConnectInfo;

    let forwarded = layer();
    let known = MockConnectInfo(std::net::SocketAddr::from(([10, 0, 0, 1], 1)));
    let app = routes().layer(forwarded.clone()).layer(known);
    assert_eq!(check_order(&forwarded, app, Body::empty()).await, Ok(()));
}

#[tokio::test]
async fn a_service_that_fails_is_an_error_and_no_verdict() {
    let forwarded: ForwardedLayer = layer();
    let fails = service_fn(|_: http::Request<()>| async { Err::<http::Response<()>, _>("gone") });
    let outside = ServiceBuilder::new().service(fails);
    let error = check_order(&forwarded, outside, ()).await.unwrap_err();
    assert_eq!(error, OrderError::Failed("gone".to_owned()));
}

#[tokio::test]
async fn fields_that_only_look_like_cors_are_not_taken_for_it() {
    let refuse = middleware::from_fn(|_: axum::extract::Request, _: middleware::Next| async {
        let fields = [("vary", "accept-encoding"), ("x-note", "origin")];
        (StatusCode::UNAUTHORIZED, fields, "no")
    });
    let forwarded = layer();
    let app = routes().layer(forwarded.clone()).layer(refuse);
    let error = check_order(&forwarded, app, Body::empty()).await;
    assert_eq!(error, Err(OrderError::NotReached(StatusCode::UNAUTHORIZED)));
}
