//! Tests that `AllowedHostsLayer` allows only the service's own hosts.

use std::convert::Infallible;

use http::{Request, Response, header::HOST};
use tower::{Layer, ServiceExt, service_fn};
use tower_forwarded::{AllowedHostsLayer, Peer};

use crate::support::*;

fn ask(hosts: &AllowedHostsLayer, fields: &[(&str, &str)]) -> (u16, String) {
    let inner = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new("inner".to_owned())))
    });
    let mut request = request("/", fields);
    request
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let answer = now(layer().layer(hosts.layer(inner)).oneshot(request)).unwrap();
    (answer.status().as_u16(), answer.into_body())
}

#[test]
fn only_the_services_own_names_are_answered_for() {
    let hosts = AllowedHostsLayer::new(["api.example.com", "*.example.org", "strict.example:8443"])
        .unwrap();
    for (host, status) in [
        ("api.example.com", 200),
        ("API.Example.com.", 200),
        ("api.example.com:8443", 200),
        ("a.example.org", 200),
        ("example.org", 421),
        ("evil.example", 421),
        ("api.example.com.evil.example", 421),
        ("strict.example:8443", 200),
        ("strict.example", 421),
        ("192.0.2.1", 421),
        ("[2001:db8::1]:80", 421),
        ("user@api.example.com", 400),
        ("", 400),
    ] {
        let (answered, body) = ask(&hosts, &[("host", host)]);
        assert_eq!(answered, status, "{host}");
        // The response does not contain the bad host.
        assert!(
            status == 200 || host.is_empty() || !body.contains(host),
            "{body}"
        );
    }
}

#[test]
fn addresses_pass_if_asked_for_and_names_that_look_like_them_do_not() {
    let hosts = AllowedHostsLayer::new(["api.example.com"])
        .unwrap()
        .allow_addresses();
    for (host, status) in [
        ("192.0.2.1:8080", 200),
        ("[2001:db8::1]", 200),
        ("192.0.2.1.evil.example", 421),
        // A browser would read this host as an IPv4 address, but it is not a valid one.
        ("192.0.2.999", 400),
    ] {
        assert_eq!(ask(&hosts, &[("host", host)]).0, status, "{host}");
    }
}

#[test]
fn a_forwarded_host_that_is_not_believed_changes_nothing() {
    let hosts = AllowedHostsLayer::new(["api.example.com"]).unwrap();
    let fields = [
        ("host", "evil.example"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "api.example.com"),
    ];
    assert_eq!(ask(&hosts, &fields).0, 421);
}

#[test]
fn a_pattern_that_is_none_and_a_missing_layer_are_found_early() {
    let error = AllowedHostsLayer::new(["https://a.example"]).unwrap_err();
    assert!(error.to_string().contains("`https://a.example`"), "{error}");
    let inner = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let hosts = AllowedHostsLayer::new(["*"]).unwrap();
    let answer = now(hosts.layer(inner).oneshot(request("/", &[]))).unwrap();
    assert_eq!(answer.status(), 500);
}

#[test]
fn a_refusal_is_400_if_asked() {
    let hosts = AllowedHostsLayer::new(["api.example.com"])
        .unwrap()
        .answer_bad_request();
    assert_eq!(ask(&hosts, &[("host", "api.example.com")]).0, 200);
    assert_eq!(ask(&hosts, &[("host", "evil.example")]).0, 400);
}

#[test]
fn a_probes_path_is_answered_by_any_host_and_without_one_and_no_other_path_is() {
    let hosts = AllowedHostsLayer::new(["api.example.com"])
        .unwrap()
        .exempt_path("/healthz")
        .exempt_path("/probes/");
    let ask = |uri: &str, host: Option<&str>| {
        let inner = service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
        });
        let mut request = request(uri, &[("host", host.unwrap_or("x"))]);
        if host.is_none() {
            request.headers_mut().remove(HOST);
        }
        let service = layer().layer(hosts.clone().layer(inner));
        now(service.oneshot(request)).unwrap().status().as_u16()
    };
    for host in [
        Some("localhost"),
        Some("my-service.default.svc"),
        Some("a b"),
        None,
    ] {
        assert_eq!(ask("/healthz", host), 200, "{host:?}");
        assert_eq!(ask("/healthz?full=1", host), 200, "{host:?}");
        assert_eq!(ask("/probes/live", host), 200, "{host:?}");
    }
    for path in [
        "/",
        "/healthz/",
        "/healthzz",
        "/x/healthz",
        "/probes",
        "/probes/../admin",
        "/probes/%2e%2e/admin",
    ] {
        assert_eq!(ask(path, Some("evil.example")), 421, "{path}");
    }
}
