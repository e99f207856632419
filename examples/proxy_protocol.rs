//! A service behind an L4 load balancer that sends the PROXY protocol.
//!
//! Run `cargo run -p tower-forwarded-checks --example proxy_protocol`, then send a request as the load balancer would.
//! This needs curl 8.2 or later. With an older curl, leave out `--haproxy-clientip`; then curl is the client itself.
//!
//! ```text
//! curl --haproxy-protocol --haproxy-clientip 203.0.113.7 http://127.0.0.1:3000/
//! ```

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request, connect_info::Connected},
    http::Extensions,
    middleware::map_request,
    serve::{IncomingStream, Listener},
};
use proxy_protocol_rs::{
    AcceptError, Command, PolicyDecision, ProxiedStream, ProxyConnectInfo, ProxyInfo,
    ProxyProtocolConfig, ProxyProtocolListener, SslClientFlags,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};
use tower_forwarded::{ForwardedLayer, Scheme, TrustedProxies};

/// A listener that accepts connections from the given load balancers only. Each must start with a PROXY protocol
/// header.
///
/// Many tasks wait for headers, so a connection that sends nothing does not make others wait.
pub struct BehindBalancer {
    connections: mpsc::Receiver<ProxiedStream>,
    address: SocketAddr,
    /// The tasks end when the listener is dropped.
    _tasks: JoinSet<()>,
}

const TASKS: usize = 256;

/// The specification requires at least three seconds, to allow for a retransmission.
const HEADER_TIMEOUT: Duration = Duration::from_secs(3);

impl BehindBalancer {
    pub fn new(listener: TcpListener, balancers: TrustedProxies) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let config = ProxyProtocolConfig::builder()
            .header_timeout(HEADER_TIMEOUT)
            // Without a policy, the crate believes every peer.
            .policy(move |peer: SocketAddr| {
                if balancers.contains(peer.ip().to_canonical()) {
                    PolicyDecision::Require
                } else {
                    PolicyDecision::Reject
                }
            })
            .build()
            .map_err(io::Error::other)?;
        let listener = Arc::new(ProxyProtocolListener::new(listener, config));
        let (accepted, connections) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (listener, accepted) = (listener.clone(), accepted.clone());
            tasks.spawn(async move {
                while !accepted.is_closed() {
                    match listener.accept().await {
                        Ok(stream) => drop(accepted.send(stream).await),
                        // Too many open files, for example.
                        Err(AcceptError::Io(_)) => {
                            tokio::time::sleep(Duration::from_millis(100)).await
                        }
                        // No header, an incomplete header, or a peer that is not a load balancer: the connection is
                        // closed.
                        Err(_) => {}
                    }
                }
            });
        }
        Ok(Self {
            connections,
            address,
            _tasks: tasks,
        })
    }
}

impl Listener for BehindBalancer {
    type Io = ProxiedStream;
    type Addr = Connection;

    async fn accept(&mut self) -> (ProxiedStream, Connection) {
        match self.connections.recv().await {
            Some(stream) => {
                let connection = Connection::from(&stream.connect_info());
                (stream, connection)
            }
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Connection> {
        Ok(Connection {
            client: self.address,
            scheme: Scheme::Http,
        })
    }
}

/// What the header says about the connection that the load balancer accepted.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    client: SocketAddr,
    scheme: Scheme,
}

impl From<&ProxyConnectInfo> for Connection {
    fn from(info: &ProxyConnectInfo) -> Self {
        // Health checks (LOCAL) and connections without TLS have a header too.
        let is_tls = |header: &ProxyInfo| {
            let ssl = header.tlvs.ssl.as_ref();
            header.command == Command::Proxy
                && ssl.is_some_and(|ssl| ssl.client_flags.contains(SslClientFlags::SSL))
        };
        Self {
            client: info.client_addr,
            scheme: match info.proxy_info.as_ref().is_some_and(is_tls) {
                true => Scheme::Https,
                false => Scheme::Http,
            },
        }
    }
}

impl Connected<IncomingStream<'_, BehindBalancer>> for Connection {
    fn connect_info(stream: IncomingStream<'_, BehindBalancer>) -> Self {
        *stream.remote_addr()
    }
}

/// Stores the client's address as `ConnectInfo<SocketAddr>`, where the layer and other extractors look for it.
async fn told(mut request: Request) -> Request {
    if let Some(ConnectInfo(connection)) = request.extensions().get::<ConnectInfo<Connection>>() {
        let client = ConnectInfo(connection.client);
        request.extensions_mut().insert(client);
    }
    request
}

fn scheme(extensions: &Extensions) -> Scheme {
    let connection = extensions.get::<ConnectInfo<Connection>>();
    connection.map_or(Scheme::Http, |ConnectInfo(connection)| connection.scheme)
}

/// `proxies` are HTTP proxies in front of the load balancer, such as a CDN. Do not add the load balancer itself: its
/// header makes the peer the one that connected to the load balancer.
pub fn behind(app: Router, proxies: TrustedProxies) -> Router {
    app.layer(ForwardedLayer::new(proxies).connection_scheme_from(scheme))
        .layer(map_request(told))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = Router::new().fallback(async |resolution: tower_forwarded::Resolution| {
        format!("{:?} by {}\n", resolution.client(), resolution.scheme())
    });
    let app = behind(app, TrustedProxies::none());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{} behind a load balancer", listener.local_addr()?);
    let listener = BehindBalancer::new(listener, "loopback".parse()?)?;
    let app = app.into_make_service_with_connect_info::<Connection>();
    axum::serve(listener, app).await?;
    Ok(())
}
