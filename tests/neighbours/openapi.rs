//! utoipa.

use axum::{Json, Router, extract::State, http::Request, routing::get};
use tower::ServiceExt;
use tower_forwarded::Origin;
use utoipa::openapi::{OpenApi, OpenApiBuilder, server::Server};

use super::*;

#[tokio::test]
async fn utoipas_document_names_the_public_server_with_its_prefix() {
    let document = async |origin: Origin, State(mut api): State<OpenApi>| {
        // The paths of the document are appended to this URL.
        let url = format!("{origin}{}", origin.prefix().unwrap_or_default());
        api.servers = Some(vec![Server::new(url)]);
        Json(api)
    };
    let app = Router::new()
        .route("/openapi.json", get(document))
        .with_state(OpenApiBuilder::new().build())
        .layer(forwarded().believe_prefix());
    let request = behind(Request::get("/openapi.json")).header("x-forwarded-prefix", "/shop");
    let answer = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let document = text(answer).await;
    assert!(
        document.contains(r#""url":"https://app.example.com/shop""#),
        "{document}"
    );
}
