//! Tests the headers that a service writes when it sends requests on to the next service (rule R19).

use std::convert::Infallible;

use http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_forwarded::*;

use crate::support::*;

/// The request that the next service gets from a service with these layers.
fn sent_on(
    inbound: &ForwardedLayer,
    outbound: &OutboundLayer,
    peer: &str,
    headers: &[(&str, &str)],
) -> Request<()> {
    outbound_only(
        outbound,
        through(inbound, Some(peer), request("/", headers)),
    )
}

/// The same without a `ForwardedLayer`.
fn outbound_only(outbound: &OutboundLayer, request: Request<()>) -> Request<()> {
    let next = service_fn(async |request: Request<()>| Ok::<_, Infallible>(Response::new(request)));
    now(outbound.layer(next).oneshot(request))
        .unwrap()
        .into_body()
}

/// All forwarding headers of the request, as `name: value`.
fn claims(request: &Request<()>) -> Vec<String> {
    let mut claims: Vec<String> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != "host")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    claims.sort();
    claims
}

const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

#[test]
fn the_next_service_gets_the_vouched_list_and_then_the_peer() {
    for (headers, expected) in [
        (
            vec![("x-forwarded-for", "203.0.113.7"), HTTPS],
            "203.0.113.7, 10.0.0.1",
        ),
        (
            vec![("x-forwarded-for", "6.6.6.6, 203.0.113.7"), HTTPS],
            "203.0.113.7, 10.0.0.1",
        ),
        (
            vec![
                ("x-forwarded-for", "6.6.6.6"),
                ("x-forwarded-for", "203.0.113.7, 10.0.0.2"),
                HTTPS,
            ],
            "203.0.113.7, 10.0.0.2, 10.0.0.1",
        ),
        (
            vec![("x-forwarded-for", "[2001:db8::7]:4711, 10.0.0.2:1"), HTTPS],
            "2001:db8::7, 10.0.0.2, 10.0.0.1",
        ),
    ] {
        let inbound = layer().record_hops();
        let seen = sent_on(&inbound, &OutboundLayer::x_forwarded(), PROXY, &headers);
        assert_eq!(
            claims(&seen),
            [
                format!("x-forwarded-for: {expected}"),
                "x-forwarded-host: app.internal".to_owned(),
                "x-forwarded-proto: https".to_owned(),
            ],
            "{headers:?}"
        );
    }
}

