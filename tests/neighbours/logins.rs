//! tower-sessions, axum-login and oauth2.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request},
    http::{Response, header},
    middleware::{self, Next},
    response::Redirect,
    routing::get,
};
use tower::ServiceExt;
use tower_forwarded::{LocationLayer, Origin};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use super::*;

fn with_a_session(sessions: SessionManagerLayer<MemoryStore>) -> Router {
    let insert = async |session: Session| session.insert("seen", true).await.unwrap();
    Router::new().route("/", get(insert)).layer(sessions)
}

async fn cookie(app: Router, request: Builder) -> String {
    let answer = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    answer.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn tower_sessions_cookie_is_secure_behind_a_load_balancer() {
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let app = with_a_session(sessions).layer(forwarded());
    let cookie = cookie(app, behind(Request::get("/"))).await;
    assert!(cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn one_binary_for_https_and_for_development_by_http() {
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = with_a_session(sessions)
        .layer(LocationLayer::new().secure_cookies())
        .layer(forwarded());
    let by_https = cookie(app.clone(), behind(Request::get("/"))).await;
    assert!(by_https.contains("; Secure"), "{by_https}");
    let by_http = from_balancer(Request::get("/")).header("host", "localhost:3000");
    let by_http = cookie(app, by_http).await;
    assert!(!by_http.contains("Secure"), "{by_http}");
}

#[derive(Clone, Debug)]
struct User;

impl axum_login::AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        1
    }

    fn session_auth_hash(&self) -> &[u8] {
        &[]
    }
}

#[derive(Clone)]
struct Backend;

impl axum_login::AuthnBackend for Backend {
    type User = User;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<User>, Infallible> {
        Ok(Some(User))
    }

    async fn get_user(&self, _: &i64) -> Result<Option<User>, Infallible> {
        Ok(Some(User))
    }
}

/// Between `ForwardedLayer` and `login_required!`, this makes the value of `next=` a path.
async fn next_is_a_path(mut request: Request, next: Next) -> Response<Body> {
    if let Some(OriginalUri(uri)) = request.extensions_mut().get_mut()
        && let Some(path) = uri.path_and_query().cloned()
    {
        *uri = path.into();
    }
    next.run(request).await
}

#[tokio::test]
async fn axum_login_writes_where_to_come_back_to_as_a_url_or_as_a_path() {
    use axum_login::{AuthManagerLayerBuilder, login_required};

    let app = || {
        let sessions = SessionManagerLayer::new(MemoryStore::default());
        Router::new()
            .route("/private", get(async || {}))
            .route_layer(login_required!(Backend, login_url = "/login"))
            .layer(AuthManagerLayerBuilder::new(Backend, sessions).build())
    };
    let location = async |app: Router| {
        let request = behind(Request::get("/private?a=1"))
            .body(Body::empty())
            .unwrap();
        let answer = app.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 307);
        answer.headers()[header::LOCATION]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let path = "/login?next=%2Fprivate%3Fa%3D1";
    assert_eq!(location(app()).await, path);
    assert_eq!(
        location(app().layer(forwarded())).await,
        "/login?next=https%3A%2F%2Fapp.example.com%2Fprivate%3Fa%3D1"
    );
    let with_a_path = app()
        .layer(middleware::from_fn(next_is_a_path))
        .layer(forwarded());
    assert_eq!(location(with_a_path).await, path);
}

#[tokio::test]
async fn oauth2_tells_the_provider_the_public_callback() {
    use oauth2::{AuthUrl, ClientId, CsrfToken, RedirectUrl, basic::BasicClient};

    let login = async |origin: Origin| {
        let provider = AuthUrl::new("https://id.example/authorize".to_owned()).unwrap();
        let client = BasicClient::new(ClientId::new("id".to_owned()))
            .set_auth_uri(provider)
            .set_redirect_uri(RedirectUrl::new(origin.url("/callback")).unwrap());
        let (url, _state) = client.authorize_url(CsrfToken::new_random).url();
        Redirect::to(url.as_str())
    };
    let app = Router::new().route("/login", get(login)).layer(forwarded());
    let request = behind(Request::get("/login")).body(Body::empty()).unwrap();
    let answer = app.oneshot(request).await.unwrap();
    let location = answer.headers()[header::LOCATION].to_str().unwrap();
    let callback = "redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback";
    assert!(location.contains(callback), "{location}");
}
