//! Shows the failure that this crate fixes, and the fix, over real sockets.

use std::fs;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::Request as HttpRequest;
use tower::{Layer, ServiceBuilder};
use tower_forwarded::{ForwardedLayer, TrustedProxies};
use tower_http::{
    cors::CorsLayer, csrf::CsrfLayer, normalize_path::NormalizePathLayer, services::ServeDir,
    trace::TraceLayer,
};

use crate::support::wire::{Answer, Server, Version, send, serve};

const PAGE: &str = "https://app.example.com";
const VERSIONS: [Version; 2] = [Version::Http1, Version::Http2];

/// Redirects to the path with a trailing slash, with the request's own scheme and host, as Starlette does.
async fn add_slash(request: Request) -> Response {
    let uri = request.uri();
    let host = uri.authority().map(|a| a.to_string()).unwrap_or_else(|| {
        let host = request.headers().get(header::HOST).unwrap();
        host.to_str().unwrap().to_owned()
    });
    let scheme = uri.scheme_str().unwrap_or("http");
    let location = format!("{scheme}://{host}{}/", uri.path());
    (
        StatusCode::TEMPORARY_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}

fn routes() -> Router {
    Router::new().route("/users", any(add_slash)).route(
        "/users/",
        any(|request: Request| async move { request.uri().to_string() }),
    )
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(HeaderValue::from_static(PAGE))
        .allow_methods([Method::GET, Method::PUT])
}

fn forwarded() -> ForwardedLayer {
    ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
}

/// Sends a request as an ALB forwards a browser's request for `https://api.example.com/…`.
async fn from_alb(
    server: &Server,
    version: Version,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
) -> Answer {
    let fields = [
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "443"),
            ("origin", PAGE),
        ],
        more,
    ]
    .concat();
    // The ALB connects to its targets over HTTP, so `:scheme` is `http`.
    send(
        server,
        version,
        method,
        &format!("http://api.example.com{path}"),
        &fields,
    )
    .await
}

#[tokio::test]
async fn without_the_layer_the_redirect_leads_to_http() {
    let server = serve(routes().layer(cors())).await;
    for version in VERSIONS {
        let answer = from_alb(&server, version, "GET", "/users", &[]).await;
        assert_eq!(
            answer.field("location"),
            "http://api.example.com/users/",
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn with_it_preflight_redirect_and_answer_all_carry_the_origin() {
    let server = serve(routes().layer(cors()).layer(forwarded())).await;
    for version in VERSIONS {
        let preflight = [("access-control-request-method", "PUT")];
        let answer = from_alb(&server, version, "OPTIONS", "/users", &preflight).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.field("access-control-allow-origin"), PAGE);
        assert!(answer.field("access-control-allow-methods").contains("PUT"));

        let answer = from_alb(&server, version, "PUT", "/users", &[]).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.field("location"), "https://api.example.com/users/");
        assert_eq!(answer.field("access-control-allow-origin"), PAGE);

        let answer = from_alb(&server, version, "PUT", "/users/", &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.field("access-control-allow-origin"), PAGE);
        assert_eq!(answer.body, "https://api.example.com/users/");
    }
}

#[tokio::test]
async fn serve_dirs_redirect_is_wrong_over_cleartext_http2_and_right_behind_the_layer() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let files = || Router::new().nest_service("/static", ServeDir::new(folder.path()));
    let without = serve(files()).await;
    let answer = from_alb(&without, Version::Http2, "GET", "/static/sub", &[]).await;
    // tower-http builds the URL from the request's URI, which nest_service has shortened.
    assert_eq!(answer.field("location"), "http://api.example.com/sub/");
    let with = serve(files().layer(forwarded())).await;
    for version in VERSIONS {
        let answer = from_alb(&with, version, "GET", "/static/sub", &[]).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(
            answer.field("location"),
            "https://api.example.com/sub/",
            "{version:?}"
        );
    }
    let fallback = serve(
        Router::new()
            .fallback_service(ServeDir::new(folder.path()))
            .layer(forwarded()),
    )
    .await;
    let answer = from_alb(&fallback, Version::Http2, "GET", "/sub", &[]).await;
    assert_eq!(answer.field("location"), "https://api.example.com/sub/");
}

