//! The app, written as if there were no proxy.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::page::{self, Ports, Received};

/// The app as it should be: one line more than [`without_layer`].
pub(crate) fn with_layer(trust: TrustedProxies, ports: Ports) -> Router {
    let forwarded = ForwardedLayer::new(trust).headers(Headers::AWS_ALB);
    let why = why(&forwarded);
    let app = Router::new()
        .route("/", get(move |received| page::show(received, ports)))
        .merge(users())
        .layer(cors(ports))
        .layer(forwarded)
        // The page wants to show what came before the layer changed it.
        .layer(middleware::from_fn(remember));
    // Beside the layer: it explains the request as it came.
    #[cfg(feature = "explain-service")]
    let app = app.route_service("/why", why);
    #[cfg(not(feature = "explain-service"))]
    let app = app.route("/why", why);
    app
}

/// Explains each request as it came. Everybody here is on this machine; a real service asks for a secret.
#[cfg(feature = "explain-service")]
fn why(forwarded: &ForwardedLayer) -> tower_forwarded::ExplainService {
    tower_forwarded::explain_service(forwarded, |_, resolution| {
        let client = resolution.client();
        client.is_some_and(|client| client.is_loopback())
    })
}

/// The same as text only, for a build without the feature `explain-service`.
#[cfg(not(feature = "explain-service"))]
fn why(forwarded: &ForwardedLayer) -> axum::routing::MethodRouter {
    let forwarded = forwarded.clone();
    get(
        move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| async move {
            let parts = request.into_parts().0;
            tower_forwarded::explain(Some(peer.into()), &parts, forwarded.policy()).to_string()
        },
    )
}

/// The same app as it fails.
pub(crate) fn without_layer(ports: Ports) -> Router {
    users().layer(cors(ports))
}

fn users() -> Router {
    Router::new()
        .route("/users", get(add_slash))
        .route("/users/", get(list))
}

pub(crate) async fn serve(listener: TcpListener, app: Router) -> Result<(), String> {
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await
    .map_err(|error| error.to_string())
}

/// The page's origin, by each name that this machine has.
fn cors(ports: Ports) -> CorsLayer {
    let origins = ["localhost", "127.0.0.1"]
        .map(|host| format!("https://{host}:{}", ports.page))
        .map(|origin| HeaderValue::try_from(origin).unwrap_or(HeaderValue::from_static("null")));
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_headers([HeaderName::from_static("x-requested-with")])
}

/// Redirects to the path with a slash, at the scheme and host of the request's own URI: what
/// Starlette and many others do.
async fn add_slash(request: Request) -> Response {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = uri
        .authority()
        .map(|authority| authority.as_str().as_bytes())
        .or_else(|| {
            request
                .headers()
                .get(header::HOST)
                .map(HeaderValue::as_bytes)
        })
        .unwrap_or_default();
    let host = String::from_utf8_lossy(host);
    let location = format!("{scheme}://{host}{}/", uri.path());
    (
        StatusCode::TEMPORARY_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}

async fn list(ConnectInfo(client): ConnectInfo<SocketAddr>, request: Request) -> Json<Value> {
    Json(json!({
        "users": ["ada", "grace"],
        "you": client.ip(),
        "asked_for": request.uri().to_string(),
    }))
}

async fn remember(mut request: Request, next: Next) -> Response {
    let received = Received {
        line: page::request_line(&request),
        headers: request.headers().clone(),
    };
    request.extensions_mut().insert(received);
    next.run(request).await
}
