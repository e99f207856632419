//! Tests that each preset believes the headers that its product writes, and no headers that the product passes through.

use tower_forwarded::{ForwardedLayer, Headers, HeadersError, TrustedProxies};

use crate::support::{products::PRODUCTS, *};

/// Headers that a client can write, with any product in front of the service.
const FORGED: [(&str, &str); 20] = [
    (
        "forwarded",
        "for=198.51.100.66;proto=http;host=evil.example",
    ),
    ("x-forwarded-for", "198.51.100.66"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "81"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-ssl", "off"),
    ("x-real-ip", "198.51.100.66"),
    ("x-client-ip", "198.51.100.66"),
    ("true-client-ip", "198.51.100.66"),
    ("cf-connecting-ip", "198.51.100.66"),
    ("cf-visitor", "{\"scheme\":\"http\"}"),
    ("fastly-client-ip", "198.51.100.66"),
    ("fastly-ssl", "0"),
    ("fly-client-ip", "198.51.100.66"),
    ("x-azure-clientip", "198.51.100.66"),
    ("x-azure-socketip", "198.51.100.66"),
    ("cloudfront-viewer-address", "198.51.100.66:1"),
    ("cloudfront-forwarded-proto", "http"),
    ("x-envoy-external-address", "198.51.100.66"),
];

#[test]
fn every_preset_finds_the_truth_behind_its_product() {
    let names: Vec<_> = PRODUCTS.iter().map(|product| product.0).collect();
    let presets: Vec<_> = Headers::presets().iter().map(Headers::name).collect();
    assert_eq!(names, presets);
    for (name, appends, sets) in PRODUCTS {
        for forged in [&[][..], &FORGED] {
            let mut fields: Vec<(&str, String)> = forged
                .iter()
                .filter(|(field, _)| !sets.iter().any(|(set, _)| set == field))
                .map(|(field, value)| (*field, (*value).to_owned()))
                .collect();
            for (field, value) in appends {
                match fields.iter_mut().find(|(name, _)| name == field) {
                    Some((_, line)) => *line = format!("{line}, {value}"),
                    None => fields.push((field, (*value).to_owned())),
                }
            }
            fields.extend(
                sets.iter()
                    .map(|(field, value)| (*field, (*value).to_owned())),
            );
            let fields: Vec<_> = fields
                .iter()
                .map(|(field, value)| (*field, value.as_str()))
                .collect();

            let layer = layer().headers(name.parse().unwrap());
            let seen = through(&layer, Some(PROXY), request("/", &fields));
            let resolution = resolution(&seen);
            assert_eq!(client(&resolution), "203.0.113.7", "{name} {fields:?}");
            assert_eq!(resolution.scheme().as_str(), "https", "{name} {fields:?}");
            assert_eq!(resolution.authority().unwrap(), "app.internal", "{name}");
            for (field, value) in seen.headers() {
                let value = value.to_str().unwrap();
                assert!(
                    !value.contains("198.51.100") && !value.contains("evil"),
                    "{name}: {field}: {value}"
                );
            }
        }
    }
}

/// Headers in which some product says https.
const FORGED_UP: [(&str, &str); 14] = [
    ("forwarded", "for=198.51.100.66;proto=https"),
    ("x-forwarded-for", "198.51.100.66"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-scheme", "https"),
    ("x-forwarded-ssl", "on"),
    ("x-url-scheme", "https"),
    ("front-end-https", "on"),
    ("cf-visitor", "{\"scheme\":\"https\"}"),
    ("fastly-ssl", "1"),
    ("cloudfront-forwarded-proto", "https"),
    ("x-appengine-https", "on"),
    ("x-arr-ssl", "2048|256|CN=evil"),
    ("cf-connecting-ipv6", "2001:db8::66"),
    ("client-ip", "198.51.100.66:1"),
];

#[test]
fn no_client_makes_its_http_request_look_like_https_behind_any_preset() {
    let down = |text: &str| match text {
        "on" => "off".to_owned(),
        "1" => "0".to_owned(),
        "443" => "80".to_owned(),
        text => text.replace("https", "http"),
    };
    for (name, appends, sets) in PRODUCTS {
        // These two say https by the presence of a header, so they must remove a client's own.
        if ["iis-arr", "azure-app-service"].contains(&name) {
            continue;
        }
        let mut fields: Vec<(&str, String)> = FORGED_UP
            .iter()
            .filter(|(field, _)| !sets.iter().any(|(set, _)| set == field))
            .map(|(field, value)| (*field, (*value).to_owned()))
            .collect();
        fields.extend(
            [appends, sets]
                .concat()
                .iter()
                .map(|(field, value)| (*field, down(value))),
        );
        let fields: Vec<_> = fields
            .iter()
            .map(|(field, value)| (*field, value.as_str()))
            .collect();
        let layer = layer()
            .headers(name.parse().unwrap())
            .believe_hosts(["app.internal"])
            .unwrap();
        let resolution = resolve(&layer, &fields);
        assert_eq!(resolution.scheme().as_str(), "http", "{name} {fields:?}");
        assert_eq!(client(&resolution), "203.0.113.7", "{name} {fields:?}");
    }
}

#[test]
fn an_honest_request_behind_any_preset_is_nothing_to_report() {
    for (name, appends, sets) in PRODUCTS {
        let fields = [appends, sets].concat();
        let found = findings(&resolve(&layer().headers(name.parse().unwrap()), &fields));
        // API Gateway writes its own name into `host=`, not the name of the service.
        let expected = if name == "aws-api-gateway" {
            "host-not-allowed"
        } else {
            ""
        };
        assert_eq!(found, expected, "{name}");
    }
}

fn single(fields: &[(&str, &str)], headers: Headers) -> (String, &'static str, String) {
    let resolution = resolve(&layer().headers(headers), fields);
    (
        client(&resolution),
        resolution.scheme().as_str(),
        findings(&resolution),
    )
}

#[test]
fn two_lines_of_a_single_value_field_are_malformed_never_a_choice() {
    for client in ["cf-connecting-ip", "x-real-ip", "true-client-ip", "x-edge"] {
        let headers = || {
            Headers::client_field(client)
                .unwrap()
                .with_scheme_field("x-forwarded-ssl")
                .unwrap()
        };
        let one = [(client, "203.0.113.7"), ("x-forwarded-ssl", "on")];
        assert_eq!(
            single(&one, headers()),
            ("203.0.113.7".into(), "https", String::new())
        );
        let two = [
            (client, "203.0.113.7"),
            (client, "203.0.113.7"),
            ("x-forwarded-ssl", "on"),
        ];
        assert_eq!(
            single(&two, headers()),
            ("10.0.0.1".into(), "https", "for-malformed".into())
        );
        let two = [
            (client, "203.0.113.7"),
            ("x-forwarded-ssl", "on"),
            ("x-forwarded-ssl", "on"),
        ];
        assert_eq!(
            single(&two, headers()),
            ("203.0.113.7".into(), "http", "scheme-invalid".into())
        );
        let list = [
            (client, "203.0.113.7, 203.0.113.8"),
            ("x-forwarded-ssl", "on"),
        ];
        assert_eq!(single(&list, headers()).0, "10.0.0.1");
    }
}

#[test]
fn scheme_fields_are_read_as_they_are_written() {
    for (field, value, expected) in [
        ("x-forwarded-ssl", "on", "https"),
        ("x-forwarded-ssl", "off", "http"),
        ("front-end-https", "On", "https"),
        ("x-forwarded-scheme", "https", "https"),
        ("x-url-scheme", "https", "https"),
        ("cloudfront-forwarded-proto", "https", "https"),
        ("fastly-ssl", "1", "https"),
        ("cf-visitor", "{\"scheme\":\"https\"}", "https"),
        ("x-my-scheme", "wss", "https"),
        ("x-forwarded-protocol", "ssl", "https"),
        ("x-arr-ssl", "2048|256|C=US|CN=a.example", "https"),
    ] {
        let headers = Headers::X_FORWARDED.with_scheme_field(field).unwrap();
        let fields = [("x-forwarded-for", "203.0.113.7"), (field, value)];
        assert_eq!(
            single(&fields, headers),
            ("203.0.113.7".into(), expected, String::new()),
            "{field}"
        );
    }
}

#[test]
fn client_fields_are_read_as_they_are_written() {
    for (field, value, expected) in [
        ("x-real-ip", "203.0.113.7", "203.0.113.7"),
        ("x-envoy-external-address", "2001:db8::7", "2001:db8::7"),
        ("x-azure-clientip", "203.0.113.7:4711", "203.0.113.7"),
        (
            "cloudfront-viewer-address",
            "2001:db8::7:4711",
            "2001:db8::7",
        ),
        (
            "cloudfront-viewer-address",
            "203.0.113.7:4711",
            "203.0.113.7",
        ),
        ("x-real-ip", "unknown", "10.0.0.1"),
        ("x-real-ip", "", "10.0.0.1"),
    ] {
        let headers = Headers::client_field(field)
            .unwrap()
            .with_scheme_field("x-forwarded-proto")
            .unwrap();
        let fields = [(field, value), ("x-forwarded-proto", "https")];
        assert_eq!(single(&fields, headers).0, expected, "{field}: {value}");
    }
}

#[test]
fn names_that_cannot_serve_are_refused() {
    for (name, text) in [
        ("no name", "`no name`"),
        ("", "``"),
        ("host", "`host`"),
        ("x_real_ip", "hyphens"),
        ("X-Forwarded-For", "X_FORWARDED"),
    ] {
        let error = Headers::client_field(name).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(matches!(
        "nope".parse::<Headers>(),
        Err(HeadersError::UnknownPreset { .. })
    ));
    for preset in Headers::presets() {
        assert_eq!(preset.name().parse::<Headers>().as_ref(), Ok(preset));
    }
}

#[test]
fn google_clouds_load_balancer_is_named_and_nothing_is_counted() {
    let trust: TrustedProxies = "10.0.0.0/8, 34.1.2.3".parse().unwrap();
    let layer = ForwardedLayer::new(trust).headers(Headers::GOOGLE_CLOUD);
    let came_out = |list: &str| {
        let resolution = resolve(
            &layer,
            &[("x-forwarded-for", list), ("x-forwarded-proto", "https")],
        );
        (
            client(&resolution),
            resolution.hops(),
            findings(&resolution),
        )
    };
    assert_eq!(
        came_out("198.51.100.66, 203.0.113.7,34.1.2.3"),
        ("203.0.113.7".into(), 2, String::new())
    );
    // A client that bypasses the load balancer and names its address gains nothing.
    for list in ["203.0.113.7", "6.6.6.6,34.1.2.3,203.0.113.7"] {
        assert_eq!(came_out(list), ("203.0.113.7".into(), 1, String::new()));
    }
    assert_eq!(
        came_out("203.0.113.7,junk"),
        ("10.0.0.1".into(), 1, "for-malformed".into())
    );
}

#[test]
fn a_list_under_another_name_is_walked_like_x_forwarded_for() {
    let headers = Headers::client_list_field("X-Client-IPs")
        .unwrap()
        .with_scheme_field("x-forwarded-proto")
        .unwrap();
    let layer = layer().headers(headers);
    let fields = [
        ("x-client-ips", "198.51.100.66, 203.0.113.7, 10.0.0.9"),
        ("x-forwarded-for", "198.51.100.66"),
        ("x_client_ips", "198.51.100.66"),
        ("x-forwarded-proto", "https"),
    ];
    let seen = through(&layer, Some(PROXY), request("/", &fields));
    assert_eq!(client(&resolution(&seen)), "203.0.113.7");
    assert_eq!(resolution(&seen).hops(), 2);
    assert_eq!(field(&seen, "x-client-ips"), "203.0.113.7, 10.0.0.9");
    assert_eq!(field(&seen, "x-forwarded-for"), "");
    assert_eq!(field(&seen, "x_client_ips"), "");
    // If the peer is not trusted, the layer removes all of them.
    let seen = through(&layer, Some("203.0.113.9:1"), request("/", &fields));
    assert_eq!(client(&resolution(&seen)), "203.0.113.9");
    assert_eq!(field(&seen, "x-client-ips"), "");
    for name in ["forwarded", "cloudfront-viewer-address"] {
        let error = Headers::client_list_field(name).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("preset"), "{error}");
    }
}

#[test]
fn a_scheme_that_nobody_states_is_the_connections_whatever_a_client_sends() {
    let forged = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-ssl", "off"),
    ];
    let rfc_7239 = [("forwarded", "for=203.0.113.7;proto=http")];
    for (headers, fields) in [
        (Headers::X_FORWARDED, &forged[..]),
        (Headers::X_FORWARDED, &forged[..1]),
        (Headers::FORWARDED, &rfc_7239),
        (
            Headers::X_FORWARDED
                .with_scheme_field("x-my-scheme")
                .unwrap(),
            &forged,
        ),
    ] {
        let layer = layer()
            .headers(headers.without_scheme())
            .connection_scheme(tower_forwarded::Scheme::Https);
        let seen = through(&layer, Some(PROXY), request("/", fields));
        let resolution = resolution(&seen);
        assert_eq!(resolution.scheme().as_str(), "https", "{fields:?}");
        assert_eq!(client(&resolution), "203.0.113.7");
        assert_eq!(findings(&resolution), "", "{fields:?}");
        assert_eq!(field(&seen, "x-forwarded-proto"), "");
        let rewritten = field(&seen, "forwarded");
        assert!(
            !rewritten.contains("proto=http;") && !rewritten.ends_with("proto=http"),
            "{rewritten}"
        );
    }
    // A later call can change it again.
    let headers = Headers::X_FORWARDED.without_scheme();
    let headers = headers.with_scheme_field("x-forwarded-proto").unwrap();
    let resolution = resolve(&layer().headers(headers), &forged[..1]);
    assert_eq!(findings(&resolution), "scheme-missing");
}

#[test]
fn behind_pseudo_ipv4_the_client_is_the_ipv6_address() {
    let layer = layer().headers(Headers::CLOUDFLARE);
    let visitor = ("cf-visitor", "{\"scheme\":\"https\"}");
    let came_out = |fields: &[(&str, &str)]| {
        let resolution = resolve(&layer, &[fields, &[visitor]].concat());
        (client(&resolution), findings(&resolution))
    };
    let pseudo = ("cf-connecting-ip", "240.1.2.3");
    let real = ("cf-connecting-ipv6", "2001:db8::7");
    assert_eq!(
        came_out(&[pseudo, real]),
        ("2001:db8::7".into(), String::new())
    );
    // A client with an IPv4 address cannot choose another address with a header that Cloudflare did not set.
    let own = ("cf-connecting-ip", "203.0.113.7");
    assert_eq!(
        came_out(&[own, real]),
        ("203.0.113.7".into(), String::new())
    );
    let seen = through(&layer, Some(PROXY), request("/", &[own, real, visitor]));
    assert_eq!(field(&seen, "cf-connecting-ipv6"), "");
    // A value that is not an IPv6 address, or a second line, is not believed either.
    for forged in [
        &[pseudo, ("cf-connecting-ipv6", "203.0.113.7")][..],
        &[pseudo, ("cf-connecting-ipv6", "junk")],
        &[pseudo, real, real],
    ] {
        assert_eq!(
            came_out(forged),
            ("10.0.0.1".into(), "for-malformed".into())
        );
    }
    let junk = ("cf-connecting-ipv6", "junk");
    let seen = through(&layer, Some(PROXY), request("/", &[pseudo, junk, visitor]));
    assert_eq!(field(&seen, "cf-connecting-ipv6"), "");
    let seen = through(&layer, Some(PROXY), request("/", &[pseudo, real, visitor]));
    assert_eq!(field(&seen, "cf-connecting-ipv6"), "2001:db8::7");
    assert_eq!(came_out(&[pseudo]), ("240.1.2.3".into(), String::new()));
}

#[test]
fn a_header_that_says_https_by_being_there_says_http_by_not_being_there() {
    let headers = Headers::X_FORWARDED.with_scheme_field("x-arr-ssl").unwrap();
    let asked = |fields: &[(&str, &str)]| single(fields, headers.clone());
    let client = ("x-forwarded-for", "203.0.113.7:4711");
    let http = ("203.0.113.7".into(), "http", String::new());
    assert_eq!(asked(&[client]), http);
    assert_eq!(asked(&[client, ("x-arr-ssl", "x")]).1, "https");
    // If the proxy itself makes the request, the missing header does not mean http. The connection's scheme counts.
    let layer = layer()
        .headers(headers.clone())
        .connection_scheme(tower_forwarded::Scheme::Https);
    assert!(resolve(&layer, &[]).scheme().is_https());
    assert!(!resolve(&layer, &[client]).scheme().is_https());
    // Two lines, or an empty value, can only come from a client.
    for forged in [
        &[client, ("x-arr-ssl", "x"), ("x-arr-ssl", "y")][..],
        &[client, ("x-arr-ssl", "")],
    ] {
        assert_eq!(asked(forged).1, "http");
        assert_eq!(asked(forged).2, "scheme-invalid");
    }
}

#[test]
fn names_that_differ_in_underscores_only_cannot_play_two_roles() {
    let headers = Headers::client_field("x-my_client").unwrap();
    let error = headers.with_scheme_field("x-my-client").unwrap_err();
    assert!(matches!(error, HeadersError::ReadTwice { .. }), "{error}");
}
