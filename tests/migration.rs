//! The table of docs/migration.md: what a setting of another framework trusts is what the words here trust.

use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use crate::support::*;

/// The words, and addresses that the framework's default trusts and does not trust.
const ROWS: [(&str, &str, &[&str], &[&str]); 7] = [
    (
        "Spring Boot, server.tomcat.remoteip.internal-proxies",
        "loopback, private, link-local, cgnat",
        &[
            "10.1.2.3",
            "172.31.0.1",
            "192.168.9.9",
            "169.254.1.1",
            "127.0.0.9",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
        ],
        &["172.32.0.1", "100.128.0.1", "203.0.113.7"],
    ),
    (
        "Rails from 8.1 on, ActionDispatch::RemoteIp::TRUSTED_PROXIES",
        "loopback, private, link-local",
        &[
            "127.0.0.1",
            "::1",
            "fc00::1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.9.9",
            "169.254.1.1",
            "fe80::1",
        ],
        &["100.64.0.1", "203.0.113.7", "2001:db8::1"],
    ),
    (
        "Express, loopback",
        "loopback",
        &["127.0.0.1", "127.9.9.9", "::1"],
        &["10.0.0.1", "169.254.1.1"],
    ),
    (
        "Express, linklocal",
        "link-local",
        &["169.254.1.1", "fe80::1"],
        &["127.0.0.1", "10.0.0.1"],
    ),
    (
        "Express, uniquelocal",
        "private",
        &[
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "fc00::1",
            "fd00::1",
        ],
        &["127.0.0.1", "169.254.1.1", "fe80::1"],
    ),
    (
        "uvicorn, the default of forwarded-allow-ips",
        "127.0.0.1",
        &["127.0.0.1"],
        &["::1", "127.0.0.2", "10.0.0.0"],
    ),
    (
        "gunicorn, the default of forwarded-allow-ips",
        "127.0.0.1, ::1",
        &["127.0.0.1", "::1"],
        &["127.0.0.2", "10.0.0.1"],
    ),
];

#[test]
fn the_words_here_trust_what_the_settings_there_trust() {
    for (setting, words, inside, outside) in ROWS {
        let proxies: TrustedProxies = words.parse().unwrap();
        for address in inside {
            assert!(
                proxies.contains(address.parse().unwrap()),
                "{setting}: {address}"
            );
        }
        for address in outside {
            assert!(
                !proxies.contains(address.parse().unwrap()),
                "{setting}: {address}"
            );
        }
    }
    let empty = "none".parse::<TrustedProxies>().unwrap();
    assert_eq!(empty, TrustedProxies::none());
    for word in ["linklocal", "uniquelocal"] {
        assert!(word.parse::<TrustedProxies>().is_err(), "{word}");
    }
}

#[test]
fn gunicorns_default_headers_for_https_are_read() {
    for (name, value) in [
        ("x-forwarded-protocol", "ssl"),
        ("x-forwarded-ssl", "on"),
        ("x-forwarded-proto", "https"),
    ] {
        let headers = Headers::X_FORWARDED.with_scheme_field(name).unwrap();
        let fields = [("x-forwarded-for", "203.0.113.7"), (name, value)];
        let resolution = resolve(&layer().headers(headers), &fields);
        assert!(resolution.scheme().is_https(), "{name}");
        assert_eq!(findings(&resolution), "");
    }
}

/// What can be forged there, and is not here.
#[test]
fn what_is_forged_with_these_settings_is_not_with_the_ones_that_the_table_names() {
    let forged = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.66"),
        ("x-forwarded-proto", "https"),
    ];
    let client_of =
        |proxies: TrustedProxies| client(&resolve(&ForwardedLayer::new(proxies), &forged));
    // Express `true`, uvicorn `*`, gin's default: the leftmost.
    assert_eq!(client_of(TrustedProxies::any().unlimited_hops()), "6.6.6.6");
    assert_eq!(client_of(TrustedProxies::any()), "203.0.113.66");
    // Express 2, Werkzeug x_for=2: whoever goes around the outer proxy is believed.
    assert_eq!(client_of(TrustedProxies::count(2)), "6.6.6.6");
    assert_eq!(
        client_of("*, 173.245.48.0/20".parse().unwrap()),
        "203.0.113.66"
    );
}
