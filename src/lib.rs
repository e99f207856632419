//! A tower layer that gives your service the client's address, scheme and host, from the `X-Forwarded-*` or `Forwarded`
//! headers of trusted proxies.
//!
//! Behind a TLS-terminating load balancer, your service sees plain HTTP requests that come from the load balancer. So it
//! builds `http://` redirects, logs and limits the load balancer instead of its clients, and checks origins against the
//! wrong scheme. [`ForwardedLayer`] reads what trusted proxies say in `X-Forwarded-*`, in `Forwarded` (RFC 7239) or in a
//! CDN's own headers. It gives everything behind it the true request: URI, `Host`, `ConnectInfo`, and forwarding headers
//! that clients cannot forge.
//!
#![doc = include_str!("what-goes-wrong.svg")]
//!
//! # Two decisions
//!
//! 1. **Which proxies do you trust?** Name the addresses that they connect from: [`TrustedProxies`].
//! 2. **Which headers does the nearest proxy write?** Choose its preset: [`Headers`].
//!
//! | in front of your service | trust | headers |
//! |---|---|---|
//! | nginx on the same machine | `"loopback"` | [`Headers::NGINX`] |
//! | nginx over a Unix socket | `"unix"` | [`Headers::NGINX`] |
//! | AWS Application Load Balancer | its subnets, such as `"10.0.0.0/16"` | [`Headers::AWS_ALB`] |
//! | Cloudflare, with no proxy of yours behind it | [Cloudflare's networks][cloudflare] | [`Headers::CLOUDFLARE`] |
//! | ingress-nginx in Kubernetes | [the network of the pods][ingress] | [`Headers::INGRESS_NGINX`] |
//! | a platform's router, such as Heroku's | any peer: `"*"` | [`Headers::HEROKU`] |
//! | Google's load balancer in front of Cloud Run | [any peer, and its address][cloud-run] | [`Headers::X_FORWARDED`] |
//!
//! [Deployment] and [platforms] have the lines for more than 30 products, each with a request and what comes out.
//!
//! # axum
//!
//! ```text
//! cargo add tower-forwarded
//! cargo add axum tokio --features tokio/macros,tokio/rt-multi-thread
//! ```
//!
#![cfg_attr(feature = "axum-08", doc = "```no_run")]
#![cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
//! use std::net::SocketAddr;
//!
//! use axum::{Router, routing::get};
//! use tower_forwarded::{ClientIp, ForwardedLayer, Headers, Origin, TrustedProxies};
//!
//! async fn users(ClientIp(ip): ClientIp, origin: Origin) -> String {
//!     format!("{ip} may come back to {}", origin.url("/callback"))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let proxies: TrustedProxies = "10.0.0.0/16".parse()?;
//!     let app = Router::new()
//!         .route("/users", get(users))
//!         // Added last, it runs first.
//!         .layer(ForwardedLayer::new(proxies).headers(Headers::AWS_ALB));
//!
//!     let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await?;
//!     axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//!     Ok(())
//! }
//! ```
//!
//! Without `into_make_service_with_connect_info`, the layer does not know the peer, so it believes nothing. If the proxy is
//! on the same machine, trust `loopback`, and listen on `127.0.0.1`.
//!
//! # hyper, or any tower service
//!
//! Insert the [`Peer`] of the connection into the request's extensions. The layer inserts the
//! result as a [`Resolution`] into the same extensions.
//!
//! ```text
//! cargo add tower-forwarded
//! cargo add hyper hyper-util --features hyper/http1,hyper/server,hyper-util/tokio
//! cargo add tower tokio --features tower/util,tokio/macros,tokio/net,tokio/rt-multi-thread
//! ```
//!
//! ```no_run
//! use std::convert::Infallible;
//!
//! use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
//! use tower::{Layer, ServiceExt};
//! use tower_forwarded::{ForwardedLayer, Headers, Peer, Resolution, TrustedProxies};
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
//!     let client = request.extensions().get().and_then(Resolution::client);
//!     Ok(Response::new(format!("{client:?} requested {}", request.uri())))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let proxies: TrustedProxies = "10.0.0.0/16".parse()?;
//!     let forwarded = ForwardedLayer::new(proxies).headers(Headers::AWS_ALB);
//!     let hello = forwarded.layer(tower::service_fn(hello));
//!     let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await?;
//!     loop {
//!         let (stream, peer) = listener.accept().await?;
//!         let hello = hello.clone();
//!         let service = service_fn(move |mut request: Request<Incoming>| {
//!             request.extensions_mut().insert(Peer::from(peer));
//!             hello.clone().oneshot(request)
//!         });
//!         let stream = hyper_util::rt::TokioIo::new(stream);
//!         tokio::spawn(http1::Builder::new().serve_connection(stream, service));
//!     }
//! }
//! ```
//!
//! `cargo add tower-forwarded --no-default-features` leaves axum out. Other frameworks, Lambda and TLS of your own are on
//! the page [entrances]. For tonic, see the [recipe][tonic].
//!
//! # The promise
//!
//! **Non-interference.** Whatever headers a client sends, and however many honest trusted proxies add to them, the
//! outcome is the truth that the outermost trusted proxy saw. An attacker cannot change the client's address, the scheme,
//! the host or who the client is, and cannot cause an error. [The rules](guide::rules) say what happens to each request,
//! and the [threat model][threat_model] says what the promise does not cover.
//!
//! # The order of layers
//!
//! The layer must run before every layer that looks at addresses, schemes or hosts. Add it **last** to an axum `Router`,
//! **first** to a `ServiceBuilder`. If you add it inside CORS, redirects are still right, but a CORS rule that compares
//! origins sees the proxy's origin. With `Router::layer`, the router has already matched the path. That is fine, since the
//! layer never changes the path.
//!
//! The usual layers, from the outside in, with the reason for each place:
//!
//! | | layer | why there |
//! |---|---|---|
//! | 1 | [`ForwardedLayer`] | everything below sees the client's request instead of the proxy's |
//! | 2 | a trace | its spans have the true URI, and cover requests that are refused below |
//! | 3 | [`TrustedPeersLayer`] | only the proxy reaches anything below |
//! | 4 | [`AllowedHostsLayer`] | requests for other hosts reach nothing below, not even the CORS rules |
//! | 5 | CORS | responses from below get its headers, so a browser can read them and follow redirects; it answers preflights before the redirect sees them |
//! | 6 | [`RejectLayer`] | a browser can read the reason |
//! | 7 | [`HttpsRedirectLayer`] | the app gets https requests only, apart from exempt paths |
//! | 8 | [`LocationLayer`] | next to the service whose responses it repairs |
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use tower::ServiceBuilder;
//! use tower_forwarded::{AllowedHostsLayer, ForwardedLayer, Headers, HttpsRedirectLayer, TrustedProxies};
//! use tower_http::{cors::CorsLayer, trace::TraceLayer};
//!
//! let proxies: TrustedProxies = "10.0.0.0/16".parse()?;
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
//! [`Config::layers`](https://docs.rs/tower-forwarded/latest/tower_forwarded/struct.Config.html#method.layers) builds them
//! in this order from a configuration file. In a test, [`check_order`] checks that the CORS layer of your
//! app is in the right place.
//!
//! # If the result is wrong
//!
//! [`explain`] tells how a request is resolved and what to change. The program `tower-forwarded-explain` does so for a
//! captured request. With `--listen`, it stands in for your app, and shows each request that your load balancer sends:
//!
//! ```text
//! cargo install tower-forwarded-explain
//! tower-forwarded-explain --trust 10.0.0.0/16 --headers aws-alb --listen 0.0.0.0:3000
//! ```
//!
//! # Overview
//!
//! | | |
//! |---|---|
//! | which proxies to trust | [`TrustedProxies`]; [`trust_fn`] and [`Trust`] to decide it yourself; `SwapProxies` for a list that changes |
//! | which headers they write | [`Headers`] |
//! | all of this in a configuration file | `Config` |
//! | who logged in | [`Identity`], [`Resolution::identity`], `ClientCert` |
//! | who is connected | [`Peer`] |
//! | the layer | [`ForwardedLayer`], [`Forwarded`], [`Policy`] |
//! | a service that forwards requests | [`OutboundLayer`] |
//! | the result | [`Resolution`], [`Origin`], [`Scheme`], [`Finding`] |
//! | in axum handlers | `ClientIp`, `RequestHost`, and [`Origin`], [`Scheme`], [`Resolution`] |
//! | why | [`explain`], [`Explanation`], [`finding_counts`](ForwardedLayer::finding_counts), `explain_service`, `request_span` |
//! | refuse requests | [`TrustedPeersLayer`], [`AllowedHostsLayer`], [`RejectLayer`] |
//! | http to https | [`HttpsRedirectLayer`] |
//! | `Location` headers that hold an internal address | [`LocationLayer`] |
//! | the PROXY protocol | [L4 load balancers][l4_load_balancers] |
//! | AWS Lambda, TLS of your own, other frameworks | [entrances] |
//! | with tower_governor, axum-login, oauth2, tonic, utoipa and others | [recipes] |
//!
//! The [guide](guide) has a chapter for each subject: [who is it?][identity], [client
//! certificates][client_certificates], [secrets], [why is my scheme still http?][why_http],
//! [which headers are removed](guide::removed_headers), [results] and others.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum-08` (default) | `ConnectInfo`, `OriginalUri` and the extractors of axum 0.8 |
//! | `serde` (default) | `Config`, types for your own configuration, explanations as data |
//! | `explain-service` | `explain_service`: a route that shows a request its own explanation, behind your guard |
//! | `published-lists` | the lists that AWS, Fastly, Google and Azure publish as JSON |
//! | `arc-swap` | `SwapProxies` |
//! | `client-cert` | `ClientCert`: the certificate that the client presented to the proxy |
//! | `tracing` | findings in the log, with what to change, once a minute for each network; a line at the start that says what was decided; `request_span` with OpenTelemetry's names. It adds 205 KiB to a program |
//!
//! [client_certificates]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/client_certificates/index.html
//! [cloudflare]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/deployment/index.html#cloudflare
//! [cloud-run]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/platforms/index.html#google-cloud-run
//! [deployment]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/deployment/index.html
//! [entrances]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/entrances/index.html
//! [identity]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/identity/index.html
//! [ingress]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/deployment/index.html#kubernetes-ingress
//! [l4_load_balancers]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/l4_load_balancers/index.html
//! [platforms]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/platforms/index.html
//! [recipes]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/recipes/index.html
//! [results]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/results/index.html
//! [secrets]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/secrets/index.html
//! [threat_model]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/threat_model/index.html
//! [tonic]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/recipes/index.html#grpc-with-tonic
//! [why_http]: https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/why_http/index.html

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
