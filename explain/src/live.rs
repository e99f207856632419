//! Stands in for the app: shows each request that arrives, on the terminal and to whoever sent it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{SyncSender, sync_channel},
    },
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::{Next, from_fn},
};
use tower_forwarded::{ForwardedLayer, Peer, explain, explain_service};

use crate::{in_colours, json};

/// Where to listen.
#[derive(Clone, Debug)]
pub enum Address {
    /// `0.0.0.0:3000`.
    Tcp(std::net::SocketAddr),
    /// `unix:/run/app.sock`.
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let expected = "expected an address and a port (0.0.0.0:3000), or unix:/path/to/socket";
        text.parse().map(Self::Tcp).map_err(|_| expected.to_owned())
    }
}

/// Listens until it is stopped.
///
/// # Errors
///
/// If it cannot listen.
#[tokio::main(flavor = "current_thread")]
pub async fn run(layer: ForwardedLayer, address: &Address, as_json: bool) -> Result<(), String> {
    let why = explain_service(&layer, |_, _| true);
    let terminal = Arc::new(Terminal::new(as_json));
    let show = from_fn(
        move |ConnectInfo(peer): ConnectInfo<Peer>, request: Request, next: Next| {
            terminal.show(shown(&layer, peer, &request, as_json));
            next.run(request)
        },
    );
    let app = Router::new().fallback_service(why).layer(show);
    let served = match address {
        Address::Tcp(address) => match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => {
                listening(&format!(
                    "http://{}",
                    listener.local_addr().unwrap_or(*address)
                ));
                axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).await
            }
            Err(error) => return Err(format!("{address}: {error}")),
        },
        #[cfg(unix)]
        Address::Unix(path) => match bind(path) {
            Ok(listener) => {
                listening(&format!("unix:{}", path.display()));
                axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).await
            }
            Err(error) => return Err(format!("unix:{}: {error}", path.display())),
        },
    };
    served.map_err(|error| error.to_string())
}

fn listening(address: &str) {
    eprintln!(
        "explain: listening on {address}; point your load balancer here, and open your site in a browser. \
         Everybody who can reach this address sees how their own request is resolved."
    );
}

/// Binds a socket. Replaces the socket that a stopped program left behind.
#[cfg(unix)]
fn bind(path: &std::path::Path) -> io::Result<tokio::net::UnixListener> {
    match tokio::net::UnixListener::bind(path) {
        // Connecting to a file is refused too, so look at what it is first.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_socket(path) => {
            match std::os::unix::net::UnixStream::connect(path) {
                Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    tokio::net::UnixListener::bind(path)
                }
                _ => Err(error),
            }
        }
        bound => bound,
    }
}

#[cfg(unix)]
fn is_socket(path: &std::path::Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

/// What the terminal shows of a request.
fn shown(layer: &ForwardedLayer, peer: Peer, request: &Request, as_json: bool) -> String {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.version = request.version();
    parts.headers = request.headers().clone();
    let explanation = explain(Some(peer), &parts, layer.policy());
    if as_json {
        let json = serde_json::to_string(&explanation).unwrap_or_default();
        return format!("{}\n", json::ascii(&json));
    }
    // The explanation names the host, without a user name and password.
    let target = parts.uri.path_and_query().map_or("*", |it| it.as_str());
    let target = target.as_bytes().escape_ascii().to_string();
    let target = match target.get(..LONGEST) {
        Some(short) => format!("{short}…"),
        None => target,
    };
    format!(
        "{} {target} {:?}\n{}\n\n",
        parts.method,
        parts.version,
        in_colours(&explanation)
    )
}

/// The longest target that the terminal shows.
const LONGEST: usize = 2000;

/// The terminal, behind a queue: one that stands still does not stop the responses.
struct Terminal {
    queue: SyncSender<String>,
    missed: AtomicU64,
    as_json: bool,
}

impl Terminal {
    fn new(as_json: bool) -> Self {
        let (queue, texts) = sync_channel::<String>(1024);
        std::thread::spawn(move || {
            for text in texts {
                if let Err(error) = json::write(io::stdout().lock(), &text) {
                    eprintln!("explain: {error}");
                }
            }
        });
        Self {
            queue,
            missed: AtomicU64::new(0),
            as_json,
        }
    }

    fn show(&self, text: String) {
        let missed = self.missed.swap(0, Relaxed);
        let text = match (missed, self.as_json) {
            (0, _) => text,
            (_, true) => format!("{{\"not_shown\":{missed}}}\n{text}"),
            (_, false) => {
                format!("{missed} requests are not shown: the terminal was too slow\n\n{text}")
            }
        };
        if self.queue.try_send(text).is_err() {
            self.missed.fetch_add(missed.saturating_add(1), Relaxed);
        }
    }
}
