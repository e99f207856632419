//! The rules of this version, and the headers that it removes. The chapters are in
//! [tower-forwarded-guide](https://docs.rs/tower-forwarded-guide).
//!
//! | chapter | what it answers |
//! |---|---|
//! | [deployment], [platforms] | what do I write for my load balancer, CDN or platform? |
//! | [entrances] | does it work with my framework, on AWS Lambda, beside TLS of my own? |
//! | [L4 load balancers][l4_load_balancers] | my load balancer sends the PROXY protocol: what now? |
//! | [recipes] | how do I use it with sessions, rate limits, OAuth, gRPC, WebSockets or OpenAPI? |
//! | [who is it?][identity], [client certificates][client_certificates] | may I believe the header that says who logged in? |
//! | [secrets] | other customers share the addresses of my CDN: how do I know mine? |
//! | [why is my scheme still http?][why_http] | what is wrong? |
//! | [migration] | I use another crate, or come from another framework: what replaces it? |
//! | [threat model][threat_model], [results] | what does the promise cover, and how was it tested? |
//!
//! [client_certificates]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/client_certificates/index.html
//! [deployment]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/deployment/index.html
//! [entrances]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/entrances/index.html
//! [identity]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/identity/index.html
//! [l4_load_balancers]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/l4_load_balancers/index.html
//! [migration]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/migration/index.html
//! [platforms]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/platforms/index.html
//! [recipes]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/recipes/index.html
//! [results]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/results/index.html
//! [secrets]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/secrets/index.html
//! [threat_model]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/threat_model/index.html
//! [why_http]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/why_http/index.html

#[doc = include_str!("rules.md")]
pub mod rules {}

/// Which headers are removed.
///
/// The layer removes each of these headers from every request, and also its spellings with underscores and dots. A `*`
/// stands for any text.
///
/// If a release adds a name, the layer removes a header that applications could read before. Such a release therefore
/// has a new minor version, and its changelog names the header.
///
/// # Headers that say where a request comes from
///
/// There are two exceptions: headers that your [`Headers`](crate::Headers) believe, and headers that
/// [`keep`](crate::ForwardedLayer::keep) exempts.
///
#[doc = include_str!("../headers/known.md")]
///
/// # Headers that say who the client is
///
/// Each link leads to the documentation or the source that shows the names. If your proxy sets such a header, name it
/// with [`believe_identity`](crate::ForwardedLayer::believe_identity).
///
#[doc = include_str!("../identity/known.md")]
///
/// # Headers that are not removed
///
/// The layer does not remove headers that clients send for their own purposes: `Authorization`, `Cookie`,
/// `X-Auth-Token`, `X-Access-Token`, `X-User`. Nor does it remove headers whose names an administrator can choose
/// freely. If your proxy sets such a header, name it with
/// [`believe_identity`](crate::ForwardedLayer::believe_identity). If your service should never read it, name it with
/// [`remove`](crate::ForwardedLayer::remove).
pub mod removed_headers {}
