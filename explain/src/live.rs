//! Stands in for the app: shows each request that arrives, on the terminal and to whoever sent it.

use std::io;

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
    let show = from_fn(
        move |ConnectInfo(peer): ConnectInfo<Peer>, request: Request, next: Next| {
            let shown = show(&layer, peer, &request, as_json);
            async move {
                if let Err(error) = shown {
                    eprintln!("explain: {error}");
                }
                next.run(request).await
            }
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

/// Binds a socket, also where a program that has ended left its own.
#[cfg(unix)]
fn bind(path: &std::path::Path) -> io::Result<tokio::net::UnixListener> {
    match tokio::net::UnixListener::bind(path) {
        // Only a socket is removed. To connect to a file is refused too.
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

/// Shows a request on the terminal.
fn show(
    layer: &ForwardedLayer,
    peer: Peer,
    request: &Request,
    as_json: bool,
) -> Result<(), String> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.version = request.version();
    parts.headers = request.headers().clone();
    let explanation = explain(Some(peer), &parts, layer.policy());
    let text = if as_json {
        let json = serde_json::to_string(&explanation).map_err(|error| error.to_string())?;
        json::ascii(&json)
    } else {
        let target = request.uri().to_string();
        let target = target.escape_debug();
        let line = format!("{} {target} {:?}", request.method(), request.version());
        format!("{line}\n{}\n", in_colours(&explanation))
    };
    json::write(io::stdout().lock(), &format!("{text}\n"))
}
