//! Patterns and what they match.

use super::*;

#[test]
fn patterns_match_names_and_nothing_that_only_looks_like_them() {
    for (pattern, host, port, expected) in [
        ("api.example.com", "API.example.com", None, true),
        ("api.example.com", "api.example.com.", Some(81), true),
        ("API.example.com.", "api.example.com", None, true),
        ("api.example.com", "xapi.example.com", None, false),
        ("api.example.com:8443", "api.example.com", Some(8443), true),
        ("api.example.com:8443", "api.example.com", Some(1), false),
        ("api.example.com:8443", "api.example.com", None, false),
        ("*.example.com", "a.example.com", None, true),
        ("*.example.com", "a.b.example.com", None, true),
        ("*.example.com", "example.com", None, false),
        ("*.example.com", ".example.com", None, false),
        ("*.example.com", "a..example.com", None, false),
        ("*.example.com", ".a.example.com", None, false),
        ("*.example.com", "evilexample.com", None, false),
        ("*.example.com", "a.example.com.evil.example", None, false),
        ("[2001:DB8::1]", "[2001:db8::1]", None, true),
        ("2001:db8::1", "[2001:db8::1]", Some(443), true),
        // An IPv6 address has more than one spelling.
        ("[2001:db8:0::1]", "[2001:db8::1]", None, true),
        ("2001:db8:0::1", "[2001:db8::1]", None, true),
        ("2001:db8::1", "[2001:DB8:0:0::1]", Some(80), true),
        ("[2001:db8:0::1]:443", "[2001:db8::1]", Some(443), true),
        ("[2001:db8:0::1]:443", "[2001:db8::1]", Some(80), false),
        ("[2001:db8::2]", "[2001:db8::1]", None, false),
        ("[::ffff:192.0.2.1]", "192.0.2.1", None, false),
        ("192.0.2.1", "192.0.2.1", None, true),
        ("*", "anything", None, true),
    ] {
        let parsed: HostPattern = pattern.parse().unwrap();
        assert_eq!(parsed.matches(host, port), expected, "{pattern} {host}");
    }
}

#[test]
fn a_pattern_that_is_none_is_refused_by_name() {
    for text in [
        "",
        "*.",
        "*x.example",
        "a.*.example",
        "**",
        "*.*",
        "https://a.example",
        "a b",
        "*.[::1]",
        "*.192.0.2.1",
        "*.0.0.1",
        "a..b",
        "010.0.0.1",
    ] {
        let error = text.parse::<HostPattern>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}
