//! Tests which peers and proxies are trusted (R1, R2, R3).

use std::{net::IpAddr, sync::Arc};

#[cfg(feature = "published-lists")]
use tower_forwarded::ListError;
#[cfg(feature = "arc-swap")]
use tower_forwarded::SwapProxies;
use tower_forwarded::{
    ForwardedLayer, HopLimit, Peer, Scheme, Trust, TrustError, TrustedProxies, trust_fn,
};

use crate::support::*;

fn set(text: &str) -> TrustedProxies {
    text.parse().unwrap()
}

#[test]
fn words_addresses_and_networks_hold_what_they_say() {
    for (entries, inside, outside) in [
        ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("loopback", "127.255.0.1", "126.255.255.255"),
        ("loopback", "::1", "::2"),
        ("private", "172.31.255.255", "172.32.0.0"),
        ("private", "fdff::1", "fe00::"),
        ("link-local", "169.254.1.1", "169.253.1.1"),
        ("link-local", "febf::1", "fec0::"),
        ("*, 10.0.0.1", "10.0.0.1", "203.0.113.1"),
        ("10.0.0.1,\t10.0.0.3\n 10.0.0.5 ", "10.0.0.3", "10.0.0.4"),
    ] {
        let set = set(entries);
        let (inside, outside): (IpAddr, IpAddr) =
            (inside.parse().unwrap(), outside.parse().unwrap());
        assert!(set.contains(inside), "{entries} {inside}");
        assert!(!set.contains(outside), "{entries} {outside}");
    }
}

#[test]
fn the_star_is_any_peer_and_nothing_about_addresses() {
    let any = set("*");
    assert_eq!(any, TrustedProxies::any());
    assert!(any.contains_any_peer() && !any.contains_unix() && any.range_count() == 0);
    let trusts: &[&dyn Trust] = &[
        &any,
        &Arc::new(any.clone()),
        #[cfg(feature = "arc-swap")]
        &SwapProxies::new(any.clone()),
    ];
    for trust in trusts {
        for peer in ["203.0.113.1:1", "[2001:db8::1]:1", "unix"] {
            let peer: Peer = peer.parse().unwrap();
            assert!(trust.trusts_peer(peer), "{peer}");
            assert_eq!(trust.reason_for_peer(peer).unwrap(), "*");
        }
        assert!(!trust.trusts("203.0.113.1".parse().unwrap()) && !trust.trusts_unix());
    }
    assert!(!set("10.0.0.0/8, unix").trusts_peer("203.0.113.1:1".parse().unwrap()));
    // If two entries match, the reason is the more specific one.
    let both = set("*, 10.0.0.0/8, unix");
    for (peer, reason) in [
        ("10.0.0.1:1", "10.0.0.0/8"),
        ("unix", "unix"),
        ("192.0.2.1:1", "*"),
    ] {
        let reason_for = both.reason_for_peer(peer.parse().unwrap());
        assert_eq!(reason_for.as_deref(), Some(reason));
    }
}

#[test]
fn no_client_provokes_a_hop_limit() {
    // A client's text is to the left of its own address. Only that address decides.
    for (trust, client, limited) in [
        ("*", "203.0.113.7", false),
        ("0.0.0.0/0", "203.0.113.7", false),
        ("::/0, 10.0.0.1", "2001:db8::7", false),
        ("10.0.0.0/8", "203.0.113.7", false),
        ("10.0.0.0/8", "10.9.9.9", true),
    ] {
        let layer = ForwardedLayer::new(set(trust).hops(1));
        let found = |list: String| {
            findings(&resolve(
                &layer,
                &[("x-forwarded-for", &list), ("x-forwarded-proto", "https")],
            ))
        };
        let expected = if limited { "hop-limit" } else { "" };
        assert_eq!(found(client.to_owned()), expected, "{trust}");
        for wrote in ["6.6.6.6", "10.0.0.3", "junk", ""] {
            assert_eq!(
                found(format!("{wrote}, {client}")),
                expected,
                "{trust}: {wrote}"
            );
        }
    }
}

