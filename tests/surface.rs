//! Tests the less common parts of the public API: custom headers, other kinds of trust, and texts.

use std::{net::IpAddr, sync::Arc};

use axum::{Router, extract::ConnectInfo, routing::get};
use tower::Layer;
use tower_forwarded::{
    AllowedHostsLayer, Finding, Findings, ForwardedLayer, Headers, HopLimit, HostPattern,
    HttpsRedirectLayer, Identity, Peer, RequestHost, Scheme, SwapProxies, Trust, TrustedProxies,
    explain, explain_service, trust_fn,
};

use crate::support::{
    wire::{Version, send},
    *,
};

#[test]
fn host_port_and_prefix_are_read_from_fields_of_ones_own_and_no_others() {
    let headers = Headers::X_FORWARDED
        .with_host_field("x-my-host")
        .unwrap()
        .with_port_field("x-my-port")
        .unwrap()
        .with_prefix_field("x-my-prefix")
        .unwrap();
    assert_eq!(headers.to_string(), "custom");
    let layer = layer()
        .headers(headers)
        .believe_hosts(["*"])
        .unwrap()
        .believe_port()
        .believe_prefix();
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-my-host", "a.example"),
        ("x-my-port", "8443"),
        ("x-my-prefix", "/own"),
        // A client may write these, because the proxy writes only the headers above.
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/evil"),
    ];
    let seen = through(&layer, Some(PROXY), request("/x", &fields));
    assert_eq!(seen.uri().to_string(), "https://a.example:8443/x");
    assert_eq!(resolution(&seen).prefix(), Some("/own"));
    for name in ["x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix"] {
        assert_eq!(field(&seen, name), "", "{name}");
    }
    for name in ["a b", "x_forwarded_host", "host"] {
        for error in [
            Headers::X_FORWARDED.with_host_field(name).unwrap_err(),
            Headers::X_FORWARDED.with_port_field(name).unwrap_err(),
            Headers::X_FORWARDED.with_prefix_field(name).unwrap_err(),
        ] {
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }
}

#[test]
fn every_field_can_be_ones_own_and_one_that_was_replaced_is_forgotten() {
    let mut headers = Headers::client_field("x-own-client").unwrap();
    for index in 0..20 {
        headers = headers
            .with_scheme_field(&format!("x-own-scheme-{index}"))
            .and_then(|headers| headers.with_host_field(&format!("x-own-host-{index}")))
            .and_then(|headers| headers.with_port_field(&format!("x-own-port-{index}")))
            .and_then(|headers| headers.with_prefix_field(&format!("x-own-prefix-{index}")))
            .unwrap();
    }
    let fields = [
        ("x-own-client", "203.0.113.7"),
        ("x-own-scheme-19", "https"),
        ("x-own-scheme-0", "http"),
        ("x-own-host-18", "other.example"),
        ("x-own-port-19", "8443"),
        ("x_own_port_19", "8443"),
    ];
    let layer = layer().headers(headers).believe_port();
    let seen = through(&layer, Some(PROXY), request("/", &fields));
    assert_eq!(
        resolution(&seen).origin().unwrap().to_string(),
        "https://app.internal:8443"
    );
    // A header whose name was replaced by a later call is an ordinary header.
    assert_eq!(field(&seen, "x-own-scheme-0"), "http");
    assert_eq!(field(&seen, "x-own-host-18"), "other.example");
    assert_eq!(field(&seen, "x_own_port_19"), "");
    // That is so too if a known header replaced it.
    let headers = Headers::X_FORWARDED.with_host_field("x-own-host");
    let headers = headers.and_then(|headers| headers.with_host_field("x-forwarded-host"));
    let layer = crate::support::layer().headers(headers.unwrap());
    let seen = through(&layer, Some(PROXY), request("/", &[("x-own-host", "a")]));
    assert_eq!(field(&seen, "x-own-host"), "a");
}

#[test]
fn an_error_gives_the_text_that_it_is_about() {
    let host = "a b".parse::<HostPattern>().unwrap_err();
    let peer = "10.0.0".parse::<Peer>().unwrap_err();
    let scheme = "gopher".parse::<Scheme>().unwrap_err();
    let finding = "lost".parse::<Finding>().unwrap_err();
    let texts = [host.text(), peer.text(), scheme.text(), finding.text()];
    assert_eq!(texts, ["a b", "10.0.0", "gopher", "lost"]);
}

