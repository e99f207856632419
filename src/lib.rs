//! The request that the client really made.
//!
//! placeholder
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "serde")]
mod config;
mod explain;
mod headers;
mod layer;
mod peer;
mod policy;
mod reject;
mod resolution;
mod resolve;
mod rewrite;
mod syntax;
mod trust;

#[cfg(feature = "axum")]
mod extract;

#[cfg(feature = "serde")]
pub use self::config::{Config, ConfigError};
#[cfg(feature = "axum")]
pub use self::extract::{ClientIp, ExtractError, Host};
#[cfg(feature = "arc-swap")]
pub use self::trust::SwapProxies;
pub use self::{
    explain::{Explanation, explain},
    headers::{Headers, HeadersError},
    layer::{Forwarded, ForwardedLayer},
    peer::{Peer, PeerError},
    policy::{ConnectionScheme, Policy},
    reject::{Reject, RejectFuture, RejectLayer},
    resolution::{Finding, FindingError, Findings, Origin, Resolution},
    syntax::{
        authority::{HostPattern, HostPatternError},
        scheme::{Scheme, SchemeError},
    },
    trust::{ListError, Trust, TrustError, TrustedProxies},
};
