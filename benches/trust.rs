//! Measures the check whether an address is trusted, with one to a hundred thousand networks, and compares it with a
//! linear search.

#![allow(missing_docs)]

mod support;

use std::{hint::black_box, net::IpAddr};

use criterion::{Criterion, criterion_group, criterion_main};
use ipnet::IpNet;
use tower_forwarded::TrustedProxies;

#[global_allocator]
static ALLOCATOR: support::Counting = support::Counting;

fn look_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("look-up");
    for count in [1, 5, 22, 1_000, 100_000] {
        let networks = support::networks(count);
        let probes = support::probes();
        let proxies: TrustedProxies = networks.iter().copied().collect();
        assert_eq!(
            proxies.range_count(),
            networks.len(),
            "no two of them merge"
        );
        let allocations = support::allocations(|| proxies.contains(probes[0])).1;
        println!("look-up/{count} networks: {allocations} allocations");
        group.bench_function(format!("{count} networks"), |bencher| {
            let mut next = probes.iter().cycle();
            bencher.iter(|| proxies.contains(black_box(*next.next().expect("a cycle"))));
        });
        if count <= 1_000 {
            let linear = |address: IpAddr| {
                networks
                    .iter()
                    .any(|network: &IpNet| network.contains(&address))
            };
            group.bench_function(
                format!("{count} networks, one after the other"),
                |bencher| {
                    let mut next = probes.iter().cycle();
                    bencher.iter(|| linear(black_box(*next.next().expect("a cycle"))));
                },
            );
        }
    }
    group.finish();
}

fn build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build");
    group.sample_size(10);
    let networks = support::networks(100_000);
    group.bench_function("100000 networks", |bencher| {
        bencher.iter(|| networks.iter().copied().collect::<TrustedProxies>());
    });
    let text: Vec<String> = networks.iter().map(ToString::to_string).collect();
    let text = text.join(",");
    group.bench_function("100000 networks from text", |bencher| {
        bencher.iter(|| text.parse::<TrustedProxies>().expect("a list"));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = look_up, build
}
criterion_main!(benches);
