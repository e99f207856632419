//! The request that the client really made: its address, its scheme, its host.
//!
//! Behind a TLS-terminating load balancer, your service sees plain HTTP requests that come from the load balancer. So it
//! builds `http://` redirects, logs and limits the load balancer instead of its clients, and checks origins against
//! the wrong scheme. [`ForwardedLayer`] reads what trusted proxies say in `X-Forwarded-*`, in
//! `Forwarded` (RFC 7239) or in a CDN's own headers, and gives everything behind it the true request:
//! URI, `Host`, `ConnectInfo`, and forwarding headers that clients cannot forge.
//!
#![cfg_attr(feature = "axum-08", doc = "```no_run")]
#![cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
//! use std::net::SocketAddr;
//!
//! use axum::{Router, http::HeaderValue, routing::get};
//! use tower_forwarded::{ClientIp, ForwardedLayer, Origin, TrustedProxies};
//! use tower_http::cors::CorsLayer;
//!
//! async fn users(ClientIp(ip): ClientIp, origin: Origin) -> String {
//!     format!("{ip} may come back to {}", origin.url("/callback"))
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
//! let app = Router::new()
//!     .route("/users/", get(users))
//!     .layer(CorsLayer::new().allow_origin(HeaderValue::from_static("https://app.example.com")))
//!     .layer(ForwardedLayer::new(proxies)); // added last = runs first, before CORS
//!
//! let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Without `into_make_service_with_connect_info`, the layer does not know the peer, and believes nothing.
//!
//! # The promise
//!
//! **Non-interference.** Whatever headers a client sends, and however many honest trusted proxies
//! add to them, the outcome is the truth that the outermost trusted proxy saw. An attacker can change
//! neither the client's address, nor the scheme, nor the host, nor who it is taken for, nor make the result an error.
//!
//! It rests on two statements that only you can make: *whom* to trust ([`TrustedProxies`]), and *what the nearest of
//! them writes* ([`Headers`]). A trusted proxy that passes a client's header through where it should overwrite it
//! breaks the promise: the [presets](Headers) say which product does that with which field.
//!
//! # The rules
//!
//! 1. **Peer.** The connection's other end, from the request's extensions ([`Peer`]). Without one,
//!    nothing is believed.
//! 2. **Trust.** A peer is trusted if its address, or `unix` for a Unix socket, is in the set. `*`
//!    ([`any()`](TrustedProxies::any)) trusts any peer and says nothing about addresses.
//!    [`count(n)`](TrustedProxies::count) counts proxies, whoever they are.
//! 3. **Untrusted peer.** An untrusted peer is the client itself. The scheme is that of the connection. Every
//!    forwarding header is removed.
//! 4. **The walk.** Field lines of one name are one list, read from the right. The proxy to the right of an element
//!    wrote it, so an element counts only if that proxy is trusted. The walk goes on while addresses are trusted. An
//!    element that is empty or malformed ends it; the client is the last address vouched for. An IPv6 zone is dropped,
//!    and `unix:` is a hop that the entry `unix` trusts.
//! 5. **Hop limit.** At most [`hops(n)`](TrustedProxies::hops) proxies, the peer included. If the set holds all IPv4 or
//!    all IPv6 addresses (`0.0.0.0/0`) and has no limit, the limit is 1.
//! 6. **Pairing.** A scheme, host or port field holds one value, unless it is [called a list](Headers::with_lists). In
//!    a list, the element at the client's position counts. In RFC 7239, the outermost vouched element that states a
//!    scheme or host counts.
//! 7. **Scheme.** `http`, `ws`, `https`, `wss`, in any case; else the connection's own.
//! 8. **Host.** From the request's target, else `Host`. A forwarded host counts only for names allowed with
//!    [`believe_hosts`](ForwardedLayer::believe_hosts), since most load balancers pass the client's header through.
//!    Names with an empty label (`a..b`), and names that end in a number but are no IPv4 address, are invalid.
//! 9. **Port and prefix** are opt-in ([`believe_port`](ForwardedLayer::believe_port),
//!    [`believe_prefix`](ForwardedLayer::believe_prefix)). Prefixes on several lines are joined.
//! 10. **RFC 7239** elements are split from the right, so that a quote which an attacker left open
//!     cannot swallow what a proxy appended. Empty elements are ignored.
//! 11. **One family.** Every other forwarding field is removed, and the believed ones are reduced to
//!     their vouched part, spellings with underscores and dots included; [`keep`](ForwardedLayer::keep) exempts one.
//! 12. **URI.** The target becomes `scheme://authority/path?query`, whatever form and scheme the client
//!     gave it. `OriginalUri` too. `*` and CONNECT stay.
//! 13. **Host** is set to the authority where it says something else, and removed where it is invalid or
//!     ambiguous.
//! 14. **`ConnectInfo<SocketAddr>`** becomes the client's.
//! 15. **Once.** A second layer on the same request does nothing.
//! 16. **Never an error by default.** What was odd is in [`Resolution::findings`]; [`RejectLayer`]
//!     answers 400 for those that you call fatal.
//! 17. **Secret.** With [`require`](ForwardedLayer::require), a trusted peer is believed only if the request
//!     carries a header with a secret value. The header is removed from every request and never shown.
//! 18. **Identity.** Headers that say who the client is (`Remote-User`, `X-Auth-Request-Email`, a client certificate)
//!     are removed from every request, unless [`believe_identity`](ForwardedLayer::believe_identity) names them. Then
//!     one stays if the peer is trusted and there is one line of it: see [who is it?](guide::identity)
//! 19. **Outbound.** A service that sends requests on tells the next one what it knows with [`OutboundLayer`]: the way
//!     from the client to the peer, the scheme and the host. Nothing that a client wrote about itself goes on.
//!
//! # The order of layers
//!
//! The layer has to run before everything that looks at addresses, schemes or hosts: add it **last** to an axum
//! `Router`, **first** to a `ServiceBuilder`. If you add it inside CORS, redirects are still right, but a CORS rule
//! that compares origins sees the proxy's origin. With `Router::layer` the router has matched already, which is fine:
//! only scheme and authority change, never the path.
//! The usual layers, from the outside in, with the reason for each place:
//!
//! | | layer | why there |
//! |---|---|---|
//! | 1 | [`ForwardedLayer`] | everything below sees the client's request instead of the proxy's |
//! | 2 | a trace | its spans have the true URI, and cover what is refused below |
//! | 3 | [`TrustedPeersLayer`] | nobody but the proxy reaches anything below |
//! | 4 | [`AllowedHostsLayer`] | nothing below is asked by a host that is not the service's, not even a CORS rule |
//! | 5 | CORS | responses below have its headers, so that a browser can read them and follow redirects; it answers preflights before the redirect sees them |
//! | 6 | [`RejectLayer`] | a browser can read why |
//! | 7 | [`HttpsRedirectLayer`] | the app's work is done for https only |
//! | 8 | [`LocationLayer`] | next to the service whose responses it repairs |
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use tower::ServiceBuilder;
//! use tower_forwarded::*;
//! use tower_http::{cors::CorsLayer, trace::TraceLayer};
//!
//! let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
//! let layers = ServiceBuilder::new()
//!     .layer(ForwardedLayer::new(proxies).headers(Headers::AWS_ALB))
//!     .layer(TraceLayer::new_for_http())
//!     .layer(AllowedHostsLayer::new(["api.example.com"])?.allow_addresses())
//!     .layer(CorsLayer::permissive())
//!     .layer(HttpsRedirectLayer::new().hsts(Duration::from_secs(31_536_000)).exempt_path("/healthz"));
//! let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(layers);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`check_order`] asks a finished app whether CORS is in the right place, in a test of yours.
//!
//! # If the result is wrong
//!
//! [`explain`] tells how a request is resolved and what to change, and so does
//! `cargo run --example explain` with a captured request.
//!
//! # Map
//!
//! | | |
//! |---|---|
//! | whom to trust | [`TrustedProxies`], [`trust_fn`] and [`Trust`] for your own answer, `SwapProxies` for one that changes |
//! | what they write | [`Headers`], and `Config` for a file that says so |
//! | who logged in | [`Identity`], [`Resolution::identity`], `ClientCert` |
//! | who is connected | [`Peer`] |
//! | the layer | [`ForwardedLayer`], [`Forwarded`], [`Policy`] |
//! | a service that sends requests on | [`OutboundLayer`] |
//! | what came out | [`Resolution`], [`Origin`], [`Scheme`], [`Finding`] |
//! | in axum handlers | `ClientIp`, `RequestHost`, and [`Origin`], [`Scheme`], [`Resolution`] |
//! | why | [`explain`], [`Explanation`], [`finding_counts`](ForwardedLayer::finding_counts), `explain_service`, `request_span` |
//! | in the right order | [`check_order`] |
//! | turning requests away | [`TrustedPeersLayer`], [`AllowedHostsLayer`], [`RejectLayer`] |
//! | http to https | [`HttpsRedirectLayer`] |
//! | `Location` headers that hold an internal address | [`LocationLayer`] |
//! | the PROXY protocol | [L4 load balancers](guide::l4_load_balancers) |
//! | AWS Lambda, TLS of your own, other frameworks | [entrances](guide::entrances) |
//! | with tower_governor, axum-login, oauth2, tonic, utoipa and others | [recipes](https://docs.rs/tower-forwarded/latest/tower_forwarded/guide/recipes/index.html) |
//! | chapters | [deployment](guide::deployment), [platforms](guide::platforms), [L4 load balancers](guide::l4_load_balancers), [entrances](guide::entrances): Lambda, TLS of your own, other frameworks, [recipes](https://docs.rs/tower-forwarded/latest/tower_forwarded/guide/recipes/index.html), [who is it?](guide::identity), [client certificates](guide::client_certificates), [secrets](guide::secrets), [migration](https://docs.rs/tower-forwarded/latest/tower_forwarded/guide/migration/index.html), [why is my scheme still http?](guide::why_http), [threat model](guide::threat_model), [which headers are removed](guide::removed_headers), [results](guide::results), [real proxies](guide::real_proxies) |
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum-08` (default) | `ConnectInfo`, `OriginalUri` and the extractors of axum 0.8 |
//! | `explain-service` | `explain_service`, the explanation of the very request as a page and as JSON, behind your guard |
//! | `serde` (default) | `Config`, types of your own configuration, explanations as data |
//! | `published-lists` | the lists that AWS, Fastly, Google and Azure publish as JSON |
//! | `arc-swap` | `SwapProxies` |
//! | `client-cert` | `ClientCert`: the certificate that the client presented to the proxy |
//! | `tracing` | findings in the log, with what to change, once a minute for each network; what was decided, at the start; `request_span` with OpenTelemetry's names. It adds 190 KiB to a program |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
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
mod counts;
mod explain;
#[cfg(feature = "axum-08")]
mod extract;
pub mod guide;
mod headers;
mod host_pattern;
mod identity;
mod layer;
mod opt_in;
mod original_uri;
mod outbound;
mod peer;
mod policy;
#[cfg(feature = "tracing")]
mod reports;
#[cfg(feature = "tracing")]
mod request_span;
mod resolution;
mod resolve;
mod rewrite;
mod rules;
mod secret;
#[cfg(feature = "serde")]
mod serde_text;
mod syntax;
mod trust;

#[cfg(feature = "serde")]
pub use self::config::{Config, ConfigError, ConfigLayers};
#[cfg(feature = "explain-service")]
pub use self::explain::service::{ExplainService, explain_service};
#[cfg(feature = "axum-08")]
pub use self::extract::{ClientIp, ExtractError, RequestHost};
#[cfg(feature = "tracing")]
pub use self::request_span::request_span;
#[cfg(feature = "client-cert")]
pub use self::resolution::{ClientCert, XfccElement};
#[cfg(feature = "arc-swap")]
pub use self::trust::SwapProxies;
pub use self::{
    explain::{Explanation, explain},
    headers::{Headers, HeadersError},
    host_pattern::{HostPattern, HostPatternError},
    identity::Identity,
    layer::{Forwarded, ForwardedLayer},
    opt_in::{
        ResponseFuture,
        allowed_hosts::{AllowedHostsLayer, AllowedHostsService},
        check_order::{OrderError, check_order},
        https_redirect::{HttpsRedirectLayer, HttpsRedirectService},
        location::{LocationLayer, LocationService},
        refusal::{EmptyResponse, Refusal, RefusalReason, RefusalResponse},
        reject::{RejectLayer, RejectService},
        trusted_peers::{TrustedPeersLayer, TrustedPeersService},
    },
    outbound::{Outbound, OutboundError, OutboundLayer},
    peer::{Peer, PeerError},
    policy::Policy,
    resolution::{
        Finding, FindingError, Findings, FindingsIter, Hop, Origin, Resolution, Scheme, SchemeError,
    },
    trust::{HopLimit, ListError, Trust, TrustError, TrustFn, TrustedProxies, trust_fn},
};
