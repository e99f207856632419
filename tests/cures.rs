//! Tests that users can follow the advice of `explain`: it fixes the explained request and does not help an attacker.

use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies, explain};

use crate::support::*;

/// A mistake, the request that shows it, the advised fix, and the request of an attacker who knows of the fix. This
/// request is written as the proxies pass it on.
struct Mistake {
    kind: &'static str,
    wrong: ForwardedLayer,
    cured: ForwardedLayer,
    honest: &'static [(&'static str, &'static str)],
    /// The headers of the attacker's request, which comes from 203.0.113.66.
    forged: &'static [(&'static str, &'static str)],
}

fn trusting(text: &str) -> ForwardedLayer {
    ForwardedLayer::new(text.parse::<TrustedProxies>().unwrap())
}

const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

fn mistakes() -> Vec<Mistake> {
    vec![
        Mistake {
            kind: "peer-untrusted",
            wrong: trusting("172.17.0.0/16"),
            cured: trusting("172.17.0.0/16, 10.0.0.0/24"),
            honest: &[("x-forwarded-for", "203.0.113.7"), HTTPS],
            forged: &[("x-forwarded-for", "6.6.6.6, 203.0.113.66"), HTTPS],
        },
        Mistake {
            kind: "cdn-as-client",
            wrong: trusting("*"),
            cured: trusting("*, 172.64.0.0/13"),
            honest: &[
                ("x-forwarded-for", "203.0.113.7, 172.68.1.9"),
                HTTPS,
                ("cf-ray", "1"),
            ],
            // This request bypasses the CDN and names an address of the CDN.
            forged: &[
                ("x-forwarded-for", "6.6.6.6, 172.68.1.9, 203.0.113.66"),
                HTTPS,
                ("cf-ray", "1"),
                ("cf-connecting-ip", "6.6.6.6"),
            ],
        },
        Mistake {
            kind: "missing-hop",
            wrong: trusting("10.0.0.0/24"),
            cured: trusting("10.0.0.0/24, 172.20.0.0/24"),
            honest: &[("x-forwarded-for", "203.0.113.7, 172.20.0.9"), HTTPS],
            forged: &[
                (
                    "x-forwarded-for",
                    "6.6.6.6, 172.20.0.9, 203.0.113.66, 172.20.0.9",
                ),
                HTTPS,
            ],
        },
        Mistake {
            kind: "hop-limit",
            wrong: ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>().unwrap().hops(1)),
            cured: ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>().unwrap().hops(2)),
            honest: &[("x-forwarded-for", "203.0.113.7, 10.9.0.4"), HTTPS],
            forged: &[
                (
                    "x-forwarded-for",
                    "6.6.6.6, 10.9.0.4, 203.0.113.66, 10.9.0.4",
                ),
                HTTPS,
            ],
        },
        Mistake {
            kind: "other-family",
            wrong: trusting("10.0.0.0/8"),
            cured: trusting("10.0.0.0/8").headers(Headers::FORWARDED),
            honest: &[("forwarded", "for=203.0.113.7;proto=https")],
            forged: &[
                (
                    "forwarded",
                    "for=6.6.6.6;proto=http, for=203.0.113.66;proto=https",
                ),
                ("x-forwarded-for", "6.6.6.6"),
            ],
        },
        Mistake {
            kind: "scheme-missing",
            wrong: trusting("10.0.0.0/8"),
            cured: trusting("10.0.0.0/8")
                .headers(Headers::X_FORWARDED.with_scheme_field("x-scheme").unwrap()),
            honest: &[("x-forwarded-for", "203.0.113.7"), ("x-scheme", "https")],
            forged: &[
                ("x-forwarded-for", "6.6.6.6, 203.0.113.66"),
                ("x-forwarded-proto", "http"),
                ("x-scheme", "https"),
            ],
        },
        Mistake {
            kind: "every-address",
            wrong: ForwardedLayer::new(TrustedProxies::any().unlimited_hops()),
            cured: trusting("*"),
            honest: &[("x-forwarded-for", "198.51.100.9, 203.0.113.7"), HTTPS],
            forged: &[("x-forwarded-for", "6.6.6.6, 203.0.113.66"), HTTPS],
        },
    ]
}

#[test]
fn advice_cures_what_it_is_about_and_gives_no_client_a_word() {
    for mistake in mistakes() {
        let kind = mistake.kind;
        let kinds = |layer: &ForwardedLayer, fields: &[(&str, &str)]| {
            let (parts, ()) = request("/", fields).into_parts();
            let told = explain(Some(PROXY.parse().unwrap()), &parts, layer.policy());
            let advised = format!("{told:?}");
            (told.advice().next().is_some(), advised)
        };
        let (advised, debug) = kinds(&mistake.wrong, mistake.honest);
        assert!(advised, "{kind}: nothing is advised");
        let camel: String = kind
            .split('-')
            .map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_uppercase() + rest
            })
            .collect();
        assert!(debug.contains(&camel), "{kind}: {debug}");
        let honest = resolve(&mistake.cured, mistake.honest);
        assert_eq!(client(&honest), "203.0.113.7", "{kind}");
        assert!(honest.scheme().is_https(), "{kind}");
        let (advised, debug) = kinds(&mistake.cured, mistake.honest);
        assert!(!advised, "{kind}: {debug}");
        let forged = resolve(&mistake.cured, mistake.forged);
        assert_eq!(client(&forged), "203.0.113.66", "{kind}");
        assert!(forged.scheme().is_https(), "{kind}");
    }
}

/// Advice must never make the service believe a header that any client can write.
#[test]
fn nothing_is_advised_that_makes_a_request_forgeable() {
    // Any client can send these headers through a proxy that works correctly.
    let lures: [&[(&str, &str)]; 5] = [
        &[("true-client-ip", "6.6.6.6")],
        &[
            ("fly-client-ip", "6.6.6.6"),
            ("cf-connecting-ip", "6.6.6.6"),
        ],
        &[
            ("x-forwarded-host", "evil.example"),
            ("x-original-host", "evil.example"),
        ],
        &[("forwarded", "for=6.6.6.6;proto=https")],
        &[("via", "1.1 google"), ("x-scheme", "https")],
    ];
    for lure in lures {
        let fields = [&[("x-forwarded-for", "203.0.113.66"), HTTPS][..], lure].concat();
        let (parts, ()) = request("/", &fields).into_parts();
        for (trust, peer) in [
            ("10.0.0.0/8", PROXY),
            ("169.254.0.0/16", "169.254.1.1:1"),
            ("*", PROXY),
        ] {
            let layer = trusting(trust);
            let told = explain(Some(peer.parse().unwrap()), &parts, layer.policy());
            for line in told.advice() {
                for forgeable in [
                    "client_field",
                    "Headers::FLY",
                    "Headers::CLOUDFLARE",
                    "GOOGLE_CLOUD",
                    ".hops(",
                    "with_scheme_field",
                    "unlimited",
                ] {
                    assert!(!line.contains(forgeable), "{fields:?}: {line}");
                }
                // Such advice is allowed only with a condition that the reader can check.
                assert!(line.contains("if ") || line.contains("behind "), "{line}");
            }
        }
    }
}
