//! Tests the port and the prefix. Both are opt-in (R9).

use tower_forwarded::{ForwardedLayer, Headers};

use crate::support::*;

/// A layer for proxies that append to both headers.
fn appending() -> ForwardedLayer {
    let lists = ["x-forwarded-port", "x-forwarded-prefix"];
    layer().headers(Headers::X_FORWARDED.with_lists(lists).unwrap())
}

fn seen(layer: &ForwardedLayer, fields: &[(&str, &str)]) -> (String, String) {
    let fields = [
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ],
        fields,
    ]
    .concat();
    let seen = through(layer, Some(PROXY), request("/users", &fields));
    let resolution = resolution(&seen);
    let url = resolution.origin().unwrap().url("/next");
    (url, findings(&resolution))
}

#[test]
fn a_port_joins_a_host_that_has_none_if_it_was_opted_into() {
    let port = layer().believe_port();
    for (fields, url, found) in [
        (
            &[("x-forwarded-port", "8443")][..],
            "https://app.internal:8443/next",
            "",
        ),
        (
            &[("x-forwarded-port", "443")],
            "https://app.internal/next",
            "",
        ),
        (
            &[("x-forwarded-port", "1, 8443")],
            "https://app.internal/next",
            "port-invalid",
        ),
        (
            &[("host", "a.example:9443"), ("x-forwarded-port", "8443")],
            "https://a.example:9443/next",
            "",
        ),
        (
            &[("x-forwarded-port", "0")],
            "https://app.internal/next",
            "port-invalid",
        ),
        (
            &[("x-forwarded-port", "65536")],
            "https://app.internal/next",
            "port-invalid",
        ),
        (
            &[("x-forwarded-port", "80@evil")],
            "https://app.internal/next",
            "port-invalid",
        ),
        (
            &[("x-forwarded-port", "")],
            "https://app.internal/next",
            "port-invalid",
        ),
    ] {
        assert_eq!(
            seen(&port, fields),
            (url.into(), found.into()),
            "{fields:?}"
        );
    }
    assert_eq!(
        seen(&layer(), &[("x-forwarded-port", "8443")]).0,
        "https://app.internal/next"
    );
}

#[test]
fn a_prefix_is_part_of_every_url_if_it_was_opted_into() {
    let prefix = layer().believe_prefix();
    for (sent, url, found) in [
        ("/api", "https://app.internal/api/next", ""),
        ("/api/v1/", "https://app.internal/api/v1/next", ""),
        ("/", "https://app.internal/next", ""),
        // The true prefix is /t/a,/evil, so the layer must not split it at the comma.
        ("/t/a,/evil", "https://app.internal/next", "prefix-invalid"),
        ("/api, /v1", "https://app.internal/next", "prefix-invalid"),
        (
            "//evil.example",
            "https://app.internal/next",
            "prefix-invalid",
        ),
        (
            "/\\evil.example",
            "https://app.internal/next",
            "prefix-invalid",
        ),
        ("/a/../..", "https://app.internal/next", "prefix-invalid"),
        (
            "@evil.example",
            "https://app.internal/next",
            "prefix-invalid",
        ),
        ("/a?x=", "https://app.internal/next", "prefix-invalid"),
        ("", "https://app.internal/next", "prefix-invalid"),
    ] {
        assert_eq!(
            seen(&prefix, &[("x-forwarded-prefix", sent)]),
            (url.into(), found.into()),
            "{sent}"
        );
    }
    assert_eq!(
        seen(&layer(), &[("x-forwarded-prefix", "/api")]).0,
        "https://app.internal/next"
    );
}

#[test]
fn prefixes_on_lines_of_their_own_are_joined_from_the_first() {
    let prefix = layer().believe_prefix();
    for (lines, expected, found) in [
        (&["/api", "/v1"][..], "/api/v1", ""),
        (&["/api/", "/v1/"], "/api/v1", ""),
        (&["/", "/v1"], "/v1", ""),
        (&["/a", "/b", "/c"], "/a/b/c", ""),
        (&["/api", "junk"], "", "prefix-invalid"),
        (&["//evil", "/v1"], "", "prefix-invalid"),
        (&["/api", "/../v1"], "", "prefix-invalid"),
        (&["/api", "/v,1"], "", "prefix-invalid"),
        (&["/api", ""], "", "prefix-invalid"),
    ] {
        let mut fields = vec![
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ];
        fields.extend(lines.iter().map(|line| ("x-forwarded-prefix", *line)));
        let seen = through(&prefix, Some(PROXY), request("/", &fields));
        let resolution = resolution(&seen);
        assert_eq!(
            resolution.prefix().unwrap_or_default(),
            expected,
            "{lines:?}"
        );
        assert_eq!(findings(&resolution), found, "{lines:?}");
        // Code that reads the header without checks sees at most one line.
        assert_eq!(field(&seen, "x-forwarded-prefix"), expected, "{lines:?}");
    }
}

