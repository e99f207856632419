//! The tests of the public behavior, by subject. They are one binary, so that only one is linked.

mod support;

mod advice;
mod allowed_hosts;
#[cfg(feature = "axum-08")]
mod article;
#[cfg(all(feature = "serde", feature = "axum-08"))]
mod captures;
#[cfg(feature = "serde")]
mod cases;
mod cleaning;
#[cfg(feature = "serde")]
mod config;
#[cfg(feature = "serde")]
mod config_layers;
mod cures;
#[cfg(feature = "axum-08")]
mod examples;
#[cfg(all(feature = "serde", feature = "axum-08"))]
mod explain;
#[cfg(feature = "explain-service")]
mod explain_service;
#[cfg(feature = "axum-08")]
mod extractors;
mod forwarded_rfc7239;
mod host;
mod house;
#[cfg(feature = "axum-08")]
mod http2;
mod identity;
#[cfg(feature = "axum-08")]
mod largest_head;
#[cfg(feature = "axum-08")]
mod layer;
mod links;
#[cfg(all(feature = "explain-service", feature = "axum-08"))]
mod live;
mod location;
#[cfg(feature = "tracing")]
mod logs;
mod migration;
#[cfg(feature = "axum-08")]
mod order;
mod outbound;
mod port_and_prefix;
mod presets;
#[cfg(feature = "axum-08")]
mod redirect;
mod reject;
#[cfg(feature = "axum-08")]
mod rewriting;
mod scheme;
mod secret;
#[cfg(feature = "axum-08")]
mod server;
#[cfg(feature = "axum-08")]
mod stack;
#[cfg(feature = "serde")]
mod suites;
#[cfg(all(feature = "explain-service", feature = "axum-08"))]
mod surface;
#[cfg(all(feature = "serde", feature = "axum-08"))]
mod told;
mod trust;
mod trusted_peers;
mod values;
mod walk;