#[test]
fn a_way_that_was_not_recorded_is_shorter_and_its_client_the_same() {
    let headers = [("x-forwarded-for", "6.6.6.6, 203.0.113.7, 10.0.0.2"), HTTPS];
    let seen = sent_on(&layer(), &OutboundLayer::x_forwarded(), PROXY, &headers);
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7, 10.0.0.1");
    let next = layer();
    let resolution = resolve(
        &next,
        &[("x-forwarded-for", &field(&seen, "x-forwarded-for"))],
    );
    assert_eq!(client(&resolution), "203.0.113.7");
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client() {
    let headers = [
        ("x-forwarded-for", "6.6.6.6"),
        HTTPS,
        ("forwarded", "for=6.6.6.6"),
    ];
    let seen = sent_on(
        &layer(),
        &OutboundLayer::x_forwarded(),
        "203.0.113.7:4711",
        &headers,
    );
    assert_eq!(
        claims(&seen),
        [
            "x-forwarded-for: 203.0.113.7",
            "x-forwarded-host: app.internal",
            "x-forwarded-proto: http",
        ]
    );
}

#[test]
fn a_trusted_peer_that_asks_for_itself_is_named_once() {
    let seen = sent_on(&layer(), &OutboundLayer::x_forwarded(), PROXY, &[]);
    assert_eq!(field(&seen, "x-forwarded-for"), "10.0.0.1");
    let inbound = layer().record_hops();
    let seen = sent_on(&inbound, &OutboundLayer::forwarded(), PROXY, &[]);
    assert_eq!(
        field(&seen, "forwarded"),
        "for=10.0.0.1;proto=http;host=app.internal"
    );
}

#[test]
fn rfc_7239_elements_are_written_as_the_rfc_says() {
    let forwarded = OutboundLayer::forwarded().by("_app").unwrap();
    let inbound = layer().headers(Headers::FORWARDED).record_hops();
    for (host, line, expected) in [
        (
            "api.example.com",
            "for=203.0.113.7;proto=https",
            "for=203.0.113.7;proto=https;host=api.example.com, for=10.0.0.1;by=_app",
        ),
        (
            "api.example.com:8443",
            "for=6.6.6.6, for=\"[2001:db8::7]:4711\";proto=https;by=_edge, for=\"10.0.0.2:1\"",
            "for=\"[2001:db8::7]:4711\";by=_edge;proto=https;host=\"api.example.com:8443\", \
             for=\"10.0.0.2:1\", for=10.0.0.1;by=_app",
        ),
        (
            "api.example.com",
            "for=203.0.113.7;proto=https;by=\"é\"",
            "for=203.0.113.7;proto=https;host=api.example.com, for=10.0.0.1;by=_app",
        ),
        (
            "[2001:db8::1]",
            "for=2001:db8::7;proto=https;by=\"203.0.113.1:443\"",
            "for=\"[2001:db8::7]\";by=\"203.0.113.1:443\";proto=https;host=\"[2001:db8::1]\", \
             for=10.0.0.1;by=_app",
        ),
    ] {
        let headers = [("host", host), ("forwarded", line)];
        let seen = sent_on(&inbound, &forwarded, PROXY, &headers);
        assert_eq!(claims(&seen), [format!("forwarded: {expected}")], "{line}");
    }
}

#[test]
fn both_families_are_written_only_when_both_are_asked_for() {
    let headers = [("x-forwarded-for", "203.0.113.7"), HTTPS];
    let names = |outbound: OutboundLayer| {
        let seen = sent_on(&layer(), &outbound, PROXY, &headers);
        let claims = claims(&seen);
        let mut names: Vec<String> = claims
            .iter()
            .map(|claim| claim.split(':').next().unwrap().to_owned())
            .collect();
        names.dedup();
        names.join(" ")
    };
    assert_eq!(
        names(OutboundLayer::x_forwarded()),
        "x-forwarded-for x-forwarded-host x-forwarded-proto"
    );
    assert_eq!(names(OutboundLayer::forwarded()), "forwarded");
    assert_eq!(
        names(OutboundLayer::x_forwarded_and_forwarded()),
        "forwarded x-forwarded-for x-forwarded-host x-forwarded-proto"
    );
}

#[test]
fn by_names_the_offending_text() {
    for node in [
        "_app",
        "unknown",
        "203.0.113.1",
        "2001:db8::1",
        "203.0.113.1:80",
        "[2001:db8::1]:80",
    ] {
        let _ = OutboundLayer::forwarded().by(node).unwrap();
    }
    for node in [
        "",
        "app",
        "_",
        "_a b",
        "unix:",
        "_app;host=evil.example",
        "203.0.113",
        "_a\n",
    ] {
        let error = OutboundLayer::forwarded().by(node).unwrap_err();
        assert_eq!(
            error,
            OutboundError::NoNode {
                node: node.to_owned()
            }
        );
        assert!(
            error
                .to_string()
                .contains(&format!("`{}`", node.escape_debug()))
        );
    }
    let error = OutboundLayer::x_forwarded().by("_app").unwrap_err();
    assert!(error.to_string().contains("`by=_app`"), "{error}");
    let _ = OutboundLayer::x_forwarded_and_forwarded()
        .by("_app")
        .unwrap();
}

#[test]
fn without_a_resolution_nothing_is_claimed_and_nothing_passes() {
    let written = [
        ("x-forwarded-for", "6.6.6.6"),
        HTTPS,
        ("x_forwarded_host", "evil.example"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("cf-connecting-ip", "6.6.6.6"),
        ("x-auth-request-email", "admin@example.com"),
        ("x-forwarded-client-cert", "Hash=00"),
        ("remote.user", "admin"),
        ("accept", "text/html"),
    ];
    for outbound in [
        OutboundLayer::x_forwarded(),
        OutboundLayer::forwarded(),
        OutboundLayer::x_forwarded_and_forwarded(),
    ] {
        let seen = outbound_only(&outbound, request("/", &written));
        assert_eq!(claims(&seen), ["accept: text/html"]);
        assert_eq!(field(&seen, "host"), "app.internal");
    }
}

#[test]
fn who_the_client_is_and_the_secret_stay_here() {
    let inbound = layer()
        .believe_identity(["x-auth-request-email", "x-employee"])
        .unwrap()
        .require("x-origin-verify", ["s3cret"])
        .unwrap();
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        HTTPS,
        ("x-auth-request-email", "alice@example.com"),
        ("x-employee", "4711"),
        ("x-origin-verify", "s3cret"),
    ];
    let seen = through(&inbound, Some(PROXY), request("/", &headers));
    assert_eq!(field(&seen, "x-employee"), "4711", "it is believed");
    let seen = outbound_only(&OutboundLayer::x_forwarded(), seen);
    assert_eq!(
        claims(&seen),
        [
            "x-forwarded-for: 203.0.113.7, 10.0.0.1",
            "x-forwarded-host: app.internal",
            "x-forwarded-proto: https",
        ]
    );
}

#[test]
fn what_was_kept_on_the_way_in_does_not_go_out() {
    let inbound = layer()
        .keep("x-forwarded-for")
        .unwrap()
        .keep("forwarded")
        .unwrap();
    let headers = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.7"),
        HTTPS,
        ("forwarded", "for=6.6.6.6"),
    ];
    let seen = sent_on(&inbound, &OutboundLayer::x_forwarded(), PROXY, &headers);
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7, 10.0.0.1");
    assert_eq!(field(&seen, "forwarded"), "");
}

