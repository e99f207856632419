//! Tests proxies that authenticate with a secret header (R17), and trust by the number of proxies (R2).

use tower_forwarded::{Finding, ForwardedLayer, Headers, TrustedProxies, explain};

use crate::support::*;

const SECRET: &str = "correct horse";
const HONEST: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

fn guarded() -> ForwardedLayer {
    layer()
        .require("X-Origin-Verify", ["old one", SECRET])
        .unwrap()
}

/// Client, scheme and findings.
fn came_out(
    layer: &ForwardedLayer,
    peer: &str,
    more: &[(&str, &str)],
) -> (String, &'static str, String) {
    let fields = [&HONEST[..], more].concat();
    let seen = through(layer, Some(peer), request("/", &fields));
    // The layer removes the secret, no matter who sent it.
    assert_eq!(field(&seen, "x-origin-verify"), "");
    let resolution = resolution(&seen);
    (
        client(&resolution),
        resolution.scheme().as_str(),
        findings(&resolution),
    )
}

#[test]
fn a_trusted_peer_is_believed_only_with_the_secret() {
    let line = |value| ("x-origin-verify", value);
    for right in [SECRET, "old one"] {
        let believed = ("203.0.113.7".into(), "https", String::new());
        assert_eq!(came_out(&guarded(), PROXY, &[line(right)]), believed);
    }
    // While a secret is rotated, both variables may hold the same value.
    let twice = layer()
        .require("x-origin-verify", [SECRET, SECRET])
        .unwrap();
    let believed = ("203.0.113.7".into(), "https", String::new());
    assert_eq!(came_out(&twice, PROXY, &[line(SECRET)]), believed);
    let nobody = ("10.0.0.1".into(), "http", "secret-missing".into());
    for wrong in [
        &[][..],
        &[line("")],
        &[line("guess")],
        &[line("correct hors")],
        &[line("correct horse ")],
        &[line("Correct horse")],
        &[line("old one, correct horse")],
        // Two lines prove nothing, because a client may have sent one of them.
        &[line(SECRET), line(SECRET)],
        &[line("guess"), line(SECRET)],
        &[("x_origin_verify", SECRET)],
    ] {
        let request = request("/", &[&HONEST[..], wrong].concat());
        let seen = through(&guarded(), Some(PROXY), request);
        let resolution = resolution(&seen);
        assert!(
            !resolution.is_trusted() && resolution.hops() == 0,
            "{wrong:?}"
        );
        assert_eq!(came_out(&guarded(), PROXY, wrong), nobody, "{wrong:?}");
    }
    // A peer that is not trusted does not become a proxy by sending the secret.
    assert_eq!(
        came_out(&guarded(), "198.51.100.9:1", &[line(SECRET)]),
        ("198.51.100.9".into(), "http", "peer-untrusted".into())
    );
}

#[test]
fn the_secret_is_shown_nowhere() {
    let layer = guarded();
    assert!(!format!("{layer:?}").contains("horse"), "{layer:?}");
    for value in [SECRET, "wrong horse"] {
        let fields = [&HONEST[..], &[("x-origin-verify", value)]].concat();
        let parts = request("/", &fields).into_parts().0;
        let told = explain(Some(PROXY.parse().unwrap()), &parts, layer.policy());
        let text = format!("{told} {told:?}");
        assert!(!text.contains("horse"), "{text}");
        assert!(told.removed().contains(&"x-origin-verify".to_owned()));
    }
    let told = explain(
        Some(PROXY.parse().unwrap()),
        &request("/", &HONEST).into_parts().0,
        layer.policy(),
    );
    let advice = told.advice_about(Finding::SecretMissing).unwrap();
    assert!(advice.contains("x-origin-verify"), "{advice}");
    for (name, values) in [
        ("no name", &["horse"][..]),
        ("x-forwarded-for", &["horse"]),
        ("host", &["horse"]),
        // The layer removes the secret, so it must not be a header that HTTP or the service needs.
        ("connection", &["horse"]),
        ("content-length", &["horse"]),
        ("transfer-encoding", &["horse"]),
        ("Authorization", &["horse"]),
        ("cookie", &["horse"]),
        // Whoever writes this means more than one header.
        ("x-*", &["horse"]),
        ("x-origin-verify", &[]),
        ("x-origin-verify", &[""]),
        ("x-origin-verify", &["horse", " horse"]),
        ("x-origin-verify", &["horse\n"]),
    ] {
        let error = crate::support::layer().require(name, values).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(&format!("`{name}`")), "{error}");
        assert!(!error.contains("horse"), "{error}");
    }
    let error = crate::support::layer().require("x-forwarded-for", ["horse"]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "`x-forwarded-for` cannot be used here: it is not the name of a header, or it is a header with its own meaning"
    );
}

