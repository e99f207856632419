//! The crate forwarded-header-value, and the package realclientip-go.

use tower_forwarded::Headers;

use crate::support::*;

/// The client and the findings.
fn came_out(lines: &[&str]) -> (String, String) {
    let layer = layer().headers(Headers::FORWARDED);
    let fields: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
    let resolution = resolve(&layer, &fields);
    (client(&resolution), findings(&resolution))
}

/// The crate forwarded-header-value 0.1 reads the whole header from the left.
fn theirs(line: &str) -> Option<std::net::IpAddr> {
    let value = forwarded_header_value::ForwardedHeaderValue::from_forwarded(line).ok()?;
    value.proximate_forwarded_for_ip()
}

#[test]
fn where_reading_from_the_left_loses_what_the_proxy_appended() {
    let honest = "for=203.0.113.7;proto=https";
    let client: std::net::IpAddr = "203.0.113.7".parse().unwrap();
    assert_eq!(theirs(honest), Some(client));
    for evil in ["for=\"", "junk", "for=\"\\"] {
        let line = format!("{evil}, {honest}");
        assert_ne!(
            theirs(&line),
            Some(client),
            "{line}: no longer true of that crate"
        );
        assert_eq!(came_out(&[&line]).0, "203.0.113.7", "{line}");
    }
}

#[test]
fn where_both_are_sure_they_agree() {
    for line in [
        "for=203.0.113.7",
        "For=\"[2001:db8:cafe::17]:4711\"",
        "for=192.0.2.60;proto=http;by=203.0.113.43",
        "for=192.0.2.43, for=198.51.100.17",
        "for=\"203.0.113.7:4711\";host=a.example",
    ] {
        let ours = came_out(&[line]).0;
        assert_eq!(theirs(line).map(|ip| ip.to_string()), Some(ours), "{line}");
    }
}

/// The deviations of realclientip-go from RFC 7239, from its own test `Test_forwardedHeaderRFCDeviations`.
#[test]
fn realclientip_gos_documented_deviations_are_not_ours() {
    for (line, client, found) in [
        // "Comma in quotes": it splits at this comma, and reads 2.2.2.2.
        (
            "For=\"1.1.1.1, For=2.2.2.2, For=3.3.3.3\", For=\"10.0.0.2\"",
            "10.0.0.2",
            "for-malformed scheme-missing",
        ),
        // "Unmatched quote": a parser that reads from the left, as in the RFC, loses everything to the right of it.
        ("For=\"1.1.1.1, For=2.2.2.2;proto=https", "2.2.2.2", ""),
        // "Invalid characters": it reads no parameter except `for`.
        (
            "For=1.1.1.1;@!=x;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // "Duplicate token": it takes the first.
        (
            "For=1.1.1.1;For=2.2.2.2;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // "Escaped character": it does not unescape.
        ("For=\"3.3.3.\\3\";proto=https", "3.3.3.3", ""),
        // "Equal sign spaces": it accepts a space before the value.
        (
            "For =1.1.1.1;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        (
            "For= 3.3.3.3;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // IPv4 in brackets: it removes the brackets.
        (
            "For=\"[1.1.1.1]\";proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // IPv6 without quotes or brackets has only one meaning, so this crate accepts it too.
        (
            "For=[2607:f8b0:4004:83f::200e];proto=https",
            "2607:f8b0:4004:83f::200e",
            "",
        ),
        (
            "For=\"2607:f8b0:4004:83f::200e\";proto=https",
            "2607:f8b0:4004:83f::200e",
            "",
        ),
    ] {
        let (ours, findings) = came_out(&[line]);
        assert_eq!(
            (ours.as_str(), findings.as_str()),
            (client, found),
            "{line}"
        );
    }
}
