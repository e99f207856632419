//! Tests that the first line of an explanation names the cause and the line that fixes it.

use std::process::{Command, Stdio};

use tower_forwarded::{Explanation, ForwardedLayer, Headers, Peer, TrustedProxies, explain};

use crate::support::{explain_program as program, *};

fn told(layer: &ForwardedLayer, peer: Option<&str>, fields: &[(&str, &str)]) -> Explanation {
    let peer = peer.map(|peer| peer.parse::<Peer>().unwrap());
    explain(
        peer,
        &request("/users", fields).into_parts().0,
        layer.policy(),
    )
}

fn first_line(explanation: &Explanation) -> String {
    explanation.to_string().lines().next().unwrap().to_owned()
}

const HONEST: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

#[test]
fn an_honest_request_is_told_without_advice() {
    let explanation = told(&layer(), Some(PROXY), &HONEST);
    assert_eq!(explanation.advice().next(), None);
    assert_eq!(
        explanation.to_string(),
        "203.0.113.7 asked for https://app.internal/users.\n\
         \n\
         peer      10.0.0.1:40000, trusted by 10.0.0.0/8\n\
         element   x-forwarded-for: 203.0.113.7 (written by 10.0.0.1): the client\n\
         walk      ended at the first address that is not trusted\n\
         scheme    https (x-forwarded-proto, last element)\n\
         host      app.internal (host)\n\
         next sees host: app.internal; x-forwarded-for: 203.0.113.7; x-forwarded-proto: https\n\
         outcome   203.0.113.7 asked for https://app.internal/users"
    );
}

#[test]
fn a_peer_that_is_not_trusted_is_named_with_the_narrowest_entry() {
    for (peer, entry) in [
        ("172.17.0.5:1", "add \"172.17.0.0/24\""),
        ("127.0.0.1:1", "add \"loopback\""),
        ("[fd00::5]:1", "add \"fd00::/64\""),
        (
            "198.51.100.7:1",
            "add \"198.51.100.7\" to TrustedProxies. It is a public address",
        ),
        ("[::ffff:172.17.0.5]:1", "add \"172.17.0.0/24\""),
        ("unix", "add \"unix\""),
        ("169.254.0.1:1", "add \"169.254.0.0/24\""),
        ("[fe80::1]:1", "add \"fe80::/64\""),
        ("[::1]:1", "add \"loopback\""),
        // Shared address space (RFC 6598) belongs to a provider. The addresses next to it are public.
        ("100.64.0.1:1", "add \"100.64.0.0/24\""),
        ("100.127.0.1:1", "add \"100.127.0.0/24\""),
        (
            "100.63.0.1:1",
            "add \"100.63.0.1\" to TrustedProxies. It is a public address",
        ),
        (
            "100.128.0.1:1",
            "add \"100.128.0.1\" to TrustedProxies. It is a public address",
        ),
        (
            "101.64.0.1:1",
            "add \"101.64.0.1\" to TrustedProxies. It is a public address",
        ),
        (
            "[2001:db8::1]:1",
            "add \"2001:db8::1\" to TrustedProxies. It is a public address",
        ),
    ] {
        let line = first_line(&told(&layer(), Some(peer), &HONEST));
        assert!(
            line.starts_with("The peer") && line.contains(entry),
            "{peer}: {line}"
        );
    }
}

#[test]
fn an_unknown_peer_names_the_line_that_serves_the_app() {
    let line = first_line(&told(&layer(), None, &HONEST));
    assert!(
        line.contains("`app.into_make_service_with_connect_info::<SocketAddr>()`"),
        "{line}"
    );
}

#[test]
fn a_missing_scheme_names_the_proxys_line() {
    let line = first_line(&told(&layer(), Some(PROXY), &HONEST[..1]));
    assert!(
        line.contains("`proxy_set_header X-Forwarded-Proto $scheme;`"),
        "{line}"
    );
    let forwarded = layer().headers(Headers::FORWARDED);
    let line = first_line(&told(
        &forwarded,
        Some(PROXY),
        &[("forwarded", "for=203.0.113.7")],
    ));
    assert!(line.contains("`proto=`"), "{line}");
    let line = first_line(&told(
        &layer(),
        Some(PROXY),
        &[
            HONEST[0],
            ("x-forwarded-proto", "tls\x7f".trim_end_matches('\x7f')),
        ],
    ));
    assert!(line.contains("`tls`"), "{line}");
}

#[test]
fn fields_of_another_family_name_the_preset_that_fits() {
    for (fields, preset) in [
        (
            &[("forwarded", "for=203.0.113.7;proto=https")][..],
            "Headers::FORWARDED",
        ),
        (
            &[("cf-connecting-ip", "203.0.113.7")],
            "Headers::CLOUDFLARE",
        ),
        (
            &[("cloudfront-viewer-address", "203.0.113.7:1")],
            "Headers::AWS_CLOUDFRONT",
        ),
        (
            &[
                ("fly-client-ip", "203.0.113.7"),
                ("x-forwarded-proto", "https"),
            ],
            "Headers::FLY",
        ),
    ] {
        let line = first_line(&told(&layer(), Some(PROXY), fields));
        assert!(line.contains(preset), "{fields:?}: {line}");
    }
    let line = first_line(&told(
        &layer().headers(Headers::FORWARDED),
        Some(PROXY),
        &HONEST,
    ));
    assert!(line.contains("Headers::X_FORWARDED"), "{line}");
}

