//! The app. Its code does not know about proxies.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request},
    http::{HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tower_forwarded::{
    AllowedHostsLayer, ForwardedLayer, Headers, HostPatternError, TrustedProxies,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::page::{self, Ports, Received};

/// The app with the layer: one line more than [`without_layer`], and one line that refuses hosts that are not its own.
pub(crate) fn with_layer(
    trust: TrustedProxies,
    ports: Ports,
    token: &'static str,
) -> Result<Router, HostPatternError> {
    let forwarded = ForwardedLayer::new(trust).headers(Headers::AWS_ALB);
    let why = why(&forwarded, token);
    let app = Router::new()
        .route("/", get(move |received| page::show(received, ports, token)))
        .merge(users())
        .layer(cors(ports))
        .layer(AllowedHostsLayer::new(["localhost"])?.allow_addresses())
        .layer(forwarded)
        // The page shows the request as it came, before the layer changes it.
        .layer(middleware::from_fn(remember));
    // Outside the layer, because it explains the request as it came.
    #[cfg(feature = "explain-service")]
    let app = app.route_service("/why", why);
    #[cfg(not(feature = "explain-service"))]
    let app = app.route("/why", why);
    Ok(app)
}

/// Whether a request has the token. A guard that checks the address would not protect anything: behind a proxy that is
/// not trusted yet, every client seems to be on this machine.
fn has_token(uri: &Uri, token: &str) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut tokens = pairs.filter_map(|pair| pair.strip_prefix("token="));
    // In constant time, so that nobody can guess it letter by letter.
    tokens.any(|sent| sent.as_bytes().ct_eq(token.as_bytes()).into())
}

/// Explains each request as it came.
#[cfg(feature = "explain-service")]
fn why(forwarded: &ForwardedLayer, token: &'static str) -> tower_forwarded::ExplainService {
    tower_forwarded::explain_service(forwarded, move |request, _| has_token(&request.uri, token))
}

/// The same, but as text only, for a build without the feature `explain-service`.
#[cfg(not(feature = "explain-service"))]
fn why(forwarded: &ForwardedLayer, token: &'static str) -> axum::routing::MethodRouter {
    let forwarded = forwarded.clone();
    get(
        move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| async move {
            let parts = request.into_parts().0;
            if !has_token(&parts.uri, token) {
                return Err(StatusCode::NOT_FOUND);
            }
            Ok(tower_forwarded::explain(Some(peer.into()), &parts, forwarded.policy()).to_string())
        },
    )
}

/// The same app without the layer. It fails behind the load balancer.
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

/// Allows the page's origin, under each name of this machine.
fn cors(ports: Ports) -> CorsLayer {
    let origins = ["localhost", "127.0.0.1"]
        .map(|host| format!("https://{host}:{}", ports.page))
        .map(|origin| HeaderValue::try_from(origin).unwrap_or(HeaderValue::from_static("null")));
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_headers([HeaderName::from_static("x-requested-with")])
}

/// Redirects to the path with a slash. It uses the scheme and host of the request's own URI, as Starlette and many
/// other frameworks do.
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
