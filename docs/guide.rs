//! The guide to [tower-forwarded]: how to set it up behind your load balancer, what it promises, and how that was tested.
//!
//! | you want to | chapter |
//! |---|---|
//! | set it up behind a load balancer, a CDN or a platform | [deployment], [platforms], [L4 load balancers](l4_load_balancers) |
//! | use it with your framework, on AWS Lambda or beside TLS of your own | [entrances] |
//! | use it with sessions, rate limits, OAuth, gRPC, WebSockets or OpenAPI | [recipes] |
//! | know who the client is: a login, a certificate | [who is it?](identity), [client certificates](client_certificates) |
//! | know that a request came through your own account at a CDN | [secrets] |
//! | find out why a result is wrong | [why is my scheme still http?](why_http) |
//! | replace another crate, or come from another framework | [migration], [other apps](other_apps), [uvicorn] |
//! | know what it promises | [rules](tower_forwarded::guide::rules), [removed headers](tower_forwarded::guide::removed_headers), [threat model](threat_model) |
//! | know how that was tested, and what it costs | [results], [proof], [costs], [real proxies](real_proxies), [other suites](other_suites) |
//! | know why it is as it is | [design] |
//!
//! [tower-forwarded]: tower_forwarded
#![doc = ""]
#![doc = include_str!("glossary.md")]

#[doc = include_str!("why-http.md")]
#[doc = include_str!("told.md")]
// The table shows messages of browsers unchanged, and some contain bare URLs.
#[allow(rustdoc::bare_urls)]
pub mod why_http {}

#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("platforms.md")]
pub mod platforms {}

#[doc = include_str!("secrets.md")]
pub mod secrets {}

#[doc = include_str!("client-certificates.md")]
pub mod client_certificates {}

#[doc = include_str!("identity.md")]
#[doc = include_str!("identity/nginx.md")]
#[doc = include_str!("identity/haproxy.md")]
#[doc = include_str!("identity/haproxy-rfc9440.md")]
#[doc = include_str!("identity/apache.md")]
#[doc = include_str!("identity/envoy.md")]
#[doc = include_str!("identity/traefik.md")]
#[doc = include_str!("identity/caddy.md")]
#[doc = include_str!("identity/auth-request-nginx.md")]
#[doc = include_str!("identity/forward-auth-caddy.md")]
#[doc = include_str!("identity/forward-auth-traefik.md")]
#[doc = include_str!("identity/ext-authz-envoy.md")]
#[doc = include_str!("identity/mod-auth-openidc.md")]
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
/// - Anything about a header that no product in the [list](tower_forwarded::guide::removed_headers) sets and that you do not name.
/// - That a value comes from a single header line. A proxy may join two lines with a comma, and the result looks like
///   one value. Configure the proxy to overwrite the header.
pub mod identity {}

#[doc = include_str!("migration.md")]
pub mod migration {}

#[doc = include_str!("threat-model.md")]
pub mod threat_model {}

#[doc = include_str!("results.md")]
pub mod results {}

#[doc = include_str!("real-proxies.md")]
#[doc = include_str!("real-proxies/nginx.md")]
#[doc = include_str!("real-proxies/haproxy.md")]
#[doc = include_str!("real-proxies/haproxy-forwarded.md")]
#[doc = include_str!("real-proxies/apache.md")]
#[doc = include_str!("real-proxies/nghttpx.md")]
#[doc = include_str!("real-proxies/caddy.md")]
#[doc = include_str!("real-proxies/traefik.md")]
#[doc = include_str!("real-proxies/envoy.md")]
pub mod real_proxies {}

#[doc = include_str!("l4-load-balancers.md")]
pub mod l4_load_balancers {}

#[doc = include_str!("entrances.md")]
pub mod entrances {}

#[doc = include_str!("recipes.md")]
pub mod recipes {}

#[doc = include_str!("other-apps.md")]
pub mod other_apps {}

#[doc = include_str!("uvicorn.md")]
#[doc = include_str!("real-proxies/uvicorn.md")]
pub mod uvicorn {}

#[doc = include_str!("proof.md")]
pub mod proof {}

#[doc = include_str!("costs.md")]
pub mod costs {}

#[doc = include_str!("other-suites.md")]
// The table shows hosts and URLs unchanged.
#[allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]
pub mod other_suites {}

#[doc = include_str!("design.md")]
pub mod design {}