#[test]
fn more_headers_can_be_removed_in_every_spelling() {
    let outbound = OutboundLayer::x_forwarded()
        .remove(["X-Internal-User"])
        .unwrap();
    let written = [
        ("x-internal-user", "a"),
        ("x_internal.user", "b"),
        ("x-other", "c"),
    ];
    let seen = outbound_only(&outbound, request("/", &written));
    assert_eq!(claims(&seen), ["x-other: c"]);
    for name in ["host", "a b", ""] {
        let error = OutboundLayer::x_forwarded().remove([name]).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

/// `Connection: X-Forwarded-For` makes the next proxy drop the header (RFC 9110, section 7.6.1): CVE-2022-31813 is
/// this attack on Apache httpd.
#[test]
fn a_client_cannot_make_the_next_proxy_drop_what_is_said() {
    for (connection, kept) in [
        ("x-forwarded-for", ""),
        ("X-Forwarded-For, close", " close"),
        (
            "keep-alive, X-Forwarded-Proto ,Upgrade",
            "keep-alive,Upgrade",
        ),
        ("x_forwarded_host", ""),
        ("forwarded,host,  remote-user", ""),
        ("Upgrade", "Upgrade"),
        ("keep-alive, Upgrade", "keep-alive, Upgrade"),
        // Apache httpd reads these characters as commas.
        ("close; x-forwarded-for", ""),
        ("close x-forwarded-for, Upgrade", " Upgrade"),
        (";x-forwarded-for", ""),
        ("close\tx-forwarded-for\tx-forwarded-proto", ""),
        ("\"close\" x-forwarded-host", ""),
        ("close;forwarded;host", ""),
    ] {
        let headers = [
            ("x-forwarded-for", "203.0.113.7"),
            HTTPS,
            ("connection", connection),
            ("connection", "TE"),
        ];
        let seen = sent_on(&layer(), &OutboundLayer::x_forwarded(), PROXY, &headers);
        let expected = match kept {
            "" => "TE".to_owned(),
            kept => format!("{kept}|TE"),
        };
        assert_eq!(field(&seen, "connection"), expected, "{connection}");
    }
}

#[test]
fn a_client_cannot_make_the_next_proxy_drop_a_header_of_ones_own() {
    let inbound = layer().believe_identity(["x-employee"]).unwrap();
    let outbound = OutboundLayer::x_forwarded()
        .remove(["x-internal", "X_Our_Secret"])
        .unwrap();
    for list in ["connection", "trailer"] {
        for name in [
            "x-internal",
            "X-Internal",
            "x_internal",
            "x-our-secret",
            "x-employee",
        ] {
            let named = format!("close, {name}");
            let headers = [HTTPS, ("x-employee", "alice"), (list, &named)];
            let seen = sent_on(&inbound, &outbound, PROXY, &headers);
            assert_eq!(field(&seen, list), "close", "{name}");
        }
    }
}

#[test]
fn a_scheme_that_nobody_stated_is_not_claimed() {
    for (headers, finding) in [
        (vec![("x-forwarded-for", "203.0.113.7")], "scheme-missing"),
        (
            vec![
                ("x-forwarded-for", "203.0.113.7"),
                ("x-forwarded-proto", "gopher"),
            ],
            "scheme-invalid",
        ),
        (
            vec![("forwarded", "for=203.0.113.7;proto=https")],
            "other-family",
        ),
    ] {
        let request = through(&layer(), Some(PROXY), request("/", &headers));
        assert_eq!(findings(&resolution(&request)), finding);
        for (outbound, name) in [
            (OutboundLayer::x_forwarded(), "x-forwarded-proto"),
            (OutboundLayer::forwarded(), "forwarded"),
        ] {
            let seen = outbound_only(&outbound, request.clone());
            assert!(!field(&seen, name).contains("http"), "{:?}", seen.headers());
        }
    }
    // The proxy states no scheme, but the user knows the scheme.
    let inbound = layer()
        .headers(Headers::X_FORWARDED.without_scheme())
        .connection_scheme(Scheme::Https);
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "http"),
    ];
    let seen = sent_on(&inbound, &OutboundLayer::x_forwarded(), PROXY, &headers);
    assert_eq!(field(&seen, "x-forwarded-proto"), "https");
}

