//! Tests the resolved scheme (R3, R7).

use tower_forwarded::{ForwardedLayer, Scheme, TrustedProxies};

use crate::support::*;

#[test]
fn a_stated_scheme_is_read_or_reported() {
    for (fields, scheme, found) in [
        (&[("x-forwarded-proto", "https")][..], "https", ""),
        (&[("x-forwarded-proto", "HTTPS")], "https", ""),
        (&[("x-forwarded-proto", "wss")], "https", ""),
        (&[("x-forwarded-proto", "ws")], "http", ""),
        (&[("x-forwarded-proto", "http")], "http", ""),
        (&[("x-forwarded-proto", "")], "http", "scheme-invalid"),
        (&[("x-forwarded-proto", "ftp")], "http", "scheme-invalid"),
        (&[("x-forwarded-proto", "https;")], "http", "scheme-invalid"),
        (
            &[("x-forwarded-proto", "javascript:alert(1)")],
            "http",
            "scheme-invalid",
        ),
        (&[], "http", "scheme-missing"),
    ] {
        let mut fields = fields.to_vec();
        fields.push(("x-forwarded-for", "203.0.113.7"));
        let resolution = resolve(&layer(), &fields);
        assert_eq!(resolution.scheme().as_str(), scheme, "{fields:?}");
        assert_eq!(findings(&resolution), found, "{fields:?}");
    }
}

#[test]
fn the_connections_own_scheme_stands_where_no_trusted_proxy_states_one() {
    let layer = layer().connection_scheme(Scheme::Https);
    let direct = through(
        &layer,
        Some("203.0.113.9:1"),
        request("/", &[("x-forwarded-proto", "http")]),
    );
    assert_eq!(resolution(&direct).scheme(), Scheme::Https);
    assert_eq!(direct.uri().to_string(), "https://app.internal/");
    let stated = resolve(
        &layer,
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "http"),
        ],
    );
    assert_eq!(stated.scheme(), Scheme::Http);
    let missing = resolve(&layer, &[("x-forwarded-for", "203.0.113.7")]);
    assert_eq!(missing.scheme(), Scheme::Https);
}

#[test]
fn a_function_of_the_extensions_tells_tls_from_plain_connections() {
    #[derive(Clone)]
    struct Tls;
    let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme_from(
        |extensions: &http::Extensions| match extensions.get::<Tls>() {
            Some(Tls) => Scheme::Https,
            None => Scheme::Http,
        },
    );
    let plain = through(&layer, Some("203.0.113.9:1"), request("/", &[]));
    assert_eq!(resolution(&plain).scheme(), Scheme::Http);
    let mut tls = request("/", &[]);
    tls.extensions_mut().insert(Tls);
    assert_eq!(
        resolution(&through(&layer, Some("203.0.113.9:1"), tls)).scheme(),
        Scheme::Https
    );
}

#[test]
fn the_client_sent_scheme_of_the_target_never_counts() {
    for target in [
        "https://app.internal/x?y",
        "ftp://app.internal/x?y",
        "http://app.internal/x?y",
    ] {
        let seen = through(&layer(), Some("203.0.113.9:1"), request(target, &[]));
        assert_eq!(resolution(&seen).scheme(), Scheme::Http, "{target}");
        assert_eq!(
            seen.uri().to_string(),
            "http://app.internal/x?y",
            "{target}"
        );
    }
}

#[test]
fn if_a_client_makes_the_proxy_drop_its_scheme_the_connections_counts_and_a_finding_tells() {
    let apache = layer().headers(tower_forwarded::Headers::APACHE);
    let dropped = [
        ("x-forwarded-for", "203.0.113.7"),
        ("connection", "close, X-Forwarded-Proto"),
    ];
    for (layer, scheme) in [
        (apache.clone(), "http"),
        (apache.connection_scheme(Scheme::Https), "https"),
    ] {
        let seen = resolve(&layer, &dropped);
        let told = (seen.scheme().as_str(), findings(&seen));
        assert_eq!(told, (scheme, "scheme-missing".to_owned()));
    }
}
