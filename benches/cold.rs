//! Measures one request at a time, after other work has displaced the layer from the processor's caches. A server's
//! system calls do this between requests, so this is closer to a server than a loop is.
//!
//! Before each call, the benchmark walks over a working set that is larger than the caches of one core. Then it clones
//! the request, as a server has just read it. The candidates take turns. The figures are medians, without the time of a
//! service that does nothing.
//!
//! ```text
//! cargo bench -p tower-forwarded-benches --bench cold
//! ```

#![allow(missing_docs)]

mod support;

use std::{hint::black_box, time::Instant};

use http::Request;
use tower::{Layer, Service};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use support::{Keep, floor::Floor, now};

/// Eight mebibytes, in lines of 64 bytes.
const LINES: usize = 8 * 1024 * 1024 / 64;

#[repr(align(64))]
#[derive(Clone)]
struct Line([u8; 64]);

struct Way<'a> {
    name: &'static str,
    run: Box<dyn FnMut(Request<()>) -> Request<()> + 'a>,
    request: &'a Request<()>,
    nanoseconds: Vec<u128>,
}

fn way<'a, S>(name: &'static str, mut service: S, request: &'a Request<()>) -> Way<'a>
where
    S: Service<Request<()>, Response = Request<()>> + 'a,
    S::Error: std::fmt::Debug,
{
    Way {
        name,
        run: Box::new(move |request| now(service.call(request)).expect("infallible")),
        request,
        nanoseconds: Vec::new(),
    }
}

fn main() {
    // CI runs `cargo bench -- --test`.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let rounds = if is_test { 3 } else { 3000 };
    let requests = support::requests();
    let (untrusted, alb) = (&requests[0].1, &requests[1].1);
    let proxies: TrustedProxies = "10.0.0.0/8, 127.0.0.1".parse().expect("a list");
    let layer = ForwardedLayer::new(proxies).headers(Headers::AWS_ALB);
    let mut ways = [
        way("a service that does nothing", Keep, alb),
        way("the floor, ALB, one hop", Floor(Keep), alb),
        way("ForwardedLayer, ALB, one hop", layer.layer(Keep), alb),
        way(
            "ForwardedLayer, untrusted peer",
            layer.layer(Keep),
            untrusted,
        ),
    ];
    let mut lines = vec![Line([0; 64]); LINES];
    for _ in 0..rounds {
        for way in &mut ways {
            for line in &mut lines {
                line.0[0] = line.0[0].wrapping_add(1);
            }
            black_box(&lines);
            let request = black_box(way.request).clone();
            let started = Instant::now();
            let request = (way.run)(request);
            way.nanoseconds.push(started.elapsed().as_nanos());
            black_box(request);
        }
    }
    let medians = ways.each_mut().map(|way| {
        way.nanoseconds.sort_unstable();
        way.nanoseconds[way.nanoseconds.len() / 2]
    });
    let [nothing, floor, ..] = medians;
    let floor = floor.saturating_sub(nothing).max(1);
    println!("| request, after the caches were displaced | added | to the floor |\n|---|---|---|");
    for (way, median) in ways.iter().zip(medians).skip(1) {
        let added = median.saturating_sub(nothing);
        let ratio = added as f64 / floor as f64;
        println!("| {} | {added} ns | {ratio:.2} |", way.name);
    }
}
