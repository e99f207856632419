//! Hosts that are accepted, and hosts that are not.

use super::*;

#[test]
fn authorities_are_read_by_the_grammar() {
    for (text, host, port) in [
        ("api.example.com", "api.example.com", None),
        ("Api.Example.COM:8443", "Api.Example.COM", Some(8443)),
        ("a_b-c.example.", "a_b-c.example.", None),
        ("192.0.2.1:80", "192.0.2.1", Some(80)),
        ("[2001:db8::1]", "[2001:db8::1]", None),
        ("[::1]:65535", "[::1]", Some(65535)),
        ("localhost:00080", "localhost", Some(80)),
        ("4.a", "4.a", None),
        ("1.2.3.4e", "1.2.3.4e", None),
        ("a.0xg", "a.0xg", None),
    ] {
        assert_eq!(
            parse(text.as_bytes()),
            Some(HostPort { host, port }),
            "{text}"
        );
    }
    for text in [
        "",
        ":80",
        ".",
        "..",
        ".example.com",
        "a..b",
        "a..example.com",
        "a..",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "010.0.0.1",
        "256.1.1.1",
        "0x7f.1",
        "0X7F000001",
        "a.0x",
        "a.123",
        "a.1.",
        "1234",
        "a:",
        "a:0",
        "a:65536",
        "a:+1",
        "a:8 0",
        "user@host",
        "user:pass@host",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a b",
        " a",
        "a\0",
        "é.example",
        "a%41",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]:",
        "[1.2.3.4]",
        "[fe80::1%25eth0]",
        "a,b",
        "a:80:80",
        "<script>",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text:?}");
    }
    assert!(parse("a".repeat(255).as_bytes()).is_some());
    assert!(parse("a".repeat(256).as_bytes()).is_none());
    let longest = "a".repeat(255) + ":65535";
    assert_eq!(parse(longest.as_bytes()).unwrap().port, Some(65_535));
    assert!(parse(("a".repeat(255) + ":065535").as_bytes()).is_none());
}

#[test]
fn what_is_canonical_already_is_not_copied() {
    use std::borrow::Cow;
    for port in ["8", "81", "999", "8443", "65535"] {
        let text = format!("api.example:{port}");
        let canonical = parse(text.as_bytes())
            .unwrap()
            .canonical(text.as_bytes(), Scheme::Http);
        assert!(
            matches!(canonical, Cow::Borrowed(same) if same == text),
            "{text}"
        );
    }
}

#[test]
fn the_canonical_form_is_lowercase_without_the_default_port() {
    for (text, scheme, expected) in [
        ("API.example", Scheme::Http, "api.example"),
        ("api.example:443", Scheme::Https, "api.example"),
        ("api.example:443", Scheme::Http, "api.example:443"),
        ("api.example:80", Scheme::Http, "api.example"),
        ("api.example:0080", Scheme::Https, "api.example:80"),
        ("[2001:DB8::1]:8443", Scheme::Https, "[2001:db8::1]:8443"),
    ] {
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!(
            parsed.canonical(text.as_bytes(), scheme),
            expected,
            "{text}"
        );
    }
}
