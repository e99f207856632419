use super::*;

fn peer(address: impl Into<IpAddr>) -> Option<Peer> {
    Some(Peer::from(std::net::SocketAddr::new(address.into(), 4711)))
}

/// A public address for each number.
fn scanner(number: u32) -> Option<Peer> {
    let [_, a, b, c] = number.wrapping_mul(2_654_435_761).to_be_bytes();
    peer([93, a, b, c])
}

const UNTRUSTED: Finding = Finding::PeerUntrusted;

#[test]
fn the_first_of_each_network_is_logged_and_then_one_a_minute_with_the_count() {
    let reports = Reports::default();
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(
        reports.note(UNTRUSTED, peer([172, 17, 0, 2]), at(0)),
        Some(1)
    );
    for _ in 0..1000 {
        assert_eq!(reports.note(UNTRUSTED, peer([172, 17, 0, 9]), at(1)), None);
    }
    assert_eq!(
        reports.note(UNTRUSTED, peer([172, 17, 1, 2]), at(2)),
        Some(1)
    );
    assert_eq!(
        reports.note(Finding::SchemeMissing, peer([172, 17, 0, 2]), at(2)),
        Some(1)
    );
    assert_eq!(
        reports.note(UNTRUSTED, peer([172, 17, 0, 2]), at(60)),
        Some(1001)
    );
    assert_eq!(reports.note(UNTRUSTED, None, at(61)), Some(1));
    assert_eq!(
        reports.note(UNTRUSTED, Some(Peer::unix()), at(61)),
        None,
        "the same"
    );
}

#[test]
fn a_flood_of_scanners_hides_no_proxy_and_no_scanner_floods_the_log() {
    let reports = Reports::default();
    let start = Instant::now();
    let (mut lines, mut proxy, mut own) = (0, Vec::new(), Vec::new());
    for number in 0..100_000 {
        let now = start + Duration::from_millis(number.into());
        if reports.note(UNTRUSTED, scanner(number), now).is_some() {
            lines += 1;
        }
        // A proxy with a public address that is not in the list of trusted proxies.
        if number % 50 == 49 {
            proxy.extend(reports.note(UNTRUSTED, peer([8, 8, 8, 8]), now));
        }
        // A peer in the own network that comes only once.
        if number == 50_000 {
            own.extend(reports.note(UNTRUSTED, peer([10, 0, 3, 7]), now));
        }
    }
    assert_eq!(own, [1]);
    assert!(
        proxy.len() >= 2 && proxy.iter().sum::<u64>() > 100,
        "{proxy:?}"
    );
    // In 100 seconds: the lines that may be logged at once, and one every 10 seconds.
    assert!(lines < 25, "{lines}");
    let groups = reports.findings[UNTRUSTED as usize].lock().unwrap();
    assert!(groups.public.networks.len() <= NETWORKS);
}

#[test]
fn one_stranger_does_not_silence_the_next() {
    let reports = Reports::default();
    let now = Instant::now();
    for _ in 0..1000 {
        reports.note(UNTRUSTED, peer([93, 1, 1, 1]), now);
    }
    assert_eq!(reports.note(UNTRUSTED, peer([8, 8, 8, 8]), now), Some(1));
}

#[test]
fn own_networks_are_apart_from_public_ones() {
    for (address, is_public) in [
        ("10.1.2.3", false),
        ("172.31.0.1", false),
        ("192.168.1.1", false),
        ("127.0.0.1", false),
        ("169.254.1.1", false),
        ("100.64.0.1", false),
        ("100.128.0.1", true),
        ("172.32.0.1", true),
        ("203.0.113.7", true),
        ("fd00::1", false),
        ("fe80::1", false),
        ("::1", false),
        ("2001:db8::1", true),
    ] {
        let network = Network::of(address.parse().unwrap());
        assert_eq!(network.is_public, is_public, "{address}");
    }
    let of = |address: &str| Network::of(address.parse().unwrap());
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::9"));
    assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
    assert_ne!(of("fd00:0:0:1::1"), of("fd00:0:0:2::1"));
}

#[test]
fn lines_are_for_who_comes_most_where_they_are_few() {
    let reports = Reports::default();
    let start = Instant::now();
    let mut proxy = Vec::new();
    for number in 0..100_000_u32 {
        let now = start + Duration::from_millis(number.into());
        // Each scanner comes twice. The proxy starts in the middle.
        reports.note(UNTRUSTED, scanner(number / 2), now);
        if number >= 20_000 && number % 50 == 49 {
            proxy.extend(reports.note(UNTRUSTED, peer([8, 8, 8, 8]), now));
        }
    }
    // The next line that may be logged names the proxy, with the number of its requests until then.
    assert!(
        proxy.first().is_some_and(|&requests| requests <= 250),
        "{proxy:?}"
    );
}

#[test]
fn the_last_lines_are_for_networks_that_come_again_and_every_ten_seconds_there_is_one_more() {
    let reports = Reports::default();
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let note = |network: u8, seconds| {
        let peer = peer([93, network, 0, 1]);
        reports.note(UNTRUSTED, peer, at(seconds))
    };
    for network in 1..=5 {
        assert_eq!(note(network, 0), Some(1));
    }
    // Half of the lines are left.
    for network in 6..=10 {
        assert_eq!(note(network, 1), None, "it came once");
        assert_eq!(note(network, 1), Some(2), "it came again");
    }
    // No line is left.
    assert_eq!((note(11, 2), note(11, 2)), (None, None));
    assert_eq!((note(11, 9), note(11, 10)), (None, Some(4)));
    // After a minute without a request, six lines are left, so a network that comes once has one.
    assert_eq!(note(12, 70), Some(1));
}

#[test]
fn a_network_that_came_often_long_ago_gives_its_place_to_one_that_comes_often_now() {
    let reports = Reports::default();
    let start = Instant::now();
    let network = |number: u8| peer([93, number, 0, 1]);
    for _ in 0..100 {
        reports.note(UNTRUSTED, network(255), start);
    }
    let later = start + QUIET;
    for number in 1..NETWORKS {
        for _ in 0..60 {
            reports.note(UNTRUSTED, network(u8::try_from(number).unwrap()), later);
        }
    }
    let places = |number: u8| {
        let groups = reports.findings[UNTRUSTED as usize].lock().unwrap();
        let network = network(number).and_then(|peer| peer.ip()).map(Network::of);
        let mut networks = groups.public.networks.iter();
        networks.any(|seen| seen.network == network)
    };
    assert!(places(255) && places(1));
    reports.note(UNTRUSTED, network(200), later);
    assert!(!places(255) && places(1) && places(200));
}
