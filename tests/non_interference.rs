//! Tests the promise with many random chains, truths and clients: see `support::targets::property`.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use tower_forwarded::Scheme;

use crate::support::targets::property::{
    Broken, EVIDENCE, Hop, Hosts, NAMES, Scenario, SchemeBy, Style, Truth, check,
    check_configuration, check_evidence, check_explanation, check_stranger,
};

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        4 => any::<[u8; 4]>().prop_map(IpAddr::from),
        2 => any::<[u8; 16]>().prop_map(IpAddr::from),
        1 => any::<[u8; 4]>().prop_map(|v4| {
            IpAddr::V6(std::net::Ipv4Addr::from(v4).to_ipv6_mapped())
        }),
        // These addresses are close to each other, so that clients look like proxies.
        2 => (0_u8..8).prop_map(|last| IpAddr::from([10, 0, 0, last])),
    ]
    .prop_filter("a proxy has an address", |address| {
        !address.to_canonical().is_unspecified()
    })
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop_oneof![Just(Scheme::Http), Just(Scheme::Https)]
}

fn truth() -> impl Strategy<Value = Truth> {
    let host = prop_oneof![
        "[a-zA-Z0-9_-]{1,12}(\\.[a-zA-Z0-9-]{1,8}){0,3}(:[1-9][0-9]{0,3}|:443|:80)?",
        any::<[u8; 16]>().prop_map(|v6| format!("[{}]", std::net::Ipv6Addr::from(v6))),
        any::<[u8; 4]>().prop_map(|v4| std::net::Ipv4Addr::from(v4).to_string()),
        // These are not valid hosts, but proxies pass them on and quote them in their own elements.
        "[a-z0-9,\"\\\\;= .:\\[\\]-]{1,20}",
        "[a-z]{1,8}([,.][a-z0-9]{1,9}){1,3}",
        (1_usize..5000).prop_map(|length| "long.".repeat(length / 5) + "host"),
        "[a-z]{0,3}\\.\\.[a-z]{1,3}|[0-9]{1,3}(\\.[0-9]{1,3}){0,5}\\.?|a\\.0x[0-9a-g]{0,2}",
    ]
    .prop_filter("a proxy trims a value", |host| host.trim() == host);
    let port = prop_oneof![Just(80), Just(443), Just(8443), 1_u16..];
    (address(), 1_u16.., scheme(), host, any::<[bool; 2]>(), port).prop_map(
        |(ip, from, scheme, host, [is_logged_in, presents_certificate], port)| Truth {
            client: SocketAddr::new(ip, from),
            port,
            scheme,
            host,
            is_logged_in,
            presents_certificate,
        },
    )
}

fn hop() -> impl Strategy<Value = Hop> {
    let style = prop_oneof![
        Just(Style::Append),
        Just(Style::Join),
        Just(Style::NewLine),
        Just(Style::Overwrite),
    ];
    let strips = proptest::option::weighted(
        0.3,
        proptest::sample::select(vec!["/api", "/v1", "/t/a,/evil"]),
    );
    let ours = proptest::bool::weighted(0.15);
    (address(), style, any::<[bool; 5]>(), strips, ours).prop_map(
        |(address, style, [with_port, mapped, spaced, encrypts, says_host], strips, ours)| Hop {
            address,
            style,
            with_port,
            mapped,
            spaced,
            encrypts,
            says_host,
            strips,
            ours,
        },
    )
}

/// Values that look valid, and random values.
fn value() -> impl Strategy<Value = HeaderValue> {
    let piece = prop_oneof![
        3 => address().prop_map(|address| address.to_string()),
        1 => Just("unknown".to_owned()),
        8 => proptest::sample::select(vec![
            ",", ", ", ";", "\"", "\\", "\\\"", "=", "for=", "proto=https", "proto=http", "host=evil.example",
            "by=", "for=\"", "https", "http", "on", "evil.example", "_x", "[", "]", "[::1]:80", ":", " ", "\t",
            "Hash=ff", ";Cert=", "Subject=\"", "admin@example.com", "SUCCESS", ":MAA=:", "0.0.0.0", "::", "10.0.0.1", "10.0.0.2", "for=10.0.0.3",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    let text =
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes());
    let long = (0_usize..9000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]);
    prop_oneof![12 => text, 1 => proptest::collection::vec(any::<u8>(), 0..40), 1 => long]
        .prop_filter_map("a field value", |bytes| {
            HeaderValue::from_bytes(&bytes).ok()
        })
}

fn written() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let name = proptest::sample::select(NAMES.to_vec()).prop_map(HeaderName::from_static);
    // Choose the believed headers more often.
    let name = prop_oneof![
        2 => proptest::sample::select(NAMES[..4].to_vec()).prop_map(HeaderName::from_static),
        1 => name,
    ];
    proptest::collection::vec((name, value()), 0..6)
}

