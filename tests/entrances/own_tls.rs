//! Tests one app with three entrances: a port on which it terminates TLS itself, a port behind a proxy, and a Unix
//! socket. HTTPS redirects, HSTS and CORS must be right on each.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, body::Body, http::HeaderValue, routing::get};
use http::Request;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tower_forwarded::{
    ForwardedLayer, HttpsRedirectLayer, Peer, Resolution, Scheme, TrustedProxies,
};
use tower_http::cors::CorsLayer;

use crate::support::wire::{self, Answer, Version};

const HOST: &str = "api.example.test";
const ORIGIN: &str = "https://app.example.com";

/// The port that terminates TLS inserts this.
#[derive(Clone)]
struct Tls;

fn app() -> Router {
    let proxies: TrustedProxies = "unix, 127.0.0.1".parse().unwrap();
    let forwarded = ForwardedLayer::new(proxies).connection_scheme_from(|extensions| {
        match extensions.get::<Tls>() {
            Some(Tls) => Scheme::Https,
            None => Scheme::Http,
        }
    });
    let show = async |resolution: Resolution, request: Request<Body>| {
        let client = resolution.client().map(|client| client.to_string());
        format!("{} {}", client.unwrap_or_default(), request.uri())
    };
    Router::new()
        .route("/users", get(show))
        .layer(HttpsRedirectLayer::new().hsts(Duration::from_secs(600)))
        .layer(CorsLayer::new().allow_origin(HeaderValue::from_static(ORIGIN)))
        .layer(forwarded)
}

/// The three entrances. They stop when this value is dropped.
struct Entrances {
    tls: SocketAddr,
    proxied: SocketAddr,
    socket: tempfile::TempDir,
    certificate: rustls::pki_types::CertificateDer<'static>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Entrances {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Entrances {
    async fn open() -> Self {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let tls = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let config = axum_server::tls_rustls::RustlsConfig::from_config(Arc::new(config));
        let with_tls = app()
            .layer(Extension(Tls))
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp_rustls(listener, config).unwrap();
        let by_tls = tokio::spawn(async move { server.serve(with_tls).await.unwrap() });

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxied = listener.local_addr().unwrap();
        let service = app().into_make_service_with_connect_info::<SocketAddr>();
        let by_proxy = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });

        let socket = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(socket.path().join("app.sock")).unwrap();
        let service = app().into_make_service_with_connect_info::<Peer>();
        let by_socket = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self {
            tls,
            proxied,
            socket,
            certificate,
            tasks: vec![by_tls, by_proxy, by_socket],
        }
    }

    async fn by_tls(&self, fields: &[(&str, &str)]) -> Answer {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // The client connects from another address than the proxy.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
        let stream = socket.connect(self.tls).await.unwrap();
        let name = ServerName::try_from(HOST).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await.unwrap();
        wire::over(stream, Version::Http1, request(fields))
            .await
            .unwrap()
    }

    async fn by_proxy(&self, fields: &[(&str, &str)]) -> Answer {
        let stream = TcpStream::connect(self.proxied).await.unwrap();
        wire::over(stream, Version::Http1, request(fields))
            .await
            .unwrap()
    }

    async fn by_socket(&self, fields: &[(&str, &str)]) -> Answer {
        let stream = UnixStream::connect(self.socket.path().join("app.sock"))
            .await
            .unwrap();
        wire::over(stream, Version::Http1, request(fields))
            .await
            .unwrap()
    }
}

fn request(fields: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get("/users")
        .header("host", HOST)
        .header("origin", ORIGIN);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

const HTTPS: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];
const HTTP: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "http"),
];

fn is_secure(answer: &Answer, client: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, format!("{client} https://{HOST}/users"));
    assert_eq!(answer.field("strict-transport-security"), "max-age=600");
    assert_eq!(answer.field("access-control-allow-origin"), ORIGIN);
}

fn is_redirected(answer: &Answer) {
    assert_eq!(answer.status, 308, "{answer:?}");
    assert_eq!(answer.field("location"), format!("https://{HOST}/users"));
    assert_eq!(answer.field("strict-transport-security"), "");
    assert_eq!(answer.field("access-control-allow-origin"), ORIGIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_that_ends_tls_is_https_whatever_a_client_writes() {
    let entrances = Entrances::open().await;
    for fields in [&[][..], &HTTPS, &HTTP] {
        is_secure(&entrances.by_tls(fields).await, "127.0.0.9");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxied_port_and_the_unix_socket_are_what_the_proxy_says() {
    let entrances = Entrances::open().await;
    is_secure(&entrances.by_proxy(&HTTPS).await, "203.0.113.7");
    is_secure(&entrances.by_socket(&HTTPS).await, "203.0.113.7");
    is_redirected(&entrances.by_proxy(&HTTP).await);
    is_redirected(&entrances.by_socket(&HTTP).await);
    is_redirected(&entrances.by_proxy(&[]).await);
    is_redirected(&entrances.by_socket(&[]).await);
}
