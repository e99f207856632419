//! Which peers and proxies are trusted.

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

/// Decides which peers and proxies are trusted.
///
/// Most services use [`TrustedProxies`]. To decide with a function of the address, see [`trust_fn`]. For anything else,
/// such as a service registry, implement this trait for a type of your own. The trait is object-safe: `Arc<dyn Trust>`
/// implements it too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot decide which proxies are trusted",
    note = "parse a text with `.parse::<TrustedProxies>()?`",
    note = "make a trust of a closure with `trust_fn(|address| …)`"
)]
pub trait Trust: fmt::Debug + Send + Sync {
    /// Whether the machine at `address` is a trusted proxy. `address` is never an IPv4-mapped IPv6 address.
    fn trusts(&self, address: IpAddr) -> bool;

    /// Whether the process at the other end of a Unix domain socket is trusted. By default, it is not.
    fn trusts_unix(&self) -> bool {
        false
    }

    /// Whether the peer is a trusted proxy (rule R2).
    ///
    /// By default, this calls [`trusts`](Self::trusts) or [`trusts_unix`](Self::trusts_unix). Override it to trust any
    /// peer, but no further addresses, as [`TrustedProxies::any`] does. Behind a platform's router, the peer is always
    /// the router, whatever its address is.
    fn trusts_peer(&self, peer: Peer) -> bool {
        match peer.ip() {
            Some(address) => self.trusts(address),
            None => self.trusts_unix(),
        }
    }

    /// How many proxies a request may have passed through, including the peer (rule R5). By default, there is no limit.
    fn hop_limit(&self) -> HopLimit {
        HopLimit::Unlimited
    }

    /// Which part of the configuration makes `address` trusted, as text for people. By default, this is not known.
    fn reason(&self, address: IpAddr) -> Option<String> {
        let _ = address;
        None
    }

    /// Which part of the configuration makes the peer trusted, as text for people.
    fn reason_for_peer(&self, peer: Peer) -> Option<String> {
        match peer.ip() {
            Some(address) => self.reason(address),
            None => self.trusts_unix().then(|| "unix".to_owned()),
        }
    }

    /// Returns the trust that the layer uses for one whole request, or `None` to use `self`.
    ///
    /// Override this if your trust can change while requests run. Then no request sees half of the old state and half
    /// of the new state.
    fn snapshot(&self) -> Option<Arc<dyn Trust>> {
        None
    }
}

/// Trusts the addresses for which the function `trusts` returns `true`.
///
/// This trusts no Unix sockets and has no hop limit. So a function that always returns `true` lets every client forge
/// its address. To trust any peer, use [`TrustedProxies::any`] instead.
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

/// The [`Trust`] that [`trust_fn`] returns.
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