#[test]
fn one_hop_too_few_is_seen_by_a_private_client() {
    let narrow = ForwardedLayer::new("10.0.0.1".parse::<TrustedProxies>().unwrap());
    let fields = [("x-forwarded-for", "203.0.113.7, 172.20.0.9"), HONEST[1]];
    let line = first_line(&told(&narrow, Some(PROXY), &fields));
    assert!(
        line.contains("172.20.0.9") && line.contains("add \"172.20.0.0/24\""),
        "{line}"
    );
    let limited = ForwardedLayer::new(
        "10.0.0.0/8, 172.20.0.0/16"
            .parse::<TrustedProxies>()
            .unwrap()
            .hops(1),
    );
    let line = first_line(&told(&limited, Some(PROXY), &fields));
    assert!(line.contains("`.hops(2)`"), "{line}");
}

#[test]
fn one_hop_too_many_is_seen_by_a_public_proxy() {
    let all = ForwardedLayer::new(TrustedProxies::any().unlimited_hops());
    let fields = [("x-forwarded-for", "198.51.100.66, 203.0.113.7"), HONEST[1]];
    let line = first_line(&told(&all, Some(PROXY), &fields));
    assert!(
        line.contains("203.0.113.7") && line.contains("Every address is trusted"),
        "{line}"
    );
    // The default meaning of `*` is right here, so there is no advice.
    let any = ForwardedLayer::new(TrustedProxies::any());
    assert_eq!(told(&any, Some(PROXY), &fields).advice().next(), None);
}

#[test]
fn a_public_peer_that_only_the_star_trusts_is_named() {
    let any = ForwardedLayer::new(TrustedProxies::any());
    let line = first_line(&told(&any, Some("198.51.100.7:1"), &HONEST));
    assert!(
        line.contains("(`*`), and the peer 198.51.100.7 is a public address"),
        "{line}"
    );
    // A peer that sends the secret is not a client.
    let proven = any.require("x-origin-verify", ["s3cret"]).unwrap();
    let fields = [&HONEST[..], &[("x-origin-verify", "s3cret")]].concat();
    assert_eq!(
        told(&proven, Some("198.51.100.7:1"), &fields)
            .advice()
            .next(),
        None
    );
    // If the configuration names the address, this was a decision. A private address belongs to a load balancer.
    for (trust, peer) in [("198.51.100.7", "198.51.100.7:1"), ("*", PROXY)] {
        let layer = ForwardedLayer::new(trust.parse::<TrustedProxies>().unwrap());
        assert_eq!(told(&layer, Some(peer), &HONEST).advice().next(), None);
    }
}

#[test]
fn an_element_with_a_port_that_is_none_is_told_apart() {
    for (element, cure) in [
        (
            "2001:db8:0:0:0:0:0:1:443",
            "an IPv6 address with a port, which needs brackets",
        ),
        (
            "203.0.113.7:https",
            "the text after the address is not a port",
        ),
        (
            "[2001:db8::1]:99999",
            "the text after the address is not a port",
        ),
        ("junk", "check what that proxy writes"),
        ("junk:80", "check what that proxy writes"),
    ] {
        let line = first_line(&told(
            &layer(),
            Some(PROXY),
            &[("x-forwarded-for", element), HONEST[1]],
        ));
        assert!(
            line.contains(&format!("`{element}`")) && line.contains(cure),
            "{line}"
        );
    }
    // If the port is valid, there is no advice.
    for element in ["203.0.113.7:443", "[2001:db8::1]:443", "::ffff:203.0.113.7"] {
        let fields = [("x-forwarded-for", element), HONEST[1]];
        assert_eq!(
            told(&layer(), Some(PROXY), &fields).advice().next(),
            None,
            "{element}"
        );
    }
}

#[test]
fn http_between_cdn_and_load_balancer_names_the_cdns_own_field() {
    let fields = [
        HONEST[0],
        ("x-forwarded-proto", "http"),
        ("cf-visitor", "{\"scheme\":\"https\"}"),
    ];
    let line = first_line(&told(&layer(), Some(PROXY), &fields));
    assert!(line.contains("Headers::CLOUDFLARE"), "{line}");
    let fields = [
        HONEST[0],
        ("x-forwarded-proto", "http"),
        ("cloudfront-forwarded-proto", "https"),
    ];
    let line = first_line(&told(&layer(), Some(PROXY), &fields));
    assert!(line.contains("Headers::AWS_CLOUDFRONT"), "{line}");
}

#[test]
fn where_the_cdns_http_is_not_the_cause_it_is_not_blamed() {
    const CF: (&str, &str) = ("cf-visitor", "{\"scheme\":\"https\"}");
    const HTTP: (&str, &str) = ("x-forwarded-proto", "http");
    for (peer, fields) in [
        (PROXY, &[HONEST[0], HONEST[1], CF][..]),
        // A missing scheme has its own advice.
        (PROXY, &[HONEST[0], CF]),
        (
            PROXY,
            &[HONEST[0], HTTP, ("cf-visitor", "{\"scheme\":\"http\"}")],
        ),
        // If the peer is not trusted, the header may be forged.
        ("172.17.0.5:1", &[HONEST[0], HTTP, CF]),
    ] {
        let told = told(&layer(), Some(peer), fields);
        let blamed = told
            .advice()
            .any(|line| line.contains("The client used https with the CDN"));
        assert!(!blamed, "{peer} {fields:?}");
    }
}