#[test]
fn a_secret_is_never_read_as_something_else_whatever_the_order_of_the_calls() {
    use tower_forwarded::Headers;

    let secret = || guarded().headers(Headers::X_FORWARDED);
    // Everything else is still read.
    for (headers, found, scheme) in [
        (
            Headers::X_FORWARDED.with_scheme_field("x-origin-verify"),
            "203.0.113.7",
            "http",
        ),
        (
            Headers::X_FORWARDED.with_host_field("x_origin_verify"),
            "203.0.113.7",
            "https",
        ),
        (
            Headers::client_field("X-Origin-Verify")
                .and_then(|headers| headers.with_scheme_field("x-forwarded-proto")),
            "10.0.0.1",
            "https",
        ),
        (
            Headers::X_FORWARDED
                .with_port_field("x-origin-verify")
                .and_then(|headers| headers.with_lists(["x-origin-verify"])),
            "203.0.113.7",
            "https",
        ),
    ] {
        let headers = headers.unwrap();
        let refused = crate::support::layer()
            .headers(headers.clone())
            .require("x-origin-verify", [SECRET]);
        assert!(refused.is_err(), "{headers:?}");
        let layer = secret()
            .headers(headers)
            .believe_hosts(["*"])
            .unwrap()
            .believe_port()
            .keep("x-origin-verify")
            .unwrap();
        let fields = [HONEST[0], HONEST[1], ("x-origin-verify", SECRET)];
        let parts = request("/", &fields).into_parts().0;
        let told = explain(Some(PROXY.parse().unwrap()), &parts, layer.policy());
        let text = format!("{told} {told:?}");
        assert!(!text.contains("horse"), "{text}");
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        assert_eq!(seen.headers().get("x-origin-verify"), None);
        let resolution = resolution(&seen);
        assert_eq!(client(&resolution), found);
        assert_eq!(resolution.scheme().as_str(), scheme);
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_configuration_names_where_the_secret_is_and_never_the_secret() {
    use std::io::Write;

    use tower_forwarded::Config;

    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{SECRET}\nanother").unwrap();
    let read = |text: &str| toml::from_str::<Config>(text);
    let trust = "trust = '10.0.0.0/8'\nrequire = 'x-origin-verify'\n";
    let path = file.path().display();
    let config = read(&format!("{trust}require_file = '{path}'")).unwrap();
    assert!(!format!("{config:?}").contains("horse"), "{config:?}");
    let mut reads_it = config.clone();
    reads_it.headers = tower_forwarded::Headers::X_FORWARDED
        .with_scheme_field("x-origin-verify")
        .unwrap();
    let parts = request("/", &[HONEST[0], ("x-origin-verify", SECRET)])
        .into_parts()
        .0;
    let told = explain(
        Some(PROXY.parse().unwrap()),
        &parts,
        reads_it.layer().policy(),
    );
    assert!(!format!("{told}").contains("horse"), "{told}");
    let layer = config.layer();
    let proved = [("x-origin-verify", "another")];
    assert_eq!(came_out(&layer, PROXY, &proved).0, "203.0.113.7");
    assert_eq!(came_out(&layer, PROXY, &[]).2, "secret-missing");
    for (more, named) in [
        ("", "require_env"),
        (
            "require_env = 'TOWER_FORWARDED_NOT_SET'",
            "`TOWER_FORWARDED_NOT_SET`",
        ),
        ("require_file = '/no/such/file'", "`/no/such/file`"),
        ("require = ['a', 'b']", "duplicate"),
    ] {
        let error = read(&format!("{trust}{more}")).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    // A secret that stands where it does not belong is in no error.
    for wrong in [
        "trust = []\nrequire = ['x-origin-verify', 'horse battery']",
        "trust = []\nrequire = 'x-origin-verify'\nrequire_env = ['horse battery']",
        "trust = []\nrequire = 'x-origin-verify'\nrequire_file = ['horse battery']",
    ] {
        let value: serde_json::Value = toml::from_str(wrong).unwrap();
        let error = serde_json::from_value::<Config>(value).unwrap_err();
        assert!(!error.to_string().contains("horse"), "{error}");
    }
    // What editors write in front of a file belongs to no value.
    std::fs::write(file.path(), "\u{feff}another\n").unwrap();
    let layer = read(&format!("{trust}require_file = '{path}'"))
        .unwrap()
        .layer();
    assert_eq!(came_out(&layer, PROXY, &proved).0, "203.0.113.7");
    let alone = read("trust = []\nrequire_env = 'PATH'").unwrap_err();
    let expected = "require_env: has no effect without `require`";
    assert!(alone.to_string().contains(expected), "{alone}");
}

#[test]
fn a_second_layer_removes_its_secret_and_requires_nothing() {
    for sent in [SECRET, "guess"] {
        let fields = [&HONEST[..], &[("x-origin-verify", sent)]].concat();
        let outer = through(&layer(), Some(PROXY), request("/", &fields));
        assert_eq!(field(&outer, "x-origin-verify"), sent);
        let (mut parts, ()) = outer.clone().into_parts();
        let seen = guarded().rewrite(None, &mut parts);
        assert!(!parts.headers.contains_key("x-origin-verify"));
        assert_eq!(client(&seen), "203.0.113.7");
        let inner = through(&guarded(), None, outer);
        assert_eq!(field(&inner, "x-origin-verify"), "");
        assert_eq!(client(&resolution(&inner)), "203.0.113.7");
    }
}

#[test]
fn counted_proxies_are_counted_whoever_they_are() {
    let layer = ForwardedLayer::new(TrustedProxies::count(2));
    for (list, client, hops, found) in [
        ("6.6.6.6, 203.0.113.9, 198.51.100.7", "203.0.113.9", 2, ""),
        ("203.0.113.9, 198.51.100.7", "203.0.113.9", 2, ""),
        ("203.0.113.9, unknown", "203.0.113.9", 2, ""),
        ("203.0.113.9, unix:", "203.0.113.9", 2, ""),
        (
            "6.6.6.6, unix:, 198.51.100.7",
            "198.51.100.7",
            2,
            "client-hidden",
        ),
        (
            "6.6.6.6, unknown, 198.51.100.7",
            "198.51.100.7",
            2,
            "client-hidden",
        ),
        // If there are fewer elements, the request did not pass all proxies.
        ("203.0.113.9", "10.0.0.1", 0, "hops-missing"),
        ("junk, 198.51.100.7", "10.0.0.1", 0, "hops-missing"),
        ("6.6.6.6, 203.0.113.9, junk", "10.0.0.1", 0, "hops-missing"),
        ("", "10.0.0.1", 0, "hops-missing"),
    ] {
        let fields = [("x-forwarded-for", list), HONEST[1]];
        let seen = resolve(&layer, &fields);
        assert_eq!(
            (
                crate::support::client(&seen).as_str(),
                seen.hops(),
                findings(&seen).as_str()
            ),
            (client, hops, found),
            "{list}"
        );
        // If nothing is believed, the layer removes the headers.
        let seen = through(&layer, Some(PROXY), request("/", &fields));
        assert!(hops > 0 || field(&seen, "x-forwarded-for").is_empty());
        assert_eq!(resolution(&seen).scheme().is_https(), hops > 0, "{list}");
    }
    let forwarded = ForwardedLayer::new(TrustedProxies::count(2)).headers(Headers::FORWARDED);
    let line = "for=6.6.6.6;proto=http, for=203.0.113.9;proto=https, for=198.51.100.7";
    let seen = resolve(&forwarded, &[("forwarded", line)]);
    assert_eq!(
        (
            crate::support::client(&seen).as_str(),
            seen.scheme().as_str()
        ),
        ("203.0.113.9", "https")
    );
    // With one proxy, this proxy is the peer. A header that holds only the client has nothing to count.
    let one = ForwardedLayer::new(TrustedProxies::count(1));
    assert_eq!(came_out(&one, PROXY, &[]).0, "203.0.113.7");
    let fly = ForwardedLayer::new(TrustedProxies::count(2)).headers(Headers::FLY);
    let seen = resolve(&fly, &[("fly-client-ip", "203.0.113.7"), HONEST[1]]);
    assert_eq!(crate::support::client(&seen), "203.0.113.7");
}