#[test]
fn a_host_that_is_none_is_not_claimed() {
    let headers = [("host", "a..b"), ("x-forwarded-for", "203.0.113.7"), HTTPS];
    let seen = sent_on(&layer(), &OutboundLayer::x_forwarded(), PROXY, &headers);
    assert_eq!(field(&seen, "x-forwarded-host"), "");
    let seen = sent_on(&layer(), &OutboundLayer::forwarded(), PROXY, &headers);
    assert_eq!(
        field(&seen, "forwarded"),
        "for=203.0.113.7;proto=https, for=10.0.0.1"
    );
}

#[test]
fn a_hop_without_an_address_is_left_out() {
    // The peer is nginx on this machine. The proxy in front of nginx connected to it over a Unix socket.
    let inbound =
        ForwardedLayer::new("unix, 10.0.0.0/8".parse::<TrustedProxies>().unwrap()).record_hops();
    let headers = [("x-forwarded-for", "203.0.113.7, unix:, 10.0.0.2"), HTTPS];
    let seen = sent_on(&inbound, &OutboundLayer::x_forwarded(), "unix", &headers);
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7, 10.0.0.2");
    let next = resolve(
        &layer(),
        &[("x-forwarded-for", &field(&seen, "x-forwarded-for"))],
    );
    assert_eq!(client(&next), "203.0.113.7");

    let seen = sent_on(
        &inbound,
        &OutboundLayer::x_forwarded(),
        "unix",
        &[("x-forwarded-for", "unknown"), HTTPS],
    );
    assert_eq!(field(&seen, "x-forwarded-for"), "");
    assert_eq!(field(&seen, "x-forwarded-proto"), "https");
    let inbound = inbound.headers(Headers::FORWARDED);
    let seen = sent_on(
        &inbound,
        &OutboundLayer::forwarded(),
        "unix",
        &[("forwarded", "for=_hidden;proto=https")],
    );
    assert_eq!(
        field(&seen, "forwarded"),
        "for=unknown;proto=https;host=app.internal"
    );
    let by_sockets = [(
        "forwarded",
        "for=203.0.113.7;proto=https, for=\"unix:\", for=10.0.0.2",
    )];
    let seen = sent_on(&inbound, &OutboundLayer::forwarded(), "unix", &by_sockets);
    assert_eq!(
        field(&seen, "forwarded"),
        "for=203.0.113.7;proto=https;host=app.internal, for=10.0.0.2"
    );
    // The peer is a process on this machine that is not trusted.
    let inbound = layer();
    let seen = sent_on(
        &inbound,
        &OutboundLayer::x_forwarded(),
        "unix",
        &[("x-forwarded-for", "6.6.6.6")],
    );
    assert_eq!(field(&seen, "x-forwarded-for"), "");
}

#[test]
fn a_prefix_that_is_believed_goes_on() {
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        HTTPS,
        ("x-forwarded-prefix", "/api"),
        ("x-forwarded-prefix", "/v1"),
    ];
    for outbound in [OutboundLayer::x_forwarded(), OutboundLayer::forwarded()] {
        let seen = sent_on(&layer().believe_prefix(), &outbound, PROXY, &headers);
        assert_eq!(field(&seen, "x-forwarded-prefix"), "/api/v1");
        let seen = sent_on(&layer(), &outbound, PROXY, &headers);
        assert_eq!(field(&seen, "x-forwarded-prefix"), "");
    }
}

