//! Shared code of the benchmarks: requests, and an allocator that counts.

#![allow(dead_code)] // Each bench uses what it needs.

pub mod floor;
pub mod peers;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
};

use axum::extract::ConnectInfo;
use http::{Request, Response};
use tower::Service;

/// Counts allocations of each thread.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all calls are passed unchanged to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// How many allocations `work` makes on this thread.
pub fn allocations<R>(work: impl FnOnce() -> R) -> (R, u64) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (result, ALLOCATIONS.with(Cell::get) - before)
}

/// The output of a future that never waits.
pub fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Does nothing with a request. It returns the request's extensions, so that the benchmark drops them outside the
/// measured time.
#[derive(Clone, Copy, Debug)]
pub struct Noop;

impl Service<Request<()>> for Noop {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let mut response = Response::new(());
        std::hint::black_box(request.uri());
        *response.extensions_mut() = request.into_parts().0.extensions;
        ready(Ok(response))
    }
}

/// Returns the request.
#[derive(Clone, Copy, Debug)]
pub struct Keep;

impl Service<Request<()>> for Keep {
    type Response = Request<()>;
    type Error = Infallible;
    type Future = Ready<Result<Request<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(request))
    }
}

/// Other headers that a browser and a load balancer send.
const OTHERS: [(&str, &str); 8] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    ),
    ("accept", "text/html,application/xhtml+xml"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-language", "en-US,en;q=0.9"),
    ("cookie", "session=0123456789abcdef"),
    ("referer", "https://app.example.com/"),
    (
        "x-amzn-trace-id",
        "Root=1-67891233-abcdef012345678912345678",
    ),
    ("content-length", "0"),
];

/// A request from `peer`, as axum passes it to a service.
pub fn request(peer: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder()
        .uri("/users?page=2")
        .header("host", "api.example.com");
    for (name, value) in OTHERS.iter().chain(fields) {
        builder = builder.header(*name, *value);
    }
    let mut request = builder.body(()).expect("a request");
    let peer: SocketAddr = peer.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

/// The four requests that are measured.
pub fn requests() -> [(&'static str, Request<()>); 4] {
    let thirty: Vec<String> = (0..29).map(|i| format!("10.0.{i}.7")).collect();
    let thirty = format!("203.0.113.7, {}", thirty.join(", "));
    let alb = |list: &str| {
        request(
            "10.0.0.1:40000",
            &[
                ("x-forwarded-for", list),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-port", "443"),
            ],
        )
    };
    [
        ("untrusted peer, no field", request("203.0.113.9:5000", &[])),
        ("ALB, one hop", alb("203.0.113.7")),
        ("two hops", alb("203.0.113.7, 10.0.0.2")),
        ("30 hops", alb(&thirty)),
    ]
}

/// The time that each criterion benchmark takes.
pub fn criterion() -> criterion::Criterion {
    criterion::Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2))
}

/// This number of networks, with gaps between them, like the lists that clouds publish.
pub fn networks(count: u32) -> Vec<ipnet::IpNet> {
    let step = u32::MAX / (count + 1);
    (1..=count)
        .map(|index| {
            let address = std::net::Ipv4Addr::from((index * step) & !0xff);
            ipnet::Ipv4Net::new(address, 25).expect("a length").into()
        })
        .collect()
}

/// Addresses from the whole range, in an order that a branch predictor cannot learn.
pub fn probes() -> Vec<std::net::IpAddr> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        std::net::IpAddr::V4(state.into())
    };
    std::iter::repeat_with(next).take(4096).collect()
}
