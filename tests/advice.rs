//! Tests the sentences of the advice: what each says, and that it says nothing else in similar cases.

use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies, explain};

use crate::support::*;

const FOR: (&str, &str) = ("x-forwarded-for", "203.0.113.7");
const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");
const STRANGER: &str = "203.0.113.9:1";

/// All advice about a request that came from `peer`, one sentence in a line.
fn told(layer: &ForwardedLayer, peer: &str, fields: &[(&str, &str)]) -> String {
    let parts = request("/", fields).into_parts().0;
    let explanation = explain(peer.parse().ok(), &parts, layer.policy());
    explanation.advice().collect::<Vec<_>>().join("\n")
}

/// Asserts that the advice about a request through the proxy contains these texts.
#[track_caller]
fn says(layer: &ForwardedLayer, fields: &[(&str, &str)], texts: &[&str]) {
    let told = told(layer, PROXY, fields);
    for text in texts {
        assert!(told.contains(text), "{fields:?}: {told}");
    }
}

#[track_caller]
fn does_not_say(layer: &ForwardedLayer, fields: &[(&str, &str)], text: &str) {
    let told = told(layer, PROXY, fields);
    assert!(!told.contains(text), "{fields:?}: {told}");
}

#[test]
fn identity_headers_that_are_removed_are_all_named() {
    let all = [
        ("remote-user", "a"),
        ("x-forwarded-user", "b"),
        ("x-webauth-user", "c"),
    ];
    let honest = |count: usize| [&[FOR, HTTPS], &all[..count]].concat();
    says(
        &layer(),
        &honest(1),
        &[
            "`remote-user` says who the client is, and is removed, because you did not name it: ",
            "if 10.0.0.1 sets it, and removes or overwrites what a client sends under that name, ",
            "write `.believe_identity([\"remote-user\"])?`; if a client forged it, do nothing.",
        ],
    );
    says(
        &layer(),
        &honest(2),
        &[
            "`remote-user` and `x-forwarded-user` say who the client is, and are removed, ",
            "because you did not name them: if 10.0.0.1 sets them, ",
            "under these names, write `.believe_identity([\"remote-user\", \"x-forwarded-user\"])?`",
        ],
    );
    says(
        &layer(),
        &honest(3),
        &["`remote-user`, `x-forwarded-user` and `x-webauth-user` say who"],
    );
    let believing = layer().believe_identity(["remote-user"]).unwrap();
    says(
        &believing,
        &[FOR, HTTPS, ("remote_user", "a")],
        &["`remote_user` is removed, because you believe another spelling of the name: "],
    );
    let two = [FOR, HTTPS, ("remote_user", "a"), ("remote.user", "a")];
    says(
        &believing,
        &two,
        &[" are removed, because you believe another spelling"],
    );
    let from_a_stranger = told(&layer(), STRANGER, &all[..1]);
    let one = "`remote-user` says who the client is, and came from 203.0.113.9, which is not trusted, so it is removed";
    assert!(from_a_stranger.contains(one), "{from_a_stranger}");
    let from_a_stranger = told(&layer(), STRANGER, &all);
    let all = "say who the client is, and came from 203.0.113.9, which is not trusted, so they are removed";
    assert!(from_a_stranger.contains(all), "{from_a_stranger}");
}

#[test]
fn what_is_no_host_port_prefix_or_scheme_is_shown_and_a_list_is_called_a_list() {
    let believing = layer().believe_port().believe_prefix();
    let believing = believing.believe_hosts(["*"]).unwrap();
    for (name, what, bad, is_no) in [
        (
            "x-forwarded-host",
            "host",
            "a b",
            "is not a valid host, so it was ignored",
        ),
        (
            "x-forwarded-port",
            "port",
            "80x",
            "is not a port, so it was ignored",
        ),
        (
            "x-forwarded-prefix",
            "prefix",
            "a",
            "is not a safe path, so it was ignored",
        ),
    ] {
        let cause = format!("The forwarded {what} `{bad}` {is_no}: ");
        says(&believing, &[FOR, HTTPS, (name, bad)], &[&cause]);
        let cause =
            format!("The forwarded {what} `/1, /2` is more than one value, so it was ignored: ");
        let cure = format!("appends to {name}, say so with `Headers::with_lists([\"{name}\"])`");
        says(
            &believing,
            &[FOR, HTTPS, (name, "/1, /2")],
            &[&cause, &cure],
        );
    }
    let scheme = |text| [FOR, ("x-forwarded-proto", text)];
    let cause = "The proxy sends `gopher` as the scheme, which is not a scheme, so the layer assumes http: ";
    says(&layer(), &scheme("gopher"), &[cause]);
    let cause = "The forwarded scheme `https, http` is more than one value, so it was ignored: ";
    says(&layer(), &scheme("https, http"), &[cause]);
    let own = "The request has no valid host, so its URI stays relative: ";
    says(&layer(), &[FOR, HTTPS, ("host", "a/b")], &[own]);
    does_not_say(
        &layer(),
        &[FOR, HTTPS, ("host", "a/b")],
        "The forwarded host",
    );
}

