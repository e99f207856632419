//! Tests the service's own redirects with every mode of tower-http's CorsLayer, directly and through a real nginx.

use std::fs;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode},
    response::Redirect,
    routing::any,
};
use tower::Layer;
use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, LocationLayer, Origin, TrustedProxies};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    normalize_path::NormalizePathLayer,
    services::ServeDir,
};

use crate::{
    real_proxies::{
        client::{Client, HOST},
        fixture::{Certificate, Kind, Proxy, Upstream},
    },
    support::wire::{self, Answer, Version, serve},
};

const PAGE: &str = "https://app.example.com";

/// A mode's name, its layer, and the headers that a response for the page must have.
struct Mode {
    name: &'static str,
    cors: CorsLayer,
    expected: &'static [(&'static str, &'static str)],
    /// Whether pages of other origins may read responses too.
    anyone: bool,
}

fn modes() -> Vec<Mode> {
    let page = HeaderValue::from_static(PAGE);
    let other = HeaderValue::from_static("https://other.example.com");
    let base = CorsLayer::new()
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([HeaderName::from_static("x-requested-with")]);
    let named = [("access-control-allow-origin", PAGE)].as_slice();
    vec![
        Mode {
            name: "any",
            cors: base.clone().allow_origin(AllowOrigin::any()),
            expected: &[("access-control-allow-origin", "*")],
            anyone: true,
        },
        Mode {
            name: "exact",
            cors: base.clone().allow_origin(page.clone()),
            expected: named,
            anyone: false,
        },
        Mode {
            name: "list",
            cors: base.clone().allow_origin([other, page.clone()]),
            expected: named,
            anyone: false,
        },
        Mode {
            name: "predicate of the true request",
            cors: base
                .clone()
                .allow_origin(AllowOrigin::predicate(|origin, parts| {
                    let host = parts.uri.authority().map(|authority| authority.as_str());
                    let scheme = parts.uri.scheme_str();
                    origin == PAGE && host == Some(HOST) && scheme.is_some()
                })),
            expected: named,
            anyone: false,
        },
        Mode {
            name: "credentials",
            cors: base
                .clone()
                .allow_origin(page.clone())
                .allow_credentials(true),
            expected: &[
                ("access-control-allow-origin", PAGE),
                ("access-control-allow-credentials", "true"),
            ],
            anyone: false,
        },
        Mode {
            name: "private network",
            cors: base.allow_origin(page).allow_private_network(true),
            expected: named,
            anyone: false,
        },
    ]
}

/// An app that contains everything that redirects.
fn app(mode: &Mode, files: &std::path::Path) -> Router {
    let routes = Router::new()
        .route(
            "/users",
            any(|request: Request| async move { request.uri().to_string() }),
        )
        .route(
            "/by-origin",
            any(|origin: Origin| async move { Redirect::to(&origin.url("/users")) }),
        )
        .route("/by-path", any(|| async { Redirect::permanent("/users") }))
        .route(
            "/by-hand",
            any(|| async { Redirect::temporary("http://app.internal:3000/users") }),
        )
        .fallback_service(ServeDir::new(files));
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    let stack = tower::ServiceBuilder::new()
        .layer(ForwardedLayer::new(trust.hops(1)))
        .layer(mode.cors.clone())
        .layer(HttpsRedirectLayer::new().exempt_path("/healthz"))
        .layer(
            LocationLayer::new()
                .backends(["app.internal:3000"])
                .unwrap(),
        );
    let normal = NormalizePathLayer::trim_trailing_slash().layer(routes);
    Router::new().fallback_service(stack.service(normal))
}

struct Asked<'a> {
    method: &'a str,
    scheme: &'a str,
    path: &'a str,
    fields: &'a [(&'a str, &'a str)],
}