#[test]
fn a_network_of_examples_is_not_taken_for_the_star() {
    for (trust, peer) in [
        ("192.0.2.0/24", "192.0.2.9:1"),
        ("198.51.100.0/24", "198.51.100.9:1"),
    ] {
        let layer = ForwardedLayer::new(trust.parse::<TrustedProxies>().unwrap());
        assert_eq!(
            told(&layer, Some(peer), &HONEST).advice().next(),
            None,
            "{trust}"
        );
    }
}

#[test]
fn a_hop_limit_is_named_where_it_ended_the_walk_at_what_may_be_a_proxy() {
    let line = |proxies: TrustedProxies, element: &str| {
        let fields = [("x-forwarded-for", element), HONEST[1]];
        let told = told(&ForwardedLayer::new(proxies), Some(PROXY), &fields);
        told.advice().next().unwrap_or_default().to_owned()
    };
    let networks = || {
        "10.0.0.0/8, 198.51.100.0/24"
            .parse::<TrustedProxies>()
            .unwrap()
    };
    let named = line(networks().hops(1), "203.0.113.7, 198.51.100.9");
    assert!(
        named.contains("at 198.51.100.9") && named.contains("`.hops(2)`"),
        "{named}"
    );
    let named = line(TrustedProxies::any(), "203.0.113.7, 10.0.0.2");
    assert!(
        named.contains("came out as 10.0.0.2") && named.contains("add \"10.0.0.0/24\""),
        "{named}"
    );
    // With `*`, a public address is simply the client's.
    assert_eq!(line(TrustedProxies::any(), "6.6.6.6, 203.0.113.7"), "");
    // Private proxies on the way are not a sign of one hop too many.
    let unlimited = TrustedProxies::any().unlimited_hops();
    assert_eq!(line(unlimited.clone(), "203.0.113.7, 10.0.0.2"), "");
    let named = line(unlimited, "203.0.113.7, 198.51.100.9");
    assert!(named.contains("Every address is trusted"), "{named}");
}

#[test]
fn a_host_that_is_not_allowed_names_the_call() {
    let fields = [&HONEST[..], &[("x-forwarded-host", "api.example.com")]].concat();
    let line = first_line(&told(&layer(), Some(PROXY), &fields));
    assert!(
        line.contains("`.believe_hosts([\"api.example.com\"])?`"),
        "{line}"
    );
}

#[test]
fn every_finding_has_its_sentence() {
    for (fields, found) in [
        (&[("x-forwarded-proto", "https")][..], "for-missing"),
        (&[("x-forwarded-for", "junk"), HONEST[1]], "for-malformed"),
        (
            &[("x-forwarded-for", "unknown"), HONEST[1]],
            "client-hidden",
        ),
        (&[HONEST[0], HONEST[1], ("host", "a b")], "host-invalid"),
        (
            &[HONEST[0], HONEST[1], ("x-forwarded-port", "x")],
            "port-invalid",
        ),
        (
            &[HONEST[0], HONEST[1], ("x-forwarded-prefix", "x")],
            "prefix-invalid",
        ),
    ] {
        let all = layer().believe_port().believe_prefix();
        let explanation = told(&all, Some(PROXY), fields);
        let finding = found.parse().unwrap();
        assert!(
            explanation.resolution().findings().contains(finding),
            "{fields:?}"
        );
        assert!(explanation.advice_about(finding).is_some(), "{found}");
    }
}

#[test]
fn an_explanation_is_data_too() {
    let fields = [&HONEST[..], &[("x-real-ip", "6.6.6.6")]].concat();
    let json = serde_json::to_value(told(&layer(), Some(PROXY), &fields)).unwrap();
    assert_eq!(json["client"], "203.0.113.7");
    assert_eq!(json["steps"]["trusted_by"], "10.0.0.0/8");
    assert_eq!(json["steps"]["elements"][0]["vouched_by"], "10.0.0.1");
    assert_eq!(json["steps"]["removed"], serde_json::json!(["x-real-ip"]));
}

#[test]
fn the_data_says_how_the_walk_ended() {
    let one_hop: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    let one_hop = ForwardedLayer::new(one_hop.hops(1));
    for (layer, list, end) in [
        (&layer(), "1.1.1.1, 203.0.113.7", "client"),
        (&layer(), "10.0.0.3", "leftmost"),
        (&layer(), "203.0.113.7, unknown", "unknown"),
        (&one_hop, "203.0.113.7, 10.0.0.3", "hop-limit"),
    ] {
        let told = told(layer, Some(PROXY), &[("x-forwarded-for", list)]);
        let json = serde_json::to_value(told).unwrap();
        assert_eq!(json["steps"]["walk_ended"], end, "{list}");
    }
    let json = serde_json::to_value(told(&layer(), Some(PROXY), &HONEST[1..])).unwrap();
    assert_eq!(json["steps"]["walk_ended"], "missing");
}