#[tokio::test]
async fn with_cors_outside_the_answers_are_the_same_but_its_rules_see_the_proxys_request() {
    use tower_http::cors::AllowOrigin;
    // This rule allows the service's own origin. It builds the origin from the request.
    let same_site = || {
        CorsLayer::new().allow_origin(AllowOrigin::predicate(|origin, parts| {
            let own = format!(
                "{}://{}",
                parts.uri.scheme_str().unwrap_or("http"),
                parts.uri.authority().map_or("", |a| a.as_str())
            );
            origin.as_bytes() == own.as_bytes()
        }))
    };
    let own = [("origin", "https://api.example.com")];
    let ask = async |app: Router| {
        let server = serve(app).await;
        let fields = [
            &[
                ("x-forwarded-for", "203.0.113.7"),
                ("x-forwarded-proto", "https"),
            ],
            &own[..],
        ]
        .concat();
        let answer = send(
            &server,
            Version::Http2,
            "GET",
            "http://api.example.com/users",
            &fields,
        )
        .await;
        (
            answer.field("location").to_owned(),
            answer.field("access-control-allow-origin").to_owned(),
        )
    };
    let right = ask(routes().layer(same_site()).layer(forwarded())).await;
    assert_eq!(
        right,
        (
            "https://api.example.com/users/".into(),
            "https://api.example.com".into()
        )
    );
    let cors_outside = ask(routes().layer(forwarded()).layer(same_site())).await;
    assert_eq!(
        cors_outside,
        ("https://api.example.com/users/".into(), String::new())
    );
}

#[tokio::test]
async fn router_layer_and_wrapping_the_router_say_the_same_in_nested_routers_too() {
    let routes = || {
        Router::new().route(
            "/",
            get(
                |original: axum::extract::OriginalUri, request: Request| async move {
                    format!("{} {}", original.0, request.uri())
                },
            ),
        )
    };
    let inside = Router::new().nest("/a", Router::new().nest("/b", routes().layer(forwarded())));
    let outside = Router::new()
        .nest("/a", Router::new().nest("/b", routes()))
        .layer(forwarded());
    let wrapped =
        Router::new().fallback_service(forwarded().layer(Router::new().nest("/a/b", routes())));
    let expected = "https://api.example.com/a/b https://api.example.com/";
    for app in [inside, outside, wrapped] {
        let server = serve(app).await;
        for version in VERSIONS {
            let answer = from_alb(&server, version, "GET", "/a/b", &[]).await;
            assert_eq!(answer.body, expected, "{version:?}");
        }
    }
}

#[tokio::test]
async fn normalize_path_works_inside_and_outside() {
    let routes = || {
        Router::new().route(
            "/users",
            get(|request: Request| async move { request.uri().to_string() }),
        )
    };
    let inner = ServiceBuilder::new()
        .layer(forwarded())
        .layer(NormalizePathLayer::trim_trailing_slash())
        .service(routes());
    let outer = ServiceBuilder::new()
        .layer(NormalizePathLayer::trim_trailing_slash())
        .layer(forwarded())
        .service(routes());
    for app in [
        Router::new().fallback_service(inner),
        Router::new().fallback_service(outer),
    ] {
        let server = serve(app).await;
        for version in VERSIONS {
            let answer = from_alb(&server, version, "GET", "/users/?a=1", &[]).await;
            assert_eq!(answer.body, "https://api.example.com/users?a=1");
        }
    }
}

#[tokio::test]
async fn csrf_protection_passes_behind_the_proxy_and_fails_for_a_forged_host() {
    let app = || {
        Router::new()
            .route("/", post(|| async { "done" }))
            .layer(CsrfLayer::new())
            .layer(forwarded())
    };
    let server = serve(app()).await;
    for version in VERSIONS {
        let post = async |origin: &str, more: &[(&str, &str)]| {
            let fields = [
                &[
                    ("x-forwarded-for", "203.0.113.7"),
                    ("x-forwarded-proto", "https"),
                    ("origin", origin),
                ],
                more,
            ]
            .concat();
            send(&server, version, "POST", "http://api.example.com/", &fields)
                .await
                .status
        };
        assert_eq!(post("https://api.example.com", &[]).await, StatusCode::OK);
        assert_eq!(
            post("https://evil.example", &[]).await,
            StatusCode::FORBIDDEN
        );
        let forged = [
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example"),
        ];
        assert_eq!(
            post("https://evil.example", &forged).await,
            StatusCode::FORBIDDEN,
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn trace_layer_sees_the_true_uri() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = seen.clone();
    let trace = TraceLayer::new_for_http().make_span_with(move |request: &HttpRequest<Body>| {
        sink.lock().unwrap().push(request.uri().to_string());
        tracing::Span::none()
    });
    let server = serve(routes().layer(trace).layer(forwarded())).await;
    for version in VERSIONS {
        from_alb(&server, version, "GET", "/users/?a", &[]).await;
    }
    assert_eq!(
        *seen.lock().unwrap(),
        ["https://api.example.com/users/?a"; 2]
    );
}
