//! A set of trusted proxies that can be replaced while requests run.

use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;

use super::{HopLimit, Trust, proxies::TrustedProxies};
use crate::peer::Peer;

/// Trusted proxies that can be replaced while requests run.
///
/// Give one clone to the layer, and keep another. Each request is resolved with a single set, from its peer to its last
/// element. Reading the set takes no lock.
///
/// ```
/// use tower_forwarded::{ForwardedLayer, SwapProxies, TrustedProxies};
///
/// let proxies = SwapProxies::new("10.0.0.1".parse()?);
/// let layer = ForwardedLayer::new(proxies.clone());
///
/// // Later, in a task that reads a file or queries a name server:
/// proxies.store("10.0.0.1, 10.0.0.2".parse()?);
/// # Ok::<(), tower_forwarded::TrustError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SwapProxies(Arc<ArcSwap<TrustedProxies>>);

impl SwapProxies {
    /// Starts with this set.
    #[must_use]
    pub fn new(proxies: TrustedProxies) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(proxies)))
    }

    /// Replaces the set. Requests that are already being resolved keep the old set.
    pub fn store(&self, proxies: TrustedProxies) {
        self.0.store(Arc::new(proxies));
    }

    /// Returns the current set.
    #[must_use]
    pub fn load(&self) -> Arc<TrustedProxies> {
        self.0.load_full()
    }
}

impl Trust for SwapProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.load().trusts(address)
    }

    fn trusts_unix(&self) -> bool {
        self.0.load().trusts_unix()
    }

    fn trusts_peer(&self, peer: Peer) -> bool {
        self.0.load().trusts_peer(peer)
    }

    fn hop_limit(&self) -> HopLimit {
        self.0.load().hop_limit()
    }

    fn reason(&self, address: IpAddr) -> Option<String> {
        self.0.load().reason(address)
    }

    fn reason_for_peer(&self, peer: Peer) -> Option<String> {
        self.0.load().reason_for_peer(peer)
    }

    fn snapshot(&self) -> Option<Arc<dyn Trust>> {
        Some(self.load())
    }
}