#[test]
fn a_mapped_address_is_the_ipv4_address_everywhere() {
    assert!(set("10.0.0.0/8").contains("::ffff:10.1.1.1".parse().unwrap()));
    assert!(set("::ffff:10.0.0.0/104").contains("10.1.1.1".parse().unwrap()));
    assert!(set("::ffff:10.0.0.1").contains("10.0.0.1".parse().unwrap()));
    assert!(!set("::/0").contains("10.0.0.1".parse().unwrap()));
    let request = request(
        "/",
        &[
            ("x-forwarded-for", "::ffff:203.0.113.1"),
            ("x-forwarded-proto", "https"),
        ],
    );
    let seen = through(&layer(), Some("[::ffff:10.0.0.1]:1"), request);
    assert_eq!(client(&resolution(&seen)), "203.0.113.1");
}

#[test]
fn an_entry_that_is_none_is_refused_by_name() {
    for (text, expected) in [
        ("10.0.0.256", "`10.0.0.256`"),
        ("10.0.0.0/33", "`10.0.0.0/33`"),
        ("localhost", "`localhost`"),
        ("Loopback", "`Loopback`"),
        ("10.0.0.0/8;127.0.0.1", "`10.0.0.0/8;127.0.0.1`"),
        ("10.0.0.1:80", "`10.0.0.1:80`"),
        ("fe80::1%eth0", "`fe80::1%eth0`"),
        ("10.0.0.5/8", "write 10.0.0.0/8"),
        ("2001:db8::1/32", "write 2001:db8::/32"),
        ("10.0.0.1,,10.0.0.2", "`10.0.0.1,,10.0.0.2`"),
        ("10.0.0.1,", "`10.0.0.1,`"),
        ("", "``"),
    ] {
        let error = text.parse::<TrustedProxies>().unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    assert!(matches!(
        TrustedProxies::from_entries([""]),
        Err(TrustError::Empty { .. })
    ));
}

#[test]
fn an_untrusted_peer_is_the_client_and_its_fields_are_ignored() {
    let request = request(
        "/",
        &[
            ("x-forwarded-for", "198.51.100.66"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ],
    );
    let seen = through(&layer(), Some("203.0.113.9:5000"), request);
    let resolution = resolution(&seen);
    assert_eq!(client(&resolution), "203.0.113.9");
    assert_eq!(resolution.client_port(), Some(5000));
    assert_eq!(resolution.scheme(), Scheme::Http);
    assert_eq!(resolution.authority().unwrap(), "app.internal");
    assert!(!resolution.is_trusted());
    assert_eq!(resolution.hops(), 0);
    assert_eq!(findings(&resolution), "peer-untrusted");
    assert_eq!(seen.headers().len(), 1);
}

#[test]
fn an_untrusted_peer_without_forwarding_fields_is_nothing_to_report() {
    let seen = through(&layer(), Some("203.0.113.9:5000"), request("/", &[]));
    assert_eq!(findings(&resolution(&seen)), "");
}

#[test]
fn without_a_peer_nothing_is_believed_not_even_with_any() {
    let any = ForwardedLayer::new(TrustedProxies::any());
    let seen = through(
        &any,
        None,
        request(
            "/",
            &[
                ("x-forwarded-for", "198.51.100.66"),
                ("x-forwarded-proto", "https"),
            ],
        ),
    );
    let resolution = resolution(&seen);
    assert_eq!(resolution.client(), None);
    assert_eq!(resolution.scheme(), Scheme::Http);
    assert_eq!(findings(&resolution), "peer-unknown");
    assert_eq!(field(&seen, "x-forwarded-for"), "");
}

#[test]
fn a_unix_socket_is_trusted_only_if_it_is_named() {
    let fields = [
        ("x-forwarded-for", "203.0.113.1"),
        ("x-forwarded-proto", "https"),
    ];
    let named = ForwardedLayer::new(set("unix"));
    let seen = resolution(&through(&named, Some("unix"), request("/", &fields)));
    assert_eq!(client(&seen), "203.0.113.1");
    for not_named in [set("loopback, private"), TrustedProxies::none()] {
        let layer = ForwardedLayer::new(not_named);
        let seen = resolution(&through(&layer, Some("unix"), request("/", &fields)));
        assert_eq!(seen.client(), None);
        assert_eq!(findings(&seen), "peer-untrusted");
    }
    let any = ForwardedLayer::new(TrustedProxies::any());
    let seen = resolution(&through(&any, Some("unix"), request("/", &fields)));
    assert_eq!(client(&seen), "203.0.113.1");
}

#[test]
fn a_closure_decides() {
    let layer = ForwardedLayer::new(trust_fn(|address| address == IpAddr::from([10, 9, 9, 9])));
    let fields = [
        ("x-forwarded-for", "203.0.113.1"),
        ("x-forwarded-proto", "https"),
    ];
    let seen = through(&layer, Some("10.9.9.9:1"), request("/", &fields));
    assert_eq!(client(&resolution(&seen)), "203.0.113.1");
    let seen = through(&layer, Some("10.9.9.8:1"), request("/", &fields));
    assert_eq!(client(&resolution(&seen)), "10.9.9.8");
}

#[cfg(feature = "arc-swap")]
#[test]
fn a_set_that_is_swapped_is_seen_whole() {
    // Each of the two sets gives one outcome. A mixture of both would give a third outcome.
    let (a, b) = (set("10.0.0.1, 10.0.0.2"), set("10.0.0.1, 10.0.0.3"));
    let proxies = SwapProxies::new(a.clone());
    let layer = ForwardedLayer::new(proxies.clone());
    let fields = [
        ("x-forwarded-for", "192.0.2.1, 10.0.0.3, 10.0.0.2"),
        ("x-forwarded-proto", "https"),
    ];
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            for _ in 0..20_000 {
                proxies.store(b.clone());
                proxies.store(a.clone());
            }
        });
        let mut seen = 0;
        while !swapping.is_finished() || seen == 0 {
            let seen_now = resolution(&through(&layer, Some("10.0.0.1:1"), request("/", &fields)));
            let client = client(&seen_now);
            assert!(client == "10.0.0.3" || client == "10.0.0.2", "{client}");
            seen += 1;
        }
    });
    proxies.store(TrustedProxies::none());
    let seen = through(&layer, Some("10.0.0.1:1"), request("/", &fields));
    assert_eq!(client(&resolution(&seen)), "10.0.0.1");
    assert_eq!(*proxies.load(), TrustedProxies::none());
}

