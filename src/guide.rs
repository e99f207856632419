#![doc = include_str!("../docs/glossary.md")]

#[doc = include_str!("../docs/rules.md")]
pub mod rules {}

#[doc = include_str!("../docs/why-http.md")]
#[doc = include_str!("../docs/told.md")]
// The table shows messages of browsers unchanged, and some contain bare URLs.
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
/// A `*` stands for any text. The layer also removes the spellings of each name with underscores and dots. Each link
/// leads to the documentation or the source that shows the names. A release that adds a name has a new minor version,
/// and its changelog names the header.
///
#[doc = include_str!("identity/known.md")]
///
/// The layer does not remove headers that clients send for their own purposes: `Authorization`, `Cookie`,
/// `X-Auth-Token`, `X-Access-Token`, `X-User`. Nor does it remove headers whose names an administrator can choose
/// freely. If your proxy sets such a header, name it with
/// [`believe_identity`](crate::ForwardedLayer::believe_identity). If your service should never read it, name it with
/// [`remove`](crate::ForwardedLayer::remove).
///
/// # What is not claimed
///
/// The layer does not guarantee:
///
/// - That the user is who they claim to be. The proxy decides that. The layer only ensures that the proxy sent the
///   header.
/// - That a signed token is valid, or was issued for your service. Verify `Cf-Access-Jwt-Assertion`, `X-Amzn-Oidc-Data`
///   and similar tokens yourself.
/// - That a certificate was verified, is not expired or revoked, or has the names that you expect.
/// - That a trusted proxy strips the headers that a client sends. [Test it](#can-yours-be-forged).
/// - Anything about a header that no product in the table sets and that you do not name.
/// - That a value comes from a single header line. A proxy may join two lines with a comma, and the result looks like
///   one value. Configure the proxy to overwrite the header.
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
/// These are the headers that [`ForwardedLayer`](crate::ForwardedLayer) knows. The layer removes each of them from
/// every request, and also its spellings with underscores and dots. There are two exceptions: headers that your
/// [`Headers`](crate::Headers) believe, and headers that [`keep`](crate::ForwardedLayer::keep) exempts.
///
/// If a release adds a name to this list, the layer removes a header that applications could read before. Such a
/// release therefore has a new minor version, and its changelog names the header.
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