/// Checks what must be true for requests that reach the service in any way.
async fn check(mode: &Mode, send: impl AsyncFn(Asked<'_>) -> Answer) {
    let name = mode.name;
    let ask = async |method: &str, scheme: &str, path: &str, more: &[(&str, &str)]| {
        let fields = [&[("origin", PAGE)], more].concat();
        let answer = send(Asked {
            method,
            scheme,
            path,
            fields: &fields,
        })
        .await;
        for (field, value) in mode.expected {
            assert_eq!(
                answer.field(field),
                *value,
                "{name}: {method} {scheme} {path}"
            );
        }
        answer
    };
    let preflight = [
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-requested-with"),
        ("access-control-request-private-network", "true"),
    ];
    for scheme in ["http", "https"] {
        let answer = ask("OPTIONS", scheme, "/users", &preflight).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {scheme}");
        assert_eq!(answer.field("location"), "");
        assert_eq!(answer.field("access-control-allow-methods"), "GET,PUT");
        let private = answer.field("access-control-allow-private-network");
        assert_eq!(
            private,
            if name == "private network" {
                "true"
            } else {
                ""
            }
        );
    }
    for method in ["GET", "PUT"] {
        let answer = ask(method, "http", "/users?page=2", &[]).await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(
            answer.field("location"),
            format!("https://{HOST}/users?page=2")
        );
    }
    for (path, location) in [
        ("/by-origin", format!("https://{HOST}/users")),
        ("/by-path", "/users".to_owned()),
        ("/by-hand", format!("https://{HOST}/users")),
        ("/folder", format!("https://{HOST}/folder/")),
    ] {
        let answer = ask("GET", "https", path, &[]).await;
        assert!(
            answer.status.is_redirection(),
            "{name}: {path} {}",
            answer.status
        );
        assert_eq!(answer.field("location"), location, "{name}: {path}");
    }
    let answer = ask("GET", "https", "/users/", &[]).await;
    assert_eq!(answer.body, format!("https://{HOST}/users"), "{name}");

    for (scheme, path) in [
        ("http", "/users"),
        ("https", "/users"),
        ("https", "/folder"),
    ] {
        let fields = [("origin", "https://stranger.example")];
        let answer = send(Asked {
            method: "GET",
            scheme,
            path,
            fields: &fields,
        })
        .await;
        let allowed = answer.field("access-control-allow-origin");
        assert!(
            mode.anyone || allowed.is_empty() || allowed == PAGE,
            "{name}: {allowed}"
        );
        assert_ne!(allowed, "https://stranger.example", "{name}");
    }
}

fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    folder
}

#[tokio::test]
async fn every_mode_stays_consistent_with_the_services_own_redirects() {
    let files = files();
    for mode in modes() {
        let server = serve(app(&mode, files.path())).await;
        for version in [Version::Http1, Version::Http2] {
            check(&mode, async |asked| {
                let fields = [
                    &[
                        ("x-forwarded-for", "203.0.113.7"),
                        ("x-forwarded-proto", asked.scheme),
                    ],
                    asked.fields,
                ]
                .concat();
                let uri = format!("http://{HOST}{}", asked.path);
                wire::send(&server, version, asked.method, &uri, &fields).await
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn every_mode_stays_consistent_through_real_nginx() {
    let files = files();
    for mode in modes() {
        let certificate = Certificate::new();
        let server = serve(app(&mode, files.path())).await;
        let nginx = Proxy::start(
            Kind::NginxWith(&[
                "proxy_set_header Host $host;",
                "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
                "proxy_set_header X-Forwarded-Proto $scheme;",
                // Otherwise nginx would repair the redirects of ServeDir, and the test could not see the layers' work.
                "proxy_redirect off;",
            ]),
            &Upstream::Http1(server.address),
            &certificate,
        );
        let client = Client::new(certificate.der.clone());
        let plain = std::net::SocketAddr::new(nginx.address.ip(), nginx.second);
        check(&mode, async |asked| {
            if asked.scheme == "http" {
                let uri = format!("http://{HOST}{}", asked.path);
                return wire::send_to(plain, Version::Http1, asked.method, &uri, asked.fields)
                    .await;
            }
            let mut request = Request::builder()
                .method(asked.method)
                .uri(asked.path)
                .header("host", HOST);
            for (name, value) in asked.fields {
                request = request.header(*name, *value);
            }
            let from = std::net::IpAddr::from([127, 0, 0, 9]);
            let request = request.body(Body::empty()).unwrap();
            client
                .answer(from, nginx.address, false, request)
                .await
                .unwrap()
        })
        .await;
    }
}
