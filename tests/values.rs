//! Tests the use of the crate's types in a user's own configuration, messages and tests.

use std::collections::HashSet;

use tower_forwarded::{Finding, Findings, Headers, Resolution, Scheme, TrustedProxies};

#[test]
fn a_set_of_proxies_prints_what_can_be_read_again() {
    for (text, printed) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("unix, 10.0.0.1, *", "*, unix, 10.0.0.1/32"),
        (
            "2001:db8::/32 10.0.0.0/9,10.128.0.0/9",
            "10.0.0.0/8, 2001:db8::/32",
        ),
        ("cgnat", "100.64.0.0/10"),
        ("none", "none"),
    ] {
        let set: TrustedProxies = text.parse().unwrap();
        assert_eq!(set.to_string(), printed, "{text}");
        assert_eq!(printed.parse(), Ok(set), "{text}");
    }
    assert_eq!("none".parse(), Ok(TrustedProxies::none()));
}

#[test]
fn a_word_of_another_product_is_refused_with_the_one_that_is_meant() {
    for (text, meant) in [
        ("linklocal", "`link-local`"),
        ("uniquelocal", "`private`"),
        ("10.0.0.1, none", "only entry"),
    ] {
        let error = text.parse::<TrustedProxies>().unwrap_err().to_string();
        assert!(error.contains(meant), "{error}");
    }
}

#[test]
fn findings_are_a_set_that_can_be_walked() {
    let set: Findings = [Finding::HopLimit, Finding::PeerUnknown]
        .into_iter()
        .collect();
    let walked: Vec<Finding> = set.into_iter().collect();
    assert_eq!(walked, [Finding::PeerUnknown, Finding::HopLimit]);
    assert_eq!(set.iter().count(), 2);
}

#[test]
fn equal_configurations_are_equal_and_hash_alike_in_whatever_order_they_were_made() {
    let one = Headers::X_FORWARDED
        .with_scheme_field("x-a")
        .and_then(|headers| headers.with_host_field("x-b"));
    let other = Headers::X_FORWARDED
        .with_host_field("x-b")
        .and_then(|headers| headers.with_scheme_field("x-a"));
    assert_eq!(one, other);
    let all = HashSet::from([one.unwrap(), other.unwrap()]);
    assert_eq!(all.len(), 1);
    let proxies = |text: &str| text.parse::<TrustedProxies>().unwrap();
    let all = HashSet::from([proxies("10.0.0.1, unix"), proxies("unix 10.0.0.1")]);
    assert_eq!(all.len(), 1);
}

#[test]
fn a_handlers_test_makes_its_own_resolution() {
    let client = "203.0.113.7".parse().unwrap();
    let resolution = Resolution::for_test(client, Scheme::Https, "a.example".parse().unwrap());
    assert_eq!(resolution.client(), Some(client));
    assert_eq!(
        resolution.origin().unwrap().url("/x"),
        "https://a.example/x"
    );
    assert!(resolution.is_trusted() && resolution.findings().is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn each_is_a_text_in_a_configuration_of_ones_own() {
    use tower_forwarded::HostPattern;

    #[derive(Debug, serde::Deserialize)]
    struct Own {
        proxies: TrustedProxies,
        headers: Headers,
        host: HostPattern,
        scheme: Scheme,
        fatal: Vec<Finding>,
    }

    let own: Own = toml::from_str(
        "proxies = 'loopback'\nheaders = 'nginx'\nhost = '*.example.com'\nscheme = 'https'\n\
         fatal = ['hop-limit']",
    )
    .unwrap();
    assert_eq!(own.proxies, "loopback".parse().unwrap());
    assert_eq!((own.headers, own.scheme), (Headers::NGINX, Scheme::Https));
    assert_eq!(
        serde_json::to_string(&own.fatal).unwrap(),
        "[\"hop-limit\"]"
    );
    assert_eq!(
        serde_json::to_string(&own.host).unwrap(),
        "\"*.example.com\""
    );
    let error = toml::from_str::<Own>("proxies = '10.0.0.5/8'").unwrap_err();
    assert!(error.to_string().contains("`10.0.0.5/8`"), "{error}");
}
