//! Counts the allocations for each request. They do not depend on the machine. This is a separate binary, because it
//! has its own allocator.

#![allow(missing_docs)]

#[path = "../benches/support/mod.rs"]
mod support;

use std::task::{Context, Poll, Waker};

use http::Request;
use support::{Counting, Noop, allocations, request, requests};
use tower::{Layer, Service};
use tower_forwarded::{Forwarded, ForwardedLayer, Headers, TrustedProxies};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn service(headers: Headers) -> Forwarded<Noop> {
    let proxies: TrustedProxies = "10.0.0.0/8, 127.0.0.1".parse().unwrap();
    ForwardedLayer::new(proxies).headers(headers).layer(Noop)
}

fn call<S: Service<Request<()>>>(service: &mut S, request: Request<()>) {
    let mut future = std::pin::pin!(service.call(request));
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(
        future.as_mut().poll(&mut context),
        Poll::Ready(Ok(_))
    ));
}

/// The allocations of the layer for this request, when the same request comes for the second time.
fn cost(service: &mut Forwarded<Noop>, request: &Request<()>) -> u64 {
    call(service, request.clone());
    let copy = request.clone();
    let without = allocations(|| call(&mut Noop, copy)).1;
    let copy = request.clone();
    allocations(|| call(service, copy)).1 - without
}

#[test]
fn a_request_costs_one_allocation_which_holds_the_resolution() {
    let mut service = service(Headers::AWS_ALB);
    for (name, request) in requests() {
        assert_eq!(cost(&mut service, &request), 1, "{name}");
    }
}

#[test]
fn rfc_7239_costs_one_allocation_too() {
    let fields = [(
        "forwarded",
        "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http",
    )];
    let request = request("10.0.0.1:40000", &fields);
    assert_eq!(cost(&mut service(Headers::FORWARDED), &request), 1);
}

#[test]
fn who_the_client_is_costs_nothing_where_nobody_says_it() {
    let proxies: TrustedProxies = "10.0.0.0/8".parse().expect("a list");
    let layer = ForwardedLayer::new(proxies)
        .headers(Headers::AWS_ALB)
        .believe_identity([
            "x-amzn-oidc-identity",
            "x-amzn-mtls-clientcert-leaf",
            "x-employee",
        ])
        .expect("names");
    for (name, request) in requests() {
        assert_eq!(cost(&mut layer.layer(Noop), &request), 1, "{name}");
    }
}

#[test]
fn a_request_that_was_resolved_already_costs_nothing() {
    let inner = service(Headers::AWS_ALB);
    let layer = ForwardedLayer::new(TrustedProxies::none());
    let mut both = layer.layer(inner);
    let mut one = layer.layer(Noop);
    let request = request("10.0.0.1:40000", &[]);
    call(&mut both, request.clone());
    let copy = request.clone();
    let (_, once) = allocations(|| call(&mut one, copy));
    let (_, twice) = allocations(|| call(&mut both, request));
    assert_eq!(once, twice);
}

#[test]
fn what_an_attacker_writes_costs_one_more_whatever_its_length() {
    let mut service = service(Headers::AWS_ALB);
    for length in [1, 100, 4_000] {
        let list = format!("{}203.0.113.7", "198.51.100.66, ".repeat(length));
        let fields = [
            ("x-forwarded-for", list.as_str()),
            ("x-forwarded-proto", "https"),
        ];
        let request = request("10.0.0.1:40000", &fields);
        // The line is shortened to the part that trusted proxies wrote.
        assert_eq!(cost(&mut service, &request), 2, "{length}");
    }
}

/// The average number of allocations per request, for requests that use these hosts in turn, over many rounds.
fn cost_in_turn(hosts: u32, rounds: u32) -> f64 {
    let mut service = service(Headers::AWS_ALB);
    let mut total = 0;
    for number in 0..hosts * rounds {
        let host = format!("host-{}.example.com", number % hosts);
        let fields = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ];
        let mut request = request("10.0.0.1:40000", &fields);
        let host = host.parse().expect("a value");
        request.headers_mut().insert("host", host);
        let copy = request.clone();
        let without = allocations(|| call(&mut Noop, copy)).1;
        let copy = request.clone();
        let with = allocations(|| call(&mut service, copy)).1;
        // In the first rounds, the layer has not cached the names yet.
        if number >= 3 * hosts {
            total += with - without;
        }
    }
    f64::from(u32::try_from(total).unwrap()) / f64::from(hosts * (rounds - 3))
}

#[test]
fn a_few_hosts_in_turn_cost_one_allocation_too_and_many_cost_three() {
    std::thread::spawn(|| {
        assert_eq!(cost_in_turn(1, 10), 1.0);
        assert_eq!(cost_in_turn(2, 10), 1.0);
        assert_eq!(cost_in_turn(4, 10), 1.0);
        assert_eq!(cost_in_turn(5, 10), 3.0);
        assert_eq!(cost_in_turn(1000, 4), 3.0);
    })
    .join()
    .unwrap();
}
