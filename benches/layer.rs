//! Measures the layer around a service that does nothing. For comparison, it also measures tower-real-ip 0.1, which
//! finds the client's address and leaves scheme, host, URI and headers unchanged.
//!
//! Each figure includes the clone of the request and its drop. The cost of a layer is the difference to `nothing`. With
//! clones, each request is in the cache, like a request that was just read. Requests that are made in batches
//! beforehand would not be in the cache, and the benchmark would measure the memory.

#![allow(missing_docs)]

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use tower::{Layer, Service};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};
use tower_real_ip::{RealIpLayer, TrustedProxyConfig};

use support::{Counting, Noop, allocations, floor::Floor, now, requests};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn bench(criterion: &mut Criterion) {
    let proxies: TrustedProxies = "10.0.0.0/8, 127.0.0.1".parse().expect("a list");
    let mut ours = ForwardedLayer::new(proxies.clone())
        .headers(Headers::AWS_ALB)
        .layer(Noop);
    let networks = ["10.0.0.0/8", "127.0.0.1/32"].map(|net| net.parse().expect("a network"));
    let mut theirs = RealIpLayer::new(TrustedProxyConfig::new(networks.to_vec())).layer(Noop);

    println!("allocations a request, in the steady state:");
    for (name, request) in requests() {
        let count = |call: &mut dyn FnMut(http::Request<()>)| {
            call(clone(&request));
            let request = clone(&request);
            allocations(|| call(request)).1
        };
        let base = count(&mut |request| drop(black_box(now(Noop.call(request)))));
        let ours = count(&mut |request| drop(black_box(now(ours.call(request)))));
        let theirs = count(&mut |request| drop(black_box(now(theirs.call(request)))));
        println!(
            "  {name}: tower-forwarded {}, tower-real-ip {}",
            ours - base,
            theirs - base
        );
    }

    for (name, request) in requests() {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("nothing", |bencher| {
            bencher.iter(|| now(Noop.call(clone(&request))));
        });
        group.bench_function("tower-forwarded", |bencher| {
            bencher.iter(|| now(ours.call(clone(&request))));
        });
        if name.starts_with("ALB") {
            group.bench_function("floor", |bencher| {
                bencher.iter(|| now(Floor(Noop).call(clone(&request))));
            });
        }
        group.bench_function("tower-real-ip", |bencher| {
            bencher.iter(|| now(theirs.call(clone(&request))));
        });
        group.finish();
    }

    // The unit for the other figures: one look-up of a header name that is missing.
    let headers: HeaderMap = requests()[1].1.headers().clone();
    criterion.bench_function("HeaderMap::get of an absent name", |bencher| {
        bencher.iter(|| {
            black_box(&headers)
                .get(black_box("x-absent-name"))
                .is_some()
        });
    });

    let mut group = criterion.benchmark_group("hostile");
    group.bench_function("nothing", |bencher| {
        let request = &requests()[1].1;
        bencher.iter(|| now(Noop.call(clone(request))));
    });
    for (name, list) in [
        ("honest", "203.0.113.7".to_owned()),
        (
            "8 KiB",
            format!("{}, 203.0.113.7", "198.51.100.66, ".repeat(546)),
        ),
        (
            "8 KiB without a comma",
            format!("{}, 203.0.113.7", "1".repeat(8192)),
        ),
        (
            "64 KiB",
            format!("{}, 203.0.113.7", "198.51.100.66, ".repeat(4369)),
        ),
    ] {
        let fields = [
            ("x-forwarded-for", list.as_str()),
            ("x-forwarded-proto", "https"),
        ];
        let request = support::request("10.0.0.1:40000", &fields);
        group.bench_function(name, |bencher| {
            bencher.iter(|| now(ours.call(clone(&request))));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("RFC 7239");
    let mut forwarded = ForwardedLayer::new(proxies)
        .headers(Headers::FORWARDED)
        .layer(Noop);
    let fields = [(
        "forwarded",
        "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http",
    )];
    let request = support::request("10.0.0.1:40000", &fields);
    group.bench_function("two elements", |bencher| {
        bencher.iter(|| now(forwarded.call(clone(&request))));
    });
    group.finish();
}

/// Makes a deep copy with its own extensions, as `Request::clone` does.
fn clone(request: &http::Request<()>) -> http::Request<()> {
    request.clone()
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = bench
}
criterion_main!(benches);