fn evidence() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let name = proptest::sample::select(EVIDENCE.to_vec()).prop_map(HeaderName::from_static);
    let told = proptest::sample::select(vec![
        "https://shop.example.com",
        "http://127.0.0.1:8015/x",
        "same-origin",
        "1.1 google",
        "2.0 a.cloudfront.net (CloudFront)",
    ]);
    let value = prop_oneof![told.prop_map(HeaderValue::from_static), value()];
    proptest::collection::vec((name, value), 0..6)
}

/// Options that few services use: which hosts are believed, a believed port, a header that holds only the client, a
/// kept header, and one that is removed.
fn more() -> impl Strategy<
    Value = (
        Hosts,
        bool,
        bool,
        Option<&'static str>,
        Option<&'static str>,
    ),
> {
    let hosts = prop_oneof![2 => Just(Hosts::Any), 2 => Just(Hosts::Own), 1 => Just(Hosts::Other)];
    let rare = || proptest::bool::weighted(0.25);
    let name = || proptest::option::weighted(0.2, proptest::sample::select(NAMES.to_vec()));
    (hosts, rare(), rare(), name(), name())
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let scheme_by = prop_oneof![
        Just(SchemeBy::Edge),
        Just(SchemeBy::Each),
        Just(SchemeBy::Gateway)
    ];
    (
        any::<[bool; 18]>(),
        more(),
        truth(),
        proptest::collection::vec(hop(), 1..=5),
        scheme_by,
        written(),
    )
        .prop_map(
            |(
                [
                    forwarded,
                    edge_says_host,
                    believes_prefix,
                    any_peer,
                    secret,
                    unix,
                    zones,
                    believes_login,
                    believes_certificates,
                    edge_appends_certificate,
                    http2,
                    limited,
                    absolute,
                    counted,
                    other_scheme_header,
                    records,
                    keeps_uri,
                    extended_connect,
                ],
                (hosts, believes_port, single_value, keep, remove),
                truth,
                hops,
                scheme_by,
                written,
            )| {
                Scenario {
                    forwarded,
                    truth,
                    scheme_by,
                    edge_says_host,
                    believes_prefix,
                    any_peer,
                    secret,
                    unix,
                    http2,
                    limited,
                    zones,
                    believes_login,
                    believes_certificates,
                    edge_appends_certificate,
                    hosts,
                    believes_port,
                    single_value,
                    keep,
                    remove,
                    counted,
                    other_scheme_header,
                    records,
                    keeps_uri,
                    extended_connect,
                    absolute,
                    broken: None,
                    written,
                    hops,
                }
                .made_possible()
            },
        )
}

proptest! {
    // `tests/run` sets PROPTEST_CASES to 200,000.
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // A client at the address of a trusted proxy is that proxy, so there is no such chain. Few cases are like that.
        max_global_rejects: (ProptestConfig::default().cases / 10).max(64),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_a_client_writes_the_outcome_is_the_truth(scenario in scenario()) {
        // proptest counts the impossible chains, and fails the test if there are too many.
        prop_assume!(check(&scenario));
    }
}

/// Tries a tenth of the cases, since these tests are beside the main one. The macro `proptest!` cannot do that: in it, the
/// environment variable counts for every test.
fn with_a_tenth<S: Strategy>(
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), proptest::test_runner::TestCaseError>,
) {
    let cases = (ProptestConfig::default().cases / 10).max(64);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_global_rejects: cases,
        ..ProptestConfig::default()
    };
    let result = proptest::test_runner::TestRunner::new(config).run(strategy, test);
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn whatever_a_client_writes_without_a_proxy_nothing_is_believed() {
    with_a_tenth(&scenario(), |scenario| {
        prop_assume!(check_stranger(&scenario));
        Ok(())
    });
}

#[test]
fn evidence_is_for_advice_and_decides_nothing() {
    with_a_tenth(&(scenario(), evidence()), |(scenario, evidence)| {
        check_evidence(&scenario, &evidence);
        Ok(())
    });
}

#[test]
fn a_configuration_that_says_the_same_makes_a_layer_that_does_the_same() {
    with_a_tenth(&scenario(), |scenario| {
        check_configuration(&scenario);
        Ok(())
    });
}

#[test]
fn explain_says_what_the_layer_does() {
    with_a_tenth(&(scenario(), any::<bool>()), |(scenario, trusted)| {
        check_explanation(&scenario, trusted);
        Ok(())
    });
}

