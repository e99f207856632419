//! Counts the instructions of the main paths with callgrind. The count is the same on every run, so a change that costs
//! more is visible in review. `benches/count` runs this benchmark and compares the counts with
//! `benches/instructions.md`.

#![allow(missing_docs, clippy::exit)]

mod support;

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use http::Request;
use tower::{Layer, Service};
use tower_forwarded::{
    Forwarded, ForwardedLayer, Headers, Outbound, OutboundLayer, TrustedProxies,
};

use support::{Keep, floor::Floor, now};

type Ready = (Forwarded<Keep>, Request<()>);

fn warm(layer: &ForwardedLayer, request: &Request<()>) -> Ready {
    let mut service = layer.layer(Keep);
    // Fill the values that each thread caches, as they are for every request after the first.
    for _ in 0..3 {
        let _ = now(service.call(request.clone()));
    }
    // The clone shares its values with the first request, as values from hyper share the buffer that was read.
    let shared = Box::leak(Box::new(request.clone()));
    (service, shared.clone())
}

fn alb() -> ForwardedLayer {
    layer().headers(Headers::AWS_ALB)
}

fn layer() -> ForwardedLayer {
    ForwardedLayer::new(
        "10.0.0.0/8, 127.0.0.1"
            .parse::<TrustedProxies>()
            .expect("a list"),
    )
}

fn of(name: &str) -> Ready {
    let requests = support::requests();
    let (_, request) = requests
        .iter()
        .find(|(other, _)| *other == name)
        .expect("a request");
    warm(&alb(), request)
}

fn forwarded() -> Ready {
    let fields = [(
        "forwarded",
        "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http",
    )];
    warm(
        &layer().headers(Headers::FORWARDED),
        &support::request("10.0.0.1:40000", &fields),
    )
}

fn forged(length: usize) -> Ready {
    let list = format!("{}, 203.0.113.7", "198.51.100.66, ".repeat(length / 15));
    let fields = [
        ("x-forwarded-for", list.as_str()),
        ("x-forwarded-proto", "https"),
    ];
    warm(&layer(), &support::request("10.0.0.1:40000", &fields))
}

fn again() -> Ready {
    let (mut service, request) = of("ALB, one hop");
    // A second layer gets the request that the first one rewrote.
    let resolved = now(service.call(request)).expect("infallible");
    (service, resolved)
}

fn logged_in(peer: &str) -> Ready {
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-amzn-oidc-identity", "alice"),
    ];
    let layer = alb()
        .believe_identity(["x-amzn-oidc-identity"])
        .expect("a name");
    warm(&layer, &support::request(peer, &fields))
}

/// A CDN in front of a platform's router, whose address is not known.
fn behind_a_cdn() -> Ready {
    let proxies: TrustedProxies = "*, 130.176.0.0/16".parse().expect("a list");
    let fields = [
        ("x-forwarded-for", "203.0.113.7, 130.176.1.1"),
        ("x-forwarded-proto", "https"),
    ];
    warm(
        &ForwardedLayer::new(proxies),
        &support::request("172.16.5.5:40000", &fields),
    )
}

fn with_a_secret() -> Ready {
    let secret = "b1946ac92492d2347c6235b4d2611184";
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-origin-verify", secret),
    ];
    let layer = alb().require("x-origin-verify", [secret]).expect("a name");
    warm(&layer, &support::request("10.0.0.1:40000", &fields))
}

/// The request that the layer rewrote, and the service that sends it on.
fn resolved(outbound: OutboundLayer) -> (Outbound<Keep>, Request<()>) {
    let (mut service, request) = of("ALB, one hop");
    let request = now(service.call(request)).expect("infallible");
    (outbound.layer(Keep), request)
}

fn floored() -> Request<()> {
    let request = &*Box::leak(Box::new(support::requests()[1].1.clone()));
    for _ in 0..3 {
        let _ = now(Floor(Keep).call(request.clone()));
    }
    request.clone()
}

// Each function returns what it got, so that nothing is dropped and only the call is counted.

#[library_benchmark]
#[bench::nothing(of("ALB, one hop"))]
fn nothing((service, request): Ready) -> Ready {
    let request = now(black_box(Keep).call(black_box(request))).expect("infallible");
    (service, request)
}

#[library_benchmark]
#[bench::untrusted(of("untrusted peer, no field"))]
#[bench::alb_one_hop(of("ALB, one hop"))]
#[bench::alb_two_hops(of("two hops"))]
#[bench::alb_thirty_hops(of("30 hops"))]
#[bench::rfc_7239_two_elements(forwarded())]
#[bench::forged_15_bytes(forged(15))]
#[bench::forged_8_kib(forged(8 * 1024))]
#[bench::forged_64_kib(forged(64 * 1024))]
#[bench::any_peer_behind_a_cdn(behind_a_cdn())]
#[bench::secret(with_a_secret())]
#[bench::identity_believed(logged_in("10.0.0.1:40000"))]
#[bench::identity_forged(logged_in("203.0.113.9:40000"))]
#[bench::resolved_already(again())]
fn request((mut service, request): Ready) -> Ready {
    let request = now(service.call(black_box(request))).expect("infallible");
    (service, request)
}

#[library_benchmark]
#[bench::alb_one_hop(floored())]
fn floor(request: Request<()>) -> Request<()> {
    now(Floor(Keep).call(black_box(request))).expect("infallible")
}

#[library_benchmark]
#[bench::outbound_x_forwarded(resolved(OutboundLayer::x_forwarded()))]
#[bench::outbound_forwarded(resolved(OutboundLayer::forwarded()))]
fn outbound(
    (mut service, request): (Outbound<Keep>, Request<()>),
) -> (Outbound<Keep>, Request<()>) {
    let request = now(service.call(black_box(request))).expect("infallible");
    (service, request)
}

library_benchmark_group!(
    name = layer,
    benchmarks = [nothing, request, outbound, floor]
);
main!(library_benchmark_groups = layer);
