//! Tests how the walk reads the `Forwarded` header of RFC 7239 (R10).

use tower_forwarded::{ForwardedLayer, Headers};

use crate::support::*;

fn layer() -> ForwardedLayer {
    crate::support::layer().headers(Headers::FORWARDED)
}

fn came_out(lines: &[&str]) -> (String, &'static str, String, usize) {
    let fields: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
    let resolution = resolve(&layer(), &fields);
    (
        client(&resolution),
        resolution.scheme().as_str(),
        findings(&resolution),
        resolution.hops(),
    )
}

#[test]
fn the_walk_reads_elements_as_the_rfc_writes_them() {
    for (lines, client, scheme, found, hops) in [
        (
            &["for=203.0.113.7;proto=https"][..],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        (
            &["For=\"[2001:db8:cafe::17]:4711\";Proto=HTTPS"],
            "2001:db8:cafe::17",
            "https",
            "",
            1,
        ),
        (
            &["proto=https;by=203.0.113.43;for=192.0.2.60"],
            "192.0.2.60",
            "https",
            "",
            1,
        ),
        (
            &["for=6.6.6.6;proto=http, for=203.0.113.7;proto=https"],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        (
            &["for=203.0.113.7;proto=https, for=10.0.0.2;proto=http"],
            "203.0.113.7",
            "https",
            "",
            2,
        ),
        (
            &["for=203.0.113.7;proto=https", "for=10.0.0.2;proto=http"],
            "203.0.113.7",
            "https",
            "",
            2,
        ),
        (
            &["for=203.0.113.7:80;proto=https"],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        (
            &["for=[::ffff:203.0.113.7]:80;proto=https"],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        (
            &["for=\"203.0.113.7:_port\";proto=https;secret=\"a,b;c\""],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        // The scheme comes from the outermost trusted element that states one.
        (
            &["for=203.0.113.7, for=10.0.0.2;proto=https"],
            "203.0.113.7",
            "https",
            "",
            2,
        ),
        (
            &["for=203.0.113.7;proto=http, for=10.0.0.3, for=10.0.0.2;proto=https"],
            "203.0.113.7",
            "http",
            "",
            3,
        ),
        (
            &["for=6.6.6.6;proto=https, for=203.0.113.7, for=10.0.0.2"],
            "203.0.113.7",
            "http",
            "scheme-missing",
            2,
        ),
        // Only the nearest element states the scheme, and IPv6 has no quotes: AWS API Gateway.
        (
            &["by=192.0.2.1;for=2001:db8::7,for=10.0.0.2;host=x.example;proto=https"],
            "2001:db8::7",
            "https",
            "host-not-allowed",
            2,
        ),
        // An extension parameter without a value: OpenShift's router.
        (
            &["for=203.0.113.7;proto=https;proto-version="],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        // An empty element does not count.
        (
            &["for=203.0.113.7;proto=https, "],
            "203.0.113.7",
            "https",
            "",
            1,
        ),
        (
            &["for=203.0.113.7;proto=https,, for=10.0.0.2;proto=http", ""],
            "203.0.113.7",
            "https",
            "",
            2,
        ),
        (&[", ,for=10.0.0.2;proto=https"], "10.0.0.2", "https", "", 1),
        (
            &[",", ""],
            "10.0.0.1",
            "http",
            "for-missing scheme-missing",
            1,
        ),
        (
            &["for=203.0.113.7;proto=ftp"],
            "203.0.113.7",
            "http",
            "scheme-invalid",
            1,
        ),
        // Hidden clients.
        (
            &["for=unknown;proto=https"],
            "10.0.0.1",
            "https",
            "client-hidden",
            1,
        ),
        (
            &["for=_hBtXlaOL;proto=https, for=10.0.0.2;proto=http"],
            "10.0.0.2",
            "https",
            "client-hidden",
            2,
        ),
        // An element without `for` still states the scheme, but does not name the client.
        (&["proto=https"], "10.0.0.1", "https", "for-missing", 1),
        // These elements end the walk and are not accepted.
        (
            &["for=6.6.6.6;proto=https,;, for=10.0.0.2;proto=http"],
            "10.0.0.2",
            "http",
            "for-malformed",
            1,
        ),
        (
            &["for=1.2.3.4;for=6.6.6.6;proto=https"],
            "10.0.0.1",
            "http",
            "for-malformed scheme-missing",
            1,
        ),
        (
            &["for=0.0.0.0;proto=https"],
            "10.0.0.1",
            "http",
            "for-malformed scheme-missing",
            1,
        ),
        (
            &["for=\"203.0.113.7;proto=https"],
            "10.0.0.1",
            "http",
            "for-malformed scheme-missing",
            1,
        ),
        (
            &["203.0.113.7"],
            "10.0.0.1",
            "http",
            "for-malformed scheme-missing",
            1,
        ),
    ] {
        assert_eq!(
            came_out(lines),
            (client.into(), scheme, found.into(), hops),
            "{lines:?}"
        );
    }
}

#[test]
fn nothing_on_the_left_changes_what_a_trusted_proxy_appended() {
    let honest = "for=203.0.113.7;proto=https;host=\"app.internal\"";
    let expected = came_out(&[honest]);
    for evil in [
        "for=\"",
        "\"",
        "for=\"\\",
        "for=\"a\\\"",
        "for=\"\\\\\"",
        ",,,",
        ";;;",
        "for=10.0.0.3",
        "for=10.0.0.3;proto=http,",
        "x=\"a, for=6.6.6.6",
        "=",
        "\\\"",
        "for=\"10.0.0.9\";proto=\"",
        "\t",
        "host=\"a\\\\\\",
    ] {
        assert_eq!(
            came_out(&[&format!("{evil}, {honest}")]),
            expected,
            "{evil}"
        );
        assert_eq!(came_out(&[&format!("{evil},{honest}")]), expected, "{evil}");
        assert_eq!(came_out(&[evil, honest]), expected, "{evil}");
    }
    let long = format!("{}, {honest}", "for=\"".repeat(2000));
    assert_eq!(came_out(&[&long]), expected);
}

#[test]
fn a_host_parameter_counts_only_if_it_is_allowed() {
    let fields = [(
        "forwarded",
        "for=203.0.113.7;proto=https;host=\"api.example.com:8443\"",
    )];
    let ignored = resolve(&layer(), &fields);
    assert_eq!(ignored.authority().unwrap(), "app.internal");
    assert_eq!(findings(&ignored), "host-not-allowed");
    let allowing = layer().believe_hosts(["api.example.com"]).unwrap();
    assert_eq!(
        resolve(&allowing, &fields).authority().unwrap(),
        "api.example.com:8443"
    );
    // Proxies often omit the quotes around a host with a port.
    let bare = [(
        "forwarded",
        "for=203.0.113.7;proto=https;host=api.example.com:8443",
    )];
    assert_eq!(
        resolve(&allowing, &bare).authority().unwrap(),
        "api.example.com:8443"
    );
}

#[test]
fn no_host_and_no_scheme_that_was_not_accepted_stays_in_any_element() {
    let left = |layer: &ForwardedLayer, line: &str| {
        let seen = through(layer, Some(PROXY), request("/", &[("forwarded", line)]));
        field(&seen, "forwarded")
    };
    let believing = layer().believe_hosts(["*.example.com"]).unwrap();
    for (line, nothing_believed, believed) in [
        (
            "for=203.0.113.7;proto=https, for=10.0.0.2;host=evil.example;proto=http",
            "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http;host=app.internal",
            "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http;host=app.internal",
        ),
        (
            "for=203.0.113.7;host=a.example.com, for=10.0.0.2;host=evil.example",
            "for=203.0.113.7;host=app.internal, for=10.0.0.2",
            "for=203.0.113.7;host=a.example.com, for=10.0.0.2",
        ),
        (
            "for=203.0.113.7;host=a.example.com, for=10.0.0.2;proto=https;host=evil.example",
            "for=203.0.113.7;host=app.internal, for=10.0.0.2;proto=https",
            "for=203.0.113.7;host=a.example.com, for=10.0.0.2;proto=https",
        ),
        (
            "for=203.0.113.7;proto=https, for=10.0.0.2;proto=\"<script>\"",
            "for=203.0.113.7;proto=https, for=10.0.0.2",
            "for=203.0.113.7;proto=https, for=10.0.0.2",
        ),
        (
            "for=203.0.113.7;host=\"a,b.example.com\", for=10.0.0.3;host=x.example.com, for=10.0.0.2",
            "for=203.0.113.7;host=app.internal, for=10.0.0.3, for=10.0.0.2",
            "for=203.0.113.7;host=app.internal, for=10.0.0.3, for=10.0.0.2",
        ),
    ] {
        assert_eq!(left(&layer(), line), nothing_believed, "{line}");
        assert_eq!(left(&believing, line), believed, "{line}");
    }
}

#[test]
fn a_host_of_any_length_spoils_nothing_beside_it() {
    for host in [
        "a".repeat(1_030),
        "a".repeat(60_000),
        "\\\"".repeat(2_000),
        ",".repeat(3_000),
        "x\\\",for=6.6.6.6;proto=http".repeat(100),
    ] {
        for line in [
            format!("for=203.0.113.7;proto=https;host=\"{host}\""),
            format!("for=6.6.6.6, host=\"{host}\";for=203.0.113.7;proto=https"),
            format!("proto=https;host=\"{host}\";for=203.0.113.7, for=10.0.0.2;host=\"{host}\""),
        ] {
            let hops = line.matches("10.0.0.2").count() + 1;
            assert_eq!(
                came_out(&[&line]),
                ("203.0.113.7".into(), "https", "host-invalid".into(), hops),
                "{line}"
            );
        }
    }
}

#[test]
fn a_reader_that_splits_at_every_comma_finds_nothing_of_a_clients() {
    let line = "for=203.0.113.7;proto=https;x=\"a, for=6.6.6.6;host=evil.example\"";
    let seen = through(&layer(), Some(PROXY), request("/", &[("forwarded", line)]));
    assert_eq!(field(&seen, "forwarded"), "for=203.0.113.7;proto=https");
    let line = "for=203.0.113.7;proto=https;x=\"\\\"\"";
    let seen = through(&layer(), Some(PROXY), request("/", &[("forwarded", line)]));
    assert_eq!(field(&seen, "forwarded"), "for=203.0.113.7;proto=https");
}
