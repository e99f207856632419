//! The peer: the other end of the connection.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::Extensions;

/// The other end of the connection on which a request came in (`network.peer.address` and `network.peer.port` in
/// OpenTelemetry).
///
/// Nobody on the network can forge the address of the peer, so the layer starts from it. A request carries the peer in
/// its extensions. What the server puts there depends on the server:
///
/// | server | what it puts there | what to write |
/// |---|---|---|
/// | `axum::serve`, TCP | `ConnectInfo<SocketAddr>` | `into_make_service_with_connect_info::<SocketAddr>()` |
/// | `axum::serve`, Unix socket | `ConnectInfo<Peer>` | `into_make_service_with_connect_info::<Peer>()` |
/// | axum in a test | `MockConnectInfo<SocketAddr>` | `.layer(MockConnectInfo(address))`, added after the [`ForwardedLayer`](crate::ForwardedLayer). Do not use it in production: every request would have that address |
/// | hyper, hyper-util | nothing | insert a [`Peer`] made from the address that `accept` returned |
/// | tonic | `TcpConnectInfo` | `.peer_from(…)`, see [`ForwardedLayer::peer_from`](crate::ForwardedLayer::peer_from) |
///
/// With hyper, for example:
///
/// ```
/// use tower_forwarded::Peer;
/// # let address: std::net::SocketAddr = "10.0.0.1:40000".parse()?;
/// # let mut request = http::Request::new(());
///
/// request.extensions_mut().insert(Peer::from(address));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
///
/// A dual-stack listener reports IPv4 addresses as IPv4-mapped IPv6 addresses. `Peer` converts them to the IPv4
/// addresses that they stand for (rule R1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(Repr);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Repr {
    Tcp(SocketAddr),
    Unix,
}

impl Peer {
    /// A process on this machine, at the other end of a Unix domain socket.
    #[must_use]
    pub const fn unix() -> Self {
        Self(Repr::Unix)
    }

    /// Whether the connection is a Unix domain socket.
    #[must_use]
    pub const fn is_unix(&self) -> bool {
        matches!(self.0, Repr::Unix)
    }

    /// The address; `None` for a Unix domain socket.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Repr::Tcp(address) => Some(address.ip()),
            Repr::Unix => None,
        }
    }

    /// The address and port; `None` for a Unix domain socket.
    #[must_use]
    pub const fn socket_addr(&self) -> Option<SocketAddr> {
        match self.0 {
            Repr::Tcp(address) => Some(address),
            Repr::Unix => None,
        }
    }

    /// The peer in `extensions`: a [`Peer`], or what axum puts there.
    #[inline]
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        if let Some(peer) = extensions.get::<Self>() {
            return Some(*peer);
        }
        #[cfg(feature = "axum-08")]
        {
            use axum::extract::connect_info::{ConnectInfo, MockConnectInfo};

            if let Some(ConnectInfo(address)) = extensions.get::<ConnectInfo<SocketAddr>>() {
                return Some(Self::from(*address));
            }
            if let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<Self>>() {
                return Some(*peer);
            }
            if let Some(MockConnectInfo(address)) = extensions.get::<MockConnectInfo<SocketAddr>>()
            {
                return Some(Self::from(*address));
            }
        }
        None
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self(Repr::Tcp(SocketAddr::new(
            address.ip().to_canonical(),
            address.port(),
        )))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Tcp(address) => address.fmt(f),
            Repr::Unix => f.write_str("unix"),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({self})")
    }
}

/// The text is neither `address:port`, nor an address, nor `unix`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a peer: expected 10.0.0.1:40000, [2001:db8::1]:40000, an address or `unix`", text.escape_debug())]
pub struct PeerError {
    text: String,
}

impl PeerError {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Peer {
    type Err = PeerError;

    /// Reads `address:port`, an address without a port (the port is then 0), or `unix`.
    fn from_str(text: &str) -> Result<Self, PeerError> {
        if text == "unix" {
            return Ok(Self::unix());
        }
        text.parse()
            .or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 0)))
            .map(Self::from)
            .map_err(|_| PeerError {
                text: text.to_owned(),
            })
    }
}

/// Whether an address is public: it is not from a private network, this machine, a local link or a carrier's shared
/// network (RFC 6598).
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(address.is_private() || address.is_loopback() || address.is_link_local() || shared)
        }
        IpAddr::V6(address) => {
            !(address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local())
        }
    }
}

#[cfg(feature = "axum-08")]
mod connected {
    use axum::{
        extract::connect_info::Connected,
        serve::{IncomingStream, Listener},
    };

    use super::Peer;

    /// For `into_make_service_with_connect_info::<Peer>()` over TCP.
    impl Connected<IncomingStream<'_, tokio::net::TcpListener>> for Peer {
        fn connect_info(stream: IncomingStream<'_, tokio::net::TcpListener>) -> Self {
            Self::from(*stream.remote_addr())
        }
    }

    /// For `into_make_service_with_connect_info::<Peer>()` over a Unix domain socket.
    #[cfg(unix)]
    impl Connected<IncomingStream<'_, tokio::net::UnixListener>> for Peer
    where
        tokio::net::UnixListener: Listener,
    {
        fn connect_info(_: IncomingStream<'_, tokio::net::UnixListener>) -> Self {
            Self::unix()
        }
    }
}
