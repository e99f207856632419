//! Nodes as proxies and attackers write them.

use super::*;

fn address(text: &str, port: Option<u16>) -> Option<Node> {
    Some(Node::Address(text.parse().unwrap(), port))
}

#[test]
fn every_spelling_of_a_node_is_read() {
    for (text, expected) in [
        ("192.0.2.43", address("192.0.2.43", None)),
        ("192.0.2.43:47011", address("192.0.2.43", Some(47011))),
        ("192.0.2.43:0", address("192.0.2.43", None)),
        ("192.0.2.43:_gazonk", address("192.0.2.43", None)),
        ("[2001:db8:cafe::17]", address("2001:db8:cafe::17", None)),
        (
            "[2001:DB8:cafe::17]:4711",
            address("2001:db8:cafe::17", Some(4711)),
        ),
        ("2001:db8::1", address("2001:db8::1", None)),
        ("::1", address("::1", None)),
        ("1::", address("1::", None)),
        (
            "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
            address("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", None),
        ),
        ("::ffff:192.0.2.1", address("192.0.2.1", None)),
        ("[::ffff:c000:201]:80", address("192.0.2.1", Some(80))),
        ("fe80::1%eth0", address("fe80::1", None)),
        ("fe80::1%25eth0", address("fe80::1", None)),
        ("[fe80::1%en-0.1_a~]:443", address("fe80::1", Some(443))),
        ("unix:", Some(Node::Unix)),
        ("unknown", Some(Node::Unknown)),
        ("UnKnown:80", Some(Node::Unknown)),
        ("_hidden", Some(Node::Obfuscated)),
        ("_SEVKISEK.a-b:_port", Some(Node::Obfuscated)),
    ] {
        assert_eq!(parse(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn what_is_no_node_is_refused() {
    for text in [
        "",
        " ",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.256",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:123456",
        "1.2.3.4:a",
        "1.2.3.4:-1",
        "0.0.0.0",
        "::",
        "[::]",
        "[::ffff:0.0.0.0]",
        "[::1",
        "::1]",
        "[::1]80",
        "[::1]:",
        "[1.2.3.4]",
        "_",
        "_a b",
        "_a:",
        "fe80::1%",
        "fe80::1%eth0%",
        "fe80::1%eth 0",
        "1.2.3.4%eth0",
        "1.2.3.4 ",
        "\"1.2.3.4\"",
        "unix:/run/x",
        "unix",
        "1.2.3.4,",
        "+1.2.3.4",
        "1.2.3.4\0",
        "é",
        "0:0:0:0:0:0:0:0",
        "1:2:3:4:5:6:7:8:9",
        "unknown:",
        "unknown x",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn cloudfront_writes_a_port_without_brackets() {
    for (text, expected) in [
        ("203.0.113.1:443", Some(("203.0.113.1", 443))),
        ("2001:db8::1:443", Some(("2001:db8::1", 443))),
        ("2001:db8:0:0:0:0:0:1:443", Some(("2001:db8::1", 443))),
        ("[2001:db8::1]:443", Some(("2001:db8::1", 443))),
        ("203.0.113.1", None),
        (":443", None),
        ("203.0.113.1:", None),
        ("0.0.0.0:1", None),
    ] {
        let expected = expected.map(|(a, p)| (a.parse().unwrap(), Some(p)));
        assert_eq!(parse_address_then_port(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn ipv4_agrees_with_the_standard_library() {
    for text in [
        "0.0.0.1",
        "255.255.255.255",
        "1.22.133.4",
        "00.0.0.1",
        "1.2.3.04",
        "1..2.3",
        ".1.2.3",
        "1.2.3.",
        "999.1.1.1",
        "1.2.3.4x",
        "256.1.1.1",
        "1.2.3.2555",
    ] {
        let ours = ipv4::parse(text.as_bytes());
        assert_eq!(ours, text.parse().ok(), "{text}");
    }
}
