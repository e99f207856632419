//! Tests that the layer removes headers that it does not believe, and that believed headers keep only the part that
//! trusted proxies wrote (R11).

use tower_forwarded::{ForwardedLayer, Headers};

use crate::support::*;

/// A layer for these tests, in which the proxies append to every header.
fn appending() -> ForwardedLayer {
    let headers = Headers::X_FORWARDED.with_lists([
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix",
    ]);
    layer().headers(headers.unwrap())
}

const SPOOFED: [(&str, &str); 16] = [
    (
        "forwarded",
        "for=198.51.100.66;proto=http;host=evil.example",
    ),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "8081"),
    ("x-forwarded-prefix", "//evil.example"),
    ("x-forwarded-ssl", "on"),
    ("x-real-ip", "198.51.100.66"),
    ("true-client-ip", "198.51.100.66"),
    ("cf-connecting-ip", "198.51.100.66"),
    ("cf-visitor", "{\"scheme\":\"https\"}"),
    ("x_forwarded_for", "198.51.100.66"),
    ("x-forwarded_proto", "http"),
    ("x_real_ip", "198.51.100.66"),
    ("x.forwarded.for", "198.51.100.66"),
    ("x-forwarded.proto", "http"),
    ("cloudfront-viewer-address", "198.51.100.66:1"),
    ("x-original-host", "evil.example"),
];

#[test]
fn every_field_that_is_not_believed_is_removed() {
    let honest = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    let fields = [&SPOOFED[..], &honest].concat();
    let seen = through(&layer(), Some(PROXY), request("/", &fields));
    let mut left: Vec<_> = seen.headers().keys().map(|name| name.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["host", "x-forwarded-for", "x-forwarded-proto"]);
    // If the peer is not trusted, headers of this family are removed too.
    let direct = through(&layer(), Some("203.0.113.9:1"), request("/", &fields));
    assert_eq!(direct.headers().len(), 1);
}

#[test]
fn fields_that_carry_something_else_are_left_alone() {
    let fields = [
        ("x-request-id", "1"),
        ("authorization", "Bearer x"),
        ("x-auth-token", "y"),
        ("via", "1.1 nginx"),
        ("x_request_id", "2"),
        ("x-amzn-trace-id", "3"),
    ];
    let seen = through(&layer(), Some("203.0.113.9:1"), request("/", &fields));
    assert_eq!(seen.headers().len(), fields.len() + 1);
}

#[test]
fn the_client_list_keeps_its_vouched_part_client_first() {
    for (lines, expected) in [
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["198.51.100.66, 203.0.113.7"], "203.0.113.7"),
        (
            &["198.51.100.66, 203.0.113.7, 10.0.0.2"],
            "203.0.113.7, 10.0.0.2",
        ),
        (&["198.51.100.66", "203.0.113.7"], "203.0.113.7"),
        (
            &["198.51.100.66", "203.0.113.7", "10.0.0.2"],
            "203.0.113.7, 10.0.0.2",
        ),
        // Code that reads the header expects addresses without ports, so the layer removes the ports.
        (&["203.0.113.7:4711, [2001:db8::1]:80"], "2001:db8::1"),
        (&["203.0.113.7:4711"], "203.0.113.7"),
        (&["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7, 10.0.0.2"),
        (&["198.51.100.66, unknown, 10.0.0.2"], "10.0.0.2"),
        (&["unknown"], ""),
        (&["198.51.100.66, junk"], ""),
    ] {
        let mut fields = vec![("x-forwarded-proto", "https")];
        fields.extend(lines.iter().map(|line| ("x-forwarded-for", *line)));
        let seen = through(&layer(), Some(PROXY), request("/", &fields));
        assert_eq!(field(&seen, "x-forwarded-for"), expected, "{lines:?}");
    }
}

