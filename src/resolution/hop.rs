//! One hop of a request.

use std::net::IpAddr;

/// One hop of a request: the node that sent the request, as reported by the proxy that received it.
///
/// See [`Resolution::hops_seen`](crate::Resolution::hops_seen).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) by: Option<Box<str>>,
}

impl Hop {
    /// The address of the node that sent the request (`for=` in RFC 7239).
    ///
    /// `None` if the node is a Unix socket, or if the proxy hides its address (`unknown`, `_obfuscated`).
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port of the node that sent the request, if the proxy reported it.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The proxy's identifier for the interface that received the request (`by=` in RFC 7239, section 5.1), as the
    /// proxy wrote it.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }
}
