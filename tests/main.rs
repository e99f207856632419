//! Everything that can be seen from outside, by subject. One binary, so that it links once.

mod support;

mod allowed_hosts;
mod article;
mod browser;
mod cases;
mod cleaning;
mod config;
mod corpus;
mod cors_modes;
mod explain;
mod explain_service;
mod extractors;
mod forwarded_rfc7239;
mod host;
mod largest_head;
mod layer;
mod location;
mod logs;
mod naive_readers;
mod non_interference;
mod order;
mod port_and_prefix;
mod presets;
mod public_api;
mod real_proxies;
mod redirect;
mod reject;
mod reload;
mod rewriting;
mod scheme;
mod server;
mod stack;
mod surface;
mod trust;
mod walk;
