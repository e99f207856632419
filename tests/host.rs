//! Tests the resolved authority (R8, R13).

use tower_forwarded::Headers;

use crate::support::*;

const HTTPS: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

fn host(
    layer: &tower_forwarded::ForwardedLayer,
    uri: &str,
    fields: &[(&str, &str)],
) -> (String, String, String) {
    let fields = [&HTTPS[..], fields].concat();
    let mut request = request(uri, &fields);
    if fields.contains(&("host", "none")) {
        request.headers_mut().remove("host");
    }
    let seen = through(layer, Some(PROXY), request);
    let resolution = resolution(&seen);
    let authority = resolution
        .authority()
        .map(ToString::to_string)
        .unwrap_or_default();
    (authority, findings(&resolution), field(&seen, "host"))
}

fn case(uri: &str, fields: &[(&str, &str)], authority: &str, found: &str, sent_on: &str) {
    let expected = (authority.into(), found.into(), sent_on.into());
    assert_eq!(host(&layer(), uri, fields), expected, "{uri} {fields:?}");
}

#[test]
fn the_authority_comes_from_the_target_else_from_host() {
    case(
        "/",
        &[("host", "api.example.com")],
        "api.example.com",
        "",
        "api.example.com",
    );
    case(
        "/",
        &[("host", "API.Example.com:443")],
        "api.example.com",
        "",
        "api.example.com",
    );
    case(
        "/",
        &[("host", "api.example.com:8443")],
        "api.example.com:8443",
        "",
        "api.example.com:8443",
    );
    case(
        "/",
        &[("host", "[2001:DB8::1]:8443")],
        "[2001:db8::1]:8443",
        "",
        "[2001:db8::1]:8443",
    );
    // The absolute form takes precedence over Host (RFC 9112, section 3.2.2), and Host is replaced.
    case(
        "http://a.example/x",
        &[("host", "b.example")],
        "a.example",
        "",
        "a.example",
    );
    // In HTTP/2 there is no Host.
    case("https://a.example/x", &[], "a.example", "", "a.example");
}

#[test]
fn an_invalid_missing_or_conflicting_host_is_no_authority() {
    for bad in [
        "user@host",
        "a/b",
        "a b",
        "a:0",
        "a:99999",
        ".example.com",
        "",
        "a,b",
        "a..example.com",
        "1.2.3",
        "010.0.0.1",
        "1.2.3.4.5",
        "0x7f.1",
        "[::1",
        "<script>",
    ] {
        case("/", &[("host", bad)], "", "host-invalid", "");
    }
    let (authority, found, _) = host(&layer(), "/", &[("host", "none")]);
    assert_eq!((authority.as_str(), found.as_str()), ("", "host-invalid"));
    case(
        "/",
        &[("host", "a.example"), ("host", "b.example")],
        "",
        "host-invalid",
        // The layer removes a host that it does not understand, so that no code behind it reads it.
        "",
    );
    case(
        "/",
        &[("host", "a.example"), ("host", "A.example:443")],
        "a.example",
        "",
        "a.example",
    );
    // If the target is invalid, Host is not used instead.
    case(
        "http://user@a.example/",
        &[("host", "b.example")],
        "",
        "host-invalid",
        "",
    );
}

#[test]
fn a_forwarded_host_counts_only_if_it_is_allowed() {
    let evil = [
        ("host", "app.internal"),
        ("x-forwarded-host", "evil.example"),
    ];
    case(
        "/",
        &evil,
        "app.internal",
        "host-not-allowed",
        "app.internal",
    );
    let allowing = layer()
        .believe_hosts(["api.example.com", "*.example.org", "[2001:db8::1]"])
        .unwrap();
    for (forwarded, expected, found) in [
        ("api.example.com", "api.example.com", ""),
        ("API.example.com:443", "api.example.com", ""),
        ("a.example.org:8443", "a.example.org:8443", ""),
        ("[2001:db8::1]", "[2001:db8::1]", ""),
        // One value is expected. A client may have written the text before the comma or the text after it.
        (
            "evil.example, api.example.com",
            "app.internal",
            "host-invalid",
        ),
        ("x,api.example.com", "app.internal", "host-invalid"),
        ("api.example.com,", "app.internal", "host-invalid"),
        ("a..example.org", "app.internal", "host-invalid"),
        ("010.0.0.1", "app.internal", "host-invalid"),
        ("evil.example", "app.internal", "host-not-allowed"),
        ("example.org", "app.internal", "host-not-allowed"),
        (
            "api.example.com.evil.example",
            "app.internal",
            "host-not-allowed",
        ),
        ("user@api.example.com", "app.internal", "host-invalid"),
        ("api.example.com/x", "app.internal", "host-invalid"),
        ("", "app.internal", "host-invalid"),
    ] {
        let (authority, findings, sent_on) =
            host(&allowing, "/", &[("x-forwarded-host", forwarded)]);
        assert_eq!(
            (authority.as_str(), findings.as_str()),
            (expected, found),
            "{forwarded}"
        );
        assert_eq!(sent_on, expected, "{forwarded}");
    }
    let any = layer().believe_hosts(["*"]).unwrap();
    assert_eq!(
        host(&any, "/", &[("x-forwarded-host", "x.example")]).0,
        "x.example"
    );
}