#[test]
fn a_long_path_makes_no_prefix_invalid() {
    let long = format!("/t/{}", "a".repeat(5_000));
    let prefix = layer().believe_prefix();
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-prefix", &*long),
    ];
    assert_eq!(resolve(&prefix, &fields).prefix(), Some(&*long));
}

#[test]
fn believed_fields_are_reduced_to_what_was_believed() {
    let both = appending().believe_port().believe_prefix();
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "1, 8443"),
        ("x-forwarded-prefix", "/api/, /v1"),
    ];
    let seen = through(&both, Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-forwarded-port"), "8443");
    assert_eq!(field(&seen, "x-forwarded-prefix"), "/api/v1");
    assert_eq!(field(&seen, "host"), "app.internal:8443");
    let seen = through(&layer(), Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-forwarded-port"), "");
    assert_eq!(field(&seen, "x-forwarded-prefix"), "");
}

#[test]
fn a_path_never_reaches_into_the_authority() {
    let resolution = resolve(
        &layer(),
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ],
    );
    let origin = resolution.origin().unwrap();
    assert_eq!(
        origin.url("@evil.example"),
        "https://app.internal/@evil.example"
    );
    assert_eq!(origin.url(":80/"), "https://app.internal/:80/");
    assert_eq!(origin.url(""), "https://app.internal/");
    assert_eq!(origin.to_string(), "https://app.internal");
    assert_eq!((origin.host(), origin.port()), ("app.internal", 443));
}

#[test]
fn a_proxy_that_forwards_just_a_port_or_a_prefix_leaves_the_client_out() {
    let layer = layer().believe_port().believe_prefix();
    for field in [("x-forwarded-port", "8443"), ("x-forwarded-prefix", "/api")] {
        let said = findings(&resolve(&layer, &[field]));
        assert!(said.contains("for-missing"), "{field:?}: {said}");
    }
    // Without the opt-in, these headers have no effect.
    let layer = crate::support::layer();
    for field in [("x-forwarded-port", "8443"), ("x-forwarded-prefix", "/api")] {
        assert_eq!(findings(&resolve(&layer, &[field])), "", "{field:?}");
    }
}

#[test]
fn a_believed_port_and_prefix_are_there_for_naive_readers_alone_and_reduced_to_what_was_vouched_for()
 {
    let layer = appending().believe_port().believe_prefix();
    for (port, prefix) in [("8443", "/api"), ("1, 8443", "/, /api")] {
        let fields = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-port", port),
            ("x-forwarded-prefix", prefix),
        ];
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        assert_eq!(field(&seen, "x-forwarded-port"), "8443", "{port}");
        assert_eq!(field(&seen, "x-forwarded-prefix"), "/api", "{prefix}");
    }
}

#[test]
fn a_port_that_a_proxy_took_from_the_clients_host_is_reported_and_adds_nothing() {
    let layer = layer()
        .headers(tower_forwarded::Headers::TRAEFIK)
        .believe_port();
    for (port, authority, found) in [
        ("8443", Some("a.example:8443"), ""),
        ("99999", None, "host-invalid port-invalid"),
        ("x", None, "host-invalid port-invalid"),
    ] {
        let host = format!("a.example:{port}");
        let fields = [
            ("host", &*host),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", &host),
            ("x-forwarded-port", port),
        ];
        let seen = resolve(&layer, &fields);
        assert_eq!(client(&seen), "203.0.113.7");
        assert_eq!(seen.scheme().as_str(), "https");
        assert_eq!(seen.authority().map(|it| it.as_str()), authority, "{port}");
        assert_eq!(findings(&seen), found, "{port}");
    }
}