#[test]
fn an_internal_host_is_told_from_what_the_browser_and_azure_say() {
    let shop = ("origin", "https://shop.example.com");
    let internal = "The proxy requested app.internal, which seems to be an internal name of the service, but the page that \
                    sent the request belongs to https://shop.example.com (origin): ";
    says(
        &layer(),
        &[FOR, HTTPS, shop],
        &[internal, "let the proxy pass Host through"],
    );
    let http = [FOR, HTTPS, ("origin", "http://shop.example.com")];
    says(
        &layer(),
        &http,
        &["belongs to http://shop.example.com (origin)"],
    );
    let from_a_stranger = told(&layer(), STRANGER, &[shop]);
    assert!(
        !from_a_stranger.contains("internal name"),
        "{from_a_stranger}"
    );
    let believing = layer().believe_hosts(["www.example.com"]).unwrap();
    let not_allowed = [FOR, HTTPS, shop, ("x-forwarded-host", "shop.example.com")];
    does_not_say(&believing, &not_allowed, "internal name");
    // A preset that does not read X-Forwarded-Host.
    let alb = layer().headers(Headers::AWS_ALB);
    let believe = "add `.believe_hosts([\"shop.example.com\"])?`";
    for host in ["shop.example.com", "shop.example.com:443"] {
        says(
            &alb,
            &[FOR, HTTPS, shop, ("x-forwarded-host", host)],
            &[internal, believe],
        );
    }
    let other = [FOR, HTTPS, shop, ("x-forwarded-host", "other.example.com")];
    says(&alb, &other, &[internal, "let the proxy pass Host through"]);
    does_not_say(&alb, &other, believe);
    // Azure's gateway writes the client's host into a header of its own.
    let azure = "The proxy requested app.internal, but x-original-host says that the client requested shop.example.com: ";
    let original = [FOR, HTTPS, ("x-original-host", "shop.example.com")];
    let gateway = layer().headers(Headers::AZURE_APPLICATION_GATEWAY);
    for layer in [layer(), believing] {
        says(&layer, &original, &[azure]);
    }
    let invalid = [FOR, HTTPS, ("x-original-host", "a/b")];
    let believing = gateway.believe_hosts(["*"]).unwrap();
    does_not_say(&believing, &invalid, "x-original-host says");
}

#[test]
fn another_port_is_believed_if_the_proxy_states_it() {
    let asked = |forwarded| {
        let origin = ("origin", "https://app.internal:3001");
        [FOR, HTTPS, origin, ("x-forwarded-port", forwarded)]
    };
    let cause = "The browser requested port 3001 (origin: https://app.internal:3001), but the host came out with port 443: ";
    let same = "X-Forwarded-Port has the same port";
    says(&layer(), &asked("3001"), &[cause, same]);
    says(
        &layer(),
        &asked("3002"),
        &[cause, "`$host` in nginx drops the port"],
    );
    does_not_say(&layer(), &asked("3002"), same);
}

#[test]
fn a_client_that_is_missing_or_malformed_is_told_by_its_header() {
    let own = Headers::client_list_field("x-ips");
    let own = own.and_then(|headers| headers.with_scheme_field("x-forwarded-proto"));
    let own = layer().headers(own.unwrap());
    says(
        &own,
        &[HTTPS],
        &[
            "The proxy does not name the client, ",
            ": configure it to send x-ips.",
        ],
    );
    says(
        &layer(),
        &[HTTPS],
        &["configure it to send X-Forwarded-For (nginx: "],
    );
    let forwarded = layer().headers(Headers::FORWARDED);
    for element in ["for=203.0.113.7;proto=", "proto=;for=203.0.113.7"] {
        let field = [("forwarded", element)];
        says(
            &forwarded,
            &field,
            &["a parameter has no value: let the proxy leave it out"],
        );
    }
    let counted = ForwardedLayer::new(TrustedProxies::count(2));
    let cause = "The request came through fewer proxies than the 2 that you count, so what it forwards is ignored: ";
    says(&counted, &[FOR, HTTPS], &[cause]);
}

#[test]
fn https_that_got_lost_is_told_with_the_setting_of_the_product() {
    let generic = "ingress-nginx has `use-forwarded-headers`, Traefik ";
    let ingress = "in ingress-nginx, `use-forwarded-headers: \"true\"`";
    let envoy = "in Envoy, `xff_num_trusted_hops`; in Istio, ";
    let lost = [
        FOR,
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "443"),
    ];
    for (headers, more, cure) in [
        (Headers::X_FORWARDED, &[][..], generic),
        (Headers::X_FORWARDED, &[("x-scheme", "http")], generic),
        (
            Headers::X_FORWARDED,
            &[("x-forwarded-scheme", "http")],
            generic,
        ),
        (
            Headers::X_FORWARDED,
            &[("x-scheme", "http"), ("x-forwarded-scheme", "http")],
            ingress,
        ),
        (Headers::INGRESS_NGINX, &[], ingress),
        (Headers::ENVOY, &[], envoy),
        (
            Headers::X_FORWARDED,
            &[("x-envoy-external-address", "203.0.113.7")],
            envoy,
        ),
        (
            Headers::TRAEFIK,
            &[],
            "in Traefik, `forwardedHeaders.trustedIPs`",
        ),
        (Headers::CADDY, &[], "in Caddy, `trusted_proxies`"),
        (
            Headers::ISTIO,
            &[],
            "in Istio, `numTrustedProxies` in the gateway's topology",
        ),
        (
            Headers::NGINX,
            &[],
            "in nginx, `map $http_x_forwarded_proto $proto",
        ),
    ] {
        let fields = [&lost, more].concat();
        let layer = layer().headers(headers);
        says(
            &layer,
            &fields,
            &[
                "x-forwarded-port: 443 says that the client used https: ",
                cure,
            ],
        );
    }
}

