//! One step of the way that a request took.

use std::net::IpAddr;

/// One step of the way that a request took: who asked, as the proxy that it asked wrote it.
///
/// See [`Resolution::hops_seen`](crate::Resolution::hops_seen).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) by: Option<Box<str>>,
}

impl Hop {
    /// The address of who asked (`for=` in RFC 7239).
    ///
    /// `None` if it was a Unix socket, or if the proxy hides it (`unknown`, `_obfuscated`).
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port of who asked, if the proxy told it.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// What the proxy calls the interface that was asked (`by=` in RFC 7239, section 5.1), as it wrote it.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }
}
