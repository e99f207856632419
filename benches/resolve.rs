//! Measures the resolution alone, without a service and without rewriting: by family, by number of hops, and for
//! malformed headers.

#![allow(missing_docs)]

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tower_forwarded::{ForwardedLayer, Headers, Peer, TrustedProxies};

#[global_allocator]
static ALLOCATOR: support::Counting = support::Counting;

const PEER: &str = "10.0.0.1:40000";

fn case(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    headers: &Headers,
    fields: &[(&str, &str)],
) {
    let proxies: TrustedProxies = "10.0.0.0/8, fd00::/8".parse().expect("a list");
    let layer = ForwardedLayer::new(proxies).headers(headers.clone());
    let peer: Peer = PEER.parse().expect("a peer");
    let (parts, ()) = support::request(PEER, fields).into_parts();
    let count = || support::allocations(|| layer.policy().resolve(Some(peer), &parts)).1;
    // The first call stores the authority for this thread.
    count();
    println!("{group}/{name}: {} allocations", count());
    criterion
        .benchmark_group(group)
        .bench_function(name, |bencher| {
            bencher.iter(|| layer.policy().resolve(Some(peer), black_box(&parts)));
        });
}

fn families(criterion: &mut Criterion) {
    let https = ("x-forwarded-proto", "https");
    for (name, headers, fields) in [
        ("nothing forwarded", Headers::X_FORWARDED, &[][..]),
        (
            "X-Forwarded",
            Headers::X_FORWARDED,
            &[("x-forwarded-for", "203.0.113.7"), https],
        ),
        (
            "X-Forwarded, IPv6",
            Headers::X_FORWARDED,
            &[("x-forwarded-for", "2001:db8::7"), https],
        ),
        (
            "X-Forwarded, port",
            Headers::X_FORWARDED,
            &[("x-forwarded-for", "203.0.113.7:443"), https],
        ),
        (
            "Forwarded",
            Headers::FORWARDED,
            &[("forwarded", "for=203.0.113.7;proto=https")],
        ),
        (
            "Forwarded, quoted",
            Headers::FORWARDED,
            &[(
                "forwarded",
                "for=\"[2001:db8::7]:443\";proto=https;host=\"api.example.com\"",
            )],
        ),
        (
            "Cloudflare",
            Headers::CLOUDFLARE,
            &[
                ("cf-connecting-ip", "203.0.113.7"),
                ("cf-visitor", "{\"scheme\":\"https\"}"),
            ],
        ),
    ] {
        case(criterion, "family", name, &headers, fields);
    }
}

fn hops(criterion: &mut Criterion) {
    for hops in [1, 2, 5, 30] {
        let v4: Vec<String> = (1..hops).map(|hop| format!("10.0.{hop}.7")).collect();
        let v6: Vec<String> = (1..hops).map(|hop| format!("fd00::{hop}:7")).collect();
        for (name, client, others) in [("IPv4", "203.0.113.7", v4), ("IPv6", "2001:db8::7", v6)] {
            let list: Vec<&str> = std::iter::once(client)
                .chain(others.iter().map(String::as_str))
                .collect();
            let fields = [
                ("x-forwarded-for", &*list.join(", ")),
                ("x-forwarded-proto", "https"),
            ];
            let name = format!("{hops} {name}");
            case(criterion, "hops", &name, &Headers::X_FORWARDED, &fields);
        }
    }
}

fn malformed(criterion: &mut Criterion) {
    let junk = "9".repeat(8192);
    let quotes = "\"".repeat(8192);
    for (name, headers, field, value) in [
        ("empty", Headers::X_FORWARDED, "x-forwarded-for", ""),
        (
            "no address",
            Headers::X_FORWARDED,
            "x-forwarded-for",
            "not an address",
        ),
        (
            "8 KiB of digits",
            Headers::X_FORWARDED,
            "x-forwarded-for",
            &junk,
        ),
        ("8 KiB of quotes", Headers::FORWARDED, "forwarded", &quotes),
    ] {
        case(criterion, "malformed", name, &headers, &[(field, value)]);
    }
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = families, hops, malformed
}
criterion_main!(benches);