#[test]
fn a_preset_of_identity_headers_says_its_name_and_its_headers() {
    let preset = Identity::RFC_9440;
    assert_eq!(preset.name(), "rfc-9440");
    assert_eq!(preset.to_string(), "rfc-9440");
    assert_eq!(preset.headers(), ["client-cert", "client-cert-chain"]);
    assert!(Identity::presets().contains(&preset));
    assert!(Identity::presets().len() > 15);
    assert_eq!(
        format!("{preset:?}"),
        "Identity { name: \"rfc-9440\", headers: [\"client-cert\", \"client-cert-chain\"] }"
    );
}

#[test]
fn one_field_cannot_say_two_things() {
    let both = "x-both";
    for error in [
        Headers::client_field(both).and_then(|headers| headers.with_scheme_field(both)),
        Headers::client_field("x-real-ip").and_then(|headers| headers.with_host_field("X-Real-IP")),
        Headers::X_FORWARDED.with_port_field("x-forwarded-proto"),
        Headers::X_FORWARDED.with_prefix_field("x-forwarded-for"),
        Headers::CLOUDFLARE.with_host_field("x-forwarded-proto"),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("is already read for something else"),
            "{error}"
        );
    }
    // Naming the same header again changes nothing, and a list stays a list.
    let lists = Headers::X_FORWARDED
        .with_lists(["x-forwarded-host"])
        .unwrap();
    let again = lists.clone().with_host_field("X-Forwarded-Host").unwrap();
    assert_eq!(again, lists);
    // A new header is not a list until `with_lists` names it.
    let other = lists.with_host_field("x-host").unwrap();
    let back = other.with_host_field("x-forwarded-host").unwrap();
    assert_ne!(back, again);
    let own = |name| Headers::X_FORWARDED.with_host_field(name).unwrap();
    let own_list = own("x-edge-a").with_lists(["x-edge-a"]).unwrap();
    let same = own_list.clone().with_host_field("X-Edge-A").unwrap();
    assert_eq!(same, own_list);
    let changed = own_list.with_host_field("x-edge-b").unwrap();
    assert_eq!(changed, own("x-edge-b"));
}

