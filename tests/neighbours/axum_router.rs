//! axum's own router: `nest`, `fallback`, `route_layer`.

use axum::{
    Router,
    extract::OriginalUri,
    http::{Request, Uri},
    routing::get,
};
use tower::ServiceExt;
use tower_forwarded::Resolution;

use super::*;

async fn ask(app: Router, path: &str) -> String {
    let request = behind(Request::get(path)).body(Body::empty()).unwrap();
    text(app.oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn nested_routes_see_the_origin_wherever_the_layer_is() {
    let inner = || {
        let show = async |uri: Uri, OriginalUri(whole): OriginalUri| format!("{uri} {whole}");
        Router::new().route("/users", get(show))
    };
    for app in [
        Router::new().nest("/api", inner()).layer(forwarded()),
        Router::new().nest("/api", inner().layer(forwarded())),
        Router::new().nest("/api", inner()).route_layer(forwarded()),
    ] {
        assert_eq!(
            ask(app, "/api/users?a").await,
            "https://app.example.com/users?a https://app.example.com/api/users?a"
        );
    }
}

#[tokio::test]
async fn route_layer_leaves_the_fallback_out_and_layer_does_not() {
    let app = || {
        let fallback = async |resolution: Option<Resolution>| resolution.is_some().to_string();
        Router::new()
            .route("/", get(async || {}))
            .fallback(fallback)
    };
    assert_eq!(ask(app().layer(forwarded()), "/none").await, "true");
    assert_eq!(ask(app().route_layer(forwarded()), "/none").await, "false");
    // A layer applies only to the routes and fallbacks that were added before it.
    let added_after = Router::new()
        .route("/", get(async || {}))
        .layer(forwarded());
    let fallback = async |resolution: Option<Resolution>| resolution.is_some().to_string();
    assert_eq!(ask(added_after.fallback(fallback), "/none").await, "false");
}