/// A property that cannot fail proves nothing. Each of these chains breaks a premise, and the part of the property that
/// depends on the premise must fail.
#[test]
fn the_property_fails_where_its_premise_is_broken() {
    let hop = Hop {
        address: IpAddr::from([10, 0, 0, 1]),
        style: Style::NewLine,
        with_port: false,
        mapped: false,
        spaced: true,
        encrypts: false,
        says_host: false,
        strips: None,
        ours: false,
    };
    let inner = Hop {
        address: IpAddr::from([10, 0, 0, 2]),
        ..hop
    };
    let client_wrote = |name, value| {
        let name = HeaderName::from_static(name);
        vec![(name, HeaderValue::from_static(value))]
    };
    let honest = Scenario {
        forwarded: false,
        truth: Truth {
            client: "203.0.113.7:1".parse().unwrap(),
            scheme: Scheme::Https,
            host: "api.example.com".to_owned(),
            is_logged_in: true,
            presents_certificate: true,
            port: 443,
        },
        hops: vec![hop, inner],
        scheme_by: SchemeBy::Edge,
        edge_says_host: false,
        hosts: Hosts::Any,
        believes_prefix: false,
        believes_port: false,
        single_value: false,
        keep: None,
        remove: None,
        counted: false,
        other_scheme_header: false,
        records: true,
        keeps_uri: false,
        extended_connect: false,
        absolute: false,
        any_peer: false,
        secret: false,
        unix: false,
        http2: false,
        limited: false,
        zones: false,
        believes_login: true,
        believes_certificates: true,
        edge_appends_certificate: true,
        broken: None,
        written: client_wrote("x-forwarded-for", "198.51.100.66"),
    };
    assert!(check(&honest));
    let pass_on = Hop {
        style: Style::PassOn,
        ..hop
    };
    for (premise, fails, broken) in [
        (
            "the outermost proxy appends",
            "the client",
            Scenario {
                hops: vec![pass_on, inner],
                ..honest.clone()
            },
        ),
        (
            "the only proxy appends",
            "the client",
            Scenario {
                hops: vec![pass_on],
                ..honest.clone()
            },
        ),
        (
            "RFC 7239, the only proxy appends",
            "the client",
            Scenario {
                forwarded: true,
                hops: vec![pass_on],
                written: client_wrote("forwarded", "for=198.51.100.66"),
                ..honest.clone()
            },
        ),
        (
            "the outermost removes a client's prefix",
            "the prefix",
            Scenario {
                believes_prefix: true,
                broken: Some(Broken::PrefixPasses),
                written: client_wrote("x-forwarded-prefix", "/evil"),
                ..honest.clone()
            },
        ),
        (
            "the outermost overwrites a client's port",
            "the host",
            Scenario {
                believes_port: true,
                broken: Some(Broken::PortPasses),
                written: client_wrote("x-forwarded-port", "8443"),
                ..honest.clone()
            },
        ),
        (
            "the outermost overwrites a client's forwarded host",
            "the host",
            Scenario {
                edge_says_host: true,
                broken: Some(Broken::HostPasses),
                written: client_wrote("x-forwarded-host", "evil.example"),
                ..honest.clone()
            },
        ),
        (
            "the outermost overwrites the header that holds the client alone",
            "the client",
            Scenario {
                single_value: true,
                believes_certificates: false,
                broken: Some(Broken::AddressPasses),
                written: client_wrote("cf-connecting-ip", "198.51.100.66"),
                ..honest.clone()
            },
        ),
        (
            "nobody else knows the secret",
            "the client",
            Scenario {
                hops: vec![inner],
                secret: true,
                broken: Some(Broken::SecretIsKnown),
                written: [
                    client_wrote("x-forwarded-for", "198.51.100.66"),
                    client_wrote("x-origin-verify", "s3cret"),
                ]
                .concat(),
                ..honest.clone()
            },
        ),
        (
            "any peer is the router",
            "the client",
            Scenario {
                hops: vec![inner],
                any_peer: true,
                broken: Some(Broken::RouterIsPassedBy),
                written: client_wrote("x-forwarded-for", "198.51.100.66"),
                ..honest.clone()
            },
        ),
        (
            "a gateway states what it was told by a proxy, and not by a client",
            "the scheme",
            Scenario {
                scheme_by: SchemeBy::Gateway,
                broken: Some(Broken::GatewayBelievesItsClient),
                written: client_wrote("x-forwarded-proto", "http"),
                ..honest.clone()
            },
        ),
        (
            "the proxy that is believed overwrites a client's login",
            "the login",
            Scenario {
                broken: Some(Broken::LoginPasses),
                written: client_wrote("x-auth-request-email", "admin@example.com"),
                ..honest.clone()
            },
        ),
        (
            "the outermost proxy removes the list of a client that presents no certificate",
            "the certificates",
            Scenario {
                truth: Truth {
                    presents_certificate: false,
                    ..honest.truth.clone()
                },
                broken: Some(Broken::CertificatePasses),
                written: client_wrote("x-forwarded-client-cert", "Hash=00"),
                ..honest.clone()
            },
        ),
        (
            "a service that sends requests on has both layers",
            "the client",
            Scenario {
                hops: vec![Hop {
                    ours: true,
                    ..inner
                }],
                believes_certificates: false,
                broken: Some(Broken::OursPassesOn),
                ..honest
            },
        ),
    ] {
        let failure = std::panic::catch_unwind(|| check(&broken)).unwrap_err();
        let message = failure.downcast_ref::<String>().unwrap();
        assert!(
            message.contains(&format!("{fails};")),
            "{premise}: {message}"
        );
    }
}