#[test]
fn a_list_is_one_of_the_fields_that_are_read_beside_the_client() {
    for name in ["x-forwarded-for", "x-real-ip", "", "x-forwarded-ssl"] {
        let error = Headers::X_FORWARDED.with_lists([name]).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    assert!(Headers::CLOUDFLARE.with_lists(["cf-visitor"]).is_err());
}

#[test]
fn trust_of_every_kind_says_the_same_through_what_holds_it() {
    let set: TrustedProxies = "10.0.0.0/8, unix"
        .parse::<TrustedProxies>()
        .unwrap()
        .hops(2);
    let inside: IpAddr = "10.1.2.3".parse().unwrap();
    let outside: IpAddr = "192.0.2.1".parse().unwrap();
    fn check(trust: &dyn Trust, inside: IpAddr, outside: IpAddr) {
        assert!(trust.trusts(inside) && !trust.trusts(outside));
        assert!(trust.trusts_unix());
        assert_eq!(trust.hop_limit(), HopLimit::AtMost(2));
        assert_eq!(trust.reason(inside).as_deref(), Some("10.0.0.0/8"));
        assert_eq!(trust.reason(outside), None);
    }
    check(&set, inside, outside);
    check(&Arc::new(set.clone()), inside, outside);
    check(&SwapProxies::new(set.clone()), inside, outside);
    let swap = Arc::new(SwapProxies::new(set.clone()));
    assert!(swap.snapshot().is_some(), "one set for a whole request");
    let peers = [inside, outside].map(|address| Peer::from(std::net::SocketAddr::new(address, 1)));
    assert_eq!(peers.map(|peer| swap.trusts_peer(peer)), [true, false]);
    assert!(set.contains_unix());
    let networks: TrustedProxies = "10.0.0.0/8, 2001:db8::/32".parse().unwrap();
    assert!(!networks.contains_unix() && !networks.trusts_unix());
    assert!(!Arc::new(networks.clone()).trusts_unix());
    assert!(!SwapProxies::new(networks.clone()).trusts_unix());
    let inside_v6: IpAddr = "2001:db8::7".parse().unwrap();
    assert_eq!(networks.reason(inside_v6).as_deref(), Some("2001:db8::/32"));
    // A closure decides about addresses and about nothing else.
    let closure = trust_fn(|address| address.is_loopback());
    assert_eq!(format!("{closure:?}"), "TrustFn(..)");
    assert!(closure.trusts([127, 0, 0, 1].into()) && !closure.trusts(outside));
    assert!(!closure.trusts_unix());
    assert_eq!(
        (closure.hop_limit(), closure.reason(inside)),
        (HopLimit::Unlimited, None)
    );
    let explanation = explain(
        Some("127.0.0.1:1".parse().unwrap()),
        &request("/", &[]).into_parts().0,
        ForwardedLayer::new(closure).policy(),
    );
    assert!(
        explanation
            .to_string()
            .contains("127.0.0.1:1, trusted by your own rule\n"),
        "{explanation}"
    );
}

#[test]
fn a_set_is_made_of_an_address_or_a_network_too() {
    let network: ipnet::IpNet = "10.0.0.0/8".parse().unwrap();
    assert_eq!(TrustedProxies::from(network), "10.0.0.0/8".parse().unwrap());
    let address: IpAddr = "2001:db8::1".parse().unwrap();
    assert_eq!(
        TrustedProxies::from(address),
        "2001:db8::1".parse().unwrap()
    );
}

#[test]
fn what_was_decided_can_be_printed() {
    for text in [
        "*",
        "a.example",
        "a.example:8443",
        "*.a.example",
        "*.a.example:1",
        "[::1]:2",
    ] {
        let pattern: HostPattern = text.parse().unwrap();
        assert_eq!(pattern.to_string(), text);
        assert_eq!(HostPattern::try_from(text.to_owned()), Ok(pattern.clone()));
        assert_eq!(HostPattern::try_from(&text.to_owned()), Ok(pattern));
    }
    let authority: http::uri::Authority = "a.example:8443".parse().unwrap();
    assert_eq!(RequestHost(authority).to_string(), "a.example:8443");

    let forwarded = layer().headers(Headers::NGINX);
    let redirect = HttpsRedirectLayer::default()
        .map_port(8080, 8443)
        .exempt_path("/healthz");
    let service = forwarded.layer(());
    let hosts = AllowedHostsLayer::new(["a.example"]).unwrap();
    let many: TrustedProxies = (0..100_u32)
        .map(|index| ipnet::IpNet::from(IpAddr::from((index * 512).to_be_bytes())))
        .collect();
    for (text, part) in [
        (format!("{forwarded:?}"), "nginx"),
        (format!("{service:?}"), "10.0.0.0/8"),
        (
            format!("{:?}", explain_service(&forwarded, |_, _| true)),
            "nginx",
        ),
        (format!("{redirect:?}"), "(8080, 8443)"),
        (format!("{hosts:?}"), "a.example"),
        (format!("{:?}", TrustedProxies::any()), "*"),
        (
            format!("{:?}", "unix".parse::<TrustedProxies>().unwrap()),
            "unix",
        ),
        (format!("{many:?}"), "ranges"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
        assert!(text.len() < 4_000, "{text}");
    }
}

#[test]
fn a_proxy_that_speaks_a_cdns_fields_has_its_preset_named() {
    for (name, value, preset) in [
        (
            "x-azure-socketip",
            "203.0.113.7",
            "Headers::AZURE_FRONT_DOOR",
        ),
        ("fastly-client-ip", "203.0.113.7", "Headers::FASTLY"),
        ("fly-client-ip", "203.0.113.7", "Headers::FLY"),
    ] {
        let parts = request("/", &[(name, value)]).into_parts().0;
        let explanation = explain(Some(PROXY.parse().unwrap()), &parts, layer().policy());
        let advice = explanation.advice().next().unwrap_or_default();
        assert!(advice.contains(preset), "{name}: {advice}");
    }
    // The header with the client is missing, and the advice names this header.
    let own = layer().headers(Headers::CLOUDFLARE);
    let parts = request("/", &[("cf-visitor", "{\"scheme\":\"https\"}")])
        .into_parts()
        .0;
    let explanation = explain(Some(PROXY.parse().unwrap()), &parts, own.policy());
    let advice = explanation.advice().next().unwrap_or_default();
    assert!(
        advice.contains("configure it to send cf-connecting-ip"),
        "{advice}"
    );
}

#[tokio::test]
async fn a_peer_can_be_what_axum_connects_with_over_tcp() {
    let show = |ConnectInfo(peer): ConnectInfo<Peer>| async move { peer.ip().unwrap().to_string() };
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    let app = Router::new()
        .route("/", get(show))
        .layer(ForwardedLayer::new(trust));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<Peer>();
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let server = wire::Server::of(address, task);
    let fields = [("x-forwarded-for", "203.0.113.7")];
    let answer = send(&server, Version::Http1, "GET", "http://a.example/", &fields).await;
    // The peer is the other end of the connection, not the client.
    assert_eq!(answer.body, "127.0.0.1");
}

#[test]
fn every_layer_waits_for_a_service_that_is_not_ready() {
    use std::task::{Context, Poll, Waker};

    use http::{Request, Response};
    use tower::Service;
    use tower_forwarded::{LocationLayer, OutboundLayer, RejectLayer, TrustedPeersLayer};

    /// Never ready.
    struct Busy;

    impl Service<Request<()>> for Busy {
        type Response = Response<String>;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Pending
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            unreachable!("it is not ready")
        }
    }

    fn waits(mut service: impl Service<Request<()>>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        service.poll_ready(&mut context).is_pending()
    }

    assert!(waits(layer().layer(Busy)));
    assert!(waits(OutboundLayer::x_forwarded().layer(Busy)));
    assert!(waits(TrustedPeersLayer::new().layer(Busy)));
    assert!(waits(LocationLayer::new().layer(Busy)));
    assert!(waits(RejectLayer::new([]).layer(Busy)));
    assert!(waits(HttpsRedirectLayer::new().layer(Busy)));
    assert!(waits(AllowedHostsLayer::new(["*"]).unwrap().layer(Busy)));
}

#[test]
fn a_peer_says_what_it_is() {
    let unix = Peer::unix();
    assert!(unix.is_unix() && unix.ip().is_none());
    assert_eq!(format!("{unix:?}"), "Peer(unix)");
    let tcp: Peer = "10.0.0.1:40000".parse().unwrap();
    assert!(!tcp.is_unix());
    assert_eq!(format!("{tcp:?}"), "Peer(10.0.0.1:40000)");
}

#[test]
fn every_finding_has_a_name_that_is_read_back() {
    for &finding in Finding::ALL {
        assert_eq!(finding.to_string(), finding.as_str());
        assert_eq!(finding.to_string().parse(), Ok(finding));
        let alone = Findings::from_iter([finding]);
        assert!(!alone.is_empty());
        assert_eq!(format!("{alone:?}"), format!("{{\"{finding}\"}}"));
    }
    assert!(Findings::NONE.is_empty());
}

#[test]
fn headers_of_ones_own_print_whether_they_are_lists() {
    let list = Headers::client_list_field("x-ips").unwrap();
    assert!(format!("{list:?}").contains("client_is_list: true"));
    let single = Headers::client_field("x-ip").unwrap();
    assert!(!format!("{single:?}").contains("client_is_list"));
    let lists = Headers::X_FORWARDED.with_lists(["x-forwarded-proto"]);
    let printed = format!("{:?}", lists.unwrap());
    assert!(
        printed.contains("lists: [\"x-forwarded-proto\"]"),
        "{printed}"
    );
    let layer = layer().require("x-origin-verify", ["one", "two"]).unwrap();
    let printed = format!("{:?}", layer.policy());
    assert!(printed.contains("x-origin-verify: (2 values)"), "{printed}");
}

#[test]
fn a_preset_prints_which_field_plays_which_role() {
    assert_eq!(
        format!("{:?}", Headers::AWS_ALB),
        "Headers { name: \"aws-alb\", client: \"x-forwarded-for\", scheme: \"x-forwarded-proto\", port: \"x-forwarded-port\" }"
    );
}

#[test]
fn a_preset_that_is_none_is_answered_with_those_that_are() {
    let error = "ngnix".parse::<Headers>().unwrap_err().to_string();
    assert!(error.contains("`ngnix`"), "{error}");
    for preset in Headers::presets() {
        assert!(error.contains(preset.name()), "{preset}: {error}");
        assert_eq!(preset.name().parse(), Ok(preset.clone()));
    }
}

#[test]
fn a_published_list_may_name_unix_sockets() {
    let proxies = TrustedProxies::from_list("unix # the sidecar\n10.0.0.0/8\n").unwrap();
    assert!(proxies.contains_unix() && proxies.contains([10, 0, 0, 1].into()));
    assert!(
        !TrustedProxies::from_list("10.0.0.0/8")
            .unwrap()
            .contains_unix()
    );
    let alone = TrustedProxies::from_list("unix").unwrap();
    assert!(alone.contains_unix() && alone.range_count() == 0);
}

#[test]
fn a_set_that_is_swapped_says_which_one_it_is() {
    let [first, second] =
        ["10.0.0.0/8", "192.168.0.0/16"].map(|text| text.parse::<TrustedProxies>().unwrap());
    let swap = SwapProxies::new(first.clone());
    assert_eq!(*swap.load(), first);
    swap.store(second.clone());
    assert_eq!(*swap.load(), second);
}

#[test]
fn what_is_believed_by_default_is_x_forwarded_and_an_origin_gives_its_parts() {
    assert_eq!(Headers::default(), Headers::X_FORWARDED);
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    let origin = resolve(&layer(), &fields).origin().unwrap();
    assert_eq!(origin.authority().as_str(), "app.internal");
    assert_eq!((origin.host(), origin.port()), ("app.internal", 443));
}

#[test]
fn of_two_calls_the_second_replaces_or_adds() {
    let replaced = layer()
        .require("x-a", ["s3cret"])
        .and_then(|it| it.require("x-b", ["s3cret"]))
        .unwrap();
    let honest = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "b.example"),
    ];
    for (sent, is_believed) in [("x-a", false), ("x-b", true)] {
        let fields = [&honest[..], &[(sent, "s3cret")]].concat();
        assert_eq!(
            resolve(&replaced, &fields).is_trusted(),
            is_believed,
            "{sent}"
        );
    }
    let hosts = layer().believe_hosts(["b.example"]).unwrap();
    let host =
        |layer: &ForwardedLayer| resolve(layer, &honest).authority().map(ToString::to_string);
    assert_eq!(host(&hosts).as_deref(), Some("b.example"));
    let replaced = hosts.believe_hosts(["c.example"]).unwrap();
    assert_ne!(host(&replaced).as_deref(), Some("b.example"));

    let added = layer()
        .believe_identity(["remote-user"])
        .and_then(|it| it.believe_identity(["x-auth-request-email"]))
        .and_then(|it| it.keep("x-real-ip"))
        .and_then(|it| it.keep("x-client-ip"))
        .and_then(|it| it.remove(["x-one"]))
        .and_then(|it| it.remove(["x-two"]))
        .unwrap();
    let both = [
        "remote-user",
        "x-auth-request-email",
        "x-real-ip",
        "x-client-ip",
    ];
    let gone = ["x-one", "x-two"];
    let fields: Vec<_> = both.iter().chain(&gone).map(|name| (*name, "a")).collect();
    let seen = through(&added, Some(PROXY), request("/", &fields));
    for name in both {
        assert_eq!(field(&seen, name), "a", "{name}");
    }
    for name in gone {
        assert_eq!(field(&seen, name), "", "{name}");
    }
}

#[test]
fn the_inner_service_can_be_reached_in_every_service() {
    let mut outer = layer().layer(1);
    *outer.get_mut() += 1;
    assert_eq!((*outer.get_ref(), outer.into_inner()), (2, 2));
    let mut opt_in = tower_forwarded::TrustedPeersLayer::new().layer(1);
    *opt_in.get_mut() += 1;
    assert_eq!((*opt_in.get_ref(), opt_in.into_inner()), (2, 2));
}
