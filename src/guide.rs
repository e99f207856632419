//! Chapters to read.

#[doc = include_str!("../docs/why-http.md")]
#[doc = include_str!("../docs/told.md")]
// What a browser said is shown as it is.
#[allow(rustdoc::bare_urls)]
pub mod why_http {}

#[doc = include_str!("../docs/deployment.md")]
pub mod deployment {}

#[doc = include_str!("../docs/platforms.md")]
pub mod platforms {}

#[doc = include_str!("../docs/secrets.md")]
pub mod secrets {}

#[cfg(feature = "axum-08")]
#[doc = include_str!("../docs/migration.md")]
pub mod migration {}

#[doc = include_str!("../docs/threat-model.md")]
pub mod threat_model {}

#[doc = include_str!("../docs/design.md")]
pub mod design {}

#[doc = include_str!("../docs/proof.md")]
pub mod proof {}

#[doc = include_str!("../docs/costs.md")]
pub mod costs {}

#[doc = include_str!("../docs/real-proxies.md")]
#[doc = include_str!("../docs/real-proxies/nginx.md")]
#[doc = include_str!("../docs/real-proxies/haproxy.md")]
#[doc = include_str!("../docs/real-proxies/haproxy-forwarded.md")]
#[doc = include_str!("../docs/real-proxies/apache.md")]
#[doc = include_str!("../docs/real-proxies/nghttpx.md")]
#[doc = include_str!("../docs/real-proxies/caddy.md")]
#[doc = include_str!("../docs/real-proxies/traefik.md")]
#[doc = include_str!("../docs/real-proxies/envoy.md")]
pub mod real_proxies {}

#[doc = include_str!("../docs/uvicorn.md")]
#[doc = include_str!("../docs/real-proxies/uvicorn.md")]
pub mod uvicorn {}

/// Which headers are removed.
///
/// These are the headers that [`ForwardedLayer`](crate::ForwardedLayer) knows. Each is removed from every
/// request, in its spellings with underscores and dots too, unless [`Headers`](crate::Headers) says that it is
/// believed or [`keep`](crate::ForwardedLayer::keep) exempts it.
///
/// A release that adds a name to this list removes a header that applications could read before. It
/// therefore has a new minor version, and its changelog names the header.
///
#[doc = include_str!("headers/known.md")]
pub mod removed_headers {}
