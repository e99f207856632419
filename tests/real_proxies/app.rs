//! The app behind the proxy. Its response contains the outcome, and the request head that it got from the proxy.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Extension, Router,
    extract::{Request, ws::WebSocketUpgrade},
    middleware::{self, Next},
    response::Response,
    routing::any,
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, UnixListener},
    task::JoinHandle,
};
use tower_forwarded::{ForwardedLayer, Peer, Resolution};

/// What the app saw of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Seen {
    /// The request head as the proxy sent it.
    pub wire: Vec<String>,
    pub uri: String,
    pub client: Option<String>,
    pub scheme: String,
    pub host: Option<String>,
    pub prefix: Option<String>,
    pub hops: usize,
    pub findings: Vec<String>,
    /// The request head as the app sees it.
    pub headers: Vec<String>,
    /// The believed identity headers.
    pub identity: Vec<(String, String)>,
    /// The client's certificate and its chain, in hexadecimal digits.
    pub client_cert: Option<Vec<String>>,
}

#[derive(Clone)]
struct Wire(Vec<String>);

pub struct App {
    pub tcp: SocketAddr,
    served: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
}

impl App {
    /// How many requests the app has answered.
    pub fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Serves over TCP (HTTP/1.1 and cleartext HTTP/2) and over a Unix socket.
pub async fn serve(layer: ForwardedLayer, socket: &Path) -> App {
    let served = Arc::new(AtomicUsize::new(0));
    let counter = served.clone();
    let count = move |request: Request| {
        counter.fetch_add(1, Ordering::Relaxed);
        request
    };
    let app = Router::new()
        .route("/ws", any(websocket))
        .fallback(show)
        .layer(layer)
        .layer(middleware::from_fn(remember))
        .layer(tower::util::MapRequestLayer::new(count));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = listener.local_addr().unwrap();
    let by_tcp = app
        .clone()
        .into_make_service_with_connect_info::<SocketAddr>();
    let by_socket = app.into_make_service_with_connect_info::<Peer>();
    let unix = UnixListener::bind(socket).unwrap();
    // A proxy may run as another user.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(socket, mode).unwrap();
    App {
        tcp,
        served,
        tasks: [
            tokio::spawn(async move { axum::serve(listener, by_tcp).await.unwrap() }),
            tokio::spawn(async move { axum::serve(unix, by_socket).await.unwrap() }),
        ],
    }
}

fn head(request: &Request) -> Vec<String> {
    let line = format!(
        "{} {} {:?}",
        request.method(),
        request.uri(),
        request.version()
    );
    let fields = request.headers().iter().map(|(name, value)| {
        let mut value = value.as_bytes().escape_ascii().to_string();
        if value.len() > 200 {
            value = format!(
                "{}… ({} bytes) …{}",
                &value[..60],
                value.len(),
                &value[value.len() - 60..]
            );
        }
        format!("{name}: {value}")
    });
    std::iter::once(line).chain(fields).collect()
}

async fn remember(mut request: Request, next: Next) -> Response {
    let wire = Wire(head(&request));
    request.extensions_mut().insert(wire);
    next.run(request).await
}

fn seen(wire: Wire, resolution: &Resolution, request: &Request) -> String {
    let seen = Seen {
        wire: wire.0,
        uri: request.uri().to_string(),
        client: resolution.client().map(|client| client.to_string()),
        scheme: resolution.scheme().to_string(),
        host: resolution.authority().map(ToString::to_string),
        prefix: resolution.prefix().map(str::to_owned),
        hops: resolution.hops(),
        findings: resolution
            .findings()
            .iter()
            .map(|f| f.to_string())
            .collect(),
        headers: head(request),
        identity: resolution
            .identity()
            .iter()
            .map(|(name, value)| {
                let value = value.as_bytes().escape_ascii().to_string();
                (name.to_string(), value)
            })
            .collect(),
        client_cert: resolution.client_cert().map(|certificate| {
            let chain = certificate.chain().iter();
            std::iter::once(certificate.der())
                .chain(chain)
                .map(|der| hexadecimal(der))
                .collect()
        }),
    };
    serde_json::to_string(&seen).unwrap()
}

pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn show(
    Extension(wire): Extension<Wire>,
    resolution: Resolution,
    request: Request,
) -> String {
    seen(wire, &resolution, &request)
}

async fn websocket(
    Extension(wire): Extension<Wire>,
    resolution: Resolution,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    let seen = seen(wire, &resolution, &request);
    upgrade.on_upgrade(move |mut socket| async move {
        let _ = socket.send(axum::extract::ws::Message::text(seen)).await;
    })
}
