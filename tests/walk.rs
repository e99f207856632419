//! Tests the walk through the list from the right (R4, R5, R6).

use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use crate::support::*;

fn walk(layer: &ForwardedLayer, lines: &[&str]) -> (String, usize, String) {
    let mut fields: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| ("x-forwarded-for", *line))
        .collect();
    fields.push(("x-forwarded-proto", "https"));
    let resolution = resolve(layer, &fields);
    (
        client(&resolution),
        resolution.hops(),
        findings(&resolution),
    )
}

#[test]
fn the_client_is_the_first_address_from_the_right_that_is_not_trusted() {
    for (lines, expected, hops, found) in [
        (&["203.0.113.7"][..], "203.0.113.7", 1, ""),
        (&["198.51.100.66, 203.0.113.7"], "203.0.113.7", 1, ""),
        (&["203.0.113.7, 10.0.0.2"], "203.0.113.7", 2, ""),
        (
            &["198.51.100.66, 203.0.113.7,10.0.0.3 ,\t10.0.0.2"],
            "203.0.113.7",
            3,
            "",
        ),
        // HAProxy adds a second line.
        (&["198.51.100.66", "203.0.113.7"], "203.0.113.7", 1, ""),
        (
            &["198.51.100.66, 198.51.100.67", "203.0.113.7", "10.0.0.2"],
            "203.0.113.7",
            2,
            "",
        ),
        // All addresses are trusted, so the leftmost is the client.
        (&["10.0.0.9, 10.0.0.2"], "10.0.0.9", 2, ""),
        // Addresses with ports, in brackets, and IPv4-mapped addresses.
        (&["203.0.113.7:4711"], "203.0.113.7", 1, ""),
        (&["[2001:db8::7]:4711, 10.0.0.2:80"], "2001:db8::7", 2, ""),
        (&["2001:db8::7"], "2001:db8::7", 1, ""),
        (&["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7", 2, ""),
        // These elements end the walk and are not accepted.
        (&["203.0.113.7, "], "10.0.0.1", 1, "for-malformed"),
        (&[""], "10.0.0.1", 1, "for-malformed"),
        (&["203.0.113.7", ""], "10.0.0.1", 1, "for-malformed"),
        (&["203.0.113.7,, 10.0.0.2"], "10.0.0.2", 1, "for-malformed"),
        (
            &["203.0.113.7, junk, 10.0.0.2"],
            "10.0.0.2",
            1,
            "for-malformed",
        ),
        (
            &["203.0.113.7, 0.0.0.0, 10.0.0.2"],
            "10.0.0.2",
            1,
            "for-malformed",
        ),
        (&["203.0.113.7, ::"], "10.0.0.1", 1, "for-malformed"),
        (
            &["203.0.113.7, \"10.0.0.2\""],
            "10.0.0.1",
            1,
            "for-malformed",
        ),
        (&["unix"], "10.0.0.1", 1, "for-malformed"),
        (
            &["203.0.113.7, unix:, 10.0.0.2"],
            "10.0.0.2",
            2,
            "client-hidden",
        ),
        (&["fe80::1%eth0"], "fe80::1", 1, ""),
        (&["203.0.113.7, [fe80::1%25eth0]:80"], "fe80::1", 1, ""),
        // These elements end the walk and are accepted.
        (
            &["203.0.113.7, unknown, 10.0.0.2"],
            "10.0.0.2",
            2,
            "client-hidden",
        ),
        (&["_hidden"], "10.0.0.1", 1, "client-hidden"),
    ] {
        assert_eq!(
            walk(&layer(), lines),
            (expected.into(), hops, found.into()),
            "{lines:?}"
        );
    }
}

#[test]
fn the_port_comes_from_the_element_or_from_the_peer_itself() {
    let port = |fields: &[(&str, &str)]| resolve(&layer(), fields).client_port();
    assert_eq!(port(&[("x-forwarded-for", "203.0.113.7:4711")]), Some(4711));
    assert_eq!(port(&[("x-forwarded-for", "203.0.113.7")]), None);
    assert_eq!(port(&[]), Some(40000));
}

#[test]
fn bytes_outside_ascii_are_malformed_and_nothing_else() {
    let mut request = request("/", &[("x-forwarded-proto", "https")]);
    let value = http::HeaderValue::from_bytes(b"1.2.3.4, \xf0\xfd\xfd\xfd, ::1").unwrap();
    request.headers_mut().insert("x-forwarded-for", value);
    let seen = resolution(&through(&layer(), Some(PROXY), request));
    assert_eq!(
        (client(&seen), findings(&seen)),
        ("::1".into(), String::new())
    );
}

#[test]
fn an_endless_element_is_malformed() {
    let long = "1".repeat(8192);
    assert_eq!(walk(&layer(), &[&long]).2, "for-malformed");
    let spoofed = format!("{long}, 203.0.113.7");
    assert_eq!(
        walk(&layer(), &[&spoofed]),
        ("203.0.113.7".into(), 1, String::new())
    );
}

#[test]
fn the_hop_limit_counts_the_peer() {
    let list = ["198.51.100.66, 203.0.113.7, 10.0.0.3, 10.0.0.2"];
    for (hops, expected, found) in [
        (1, "10.0.0.2", "hop-limit"),
        (2, "10.0.0.3", "hop-limit"),
        (3, "203.0.113.7", ""),
        (4, "203.0.113.7", ""),
    ] {
        let (client, _, findings) = walk(&ForwardedLayer::new(proxies().hops(hops)), &list);
        assert_eq!(
            (client.as_str(), findings.as_str()),
            (expected, found),
            "{hops}"
        );
    }
    // A limit of 0 trusts nobody.
    let none = ForwardedLayer::new(proxies().hops(0));
    assert_eq!(
        walk(&none, &list),
        ("10.0.0.1".into(), 0, "peer-untrusted".into())
    );
}

#[test]
fn any_means_one_hop_until_another_limit_is_asked_for_by_name() {
    let list = ["198.51.100.66, 203.0.113.7"];
    for safe in [
        "*",
        "0.0.0.0/0",
        "::/0, 10.0.0.0/8",
        "0.0.0.0/1, 128.0.0.0/1",
        "*, 10.0.0.0/8",
    ] {
        let layer = ForwardedLayer::new(safe.parse::<TrustedProxies>().unwrap());
        assert_eq!(walk(&layer, &list).0, "203.0.113.7", "{safe}");
    }
    assert_eq!(
        walk(
            &ForwardedLayer::new(TrustedProxies::any()),
            &["203.0.113.7"]
        )
        .2,
        ""
    );
    // Beyond the peer, the walk only passes addresses that are named.
    let list_behind_a_cdn = ["6.6.6.6, 203.0.113.7, 10.0.0.2"];
    for (trust, client) in [("*", "10.0.0.2"), ("*, 10.0.0.2", "203.0.113.7")] {
        let layer = ForwardedLayer::new(trust.parse::<TrustedProxies>().unwrap().hops(2));
        assert_eq!(walk(&layer, &list_behind_a_cdn).0, client, "{trust}");
    }
    let all = ForwardedLayer::new(TrustedProxies::any().unlimited_hops());
    assert_eq!(walk(&all, &list).0, "198.51.100.66");
}

#[test]
fn a_peer_that_sends_no_field_speaks_for_itself() {
    let resolution = resolve(&layer(), &[]);
    assert_eq!(client(&resolution), "10.0.0.1");
    assert_eq!(findings(&resolution), "");
    assert!(resolution.is_trusted());
    assert_eq!(resolution.hops(), 1);
}

#[test]
fn a_peer_that_sends_other_fields_but_no_for_is_a_finding() {
    let resolution = resolve(&layer(), &[("x-forwarded-proto", "https")]);
    assert_eq!(
        (client(&resolution), findings(&resolution)),
        ("10.0.0.1".into(), "for-missing".into())
    );
}

#[test]
fn a_list_speaks_through_the_element_that_pairs_with_the_client() {
    let scheme = |xff: &str, proto: &[&str]| {
        let mut fields = vec![("x-forwarded-for", xff)];
        fields.extend(proto.iter().map(|line| ("x-forwarded-proto", *line)));
        let headers = Headers::X_FORWARDED.with_lists(["x-forwarded-proto"]);
        resolve(&layer().headers(headers.unwrap()), &fields)
            .scheme()
            .as_str()
    };
    // Each hop appended its own scheme. The outermost trusted element counts, and nothing to the left of it.
    assert_eq!(scheme("203.0.113.7, 10.0.0.2", &["https, http"]), "https");
    assert_eq!(
        scheme("203.0.113.7, 10.0.0.2", &["http, https, http"]),
        "https"
    );
    assert_eq!(
        scheme("203.0.113.7, 10.0.0.2", &["http", "https", "http"]),
        "https"
    );
    // One hop overwrote the list.
    assert_eq!(scheme("203.0.113.7, 10.0.0.2", &["https"]), "https");
    assert_eq!(scheme("203.0.113.7", &["http, https"]), "https");
    // No element of the client list is accepted, so the peer's scheme counts.
    assert_eq!(scheme("junk", &["http, https"]), "https");
}

#[test]
fn a_field_that_is_set_and_not_appended_to_is_one_value() {
    for lines in [
        &["https, http"][..],
        &["http,https"],
        &["https,"],
        &["https", "https"],
    ] {
        let mut fields = vec![("x-forwarded-for", "203.0.113.7")];
        fields.extend(lines.iter().map(|line| ("x-forwarded-proto", *line)));
        let resolution = resolve(&layer(), &fields);
        assert_eq!(resolution.scheme().as_str(), "http", "{lines:?}");
        assert_eq!(findings(&resolution), "scheme-invalid", "{lines:?}");
    }
}

#[test]
fn a_unix_socket_on_the_way_is_a_hop_that_the_word_trusts() {
    let layer = ForwardedLayer::new("10.0.0.0/8, unix".parse::<TrustedProxies>().unwrap());
    for (list, client, hops, found, left) in [
        (
            "6.6.6.6, 203.0.113.7, unix:",
            "203.0.113.7",
            2,
            "",
            "203.0.113.7",
        ),
        (
            "203.0.113.7, unix:, 10.0.0.2",
            "203.0.113.7",
            3,
            "",
            "203.0.113.7, 10.0.0.2",
        ),
        (
            "203.0.113.7, unix:, unix:",
            "203.0.113.7",
            3,
            "",
            "203.0.113.7",
        ),
        (
            "203.0.113.7, 10.0.0.3, unix:",
            "203.0.113.7",
            3,
            "",
            "203.0.113.7, 10.0.0.3",
        ),
        (
            "unix:, 10.0.0.2",
            "10.0.0.2",
            2,
            "client-hidden",
            "10.0.0.2",
        ),
        ("unix:", "10.0.0.1", 1, "client-hidden", ""),
    ] {
        assert_eq!(
            walk(&layer, &[list]),
            (client.into(), hops, found.into()),
            "{list}"
        );
        let fields = [("x-forwarded-for", list), ("x-forwarded-proto", "https")];
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        assert_eq!(field(&seen, "x-forwarded-for"), left, "{list}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn what_stands_left_of_the_client_is_not_even_looked_at() {
    let steps = |forged: &str| {
        let list = format!("{forged}203.0.113.7, 10.0.0.2");
        let request = request("/", &[("x-forwarded-for", &list)]);
        let parts = request.into_parts().0;
        let explanation =
            tower_forwarded::explain(Some(PROXY.parse().unwrap()), &parts, layer().policy());
        let told = serde_json::to_value(&explanation).unwrap();
        told["steps"]["elements"].as_array().unwrap().len()
    };
    assert_eq!(steps(""), 2);
    assert_eq!(steps(&"198.51.100.66, ".repeat(4369)), 2);
    assert_eq!(steps(&format!("{}, ", "9".repeat(65_000))), 2);
}

#[test]
fn any_peer_trusts_no_unix_socket_further_out() {
    for trust in ["*", "*, 10.0.0.0/8"] {
        let layer = ForwardedLayer::new(trust.parse::<TrustedProxies>().unwrap());
        assert_eq!(
            walk(&layer, &["6.6.6.6, unix:"]),
            ("10.0.0.1".into(), 1, "client-hidden".into()),
            "{trust}"
        );
        let fields = [(
            "forwarded",
            "for=6.6.6.6;proto=https;host=admin.example.com, for=\"unix:\";proto=http",
        )];
        let layer = layer.headers(Headers::FORWARDED);
        let seen = resolve(&layer, &fields);
        assert_eq!(
            (client(&seen).as_str(), seen.scheme().as_str()),
            ("10.0.0.1", "http")
        );
    }
}

#[test]
fn the_way_of_a_request_is_told_from_the_client_on_and_only_as_far_as_it_is_vouched_for() {
    let way = |headers: Headers, fields: &[(&str, &str)], peer: &str| {
        let layer = layer().headers(headers).record_hops();
        let seen = through(&layer, Some(peer), request("/", fields));
        let hops: Vec<String> = resolution(&seen)
            .hops_seen()
            .iter()
            .map(|hop| {
                let address = hop.address().map_or("?".to_owned(), |ip| ip.to_string());
                let port = hop.port().map_or(String::new(), |port| format!(" {port}"));
                let by = hop.by().map_or(String::new(), |by| format!(" by {by}"));
                format!("{address}{port}{by}")
            })
            .collect();
        hops.join(" > ")
    };
    let forged = "6.6.6.6, 203.0.113.7:4711, 10.0.0.3";
    let list = [("x-forwarded-for", forged)];
    assert_eq!(
        way(Headers::X_FORWARDED, &list, PROXY),
        "203.0.113.7 4711 > 10.0.0.3"
    );
    assert_eq!(way(Headers::X_FORWARDED, &list, "203.0.113.9:1"), "");
    let lines = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.7"),
        ("x-forwarded-for", "10.0.0.3"),
    ];
    assert_eq!(
        way(Headers::X_FORWARDED, &lines, PROXY),
        "203.0.113.7 > 10.0.0.3"
    );
    let junk = [("x-forwarded-for", "203.0.113.7, junk, 10.0.0.3")];
    assert_eq!(way(Headers::X_FORWARDED, &junk, PROXY), "10.0.0.3");
    let rfc_7239 = [(
        "forwarded",
        "for=6.6.6.6;by=x,for=\"[2001:db8::7]:1\";by=_edge,,for=10.0.0.3;by=203.0.113.1",
    )];
    assert_eq!(
        way(Headers::FORWARDED, &rfc_7239, PROXY),
        "2001:db8::7 1 by _edge > 10.0.0.3 by 203.0.113.1"
    );
    let hidden = [("forwarded", "for=6.6.6.6, for=_secret;by=_a, for=10.0.0.3")];
    assert_eq!(
        way(Headers::FORWARDED, &hidden, PROXY),
        "? by _a > 10.0.0.3"
    );
    let single = [("cf-connecting-ip", "203.0.113.7")];
    assert_eq!(way(Headers::CLOUDFLARE, &single, PROXY), "203.0.113.7");
    assert_eq!(way(Headers::CLOUDFLARE, &[], PROXY), "");
    // Without `record_hops`, no hops are recorded.
    assert!(resolve(&layer(), &list).hops_seen().is_empty());
}

#[test]
fn thousands_of_lines_of_a_client_change_nothing() {
    let mut request = request("/", &[]);
    for number in 0..3_000_u16 {
        let line = format!("10.1.{}.{}", number / 250, number % 250);
        let headers = request.headers_mut();
        headers.append("x-forwarded-for", line.parse().unwrap());
        headers.append("x_forwarded_for", line.parse().unwrap());
        headers.append("remote-user", line.parse().unwrap());
    }
    let honest = "203.0.113.7".parse().unwrap();
    request.headers_mut().append("x-forwarded-for", honest);
    let seen = through(&layer(), Some(PROXY), request);
    assert_eq!(client(&resolution(&seen)), "203.0.113.7");
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7");
    assert_eq!(seen.headers().len(), 2);
}

#[test]
fn a_peer_without_a_port_is_a_client_without_a_port() {
    let peer = "203.0.113.9";
    let seen = through(&layer(), Some(peer), request("/", &[]));
    let resolution = resolution(&seen);
    assert_eq!(client(&resolution), peer);
    assert_eq!(resolution.client_port(), None);
}