#[test]
fn the_data_says_which_identity_header_is_believed() {
    let layer = layer().believe_identity(["remote-user"]).unwrap();
    let fields = [("remote-user", "alice"), ("x-forwarded-user", "bob")];
    let json = serde_json::to_value(told(&layer, Some(PROXY), &fields)).unwrap();
    assert_eq!(
        json["steps"]["identity"],
        serde_json::json!([
            {"header": "remote-user", "believed": true, "reason": "believed"},
            {"header": "x-forwarded-user", "believed": false, "reason": "not-named"},
        ])
    );
}

#[test]
fn a_password_in_a_host_is_shown_nowhere() {
    for (host, shown) in [
        ("user:secret@a", "***@a"),
        ("//secret@a/b@c", "//***@a/b@c"),
        ("user:secret@a://b", "***@a://b"),
        ("user:secret@a//b", "***@a//b"),
        ("x://secret@a/b@c", "x://***@a/b@c"),
    ] {
        let told = told(
            &layer(),
            Some(PROXY),
            &[&HONEST[..], &[("host", host)]].concat(),
        );
        assert!(!told.to_string().contains("secret"), "{told}");
        let json = serde_json::to_value(told).unwrap();
        let values = json["steps"]["values"].as_array().unwrap();
        let value = values.iter().find(|value| value["what"] == "host").unwrap();
        assert_eq!(value["text"], shown);
    }
}

#[test]
fn the_words_say_who_would_have_to_be_trusted_and_that_any_peer_is() {
    let fields = [("x-forwarded-for", "1.1.1.1, 203.0.113.7")];
    let text = told(&layer(), Some(PROXY), &fields).to_string();
    assert!(
        text.contains("it would count if 203.0.113.7 were trusted"),
        "{text}"
    );
    let any = ForwardedLayer::new(TrustedProxies::any());
    let text = told(&any, Some(PROXY), &fields).to_string();
    assert!(
        text.contains("10.0.0.1:40000, trusted by *, as any peer is\n"),
        "{text}"
    );
}