#[test]
fn a_full_header_map_is_no_panic_and_lets_no_forged_header_out() {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
    let mut number = 0;
    while headers
        .try_insert(
            http::HeaderName::from_bytes(format!("x-{number}").as_bytes()).unwrap(),
            HeaderValue::from_static("a"),
        )
        .is_ok()
    {
        number += 1;
    }
    let resolution = Resolution::for_test(
        "203.0.113.7".parse().unwrap(),
        Scheme::Https,
        "a.example".parse().unwrap(),
    );
    OutboundLayer::x_forwarded_and_forwarded().apply(&mut headers, Some(&resolution));
    for name in [
        "x-forwarded-for",
        "forwarded",
        "x-forwarded-proto",
        "x-forwarded-host",
    ] {
        let value = headers.get(name).map(|value| value.to_str().unwrap());
        assert!(
            !value.unwrap_or_default().contains("6.6.6.6"),
            "{name}: {value:?}"
        );
    }
}

#[test]
fn both_layers_stand_in_one_stack_and_the_inner_service_can_be_reached() {
    let service = ServiceBuilder::new()
        .layer(layer())
        .layer(OutboundLayer::x_forwarded())
        .service(service_fn(async |request: Request<()>| {
            Ok::<_, Infallible>(Response::new(request))
        }));
    let mut inner = service.clone().into_inner();
    let _ = inner.get_ref();
    let _ = inner.get_mut();
    let _ = inner.into_inner();
    let mut asked = request("/", &[("x-forwarded-for", "203.0.113.7"), HTTPS]);
    asked
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let seen = now(service.oneshot(asked)).unwrap().into_body();
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7, 10.0.0.1");
}

#[test]
fn a_client_cannot_announce_such_headers_behind_the_body() {
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        HTTPS,
        ("trailer", "X-Forwarded-For, grpc-status, x_real_ip"),
        ("trailer", "remote-user"),
    ];
    let seen = sent_on(&layer(), &OutboundLayer::x_forwarded(), PROXY, &headers);
    assert_eq!(field(&seen, "trailer"), " grpc-status");
}

#[test]
fn a_peer_that_is_not_trusted_and_not_recorded_is_named_once() {
    // As for a request without a peer, no address is named.
    let request = through(
        &layer(),
        None,
        request("/", &[("x-forwarded-for", "6.6.6.6")]),
    );
    let seen = outbound_only(&OutboundLayer::forwarded(), request);
    assert_eq!(field(&seen, "forwarded"), "for=unknown;host=app.internal");
    // Two proxies have the same address, such as two processes on one machine.
    let headers = [("x-forwarded-for", "203.0.113.7, 10.0.0.1"), HTTPS];
    let inbound = layer().record_hops();
    let seen = sent_on(&inbound, &OutboundLayer::x_forwarded(), PROXY, &headers);
    assert_eq!(
        field(&seen, "x-forwarded-for"),
        "203.0.113.7, 10.0.0.1, 10.0.0.1"
    );
}

#[test]
fn a_client_that_is_no_tower_service_gets_the_same_headers() {
    let resolution = resolve(&layer(), &[("x-forwarded-for", "203.0.113.7"), HTTPS]);
    for layer in [OutboundLayer::x_forwarded(), OutboundLayer::forwarded()] {
        let mut headers = HeaderMap::new();
        layer.apply(&mut headers, Some(&resolution));
        assert!(!headers.is_empty());
        assert_eq!(layer.headers(&resolution), headers);
    }
}

#[test]
fn behind_two_inbound_layers_the_first_one_counts() {
    let service = ServiceBuilder::new()
        .layer(layer())
        // It finds a resolution, so it does nothing.
        .layer(ForwardedLayer::new(TrustedProxies::none()))
        .layer(OutboundLayer::x_forwarded())
        .service(service_fn(async |request: Request<()>| {
            Ok::<_, Infallible>(Response::new(request))
        }));
    let mut asked = request("/", &[("x-forwarded-for", "203.0.113.7"), HTTPS]);
    let peer: Peer = PROXY.parse().unwrap();
    asked.extensions_mut().insert(peer);
    let seen = now(service.oneshot(asked)).unwrap().into_body();
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7, 10.0.0.1");
    assert_eq!(field(&seen, "x-forwarded-proto"), "https");
}
