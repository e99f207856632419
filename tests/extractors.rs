//! Tests the axum extractors.

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_forwarded::{ClientIp, Origin, Peer, RequestHost, Resolution, Scheme};

use crate::support::{PROXY, layer};

async fn everything(
    ClientIp(ip): ClientIp,
    RequestHost(host): RequestHost,
    scheme: Scheme,
    origin: Origin,
    resolution: Resolution,
) -> String {
    format!(
        "{ip} {host} {scheme} {} {}",
        origin.url("/callback"),
        resolution.hops()
    )
}

async fn optional(
    ip: Option<ClientIp>,
    host: Option<RequestHost>,
    origin: Option<Origin>,
    resolution: Option<Resolution>,
) -> String {
    format!(
        "{} {} {} {}",
        ip.is_some(),
        host.is_some(),
        origin.is_some(),
        resolution.is_some()
    )
}

fn routes() -> Router {
    Router::new()
        .route("/all", get(everything))
        .route("/optional", get(optional))
        .route("/ip", get(|ip: ClientIp| async move { ip.to_string() }))
        .route(
            "/origin",
            get(|origin: Origin| async move { origin.to_string() }),
        )
}

async fn ask(app: Router, path: &str, peer: Option<&str>, host: &str) -> (StatusCode, String) {
    let mut request = Request::builder()
        .uri(path)
        .header("host", host)
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "https")
        .body(Body::empty())
        .unwrap();
    if let Some(peer) = peer {
        request
            .extensions_mut()
            .insert(peer.parse::<Peer>().unwrap());
    }
    let answer = app.oneshot(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn handlers_get_what_the_client_did() {
    let (status, body) = ask(
        routes().layer(layer()),
        "/all",
        Some(PROXY),
        "api.example.com",
    )
    .await;
    assert_eq!(
        (status, body.as_str()),
        (
            StatusCode::OK,
            "203.0.113.7 api.example.com https https://api.example.com/callback 1"
        )
    );
}

#[tokio::test]
async fn a_missing_layer_is_a_500_that_says_which_line_to_add() {
    for path in ["/all", "/ip", "/origin"] {
        let (status, body) = ask(routes(), path, Some(PROXY), "api.example.com").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            body.contains(".layer(ForwardedLayer::new(proxies))"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_unknown_peer_is_a_500_that_says_which_line_to_change() {
    let (status, body) = ask(routes().layer(layer()), "/ip", None, "api.example.com").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        body.contains("into_make_service_with_connect_info::<SocketAddr>()"),
        "{body}"
    );
    let (status, body) = ask(
        routes().layer(layer()),
        "/ip",
        Some("unix"),
        "api.example.com",
    )
    .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains("`unix`"), "{body}");
}

#[tokio::test]
async fn a_request_without_a_valid_host_is_the_clients_fault() {
    let (status, body) = ask(routes().layer(layer()), "/origin", Some(PROXY), "a b").await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::BAD_REQUEST, "the request names no valid host")
    );
}

#[tokio::test]
async fn what_may_be_missing_is_an_option() {
    let (_, body) = ask(routes().layer(layer()), "/optional", None, "a b").await;
    assert_eq!(body, "false false false true");
    let (_, body) = ask(routes().layer(layer()), "/optional", Some(PROXY), "a").await;
    assert_eq!(body, "true true true true");
}

#[cfg(feature = "client-cert")]
#[tokio::test]
async fn a_certificate_is_an_extractor_and_may_be_missing() {
    use tower_forwarded::ClientCert;

    let app = || {
        Router::new()
            .route(
                "/must",
                get(|certificate: ClientCert| async move { certificate.der().len().to_string() }),
            )
            .route(
                "/may",
                get(|certificate: Option<ClientCert>| async move {
                    certificate.is_some().to_string()
                }),
            )
    };
    let behind = |certificate: Option<&str>| {
        let layer = layer().believe_identity(["client-cert"]).unwrap();
        let certificate = certificate.map(str::to_owned);
        app().layer(layer).layer(tower::util::MapRequestLayer::new(
            move |mut request: Request<Body>| {
                if let Some(certificate) = &certificate {
                    let value = certificate.parse().unwrap();
                    request.headers_mut().insert("client-cert", value);
                }
                request
            },
        ))
    };
    let host = "api.example.com";
    let der = Some(":MAIFAA==:");
    for (certificate, peer, must, may) in [
        (der, PROXY, (StatusCode::OK, "4"), "true"),
        (
            None,
            PROXY,
            (StatusCode::FORBIDDEN, "the client presented no certificate"),
            "false",
        ),
        (
            der,
            "203.0.113.9:1",
            (StatusCode::FORBIDDEN, "the client presented no certificate"),
            "false",
        ),
    ] {
        let (status, body) = ask(behind(certificate), "/must", Some(peer), host).await;
        assert_eq!((status, body.as_str()), must);
        let (status, body) = ask(behind(certificate), "/may", Some(peer), host).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, may));
    }
    let (status, _) = ask(app(), "/may", Some(PROXY), host).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}
