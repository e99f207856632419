#![doc = include_str!("../docs/glossary.md")]

#[doc = include_str!("../docs/rules.md")]
pub mod rules {}

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

#[doc = include_str!("../docs/client-certificates.md")]
pub mod client_certificates {}

#[doc = include_str!("../docs/identity.md")]
#[doc = include_str!("../docs/identity/nginx.md")]
#[doc = include_str!("../docs/identity/haproxy.md")]
#[doc = include_str!("../docs/identity/haproxy-rfc9440.md")]
#[doc = include_str!("../docs/identity/apache.md")]
#[doc = include_str!("../docs/identity/envoy.md")]
#[doc = include_str!("../docs/identity/traefik.md")]
#[doc = include_str!("../docs/identity/caddy.md")]
#[doc = include_str!("../docs/identity/auth-request-nginx.md")]
#[doc = include_str!("../docs/identity/forward-auth-caddy.md")]
#[doc = include_str!("../docs/identity/forward-auth-traefik.md")]
#[doc = include_str!("../docs/identity/ext-authz-envoy.md")]
#[doc = include_str!("../docs/identity/mod-auth-openidc.md")]
///
/// # Which headers are removed
///
/// `*` stands for whatever follows. Each name is removed in its spellings with underscores and dots too. A link goes to
/// the documentation or the source that shows the names. A release that adds a name has a new minor version, and its
/// changelog names the header.
///
#[doc = include_str!("identity/known.md")]
///
/// Not removed, since clients send them: `Authorization`, `Cookie`, `X-Auth-Token`, `X-Access-Token`, `X-User` and whatever an
/// administrator can choose freely. Name such a header with
/// [`believe_identity`](crate::ForwardedLayer::believe_identity) if your proxy sets it, or with
/// [`remove`](crate::ForwardedLayer::remove) if nobody should read it.
///
/// # What is not claimed
///
/// - That the user is who they say. The proxy decided that; the layer makes sure that it was the proxy who spoke.
/// - That a signed token is valid, or meant for you. Verify `Cf-Access-Jwt-Assertion`, `X-Amzn-Oidc-Data` and the like.
/// - That a certificate was verified, is not expired or not revoked, or that its names are what you think.
/// - That a proxy which you trust strips what a client sends. [Try it](#can-yours-be-forged).
/// - Anything about a header that no product in the table sets and that you do not name.
/// - One value that a proxy joined of two lines, with a comma: it looks like one. Let the proxy overwrite.
pub mod identity {}

#[cfg(feature = "axum-08")]
#[doc = include_str!("../docs/migration.md")]
pub mod migration {}

#[doc = include_str!("../docs/threat-model.md")]
pub mod threat_model {}

#[doc = include_str!("../docs/results.md")]
pub mod results {}

#[doc = include_str!("../docs/real-proxies.md")]
pub mod real_proxies {}

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

#[doc = include_str!("../docs/l4-load-balancers.md")]
pub mod l4_load_balancers {}

#[doc = include_str!("../docs/entrances.md")]
pub mod entrances {}

#[doc = include_str!("../docs/recipes.md")]
#[cfg(feature = "axum-08")]
pub mod recipes {}