/// The explanation as text and as data.
fn explained(layer: &ForwardedLayer, fields: &[(&str, &str)]) -> (String, String) {
    let parts = request("/", fields).into_parts().0;
    let told = explain(Some(PROXY.parse().unwrap()), &parts, layer.policy());
    #[cfg(feature = "serde")]
    let data = serde_json::to_string(&told).unwrap();
    #[cfg(not(feature = "serde"))]
    let data = String::new();
    (told.to_string(), data)
}

fn is_explained(layer: &ForwardedLayer, fields: &[(&str, &str)], words: &str, data: &str) {
    let (text, json) = explained(layer, fields);
    assert!(text.contains(words), "{words}: {text}");
    assert!(
        !cfg!(feature = "serde") || json.contains(data),
        "{data}: {json}"
    );
}

#[test]
fn what_became_of_each_identity_header_has_words_and_a_name() {
    let believing = layer()
        .believe_identity(["remote-user", "ssl-client-cert", "x-forwarded-client-cert"])
        .unwrap();
    for (fields, words, name) in [
        (
            &[("remote-user", "a")][..],
            "remote-user: stays, 10.0.0.1 sent it",
            "believed",
        ),
        (
            &[("x-webauth-user", "a")],
            "x-webauth-user: removed, believe_identity does not name it",
            "not-named",
        ),
        (
            &[("remote-user", "a"), ("remote-user", "b")],
            "remote-user: removed, the client may have sent one of the lines",
            "several-lines",
        ),
        (
            &[("remote_user", "a")],
            "remote_user: removed, you believe another spelling",
            "other-spelling",
        ),
        (
            &[
                ("ssl-client-cert", "MAA="),
                ("ssl-client-verify", "FAILED:x"),
            ],
            "ssl-client-cert: removed, the proxy does not say that it verified the certificate",
            "not-verified",
        ),
        (
            &[("x-forwarded-client-cert", "[{}]")],
            "x-forwarded-client-cert: removed, no element describes the client",
            "not-about-the-client",
        ),
        (
            &[("remote-user", "(null)")],
            "remote-user: removed, the proxy says that there is no user",
            "nobody",
        ),
    ] {
        let fields = [&[FOR, HTTPS], fields].concat();
        is_explained(&believing, &fields, words, &format!(r#""reason":"{name}""#));
    }
    says(
        &believing,
        &[
            FOR,
            HTTPS,
            ("ssl-client-cert", "MAA="),
            ("ssl-client-verify", "NONE"),
        ],
        &[
            "The trusted peer 10.0.0.1 does not say that it verified the certificate, so `ssl-client-cert` is removed: ",
        ],
    );
    says(
        &believing,
        &[FOR, HTTPS, ("x-forwarded-client-cert", "[{}]")],
        &[
            "`x-forwarded-client-cert` has fewer elements than there are trusted proxies, or contains JSON",
        ],
    );
}

#[test]
fn each_kind_of_element_has_words_and_a_name() {
    let forwarded = layer().headers(Headers::FORWARDED);
    let behind_unix: TrustedProxies = "10.0.0.0/8, unix".parse().unwrap();
    let behind_unix = ForwardedLayer::new(behind_unix).headers(Headers::FORWARDED);
    for (layer, line, words, name) in [
        (
            &forwarded,
            "for=203.0.113.7;proto=https",
            "the client",
            "address",
        ),
        (
            &forwarded,
            "for=203.0.113.7, for=10.0.0.2",
            "a trusted proxy",
            "address",
        ),
        (
            &forwarded,
            r#"for=203.0.113.7, for="unix:""#,
            "a Unix socket, which is not trusted",
            "unix",
        ),
        (
            &behind_unix,
            r#"for=203.0.113.7, for="unix:""#,
            "a trusted proxy on a Unix socket",
            "unix",
        ),
        (
            &forwarded,
            "for=203.0.113.7, for=_hidden",
            "hides the client",
            "hidden",
        ),
        (
            &forwarded,
            "for=203.0.113.7, proto=https",
            "has no `for=`",
            "without-for",
        ),
        (
            &forwarded,
            "for=203.0.113.7, for=junk",
            "malformed",
            "malformed",
        ),
    ] {
        is_explained(
            layer,
            &[("forwarded", line)],
            words,
            &format!(r#""verdict":"{name}""#),
        );
    }
}
