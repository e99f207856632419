//! What needs other people's crates, real proxies or a browser. One binary, so that it links once.

mod support;

mod browser;
mod corpus;
mod cors_modes;
mod naive_readers;
mod neighbours;
mod non_interference;
mod public_api;
mod real_proxies;