#[cfg(feature = "published-lists")]
#[test]
fn published_lists_are_read_and_their_mistakes_named_by_line() {
    let list = "# Cloudflare\n173.245.48.0/20\n\n2400:cb00::/32 # v6\r\n";
    let proxies = TrustedProxies::from_list(list).unwrap();
    assert!(proxies.contains("2400:cb00::1".parse().unwrap()));
    assert_eq!(
        TrustedProxies::from_list("10.0.0.1\n<html>")
            .unwrap_err()
            .to_string()
            .split(':')
            .next(),
        Some("line 2")
    );
    assert_eq!(
        TrustedProxies::from_list("# nothing\n"),
        Err(ListError::Empty)
    );
    let json = r#"{"syncToken":"1","prefixes":[
        {"ip_prefix":"3.5.140.0/22","region":"ap-northeast-2","service":"AMAZON","network_border_group":"x"},
        {"ip_prefix":"120.52.22.96/27","region":"GLOBAL","service":"CLOUDFRONT_ORIGIN_FACING","network_border_group":"x"}],
        "ipv6_prefixes":[{"ipv6_prefix":"2600:9000::/28","region":"GLOBAL","service":"CLOUDFRONT_ORIGIN_FACING","network_border_group":"x"}]}"#;
    let aws = |service, region| TrustedProxies::from_aws_ip_ranges(json, service, region);
    let cloudfront = aws("CLOUDFRONT_ORIGIN_FACING", None).unwrap();
    assert!(cloudfront.contains("2600:9000::1".parse().unwrap()));
    assert!(!cloudfront.contains("3.5.140.1".parse().unwrap()));
    assert!(aws("AMAZON", Some("ap-northeast-2")).is_ok());
    let error = aws("AMAZON", Some("mars")).unwrap_err().to_string();
    assert!(
        error.contains("`AMAZON`") && error.contains("`mars`"),
        "{error}"
    );
    let error = TrustedProxies::from_aws_ip_ranges("<html>", "AMAZON", None).unwrap_err();
    assert!(error.to_string().contains("ip-ranges.json"), "{error}");
}

