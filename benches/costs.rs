//! The figures of `docs/costs.md`, as ratios within one run. Each figure is the fastest of many rounds. The candidates
//! take turns, so that other work on the machine affects all of them.
//!
//! ```text
//! cargo bench -p tower-forwarded-benches --bench costs
//! ```

#![allow(missing_docs)]

mod support;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use http::Request;
use tower::{Layer, Service};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use support::{Keep, Noop, floor::Floor, now, peers};

#[global_allocator]
static ALLOCATOR: support::Counting = support::Counting;

/// A candidate, and its fastest round so far, in nanoseconds per call.
struct Way<'a> {
    run: Box<dyn FnMut() + 'a>,
    best: f64,
}

fn way<'a>(run: impl FnMut() + 'a) -> Way<'a> {
    Way {
        run: Box::new(run),
        best: f64::INFINITY,
    }
}

/// Runs all candidates in turn, many times.
fn race(ways: &mut [Way<'_>]) {
    // CI runs `cargo bench -- --test`.
    let rounds = if std::env::args().any(|argument| argument == "--test") {
        1
    } else {
        300
    };
    for _ in 0..rounds {
        for way in &mut *ways {
            let started = Instant::now();
            for _ in 0..1000 {
                (way.run)();
            }
            let each = started.elapsed().as_secs_f64() * 1e6;
            way.best = way.best.min(each);
        }
    }
}

fn call<'a, S: Service<Request<()>> + 'a>(mut service: S, request: &'a Request<()>) -> Way<'a> {
    way(move || {
        let answer = now(service.call(black_box(request).clone()));
        black_box(answer.is_ok());
    })
}

fn layer() -> ForwardedLayer {
    ForwardedLayer::new(
        "10.0.0.0/8, 127.0.0.1"
            .parse::<TrustedProxies>()
            .expect("a list"),
    )
}

fn main() {
    requests();
    hostile();
    trust();
    others();
}

fn requests() {
    let requests = support::requests();
    let alb = layer().headers(Headers::AWS_ALB);
    let headers = requests[1].1.headers().clone();
    let again = now(alb.layer(Keep).call(requests[1].1.clone())).expect("infallible");
    let forwarded = [(
        "forwarded",
        "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http",
    )];
    let forwarded = support::request("10.0.0.1:40000", &forwarded);
    let mut ways = vec![way(|| {
        black_box(black_box(&headers).get(black_box("x-absent-name")));
    })];
    for (_, request) in &requests {
        ways.extend([call(Noop, request), call(alb.layer(Noop), request)]);
    }
    ways.extend([
        call(Noop, &forwarded),
        call(layer().headers(Headers::FORWARDED).layer(Noop), &forwarded),
        call(Noop, &again),
        call(alb.layer(Noop), &again),
        call(Floor(Noop), &requests[1].1),
    ]);
    race(&mut ways);
    let get = ways[0].best;
    println!("One look-up of a name that is not there, `HeaderMap::get`: {get:.0} ns\n");
    println!("| request | added | in look-ups |\n|---|---|---|");
    let names = [
        "untrusted peer, no field",
        "ALB, one hop",
        "ALB, two hops",
        "30 hops",
        "RFC 7239, two elements",
        "resolved already",
    ];
    for (index, name) in names.iter().enumerate() {
        let added = ways[2 * index + 2].best - ways[2 * index + 1].best;
        println!("| {name} | {added:.0} ns | {:.1} |", added / get);
    }
    let floor = ways.last().expect("the floor").best - ways[3].best;
    println!(
        "| the floor for ALB, one hop | {floor:.0} ns | {:.1} |",
        floor / get
    );
}

fn hostile() {
    let forged = |length: usize| format!("{}203.0.113.7", "198.51.100.66, ".repeat(length / 15));
    let requests: Vec<_> = [
        ("nothing forged", forged(0)),
        ("8 KiB of addresses", forged(8 * 1024)),
        (
            "8 KiB without a comma",
            format!("{}, 203.0.113.7", "1".repeat(8192)),
        ),
        ("64 KiB of addresses", forged(64 * 1024)),
    ]
    .into_iter()
    .map(|(name, list)| {
        let fields = [
            ("x-forwarded-for", list.as_str()),
            ("x-forwarded-proto", "https"),
        ];
        (name, support::request("10.0.0.1:40000", &fields))
    })
    .collect();
    let layer = layer();
    let mut ways = Vec::new();
    for (_, request) in &requests {
        ways.extend([call(Noop, request), call(layer.layer(Noop), request)]);
    }
    race(&mut ways);
    println!("\n| X-Forwarded-For with | added | to honest |\n|---|---|---|");
    let honest = ways[1].best - ways[0].best;
    for (index, (name, _)) in requests.iter().enumerate() {
        let added = ways[2 * index + 1].best - ways[2 * index].best;
        println!("| {name} | {added:.0} ns | {:.2} |", added / honest);
    }
}

fn trust() {
    let counts = [1, 5, 22, 1_000, 100_000];
    let sets: Vec<TrustedProxies> = counts
        .iter()
        .map(|&count| support::networks(count).into_iter().collect())
        .collect();
    let linear = support::networks(1_000);
    let probes = support::probes();
    let next = || {
        let mut probes = probes.iter().cycle();
        move || *probes.next().expect("a cycle")
    };
    let mut ways: Vec<Way<'_>> = sets
        .iter()
        .map(|set| {
            let mut next = next();
            way(move || {
                black_box(set.contains(black_box(next())));
            })
        })
        .collect();
    let mut probe = next();
    ways.push(way(move || {
        let address = black_box(probe());
        black_box(linear.iter().any(|network| network.contains(&address)));
    }));
    race(&mut ways);
    println!("\n| networks | look-up |\n|---|---|");
    for (count, way) in counts.iter().zip(&ways) {
        println!("| {count} | {:.1} ns |", way.best);
    }
    println!(
        "| 1000, `IpNet::contains` one after the other | {:.0} ns |",
        ways[5].best
    );
    let networks = support::networks(100_000);
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let started = Instant::now();
        black_box(networks.iter().copied().collect::<TrustedProxies>());
        best = best.min(started.elapsed());
    }
    println!(
        "\nBuilding 100,000 networks: {:.1} ms",
        best.as_secs_f64() * 1e3
    );
}

fn others() {
    let mut jobs = peers::jobs();
    let named: Vec<_> = jobs
        .iter_mut()
        .map(|job| (job.name, job.leaves, job.is_layer, job.allocations()))
        .collect();
    let mut ways: Vec<Way<'_>> = jobs.iter_mut().map(|job| way(|| job.once())).collect();
    race(&mut ways);
    println!("\n| | time | allocations | what it leaves undone |\n|---|---|---|---|");
    let (base, base_count) = (ways[0].best, named[0].3);
    for ((name, leaves, is_layer, count), way) in named.iter().zip(&ways).skip(1) {
        let (time, count) = match is_layer {
            true => (way.best - base, count.saturating_sub(base_count)),
            false => (way.best, *count),
        };
        println!("| {name} | {time:.0} ns | {count} | {leaves} |");
    }
}