#[test]
fn a_pattern_with_a_port_means_the_port_of_the_authority() {
    let layer = layer()
        .believe_hosts(["a.example:443", "b.example:8443", "*.example.org:80"])
        .unwrap()
        .believe_port();
    for (forwarded, port, expected, found) in [
        ("a.example", "443", "a.example", ""),
        ("a.example:443", "443", "a.example", ""),
        ("a.example", "8443", "app.internal:8443", "host-not-allowed"),
        ("a.example:8443", "443", "app.internal", "host-not-allowed"),
        // The authority would be b.example:8443.
        ("b.example", "8443", "b.example:8443", ""),
        ("b.example", "443", "app.internal", "host-not-allowed"),
        // The scheme is https, so 80 is not its default port.
        ("x.example.org", "443", "app.internal", "host-not-allowed"),
        ("x.example.org", "80", "x.example.org:80", ""),
    ] {
        let fields = [
            ("host", "app.internal"),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", forwarded),
            ("x-forwarded-port", port),
        ];
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        let resolution = resolution(&seen);
        let authority = resolution.authority().unwrap().to_string();
        assert_eq!(
            (authority.as_str(), &*findings(&resolution)),
            (expected, found),
            "{forwarded} {port}"
        );
    }
    // A port that is not believed changes nothing.
    let hosts = crate::support::layer().believe_hosts(["b.example:8443"]);
    let fields = [
        ("host", "app.internal"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "b.example"),
        ("x-forwarded-port", "8443"),
    ];
    let seen = through(&hosts.unwrap(), Some(PROXY), request("/", &fields));
    assert_eq!(resolution(&seen).authority().unwrap(), "app.internal");
}

#[test]
fn a_forwarded_host_that_says_the_same_as_the_request_is_nothing_to_report() {
    let same = [
        ("host", "api.example.com"),
        ("x-forwarded-host", "API.example.com:443"),
    ];
    case("/", &same, "api.example.com", "", "api.example.com");
}

#[test]
fn a_believed_host_stands_in_for_an_invalid_one() {
    let allowing = layer().believe_hosts(["api.example.com"]).unwrap();
    let fields = [("host", "a b"), ("x-forwarded-host", "api.example.com")];
    let expected = (
        "api.example.com".into(),
        String::new(),
        "api.example.com".into(),
    );
    assert_eq!(host(&allowing, "/", &fields), expected);
}

#[test]
fn a_host_pattern_that_is_none_is_refused_at_construction() {
    let error = layer()
        .believe_hosts(["ok.example", "https://a.example"])
        .unwrap_err();
    assert!(error.to_string().contains("`https://a.example`"), "{error}");
}

#[test]
fn a_kept_authority_is_not_taken_for_one_of_another_scheme() {
    // Each thread keeps the last authority. So this tests an authority whose port http needs and https does not need,
    // then the same text over HTTPS, and the other way round.
    let seen = |proto: &str, host: &str| {
        let fields = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", proto),
            ("host", host),
        ];
        resolve(&layer(), &fields).authority().unwrap().to_string()
    };
    for _ in 0..2 {
        assert_eq!(seen("http", "a.example:443"), "a.example:443");
        assert_eq!(seen("https", "a.example:443"), "a.example");
        assert_eq!(seen("https", "a.example:80"), "a.example:80");
        assert_eq!(seen("http", "a.example:80"), "a.example");
    }
}

#[test]
fn a_believed_host_is_there_for_naive_readers_as_it_was_resolved() {
    let headers = Headers::X_FORWARDED.with_lists(["X-Forwarded-Host"]);
    let allowing = layer()
        .headers(headers.unwrap())
        .believe_hosts(["api.example.com"])
        .unwrap();
    for forwarded in [
        "api.example.com",
        "API.example.com:443",
        "evil.example, api.example.com",
        // The same host as in Host.
        "app.internal",
        "APP.internal:443",
    ] {
        let fields = [&HTTPS[..], &[("x-forwarded-host", forwarded)]].concat();
        let seen = through(&allowing, Some(PROXY), request("/", &fields));
        let authority = resolution(&seen).authority().unwrap().to_string();
        assert_eq!(field(&seen, "x-forwarded-host"), authority, "{forwarded}");
        assert_eq!(field(&seen, "host"), authority, "{forwarded}");
    }
}

/// No limit on the length may let the text of a client spoil the value beside it.
#[test]
fn the_longest_host_that_a_proxy_appends_is_the_same_whatever_stands_in_front_of_it() {
    let headers = Headers::X_FORWARDED
        .with_lists(["x-forwarded-host"])
        .unwrap();
    let layer = layer().headers(headers).believe_hosts(["*"]).unwrap();
    let label = "a".repeat(62);
    let host = format!("{label}.{label}.{label}.{label}.bcd:65535");
    for written in [
        host.clone(),
        format!("evil.example,{host}"),
        format!("evil.example, {host}"),
        format!("evil.example, {host} "),
    ] {
        let fields = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", &written),
        ];
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        let resolution = resolution(&seen);
        assert_eq!(resolution.authority().unwrap().as_str(), host, "{written}");
        assert_eq!(findings(&resolution), "", "{written}");
    }
}