#[test]
fn the_scheme_field_says_the_resolved_scheme_and_only_that() {
    for (lines, expected) in [
        (&["https"][..], "https"),
        (&["WSS"], "https"),
        (&["http, https"], "https"),
        (&["http", "https"], "https"),
        (&["ftp"], ""),
        (&["https, ftp"], ""),
    ] {
        let mut fields = vec![("x-forwarded-for", "203.0.113.7")];
        fields.extend(lines.iter().map(|line| ("x-forwarded-proto", *line)));
        let seen = through(&appending(), Some(PROXY), request("/", &fields));
        assert_eq!(field(&seen, "x-forwarded-proto"), expected, "{lines:?}");
    }
}

#[test]
fn the_host_field_stays_only_if_it_was_believed() {
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example, API.example.com"),
    ];
    let seen = through(&appending(), Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-forwarded-host"), "");
    let allowing = appending().believe_hosts(["api.example.com"]).unwrap();
    let seen = through(&allowing, Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-forwarded-host"), "api.example.com");
    assert_eq!(field(&seen, "host"), "api.example.com");
}

#[test]
fn forwarded_keeps_its_vouched_elements() {
    let layer = layer().headers(Headers::FORWARDED);
    for (lines, expected) in [
        (
            &["for=203.0.113.7;proto=https"][..],
            "for=203.0.113.7;proto=https",
        ),
        (
            &["for=6.6.6.6, for=203.0.113.7;proto=https"],
            "for=203.0.113.7;proto=https",
        ),
        (
            &["for=\", for=203.0.113.7;proto=https"],
            "for=203.0.113.7;proto=https",
        ),
        (
            &["for=6.6.6.6", "for=203.0.113.7;proto=https"],
            "for=203.0.113.7;proto=https",
        ),
        (
            &["for=6.6.6.6, for=203.0.113.7;proto=https, for=10.0.0.2;proto=http"],
            "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http",
        ),
        // A host that is not believed must not stay in the header. The request's own host may stay.
        (
            &["for=203.0.113.7;host=evil.example;proto=https"],
            "for=203.0.113.7;proto=https;host=app.internal",
        ),
        (
            &["for=203.0.113.7;host=app.internal;proto=https"],
            "for=203.0.113.7;host=app.internal;proto=https",
        ),
        (
            &["for=\"[2001:db8::1]:80\";proto=WSS"],
            "for=\"[2001:db8::1]:80\";proto=https",
        ),
        (&["for=6.6.6.6, junk"], ""),
    ] {
        let fields: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        assert_eq!(field(&seen, "forwarded"), expected, "{lines:?}");
    }
    let seen = through(
        &layer,
        Some(PROXY),
        request(
            "/",
            &[
                ("x-forwarded-for", "6.6.6.6"),
                ("x-forwarded-proto", "https"),
            ],
        ),
    );
    assert_eq!(seen.headers().len(), 1);
}

#[test]
fn keep_exempts_a_field_in_just_the_spelling_that_it_names() {
    let layer = layer()
        .keep("x-real-ip")
        .unwrap()
        .keep("x_forwarded_for")
        .unwrap()
        .keep("X-Forwarded-For")
        .unwrap();
    let fields = [
        &SPOOFED[..],
        &[
            ("x-forwarded-for", "6.6.6.6, 203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ],
    ]
    .concat();
    let seen = through(&layer, Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-real-ip"), "198.51.100.66");
    assert_eq!(field(&seen, "x_forwarded_for"), "198.51.100.66");
    assert_eq!(field(&seen, "x-forwarded-for"), "6.6.6.6, 203.0.113.7");
    assert_eq!(field(&seen, "x_real_ip"), "");
    assert_eq!(client(&resolution(&seen)), "203.0.113.7");
    assert!(
        ForwardedLayer::new(proxies())
            .keep("no name")
            .unwrap_err()
            .to_string()
            .contains("`no name`")
    );
}

#[test]
fn keep_holds_for_fields_of_ones_own_whatever_is_said_first() {
    let headers = || Headers::client_field("x-edge-client").unwrap();
    for layer in [
        layer().headers(headers()).keep("x-edge-client").unwrap(),
        layer().keep("x-edge-client").unwrap().headers(headers()),
    ] {
        let seen = through(
            &layer,
            Some("203.0.113.9:1"),
            request("/", &[("x-edge-client", "6.6.6.6")]),
        );
        assert_eq!(field(&seen, "x-edge-client"), "6.6.6.6");
    }
    let seen = through(
        &layer().headers(headers()),
        Some("203.0.113.9:1"),
        request("/", &[("x-edge-client", "6.6.6.6")]),
    );
    assert_eq!(field(&seen, "x-edge-client"), "");
}

#[test]
fn keep_leaves_a_believed_field_as_it_came_whatever_it_is_about() {
    let fields = [
        ("x-forwarded-for", "198.51.100.66, 203.0.113.7"),
        ("x-forwarded-proto", "http, https"),
        ("x-forwarded-host", "evil.example, API.example.com"),
        ("x-forwarded-port", "1, 8443"),
        ("x-forwarded-prefix", "/api/, /v1"),
    ];
    let mut keeping = appending()
        .believe_hosts(["api.example.com"])
        .unwrap()
        .believe_port()
        .believe_prefix();
    for (name, _) in fields {
        keeping = keeping.keep(name).unwrap();
    }
    let seen = through(&keeping, Some(PROXY), request("/", &fields));
    for (name, value) in fields {
        assert_eq!(field(&seen, name), value);
    }
    // The layer resolves it nevertheless.
    let origin = resolution(&seen).origin().unwrap();
    assert_eq!(origin.url("/x"), "https://api.example.com:8443/api/v1/x");
    let line = [(
        "forwarded",
        "for=198.51.100.66, for=203.0.113.7;proto=WSS;host=evil.example",
    )];
    let keeping = layer()
        .headers(Headers::FORWARDED)
        .keep("forwarded")
        .unwrap();
    let seen = through(&keeping, Some(PROXY), request("/", &line));
    assert_eq!(field(&seen, "forwarded"), line[0].1);
}

#[test]
fn the_scheme_field_that_was_read_is_the_one_that_is_reduced() {
    // Cloudflare's fallback: CF-Visitor is missing, and the client wrote an element into X-Forwarded-Proto.
    let fields = [
        ("cf-connecting-ip", "203.0.113.7"),
        ("x-forwarded-proto", "http, https"),
    ];
    let headers = Headers::CLOUDFLARE.with_lists(["x-forwarded-proto"]);
    let cloudflare = layer().headers(headers.unwrap());
    let seen = through(&cloudflare, Some(PROXY), request("/", &fields));
    assert_eq!(resolution(&seen).scheme().as_str(), "https");
    assert_eq!(field(&seen, "x-forwarded-proto"), "https");
    assert_eq!(field(&seen, "cf-visitor"), "");
    // Keeping one of the headers does not keep the other.
    let keeping = cloudflare.keep("cf-visitor").unwrap();
    let seen = through(&keeping, Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-forwarded-proto"), "https");
}

#[test]
fn underscore_spellings_of_fields_of_ones_own_are_removed_too() {
    let headers = Headers::client_field("x-edge-client").unwrap();
    let layer = layer().headers(headers.with_scheme_field("x-edge-scheme").unwrap());
    let fields = [
        ("x-edge-client", "203.0.113.7"),
        ("x-edge-scheme", "https"),
        ("x_edge_client", "198.51.100.66"),
        ("x-edge_scheme", "http"),
        ("x_other_field", "stays"),
    ];
    for (peer, believed) in [(PROXY, "203.0.113.7"), ("203.0.113.9:1", "")] {
        let seen = through(&layer, Some(peer), request("/", &fields));
        assert_eq!(field(&seen, "x-edge-client"), believed);
        assert_eq!(field(&seen, "x_edge_client"), "");
        assert_eq!(field(&seen, "x-edge_scheme"), "");
        assert_eq!(field(&seen, "x_other_field"), "stays");
    }
    let keeping = layer.keep("x_edge_client").unwrap();
    let seen = through(&keeping, Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x_edge_client"), "198.51.100.66");
}

#[test]
fn a_field_that_is_kept_twice_is_kept() {
    let layer = layer()
        .keep("x-real-ip")
        .unwrap()
        .keep("x-real-ip")
        .unwrap();
    let seen = through(
        &layer,
        Some(PROXY),
        request("/", &[("x-real-ip", "6.6.6.6")]),
    );
    assert_eq!(field(&seen, "x-real-ip"), "6.6.6.6");
}

#[test]
fn a_switch_that_was_believed_stays_a_switch() {
    for (name, value) in [
        ("front-end-https", "on"),
        ("x-forwarded-ssl", "on"),
        ("x-url-scheme", "HTTPS"),
    ] {
        let layer = layer().headers(Headers::X_FORWARDED.with_scheme_field(name).unwrap());
        let fields = [("x-forwarded-for", "203.0.113.7"), (name, value)];
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        assert_eq!(seen.uri().scheme_str(), Some("https"), "{name}");
        assert_eq!(field(&seen, name), value, "{name}");
    }
}

#[test]
fn a_hidden_client_on_a_line_of_its_own_leaves_the_addresses_that_were_vouched_for() {
    let lines = [
        ("x-forwarded-for", "6.6.6.6, unknown"),
        ("x-forwarded-for", "10.0.0.3"),
        ("x-forwarded-for", "10.0.0.2"),
    ];
    let seen = through(&layer(), Some(PROXY), request("/", &lines));
    assert_eq!(field(&seen, "x-forwarded-for"), "10.0.0.3, 10.0.0.2");
    assert_eq!(client(&resolution(&seen)), "10.0.0.3");
}

#[test]
fn what_other_products_write_reaches_nobody() {
    for name in [
        "wl-proxy-ssl",
        "x-arr-ssl",
        "x-forwarded-https",
        "x-vercel-forwarded-for",
        "x-nf-client-connection-ip",
        "do-connecting-ip",
        "incap-client-ip",
        "x-host",
        "x-proxyuser-ip",
        "x-proxied-https",
        "x-sucuri-clientip",
        "ali-cdn-real-ip",
        "cdn-src-ip",
        "x-forwarded-uri",
        "x-forwarded-method",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-path",
        "x-script-name",
        "x-envoy-original-path",
        "x-envoy-original-host",
        "x-original-uri",
        "x-http-host-override",
        "disguised-host",
        "eo-connecting-ip",
        "x-true-client-ip",
        "x-real-client-ip",
    ] {
        for spelled in [name.to_owned(), name.replace('-', "_")] {
            for peer in [PROXY, "203.0.113.9:1"] {
                let fields = [("x-forwarded-for", "203.0.113.7"), (&*spelled, "forged")];
                let seen = through(&layer(), Some(peer), request("/", &fields));
                assert_eq!(field(&seen, &spelled), "", "{spelled} from {peer}");
            }
        }
    }
}

#[test]
fn what_nobody_should_read_can_be_removed_in_every_spelling() {
    let layer = layer().remove(["X-Internal-User", "x_other"]).unwrap();
    for peer in [PROXY, "203.0.113.9:1"] {
        let fields = [
            ("x-internal-user", "admin"),
            ("x_internal_user", "admin"),
            ("x-internal_user", "admin"),
            ("x-other", "1"),
            ("x_other", "1"),
            ("x-internal-users", "stays"),
        ];
        let request = request("/", &fields);
        let parts = request.clone().into_parts().0;
        let told = tower_forwarded::explain(peer.parse().ok(), &parts, layer.policy());
        let seen = through(&layer, Some(peer), request);
        for (name, value) in fields {
            let left = if value == "stays" { value } else { "" };
            assert_eq!(field(&seen, name), left, "{name} from {peer}");
            assert_eq!(told.removed().contains(&name.to_owned()), left.is_empty());
        }
    }
    for name in ["host", "a b", ""] {
        let error = crate::support::layer().remove([name]).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn a_list_of_schemes_keeps_the_word_that_the_proxy_wrote_whatever_the_header_is_called() {
    for (name, forged, written) in [
        ("x-forwarded-proto", "http", "https"),
        ("x-forwarded-scheme", "http", "https"),
        ("x-forwarded-ssl", "off", "on"),
        ("front-end-https", "off", "1"),
        ("x-url-scheme", "http", "https"),
        ("x-proto", "http", "https"),
    ] {
        let headers = Headers::X_FORWARDED.with_scheme_field(name);
        let headers = headers.and_then(|headers| headers.with_lists([name]));
        let layer = layer().headers(headers.unwrap());
        let one_line = format!("{forged}, {written}");
        for lines in [&[&*one_line][..], &[forged, written], &[written]] {
            let mut fields = vec![("x-forwarded-for", "203.0.113.7")];
            fields.extend(lines.iter().map(|line| (name, *line)));
            let seen = through(&layer, Some(PROXY), request("/", &fields));
            assert_eq!(seen.uri().scheme_str(), Some("https"), "{name}");
            assert_eq!(field(&seen, name), written, "{name}: {lines:?}");
        }
    }
}

#[test]
fn a_believed_header_that_is_to_be_removed_is_not_written_again() {
    let believing = |headers: Headers| {
        let layer = layer().headers(headers).believe_port().believe_prefix();
        layer.believe_hosts(["*"]).unwrap()
    };
    let lists = [
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix",
    ];
    let lists = Headers::X_FORWARDED.with_lists(lists).unwrap();
    for (headers, name, forged, written) in [
        (
            Headers::X_FORWARDED,
            "x-forwarded-for",
            "1.1.1.1",
            "203.0.113.7",
        ),
        (
            Headers::FORWARDED,
            "forwarded",
            "for=1.1.1.1",
            "for=203.0.113.7;host=A.example",
        ),
        (lists.clone(), "x-forwarded-proto", "http", "https"),
        (lists.clone(), "x-forwarded-host", "a.example", "B.example"),
        (lists.clone(), "x-forwarded-port", "1", "8443"),
        (lists, "x-forwarded-prefix", "/a", "/b"),
    ] {
        for spelling in [name.to_owned(), name.replace('-', "_")] {
            let layer = believing(headers.clone()).remove([&spelling]).unwrap();
            for lines in [&[written][..], &[forged, written]] {
                let mut fields = vec![("x-forwarded-for", "203.0.113.7")];
                fields.retain(|_| name != "x-forwarded-for");
                fields.extend(lines.iter().map(|line| (name, *line)));
                let asked = request("/", &fields);
                let parts = asked.clone().into_parts().0;
                let told = tower_forwarded::explain(PROXY.parse().ok(), &parts, layer.policy());
                let seen = through(&layer, Some(PROXY), asked);
                assert!(!seen.headers().contains_key(name), "{name}: {lines:?}");
                assert!(told.removed().contains(&name.to_owned()), "{name}");
            }
        }
    }
}

#[test]
fn what_is_kept_and_removed_is_removed() {
    let layer = layer().keep("x-real-ip").unwrap();
    let layer = layer.remove(["X-Real-IP"]).unwrap();
    let seen = through(
        &layer,
        Some(PROXY),
        request("/", &[("x-real-ip", "1.1.1.1")]),
    );
    assert!(!seen.headers().contains_key("x-real-ip"));
}

#[test]
fn the_host_is_always_written_so_it_cannot_be_kept() {
    let error = layer().keep("Host").unwrap_err();
    assert!(error.to_string().contains("`Host`"), "{error}");
}

#[test]
fn a_header_whose_presence_counts_is_no_list() {
    let headers = Headers::X_FORWARDED.with_scheme_field("x-arr-ssl").unwrap();
    let error = headers.with_lists(["X-ARR-SSL"]).unwrap_err();
    assert!(error.to_string().contains("`X-ARR-SSL`"), "{error}");
}