#[cfg(feature = "published-lists")]
#[test]
fn a_published_list_that_is_another_or_holds_nothing_of_what_was_asked_for_is_told() {
    let google = r#"{"syncToken": "1", "creationTime": "2026-01-01T00:00:00.0", "prefixes": [
        {"ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud", "scope": "africa-south1"},
        {"ipv6Prefix": "2600:1900:8000::/44", "service": "Google Cloud", "scope": "africa-south1"},
        {"ipv4Prefix": "8.8.4.0/24"}]}"#;
    let azure = r#"{"changeNumber": 1, "cloud": "Public", "values": [
        {"name": "ActionGroup", "id": "ActionGroup", "properties": {"changeNumber": 1, "region": "", "regionId": 0,
            "platform": "Azure", "systemService": "ActionGroup", "addressPrefixes": ["4.145.74.52/30"], "networkFeatures": []}},
        {"name": "AzureFrontDoor.Backend", "id": "AzureFrontDoor.Backend",
            "properties": {"addressPrefixes": ["4.150.241.128/25", "2603:1030:7::780/121"]}}]}"#;
    let fastly = r#"{"addresses": ["23.235.32.0/20"], "ipv6_addresses": ["2a04:4e40::/32"]}"#;
    let read = |provider: &str, text: &str, part: &str| match provider {
        "google" => TrustedProxies::from_google_ip_ranges(text, (!part.is_empty()).then_some(part)),
        "azure" => TrustedProxies::from_azure_service_tags(text, part),
        _ => TrustedProxies::from_fastly_ip_list(text),
    };
    for (provider, text, part, inside, outside) in [
        (
            "google",
            google,
            "africa-south1",
            "2600:1900:8000::1",
            "8.8.4.4",
        ),
        ("google", google, "", "8.8.4.4", "192.0.2.1"),
        (
            "azure",
            azure,
            "AzureFrontDoor.Backend",
            "2603:1030:7::781",
            "4.145.74.53",
        ),
        ("fastly", fastly, "", "2a04:4e40::9", "192.0.2.1"),
    ] {
        let proxies = read(provider, text, part).unwrap();
        assert!(proxies.contains(inside.parse().unwrap()), "{provider}");
        assert!(!proxies.contains(outside.parse().unwrap()), "{provider}");
    }
    for (provider, text, part, told) in [
        ("google", google, "mars", "`mars`"),
        ("azure", azure, "AzureFrontDoor", "`AzureFrontDoor`"),
        (
            "fastly",
            r#"{"addresses": [], "ipv6_addresses": []}"#,
            "",
            "contains no networks",
        ),
        ("google", azure, "", "Google's"),
        ("azure", google, "x", "Azure's"),
        (
            "fastly",
            google,
            "",
            "Fastly's public-ip-list contains no networks",
        ),
        ("fastly", "<!DOCTYPE html>", "", "Fastly's"),
        (
            "fastly",
            r#"{"addresses": ["a"], "ipv6_addresses": []}"#,
            "",
            "line 1 column",
        ),
    ] {
        let error = read(provider, text, part).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    // A byte order mark changes nothing, and neither does a missing address family.
    let marked = format!("\u{feff}{azure}");
    assert!(read("azure", &marked, "AzureFrontDoor.Backend").is_ok());
    assert!(read("fastly", r#"{"addresses": ["23.235.32.0/20"]}"#, "").is_ok());
    // An incomplete list is an error.
    for text in [google, azure, fastly] {
        let half = &text[..text.len() - 3];
        for provider in ["google", "azure", "fastly"] {
            assert!(read(provider, half, "africa-south1").is_err());
        }
    }
}

#[test]
fn an_environment_variable_is_named_when_it_is_wrong() {
    let error = TrustedProxies::from_env("TOWER_FORWARDED_NOT_SET").unwrap_err();
    assert!(
        error.to_string().contains("TOWER_FORWARDED_NOT_SET"),
        "{error}"
    );
    // Cargo sets this variable, and its value is not a list of addresses.
    let error = TrustedProxies::from_env("CARGO_PKG_NAME")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("CARGO_PKG_NAME") && error.contains("`tower-forwarded`"),
        "{error}"
    );
}

#[test]
fn a_union_trusts_what_either_trusts() {
    let both = set("10.0.0.0/9").hops(2).union(&set("10.128.0.0/9, unix"));
    assert_eq!(both, set("10.0.0.0/8, unix").hops(2));
}

#[test]
fn bisection_agrees_with_a_linear_scan() {
    let entries: Vec<String> = (0..500_u32)
        .map(|i| {
            format!(
                "{}.{}.{}.0/{}",
                1 + i % 223,
                i * 7 % 256,
                i * 13 % 256,
                24 + i % 9
            )
        })
        .filter(|entry| {
            entry
                .parse::<ipnet::IpNet>()
                .is_ok_and(|net| net.addr() == net.network())
        })
        .collect();
    let networks: Vec<ipnet::IpNet> = entries.iter().map(|entry| entry.parse().unwrap()).collect();
    let set = TrustedProxies::from_entries(&entries).unwrap();
    let mut inside = 0;
    for network in &networks {
        for offset in [0_i64, -1, 1, 100, 255, 256] {
            let IpAddr::V4(address) = network.addr() else {
                unreachable!()
            };
            let bits = u32::try_from(i64::from(address.to_bits()) + offset).unwrap();
            let address = IpAddr::from(std::net::Ipv4Addr::from_bits(bits));
            let expected = networks.iter().any(|network| network.contains(&address));
            inside += u32::from(expected);
            assert_eq!(set.contains(address), expected, "{address}");
        }
    }
    assert!(inside > 500);
}

#[test]
fn a_union_loses_no_hop_limit_whichever_set_comes_first() {
    let (one, other) = (set("10.0.0.0/8"), set("192.0.2.0/24"));
    for (first, second, limit) in [
        (one.clone().hops(2), other.clone(), HopLimit::AtMost(2)),
        (
            one.clone().hops(2),
            other.clone().hops(3),
            HopLimit::AtMost(2),
        ),
        (
            one.clone().unlimited_hops(),
            other.clone().hops(3),
            HopLimit::AtMost(3),
        ),
        (one.clone(), set("0.0.0.0/0"), HopLimit::AtMost(1)),
        // A set of all addresses has a limit of its own.
        (
            one.clone().unlimited_hops(),
            set("0.0.0.0/0"),
            HopLimit::AtMost(1),
        ),
        (one.clone().hops(5), set("0.0.0.0/0"), HopLimit::AtMost(1)),
        (
            one.clone(),
            set("0.0.0.0/0").unlimited_hops(),
            HopLimit::Unlimited,
        ),
        (one, other, HopLimit::Unlimited),
    ] {
        let (left, right) = (first.clone().union(&second), second.union(&first));
        assert_eq!(left, right);
        assert_eq!(left.hop_limit(), limit, "{left:?}");
    }
}

#[test]
fn all_addresses_are_recognized_in_every_spelling() {
    for all in [
        "0.0.0.0/0",
        "::/0",
        "::ffff:0:0/96",
        "::ffff:0.0.0.0/96",
        "0.0.0.0/1, 128.0.0.0/1",
        "::/1, 8000::/1",
        "0.0.0.0/1, ::ffff:128.0.0.0/97",
    ] {
        assert_eq!(set(all).hop_limit(), HopLimit::AtMost(1), "{all}");
    }
}

#[test]
fn a_union_trusts_no_address_that_neither_set_trusts() {
    let cdn = set("173.245.48.0/20");
    let client: IpAddr = "203.0.113.7".parse().unwrap();
    for (one, other) in [
        (TrustedProxies::any(), cdn.clone().unlimited_hops()),
        (TrustedProxies::any().hops(2), cdn.clone().unlimited_hops()),
        (TrustedProxies::count(2), cdn.clone().unlimited_hops()),
        (
            TrustedProxies::any(),
            TrustedProxies::none().unlimited_hops(),
        ),
        (TrustedProxies::any(), cdn.clone()),
        (TrustedProxies::any(), TrustedProxies::any()),
    ] {
        for all in [one.clone().union(&other), other.union(&one)] {
            assert!(!all.trusts(client), "{all:?}");
            assert!(all.contains_any_peer());
        }
    }
    // One of the sets trusts every address.
    let all = TrustedProxies::any().unlimited_hops().union(&cdn);
    assert!(all.trusts(client));
}

#[test]
fn only_a_mapped_address_is_the_ipv4_address() {
    for (entries, address) in [
        ("::fffe:0:0/95", "10.0.0.1"),
        ("::/0", "10.0.0.1"),
        // NAT64 (RFC 6052).
        ("10.0.0.0/8", "64:ff9b::a00:1"),
        ("64:ff9b::/96", "10.0.0.1"),
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert!(!set(entries).trusts(address), "{entries} {address}");
    }
}