#[test]
fn what_an_attacker_wrote_is_shown_as_printable_ascii() {
    let mut request = request("/", &HONEST[1..]);
    let value = http::HeaderValue::from_bytes(b"\xff\t\"<b>").unwrap();
    request.headers_mut().insert("x-forwarded-for", value);
    let text = explain(
        Some(PROXY.parse().unwrap()),
        &request.into_parts().0,
        layer().policy(),
    )
    .to_string();
    assert!(text.contains(r#"\xff\t\"<b>"#), "{text}");
}

#[test]
fn no_control_character_reaches_a_terminal() {
    // URIs may contain C1 control characters as UTF-8, here CSI (U+009B) and NEL (U+0085).
    let target = "/\u{9b}31m\u{85}?\u{9b}";
    let request = request(target, &HONEST);
    let told = explain(
        Some(PROXY.parse().unwrap()),
        &request.into_parts().0,
        layer().policy(),
    );
    let text = told.to_string();
    assert!(
        !text.chars().any(|char| char.is_control() && char != '\n'),
        "{text:?}"
    );
    assert!(text.contains(r"/\xc2\x9b31m\xc2\x85"), "{text}");
    let head = format!("GET {target} HTTP/1.1\nHost: a.example\nX-Forwarded-For: 203.0.113.7\n");
    let plain = ["--trust", "10.0.0.0/8", "--peer", "10.0.0.1"];
    let json = [&plain[..], &["--json"]].concat();
    let case = format!(
        "{}\n",
        serde_json::json!({
            "id": "\u{9b}",
            "config": { "trust": ["10.0.0.1"], "headers": "x-forwarded" },
            "request": { "peer": "10.0.0.1:1", "uri": target, "headers": [["x-other", "\u{7f}\u{9b}"], ["x-more", "\u{9b}"]] },
        })
    );
    for (arguments, input) in [(&plain[..], &head), (&json, &head), (&["--json"], &case)] {
        let output = program(arguments, input);
        assert!(output.stdout.len() > 50, "{output:?}");
        let is_safe = |&byte: &u8| byte == b'\n' || (b' '..=b'~').contains(&byte);
        assert!(
            output.stdout.iter().all(is_safe),
            "{arguments:?} {output:?}"
        );
    }
    // A program that reads the JSON gets the same URI.
    let case = case.replace("\u{7f}", "");
    let answer: serde_json::Value =
        serde_json::from_slice(&program(&["--json"], &case).stdout).unwrap();
    assert_eq!(answer["uri"], target);
    assert_eq!(answer["id"], "\u{9b}");
    assert_eq!(answer["headers"][1][1], "\u{9b}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    // As with `explain … | head -1`, the pipe is closed before the program writes.
    for arguments in [
        &["--trust", "10.0.0.0/8", "--peer", "10.0.0.1"][..],
        &["--trust", "10.0.0.0/8", "--peer", "10.0.0.1", "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(example("explain"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(reader);
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), CURL.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stderr), "", "{output:?}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const CURL: &str = "* Connected to 10.0.0.5 port 80\n> GET /users?page=2 HTTP/1.1\n> Host: api.example.com\n\
    > X-Forwarded-For: 203.0.113.7\n> X-Forwarded-Proto: https\n>\n< HTTP/1.1 200 OK\n< Host: wrong\n";

#[test]
fn the_program_reads_heads_as_tools_show_them() {
    let tcpdump = "12:00:00.1 IP 10.0.0.1.40000 > 10.0.0.5.80: Flags [P.], length 120: HTTP: GET /users?page=2 HTTP/1.1\n\
        E.....@.@.........PXGET /users?page=2 HTTP/1.1\nHost: api.example.com\nX-Forwarded-For: 203.0.113.7\n\
        X-Forwarded-Proto: https\n\nrest";
    let echo = "host: api.example.com\nx-forwarded-for: 203.0.113.7\nx-forwarded-proto: https\n";
    let http2 = ":method: GET\n:path: /users?page=2\n:authority: api.example.com\nx-forwarded-for: 203.0.113.7\nx-forwarded-proto: https\n";
    for (head, uri) in [
        (CURL, "/users?page=2"),
        (tcpdump, "/users?page=2"),
        (echo, "/"),
        (http2, "/users?page=2"),
    ] {
        let output = program(&["--trust", "10.0.0.0/8", "--peer", "10.0.0.1"], head);
        let expected = format!("203.0.113.7 asked for https://api.example.com{uri}.\n");
        assert!(
            text(&output.stdout).starts_with(&expected),
            "{head}\n{output:?}"
        );
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn the_programs_exit_status_says_whether_there_is_advice() {
    let output = program(&["--trust", "10.0.0.0/8", "--peer", "172.17.0.2"], CURL);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for (arguments, input, named) in [
        (&["--trust", "10.0.0.5/8"][..], CURL, "10.0.0.0/8"),
        (&["--trust", "*", "--headers", "x"], CURL, "`x`"),
        (&["--trust", "*", "--hops", "few"], CURL, "`few`"),
        (&["--trust", "*", "--hosts", "a b"], CURL, "`a b`"),
        (&["--trust", "*", "--peer", "here"], CURL, "`here`"),
        (&["--trust", "*", "/no/such/file"], "", "/no/such/file"),
        (&["--trust", "*"], "hello\n", "no request head in 1 lines"),
        (&["--json"], "hello\n", "line 1"),
        (&[], "", "--trust"),
    ] {
        let output = program(arguments, input);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
        assert!(
            text(&output.stderr).contains(named),
            "{arguments:?} {output:?}"
        );
    }
}

#[test]
fn an_option_overrides_the_file_however_the_file_writes_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let head =
        "GET / HTTP/1.1\nHost: a.example\nX-Forwarded-For: 203.0.113.7, 10.0.0.2\nX-A: https\n\n";
    let outcome = |text: &str, more: &[&str]| {
        std::fs::write(path, text).unwrap();
        let arguments = [&["--config", path, "--peer", "10.0.0.1"], more].concat();
        let output = program(&arguments, head);
        let told = String::from_utf8(output.stdout).unwrap();
        let last = told.lines().last().unwrap_or_default().to_owned();
        last + &String::from_utf8(output.stderr).unwrap()
    };
    let by_count = "[app.forwarded]\ncount = 1\n";
    let client = |client: &str| format!("outcome   {client} asked for http://a.example/");
    assert_eq!(outcome(by_count, &[]), client("10.0.0.2"));
    assert_eq!(
        outcome(by_count, &["--trust", "10.0.0.0/8"]),
        client("203.0.113.7")
    );
    assert_eq!(outcome(by_count, &["--trust", "none"]), client("10.0.0.1"));
    let by_name = "[forwarded]\ntrust = '10.0.0.0/8'\nhops = 1\nheaders = { scheme = 'x-b' }\n";
    assert_eq!(outcome(by_name, &[]), client("10.0.0.2"));
    assert_eq!(outcome(by_name, &["--count", "2"]), client("203.0.113.7"));
    assert_eq!(
        outcome(by_name, &["--hops", "2", "--set", "headers_scheme=x-a"]),
        "outcome   203.0.113.7 asked for https://a.example/"
    );
    let neither = outcome("[forwarded]\nhops = 1\n", &[]);
    assert!(
        neither.contains("no table has `trust` or `count`"),
        "{neither}"
    );
}

#[test]
fn every_option_of_the_program_has_its_effect() {
    let head = "GET / HTTP/1.1\nHost: a.example\nX-Forwarded-For: 198.51.100.66, 203.0.113.7, 10.0.0.2\n\
        X-Forwarded-Host: b.example\nX-Forwarded-Port: 8443\nX-Forwarded-Prefix: /api\nForwarded: for=192.0.2.9\n";
    let outcome = |more: &[&str]| {
        let arguments = [
            &["--trust", "10.0.0.0/8", "--peer", "10.0.0.1", "--json"],
            more,
        ]
        .concat();
        let json: serde_json::Value =
            serde_json::from_slice(&program(&arguments, head).stdout).unwrap();
        let text = |key: &str| json[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {}",
            text("client"),
            text("scheme"),
            text("host"),
            text("prefix")
        )
    };
    assert_eq!(outcome(&[]), "203.0.113.7 http a.example -");
    assert_eq!(outcome(&["--hops", "1"]), "10.0.0.2 http a.example -");
    assert_eq!(
        outcome(&["--hosts", "x.example,b.example"]),
        "203.0.113.7 http b.example -"
    );
    assert_eq!(outcome(&["--port"]), "203.0.113.7 http a.example:8443 -");
    assert_eq!(outcome(&["--prefix"]), "203.0.113.7 http a.example /api");
    assert_eq!(
        outcome(&["--scheme", "https"]),
        "203.0.113.7 https a.example -"
    );
    assert_eq!(
        outcome(&["--headers", "forwarded"]),
        "192.0.2.9 http a.example -"
    );
    let all = program(
        &[
            "--trust", "*", "--peer", "10.0.0.1", "--hops", "all", "--json",
        ],
        head,
    );
    assert!(text(&all.stdout).contains("198.51.100.66"));
}

#[test]
fn what_is_no_address_is_called_so_in_the_words_of_its_syntax() {
    let verdict = |headers: Headers, name: &str, value: &str| {
        let layer = layer().headers(headers);
        let told = told(&layer, Some(PROXY), &[(name, value)]);
        let json = serde_json::to_value(told).unwrap();
        json["steps"]["elements"][0]["verdict"].clone()
    };
    let x_forwarded = Headers::X_FORWARDED;
    assert_eq!(
        verdict(x_forwarded.clone(), "x-forwarded-for", "junk"),
        "malformed"
    );
    assert_eq!(verdict(x_forwarded, "x-forwarded-for", "1.1.1.1,"), "empty");
    assert_eq!(verdict(Headers::FORWARDED, "forwarded", "for"), "malformed");
}

#[test]
fn a_long_element_is_shown_as_far_as_one_can_bear_and_says_that_there_is_more() {
    let layer = layer().headers(Headers::FORWARDED);
    let shown = |length: usize| {
        let told = told(&layer, Some(PROXY), &[("forwarded", &"a".repeat(length))]);
        let json = serde_json::to_value(told).unwrap();
        json["steps"]["elements"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(shown(120), "a".repeat(120));
    assert_eq!(shown(121), "a".repeat(120) + "…");
}

#[test]
fn a_unix_socket_that_is_not_trusted_is_not_said_to_be() {
    let json = serde_json::to_value(told(&layer(), Some("unix"), &HONEST)).unwrap();
    assert_eq!(json["steps"]["trusted"], false);
    assert_eq!(json["steps"]["trusted_by"], serde_json::Value::Null);
    assert_eq!(json["steps"]["peer"], "unix");
}

#[test]
fn hosts_that_contradict_each_other_are_shown_by_the_last() {
    let fields = [&HONEST[..], &[("host", "a.example"), ("host", "b.example")]].concat();
    let json = serde_json::to_value(told(&layer(), Some(PROXY), &fields)).unwrap();
    let values = json["steps"]["values"].as_array().unwrap();
    let host = values.iter().find(|value| value["what"] == "host").unwrap();
    assert_eq!(host["text"], "b.example");
    assert_eq!(host["finding"], "host-invalid");
}

#[test]
fn the_field_of_every_preset_that_is_not_believed_is_named() {
    for preset in Headers::presets() {
        let believed = if format!("{preset:?}").contains("client: \"x-forwarded-for\"") {
            Headers::FORWARDED
        } else {
            Headers::X_FORWARDED
        };
        let text = format!("{preset:?}");
        let name = text
            .split("client: \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let told = told(
            &layer().headers(believed),
            Some(PROXY),
            &[(name, "203.0.113.7")],
        );
        let line = told.advice().next().unwrap_or_default();
        assert!(line.contains(".headers(Headers::"), "{preset}: {line}");
    }
}

#[test]
fn a_list_where_one_value_belongs_names_the_call_and_no_host_of_a_clients() {
    let layer = layer().believe_hosts(["shop.example.com"]).unwrap();
    for (field, text, name) in [
        ("x-forwarded-host", "shop.example.com, gw.internal", "host"),
        ("x-forwarded-proto", "https, http", "scheme"),
    ] {
        let mut fields = vec![HONEST[0]];
        if name != "scheme" {
            fields.push(HONEST[1]);
        }
        fields.push((field, text));
        let line = first_line(&told(&layer, Some(PROXY), &fields));
        assert!(
            line.starts_with(&format!(
                "The forwarded {name} `{text}` is more than one value"
            )),
            "{line}"
        );
        let call = format!("`Headers::with_lists([\"{field}\"])`");
        assert!(
            line.contains(&call) && !line.contains("believe_hosts"),
            "{line}"
        );
    }
}

#[test]
fn a_cdn_that_came_out_as_the_client_is_named_with_where_its_networks_are_published() {
    let router = ForwardedLayer::new(TrustedProxies::any()).headers(Headers::HEROKU);
    let list = [("x-forwarded-for", "203.0.113.7, 172.68.1.9"), HONEST[1]];
    for (evidence, cdn, published) in [
        (
            ("cf-ray", "8f1"),
            "Cloudflare",
            "https://www.cloudflare.com/ips/",
        ),
        (
            ("x-amz-cf-id", "a=="),
            "CloudFront",
            "CLOUDFRONT_ORIGIN_FACING",
        ),
        (
            ("via", "2.0 a.cloudfront.net (CloudFront)"),
            "CloudFront",
            "ip-ranges.json",
        ),
        (
            ("fastly-ff", "a!WDC!b"),
            "Fastly",
            "https://api.fastly.com/public-ip-list",
        ),
        (
            ("x-azure-ref", "0a"),
            "Azure Front Door",
            "AzureFrontDoor.Backend",
        ),
    ] {
        let fields = [&list[..], &[evidence]].concat();
        let line = first_line(&told(&router, Some(PROXY), &fields));
        for text in [cdn, published, "172.68.1.9", evidence.0, "\"*, …\""] {
            assert!(line.contains(text), "{text}: {line}");
        }
        // With a load balancer of your own behind the CDN, the mistake is the same.
        let line = first_line(&told(&layer(), Some(PROXY), &fields));
        assert!(
            line.contains(cdn) && line.contains("\"10.0.0.0/8, …\""),
            "{line}"
        );
        // If the networks are named, the client is resolved, and there is no advice.
        let named = "*, 172.64.0.0/13".parse::<TrustedProxies>().unwrap();
        let told = told(
            &ForwardedLayer::new(named).headers(Headers::HEROKU),
            Some(PROXY),
            &fields,
        );
        assert_eq!(told.advice().next(), None);
        assert_eq!(
            told.resolution().client().unwrap().to_string(),
            "203.0.113.7"
        );
    }
    assert_eq!(told(&router, Some(PROXY), &list).advice().next(), None);
    // If the CDN itself is the peer, the client that it names is believed.
    let direct = ForwardedLayer::new("172.64.0.0/13".parse::<TrustedProxies>().unwrap());
    let fields = [HONEST[0], HONEST[1], ("cf-ray", "8f1")];
    assert_eq!(
        told(&direct, Some("172.68.1.9:1"), &fields).advice().next(),
        None
    );
}

#[test]
fn an_edge_that_has_no_line_of_its_own_is_told_by_the_client_that_another_header_names() {
    let router = ForwardedLayer::new(TrustedProxies::any());
    let list = [("x-forwarded-for", "203.0.113.7, 198.51.100.9"), HONEST[1]];
    for header in ["true-client-ip", "do-connecting-ip", "fastly-client-ip"] {
        let fields = [&list[..], &[(header, "203.0.113.7")]].concat();
        let line = first_line(&told(&router, Some(PROXY), &fields));
        assert!(
            line.contains(header) && line.contains("came out as 198.51.100.9"),
            "{line}"
        );
        // The header's address is not in the list, or it is the client itself.
        for value in ["6.6.6.6", "198.51.100.9", "junk"] {
            let fields = [&list[..], &[(header, value)]].concat();
            assert_eq!(
                told(&router, Some(PROXY), &fields).advice().next(),
                None,
                "{value}"
            );
        }
    }
    let fields = [&list[..], &[("cdn-loop", "cloudflare; loops=1")]].concat();
    assert!(first_line(&told(&router, Some(PROXY), &fields)).contains("Cloudflare"));
}

#[test]
fn an_entry_that_is_too_narrow_is_told_with_the_wider_one_beside_it() {
    let one_node = ForwardedLayer::new("10.244.1.0/24".parse::<TrustedProxies>().unwrap());
    let line = first_line(&told(&one_node, Some("10.244.2.8:1"), &HONEST));
    assert!(
        line.contains("\"10.244.2.0/24\"") && line.contains("\"10.244.0.0/16\""),
        "{line}"
    );
    let fields = [("x-forwarded-for", "203.0.113.7, 10.244.2.8"), HONEST[1]];
    let line = first_line(&told(&one_node, Some("10.244.1.8:1"), &fields));
    assert!(line.contains("\"10.244.0.0/16\""), "{line}");
    // If no other part of the network is trusted, the advice does not widen it. It never widens it to a public network.
    for (trust, peer) in [
        ("172.17.0.0/16", "10.244.2.8:1"),
        ("203.0.113.0/25", "203.0.113.200:1"),
    ] {
        let layer = ForwardedLayer::new(trust.parse::<TrustedProxies>().unwrap());
        let line = first_line(&told(&layer, Some(peer), &HONEST));
        assert!(!line.contains("/16\""), "{line}");
    }
}

#[test]
fn lambda_has_a_line_of_its_own() {
    let fields = [HONEST[0], HONEST[1], ("x-amzn-trace-id", "Root=1-62ecd163")];
    let line = first_line(&told(&layer(), None, &fields));
    assert!(
        line.contains("Lambda") && line.contains(".peer_from("),
        "{line}"
    );
    // If the service of a function URL trusted the runtime, a client could write its own address.
    assert!(!line.contains("unix"), "{line}");
    assert!(!first_line(&told(&layer(), None, &HONEST)).contains("Lambda"));
}

#[test]
fn what_is_malformed_is_told_exactly() {
    for (element, what) in [
        ("2001:db8::1:443:x", "not an address"),
        ("[2001:db8::1]:http", "not a port"),
        ("203.0.113.7,", "is empty"),
        ("{\"ip\": \"203.0.113.7\"}", "JSON"),
        ("\"203.0.113.7\"", "quotes"),
        ("fe80::1%", "not a zone"),
        ("203.0.113.0/24", "a network"),
        ("proxy.example.com", "a host name"),
    ] {
        let fields = [("x-forwarded-for", element), HONEST[1]];
        let line = first_line(&told(&layer(), Some(PROXY), &fields));
        assert!(line.contains(what), "{element}: {line}");
    }
}

#[test]
fn https_that_was_lost_is_told_by_whatever_says_it_and_with_the_products_own_switch() {
    let http = [HONEST[0], ("x-forwarded-proto", "http")];
    for (evidence, headers, switch) in [
        (
            ("origin", "https://app.internal"),
            Headers::TRAEFIK,
            "forwardedHeaders.trustedIPs",
        ),
        (
            ("referer", "https://app.internal/a?b"),
            Headers::CADDY,
            "trusted_proxies",
        ),
        (
            ("x-forwarded-port", "443"),
            Headers::ISTIO,
            "numTrustedProxies",
        ),
        (
            ("x-forwarded-ssl", "on"),
            Headers::ENVOY,
            "xff_num_trusted_hops",
        ),
        (
            ("front-end-https", "On"),
            Headers::NGINX,
            "map $http_x_forwarded_proto",
        ),
        (
            ("x-arr-ssl", "2048|256"),
            Headers::INGRESS_NGINX,
            "use-forwarded-headers",
        ),
        (
            ("sec-fetch-site", "none"),
            Headers::X_FORWARDED,
            "use-forwarded-headers",
        ),
    ] {
        let layer = layer().headers(headers);
        let line = first_line(&told(
            &layer,
            Some(PROXY),
            &[&http[..], &[evidence]].concat(),
        ));
        assert!(line.contains(evidence.0) && line.contains(switch), "{line}");
        assert!(line.contains("nobody else can reach it"), "{line}");
    }
    // A page of another origin is not evidence, and neither is a browser that connects to the machine directly.
    for evidence in [
        ("origin", "https://other.example"),
        ("origin", "null"),
        ("x-forwarded-port", "80"),
    ] {
        let fields = [&http[..], &[evidence, ("host", "api.example.com")]].concat();
        assert_eq!(
            told(&layer(), Some(PROXY), &fields).advice().next(),
            None,
            "{evidence:?}"
        );
    }
    let local = [
        &http[..],
        &[("sec-fetch-site", "none"), ("host", "localhost:3000")],
    ]
    .concat();
    assert_eq!(told(&layer(), Some(PROXY), &local).advice().next(), None);
}

#[test]
fn a_host_that_is_the_services_own_name_is_told_unless_the_page_is_another_sites() {
    let page = ("origin", "https://shop.example.com");
    let line = |fields: &[(&str, &str)]| {
        let fields = [&HONEST[..], &[page], fields].concat();
        told(&layer(), Some(PROXY), &fields)
            .advice()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    for host in ["app.internal", "127.0.0.1:8015", "backend", "10.1.2.3:80"] {
        let told = line(&[("host", host)]);
        assert!(
            told.contains("https://shop.example.com")
                && told.contains("if that page belongs to the service"),
            "{told}"
        );
    }
    let forwarded = line(&[
        ("host", "backend"),
        ("x-forwarded-host", "shop.example.com"),
    ]);
    assert!(
        forwarded.contains("`.believe_hosts([\"shop.example.com\"])?`"),
        "{forwarded}"
    );
    assert_eq!(
        line(&[("host", "app.internal"), ("sec-fetch-site", "cross-site")]),
        ""
    );
    assert_eq!(line(&[("host", "api.example.com")]), "");
    let same = line(&[
        ("host", "api.example.com"),
        ("sec-fetch-site", "same-origin"),
    ]);
    assert!(same.contains("https://shop.example.com"), "{same}");
}

#[test]
fn the_worst_is_told_first_and_what_is_malformed_before_what_is_missing() {
    let kinds = |layer: &ForwardedLayer, peer: &str, fields: &[(&str, &str)]| {
        let json = serde_json::to_value(told(layer, Some(peer), fields)).unwrap();
        let advice = json["advice"].as_array().unwrap().clone();
        let kinds: Vec<String> = advice
            .iter()
            .map(|advice| advice["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.join(" ")
    };
    let forgeable = ForwardedLayer::new(TrustedProxies::any());
    let bad = [
        ("x-forwarded-for", "junk"),
        ("x-forwarded-host", "a.example"),
        ("host", "backend"),
    ];
    assert_eq!(
        kinds(&forgeable, "203.0.113.9:1", &bad),
        "public-peer for-malformed scheme-missing host-not-allowed"
    );
    let lost = [
        ("x-forwarded-for", "203.0.113.7, 172.68.1.9"),
        ("x-forwarded-proto", "http"),
        ("cf-ray", "1"),
        ("origin", "https://app.internal"),
    ];
    assert_eq!(kinds(&layer(), PROXY, &lost), "cdn-as-client https-lost");
}

#[test]
fn a_scheme_that_is_http_since_a_header_is_not_there_is_told() {
    let layer = layer().headers(Headers::IIS_ARR);
    let text = told(&layer, Some(PROXY), &[HONEST[0]]).to_string();
    assert!(
        text.contains("scheme    http (without x-arr-ssl)"),
        "{text}"
    );
}
