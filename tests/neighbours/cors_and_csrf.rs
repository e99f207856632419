//! tower-http 0.7 and 0.6.

use axum::{
    Router,
    http::{HeaderValue, Request},
    routing::{get, post},
};
use tower::ServiceExt;
use tower_forwarded::Resolution;

use super::*;

#[tokio::test]
async fn csrf_compares_with_the_public_host() {
    use tower_http::csrf::CsrfLayer;

    let app = || {
        Router::new()
            .route("/", post(async || {}))
            .layer(CsrfLayer::new())
    };
    let status = async |app: Router| {
        let request = from_balancer(Request::post("/"))
            .header("host", "app.internal")
            .header("x-forwarded-host", "app.example.com")
            .header("x-forwarded-proto", "https")
            .header("origin", "https://app.example.com")
            .body(Body::empty());
        app.oneshot(request.unwrap()).await.unwrap().status()
    };
    assert_eq!(status(app()).await, 403);
    let layer = forwarded().believe_hosts(["app.example.com"]).unwrap();
    assert_eq!(status(app().layer(layer)).await, 200);
}

#[tokio::test]
async fn a_cors_rule_of_either_version_can_ask_for_the_own_origin() {
    let ask = async |app: Router, origin: &str| {
        let request = behind(Request::get("/")).header("origin", origin);
        let answer = app
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let allowed = answer.headers().get("access-control-allow-origin").cloned();
        allowed.map(|value| value.to_str().unwrap().to_owned())
    };
    let is_own = |origin: &HeaderValue, parts: &http::request::Parts| {
        let resolution: Option<&Resolution> = parts.extensions.get();
        let own = resolution.and_then(Resolution::origin);
        own.is_some_and(|own| origin.as_bytes() == own.to_string().as_bytes())
    };
    let with_7 = {
        use tower_http::cors::{AllowOrigin, CorsLayer};
        CorsLayer::new().allow_origin(AllowOrigin::predicate(is_own))
    };
    let with_6 = {
        use tower_http_06::cors::{AllowOrigin, CorsLayer};
        CorsLayer::new().allow_origin(AllowOrigin::predicate(is_own))
    };
    let app = || Router::new().route("/", get(async || {}));
    for app in [app().layer(with_7), app().layer(with_6)] {
        let app = app
            .layer(tower_http_06::trace::TraceLayer::new_for_http())
            .layer(forwarded());
        let own = "https://app.example.com";
        assert_eq!(ask(app.clone(), own).await.as_deref(), Some(own));
        assert_eq!(ask(app.clone(), "http://app.example.com").await, None);
        assert_eq!(ask(app, "https://evil.example").await, None);
    }
}
