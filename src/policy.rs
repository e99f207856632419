//! The settings of a layer: whom to trust and what to believe.

use std::{fmt, sync::Arc};

use http::request::Parts;

#[cfg(feature = "tracing")]
use crate::reports::Reports;
use crate::{
    counts::Counts,
    peer::Peer,
    resolution::Resolution,
    resolve::{self, edits::Edits, head::Head},
    rules::Rules,
    trust::Trust,
};

/// The settings of a layer: whom it trusts and what it believes.
///
/// A [`ForwardedLayer`](crate::ForwardedLayer) holds its policy, and returns it from
/// [`policy`](crate::ForwardedLayer::policy).
#[derive(Clone)]
pub struct Policy {
    pub(crate) trust: Arc<dyn Trust>,
    pub(crate) rules: Rules,
    pub(crate) counts: Arc<Counts>,
    #[cfg(feature = "tracing")]
    pub(crate) reports: Arc<Reports>,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("trust", &self.trust)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Policy {
    /// Resolves a request from `peer` without changing it.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, TrustedProxies};
    ///
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?);
    /// let (parts, ()) = http::Request::get("/")
    ///     .header("host", "api.example.com")
    ///     .header("x-forwarded-for", "203.0.113.7")
    ///     .header("x-forwarded-proto", "https")
    ///     .body(())?
    ///     .into_parts();
    ///
    /// let resolution = layer.policy().resolve(Some("10.0.0.1:40000".parse()?), &parts);
    /// assert_eq!(resolution.client(), Some("203.0.113.7".parse()?));
    /// assert_eq!(resolution.origin().unwrap().to_string(), "https://api.example.com");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn resolve(&self, peer: Option<Peer>, parts: &Parts) -> Resolution {
        let head = Head::of(parts);
        let mut resolution = Resolution::of_peer(peer);
        let mut edits = Edits::default();
        self.with_trust(|trust| {
            resolve::resolve(
                head,
                &self.rules,
                trust,
                &mut (),
                &mut resolution,
                &mut edits,
            );
        });
        resolution
    }

    /// Calls `walk` with the current trust.
    #[inline]
    pub(crate) fn with_trust<R>(&self, walk: impl FnOnce(&dyn Trust) -> R) -> R {
        match self.trust.snapshot() {
            Some(trust) => walk(&*trust),
            None => walk(&*self.trust),
        }
    }
}
