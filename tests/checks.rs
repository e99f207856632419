//! The tests that need other crates, real proxies or a browser. They are one binary, so that only one is linked.

mod support;

#[allow(dead_code)]
#[path = "../examples/lambda.rs"]
mod lambda;
/// The examples. The tests use everything in them except `main`.
#[allow(dead_code)]
#[path = "../examples/proxy.rs"]
mod proxy;
#[allow(dead_code)]
#[path = "../examples/proxy_protocol.rs"]
mod proxy_protocol;

mod browser;
mod corpus;
mod cors_modes;
mod entrances;
mod exhaustive;
mod manifests;
mod naive_readers;
mod neighbours;
mod non_interference;
mod public_api;
mod real_proxies;
mod reload;
