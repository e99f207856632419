//! Whose word counts.

use std::{fmt, net::IpAddr, sync::Arc};

mod entry;
mod hops;
mod lists;
mod proxies;
#[cfg(feature = "published-lists")]
mod published;
mod ranges;
#[cfg(feature = "arc-swap")]
mod swap;

#[cfg(feature = "arc-swap")]
pub use self::swap::SwapProxies;
pub use self::{entry::TrustError, hops::HopLimit, lists::ListError, proxies::TrustedProxies};
use crate::peer::Peer;

/// Decides whose word counts.
///
/// [`TrustedProxies`] is the usual answer. A function of an address is another, see [`trust_fn`]. A type of
/// your own can ask a service registry. The trait is object-safe: an `Arc<dyn Trust>` is a trust too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whom to trust",
    note = "read a text with `.parse::<TrustedProxies>()?`",
    note = "make a trust of a closure with `trust_fn(|address| …)`"
)]
pub trait Trust: fmt::Debug + Send + Sync {
    /// Whether the machine at `address` is a proxy whose word counts. `address` is never an
    /// IPv4-mapped IPv6 address.
    fn trusts(&self, address: IpAddr) -> bool;

    /// Whether the process at the other end of a Unix domain socket is trusted.
    fn trusts_unix(&self) -> bool {
        false
    }

    /// Whether the other end of the connection is a proxy whose word counts (rule R2).
    ///
    /// By default this asks [`trusts`](Self::trusts) or [`trusts_unix`](Self::trusts_unix). Override it
    /// to trust any peer and nothing about addresses, as [`TrustedProxies::any`] does: behind a
    /// platform's router, whoever connects is the router, whatever its address is.
    fn trusts_peer(&self, peer: Peer) -> bool {
        match peer.ip() {
            Some(address) => self.trusts(address),
            None => self.trusts_unix(),
        }
    }

    /// How many proxies a request may have come through, the peer included (rule R5).
    fn hop_limit(&self) -> HopLimit {
        HopLimit::Unlimited
    }

    /// What in the configuration makes `address` trusted, for a person to read.
    fn reason(&self, address: IpAddr) -> Option<String> {
        let _ = address;
        None
    }

    /// What in the configuration makes the peer trusted, for a person to read.
    fn reason_for_peer(&self, peer: Peer) -> Option<String> {
        match peer.ip() {
            Some(address) => self.reason(address),
            None => self.trusts_unix().then(|| "unix".to_owned()),
        }
    }

    /// What one request's walk sees from start to end; `None` for `self`.
    ///
    /// A trust that can change while requests run overrides this, so that no request sees half of one
    /// state and half of another.
    fn snapshot(&self) -> Option<Arc<dyn Trust>> {
        None
    }
}

/// Trusts the addresses for which `trusts` says so.
///
/// It trusts no Unix socket and has no hop limit: a function that says yes to everything lets every client
/// forge its address. [`TrustedProxies::any`] does not.
///
/// ```
/// use tower_forwarded::{ForwardedLayer, trust_fn};
///
/// let layer = ForwardedLayer::new(trust_fn(|address| address.is_loopback()));
/// ```
pub fn trust_fn<F>(trusts: F) -> TrustFn<F>
where
    F: Fn(IpAddr) -> bool + Send + Sync,
{
    TrustFn(trusts)
}

/// The trust that [`trust_fn`] makes.
#[derive(Clone, Copy)]
pub struct TrustFn<F>(F);

impl<F> fmt::Debug for TrustFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustFn(..)")
    }
}

impl<F> Trust for TrustFn<F>
where
    F: Fn(IpAddr) -> bool + Send + Sync,
{
    fn trusts(&self, address: IpAddr) -> bool {
        (self.0)(address)
    }
}

impl<T: Trust + ?Sized> Trust for Arc<T> {
    fn trusts(&self, address: IpAddr) -> bool {
        T::trusts(self, address)
    }

    fn trusts_unix(&self) -> bool {
        T::trusts_unix(self)
    }

    fn trusts_peer(&self, peer: Peer) -> bool {
        T::trusts_peer(self, peer)
    }

    fn hop_limit(&self) -> HopLimit {
        T::hop_limit(self)
    }

    fn reason(&self, address: IpAddr) -> Option<String> {
        T::reason(self, address)
    }

    fn reason_for_peer(&self, peer: Peer) -> Option<String> {
        T::reason_for_peer(self, peer)
    }

    fn snapshot(&self) -> Option<Arc<dyn Trust>> {
        T::snapshot(self)
    }
}
