//! Tests that only a trusted proxy can identify the client, and only in headers that are believed (R18).

use tower_forwarded::{
    Finding, ForwardedLayer, HeadersError, Identity, Resolution, TrustedProxies, explain,
};

use crate::support::*;

/// One header of each family, as the products write it.
const KNOWN: [&str; 30] = [
    "Remote-User",
    "Remote-Groups",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Auth-Request-Email",
    "X-Auth-Request-Access-Token",
    "X-WebAuth-User",
    "X-authentik-username",
    "Tailscale-User-Login",
    "Cf-Access-Authenticated-User-Email",
    "Cf-Access-Jwt-Assertion",
    "X-Goog-Authenticated-User-Email",
    "X-Goog-Iap-Jwt-Assertion",
    "X-MS-Client-Principal",
    "X-MS-Client-Principal-Name",
    "X-MS-Token-AAD-Access-Token",
    "X-Amzn-Oidc-Data",
    "OIDC_CLAIM_email",
    "Client-Cert",
    "Client-Cert-Chain",
    "X-Forwarded-Client-Cert",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "SSL-Client-Cert",
    "X-SSL-Client-CN",
    "X-Forwarded-Tls-Client-Cert",
    "X-ARR-ClientCert",
    "X-Client-Cert",
];

fn spellings(name: &str) -> [String; 5] {
    [
        name.replace(['_', '-'], "."),
        name.replacen('-', ".", 1),
        name.replace('_', "-"),
        name.replace('-', "_"),
        name.replacen('-', "_", 1),
    ]
}

fn believing(names: &[&str]) -> ForwardedLayer {
    layer().believe_identity(names).unwrap()
}

/// The believed headers, in order.
fn identity(resolution: &Resolution) -> Vec<(String, String)> {
    let mut headers: Vec<_> = resolution
        .identity()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    headers.sort();
    headers
}

/// What is left of a header, whether it is believed, and the findings.
fn came_out(
    layer: &ForwardedLayer,
    peer: &str,
    headers: &[(&str, &str)],
    name: &str,
) -> (String, bool, String) {
    let seen = through(layer, Some(peer), request("/", headers));
    let resolution = resolution(&seen);
    (
        field(&seen, name),
        resolution.identity().contains_key(name),
        findings(&resolution),
    )
}

const CLIENT: &str = "203.0.113.9:5000";

#[test]
fn nobody_reads_who_the_client_is_unless_the_service_says_that_it_believes_it() {
    for name in KNOWN {
        for spelling in spellings(name) {
            for peer in [PROXY, CLIENT] {
                let headers = [(spelling.as_str(), "admin")];
                let (left, believed, findings) = came_out(&layer(), peer, &headers, &spelling);
                assert_eq!((left.as_str(), believed), ("", false), "{spelling}");
                assert_eq!(findings, "identity-ignored", "{spelling}");
            }
        }
    }
}

#[test]
fn a_header_that_is_believed_stays_if_a_trusted_peer_sends_it() {
    for name in KNOWN
        .into_iter()
        .filter(|name| !name.to_lowercase().contains("cert"))
    {
        let layer = believing(&[name]);
        let headers = [(name, "alice@example.com")];
        let expected = ("alice@example.com".to_owned(), true, String::new());
        assert_eq!(came_out(&layer, PROXY, &headers, name), expected, "{name}");
        let nobody = (String::new(), false, "identity-ignored".to_owned());
        assert_eq!(came_out(&layer, CLIENT, &headers, name), nobody, "{name}");
    }
}

/// The names in the table of the docs, one for each family.
fn documented() -> Vec<String> {
    let table = include_str!("../src/identity/known.md");
    let names = table.split('`').skip(1).step_by(2);
    names.map(|name| name.replace('*', "-something")).collect()
}

#[test]
fn for_every_product_in_the_table_the_forged_header_goes_and_the_real_one_stays() {
    let names = documented();
    assert!(names.len() > 80, "{}", names.len());
    for name in names {
        for spelling in spellings(&name) {
            let headers = [(spelling.as_str(), "admin")];
            let (left, believed, _) = came_out(&layer(), CLIENT, &headers, &spelling);
            assert_eq!((left.as_str(), believed), ("", false), "{spelling}");
        }
        let layer = believing(&[&name]);
        // Other tests use values that are not valid elements of a list, or not valid certificates.
        let value = "Hash=ab";
        let headers = [(name.as_str(), value)];
        let (left, believed, _) = came_out(&layer, PROXY, &headers, &name);
        assert_eq!((left.as_str(), believed), (value, true), "{name}");
        let (left, believed, _) = came_out(&layer, CLIENT, &headers, &name);
        assert_eq!((left.as_str(), believed), ("", false), "{name}");
    }
}

#[test]
fn of_two_lines_none_is_believed_since_one_may_be_the_clients() {
    let layer = believing(&["x-auth-request-email", "remote-user"]);
    let headers = [
        ("x-auth-request-email", "admin@example.com"),
        ("x-auth-request-email", "alice@example.com"),
        ("remote-user", "alice"),
    ];
    let seen = through(&layer, Some(PROXY), request("/", &headers));
    assert_eq!(field(&seen, "x-auth-request-email"), "");
    let resolution = resolution(&seen);
    assert_eq!(
        identity(&resolution),
        [("remote-user".into(), "alice".into())]
    );
    assert_eq!(findings(&resolution), "identity-malformed");
}

#[test]
fn another_spelling_of_a_believed_header_goes_and_takes_nothing_with_it() {
    let layer = believing(&["x-auth-request-email", "x-my-login"]);
    let headers = [
        ("x-auth-request-email", "alice@example.com"),
        ("x_auth_request_email", "admin@example.com"),
        ("x-my-login", "alice"),
        ("x-my_login", "admin"),
    ];
    let seen = through(&layer, Some(PROXY), request("/", &headers));
    assert_eq!(field(&seen, "x_auth_request_email"), "");
    assert_eq!(field(&seen, "x-my_login"), "");
    let resolution = resolution(&seen);
    assert_eq!(
        identity(&resolution),
        [
            ("x-auth-request-email".into(), "alice@example.com".into()),
            ("x-my-login".into(), "alice".into())
        ]
    );
    assert_eq!(findings(&resolution), "identity-ignored");
}

#[test]
fn a_name_with_underscores_is_believed_by_that_name_and_only_then() {
    let layer = believing(&["OIDC_CLAIM_email"]);
    for (spelling, left) in [
        ("OIDC_CLAIM_email", "alice@example.com"),
        ("oidc_claim_email", "alice@example.com"),
        ("OIDC-CLAIM-email", ""),
        ("OIDC_CLAIM-email", ""),
        ("OIDC.CLAIM.email", ""),
        ("OIDC_CLAIM_sub", ""),
    ] {
        let headers = [(spelling, "alice@example.com")];
        let (seen, _, _) = came_out(&layer, PROXY, &headers, spelling);
        assert_eq!(seen, left, "{spelling}");
    }
}

#[test]
fn a_name_of_ones_own_is_removed_where_it_is_not_believed() {
    let layer = believing(&["X-Employee"]);
    let headers = [("x-employee", "7")];
    let expected = ("7".to_owned(), true, String::new());
    assert_eq!(came_out(&layer, PROXY, &headers, "x-employee"), expected);
    let nobody = (String::new(), false, "identity-ignored".to_owned());
    assert_eq!(came_out(&layer, CLIENT, &headers, "x-employee"), nobody);
    // Without a peer, nothing is believed either.
    let seen = through(&layer, None, request("/", &headers));
    assert_eq!(field(&seen, "x-employee"), "");
}

#[test]
fn a_peer_that_is_not_believed_says_nothing_about_who_the_client_is() {
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("remote-user", "admin"),
    ];
    let guarded = believing(&["remote-user"])
        .require("x-origin-verify", ["s3cret"])
        .unwrap();
    let counted = ForwardedLayer::new(TrustedProxies::count(2))
        .believe_identity(["remote-user"])
        .unwrap();
    for (layer, finding) in [(guarded, "secret-missing"), (counted, "hops-missing")] {
        let (left, believed, findings) = came_out(&layer, PROXY, &headers, "remote-user");
        assert_eq!((left.as_str(), believed), ("", false));
        assert_eq!(findings, format!("{finding} identity-ignored"));
    }
}

#[cfg(feature = "client-cert")]
#[test]
fn a_secret_says_nothing_about_a_certificate_whatever_its_name_is() {
    let certificate = ("x-origin-cert", "MAA=");
    let layer = layer()
        .believe_client_cert("x-origin-cert")
        .unwrap()
        .require("x-origin-verify", ["s3cret"])
        .unwrap();
    let seen = |verify: &str| {
        let headers = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            certificate,
            ("x-origin-verify", verify),
        ];
        let (left, believed, found) = came_out(&layer, PROXY, &headers, "x-origin-cert");
        (left, believed, found)
    };
    let believed = ("MAA=".to_owned(), true, String::new());
    assert_eq!(seen("s3cret"), believed);
    let nobody = "secret-missing identity-ignored".to_owned();
    assert_eq!(seen("SUCCESS"), (String::new(), false, nobody));
}

#[cfg(feature = "client-cert")]
#[test]
fn a_certificate_in_a_header_of_ones_own_goes_if_its_result_is_no_success() {
    for (name, result) in [
        ("x-device-cert", "x-device-verify"),
        ("x-device-cert", "x-device-cert-verify"),
        ("x-device-certificate", "x-device-verify"),
        ("x-device-certificate", "x-device-certificate-verify"),
        ("x-device-certificate", "x_device.certificate_verify"),
        ("x-device-crt", "x-device-verify"),
        ("x-device-pem", "x-device-verify"),
        ("x-device-der", "x-device-verify"),
        ("x-device", "x-device-verify"),
        ("x-clientcert", "x-clientcert-verify"),
    ] {
        let believing = layer().believe_client_cert(name).unwrap();
        for (value, believed) in [
            ("SUCCESS", true),
            ("0", true),
            ("FAILED:x", false),
            ("", false),
        ] {
            let headers = [(name, "MAA="), (result, value)];
            let (left, is_believed, _) = came_out(&believing, PROXY, &headers, name);
            assert_eq!(is_believed, believed, "{name} {result}: {value}");
            assert_eq!(left.is_empty(), !believed, "{name} {result}: {value}");
            // Nobody believes the result itself, so it is removed.
            let (left, ..) = came_out(&believing, PROXY, &headers, result);
            assert_eq!(left, "", "{name} {result}: {value}");
        }
        // A believed result must be there.
        if let Ok(both) = believing.believe_identity([result]) {
            let (_, is_believed, _) = came_out(&both, PROXY, &[(name, "MAA=")], name);
            assert!(!is_believed, "{name} {result}");
            let headers = [(name, "MAA="), (result, "SUCCESS")];
            let (_, is_believed, _) = came_out(&both, PROXY, &headers, name);
            assert!(is_believed, "{name} {result}");
        }
    }
    // Headers with other endings hold no certificate, unless the configuration says so.
    let login = believing(&["x-device"]);
    let headers = [("x-device", "alice"), ("x-device-verify", "FAILED:x")];
    let (left, ..) = came_out(&login, PROXY, &headers, "x-device");
    assert_eq!(left, "alice");
}

#[test]
fn no_client_can_send_the_result_for_a_header_of_a_product_that_sends_none() {
    for (name, result) in [
        (
            "cloudfront-viewer-cert-pem",
            "cloudfront-viewer-cert-verify",
        ),
        ("x-client-cert", "x-client-cert-verify"),
        ("x-arr-clientcert", "x-arr-clientcert-verify"),
        (
            "x-forwarded-tls-client-cert",
            "x-forwarded-tls-client-verify",
        ),
        ("x-amzn-mtls-clientcert", "x-amzn-mtls-clientcert-verify"),
    ] {
        let headers = [(name, "MAA="), (result, "FAILED:x")];
        let (left, believed, _) = came_out(&believing(&[name]), PROXY, &headers, name);
        assert_eq!((left.as_str(), believed), ("MAA=", true), "{name}");
    }
}

#[test]
fn every_believed_result_counts() {
    let both = ["x-device-verify", "x-device-cert-verify"];
    let layer = believing(&["x-device-cert", both[0], both[1]]);
    for (one, other, is_believed) in [
        ("SUCCESS", "SUCCESS", true),
        ("SUCCESS", "FAILED:x", false),
        ("FAILED:x", "SUCCESS", false),
    ] {
        let headers = [("x-device-cert", "MAA="), (both[0], one), (both[1], other)];
        let (_, believed, _) = came_out(&layer, PROXY, &headers, "x-device-cert");
        assert_eq!(believed, is_believed, "{one} {other}");
    }
}

#[test]
fn a_proxy_that_says_nobody_is_believed() {
    let layer = believing(&["remote-user"]);
    for nobody in ["", " ", "(null)"] {
        let seen = came_out(&layer, PROXY, &[("remote-user", nobody)], "remote-user");
        assert_eq!(seen, (String::new(), false, String::new()), "`{nobody}`");
    }
}

#[test]
fn what_is_kept_stays_as_it_came_and_is_not_believed() {
    let layer = layer().keep("X-Forwarded-User").unwrap();
    for peer in [PROXY, CLIENT] {
        let headers = [("x-forwarded-user", "a"), ("x-forwarded-user", "b")];
        let seen = came_out(&layer, peer, &headers, "x-forwarded-user");
        assert_eq!(seen, ("a|b".to_owned(), false, String::new()));
    }
}

#[test]
fn what_is_removed_is_removed_though_it_is_believed() {
    let layer = believing(&["x-employee"]).remove(["x-employee"]).unwrap();
    let seen = through(&layer, Some(PROXY), request("/", &[("x-employee", "7")]));
    assert_eq!(field(&seen, "x-employee"), "");
}

#[test]
fn requests_without_such_headers_have_no_finding() {
    let layer = believing(&["remote-user"]);
    let resolution = resolve(&layer, &[("x-forwarded-for", "203.0.113.7")]);
    assert!(resolution.identity().is_empty());
    assert_eq!(findings(&resolution), "scheme-missing");
}

#[test]
fn names_that_cannot_say_who_the_client_is_are_errors_that_name_them() {
    for name in [
        "host",
        "X-Forwarded-For",
        "x_forwarded_for",
        "Forwarded",
        "content-length",
        "Transfer-Encoding",
        "with space",
        "X-Auth-Request-*",
        "",
    ] {
        let error = layer().believe_identity([name]).unwrap_err();
        let expected = HeadersError::NoIdentity { name: name.into() };
        assert_eq!(error, expected);
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    let twice = layer().believe_identity(["OIDC_CLAIM_email", "oidc-claim-email"]);
    let expected = HeadersError::ReadTwice {
        name: "oidc-claim-email".into(),
    };
    assert_eq!(twice.unwrap_err(), expected);
    // A second occurrence of the same name changes nothing.
    assert!(
        layer()
            .believe_identity(["Remote-User", "remote-user"])
            .is_ok()
    );
}

#[test]
fn every_preset_believes_its_headers_and_no_others() {
    for preset in Identity::presets() {
        for layer in [
            layer().believe_identity(*preset).unwrap(),
            believing(&[preset.name()]),
        ] {
            let honest: Vec<(&str, &str)> =
                preset.into_iter().map(|name| (name, "alice")).collect();
            let seen = through(&layer, Some(PROXY), request("/", &honest));
            let believed = resolution(&seen);
            let others = KNOWN.into_iter().map(|name| (name, "admin"));
            let forged: Vec<(&str, &str)> = others
                .filter(|(name, _)| !preset.into_iter().any(|own| own.eq_ignore_ascii_case(name)))
                .collect();
            let mixed = [&honest[..], &forged].concat();
            let mixed = through(&layer, Some(PROXY), request("/", &mixed));
            assert_eq!(
                resolution(&mixed).identity(),
                believed.identity(),
                "{preset}"
            );
            for (name, _) in forged {
                assert_eq!(field(&mixed, name), "", "{preset}: {name}");
            }
            let direct = through(&layer, Some(CLIENT), request("/", &honest));
            assert!(resolution(&direct).identity().is_empty(), "{preset}");
            assert_eq!(direct.headers().len(), 1, "{preset}");
        }
        assert_eq!(preset.name().parse(), Ok(*preset));
    }
    let error = "okta".parse::<Identity>().unwrap_err().to_string();
    assert!(
        error.contains("`okta`") && error.contains("authelia"),
        "{error}"
    );
}

#[test]
fn debug_and_explain_show_no_token() {
    let layer = believing(&["x-forwarded-access-token"]);
    let headers = [("x-forwarded-access-token", "hunter2")];
    let resolution = resolve(&layer, &headers);
    assert!(
        resolution
            .identity()
            .contains_key("x-forwarded-access-token")
    );
    assert!(!format!("{resolution:?}").contains("hunter2"));
    for peer in [PROXY, CLIENT] {
        let (parts, ()) = request("/", &headers).into_parts();
        let explanation = explain(Some(peer.parse().unwrap()), &parts, layer.policy());
        let text = format!("{explanation} {explanation:?}");
        assert!(text.contains("x-forwarded-access-token"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        #[cfg(feature = "serde")]
        assert!(
            !serde_json::to_string(&explanation)
                .unwrap()
                .contains("hunter2")
        );
    }
}

/// The advice about a finding, and the lines about identity.
fn told(layer: &ForwardedLayer, peer: &str, headers: &[(&str, &str)]) -> (String, Vec<String>) {
    let (parts, ()) = request("/", headers).into_parts();
    let explanation = explain(Some(peer.parse().unwrap()), &parts, layer.policy());
    let advice = [Finding::IdentityIgnored, Finding::IdentityMalformed]
        .into_iter()
        .filter_map(|finding| explanation.advice_about(finding))
        .collect::<Vec<_>>()
        .join(" ");
    let text = explanation.to_string();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("identity"));
    (advice, lines.map(|line| line.trim().to_owned()).collect())
}

#[test]
fn the_advice_about_a_header_that_nobody_named_is_the_line_to_write_and_it_cures() {
    let headers = [("x-auth-request-email", "alice"), ("remote-user", "alice")];
    let (advice, lines) = told(&layer(), PROXY, &headers);
    let line = r#"`.believe_identity(["x-auth-request-email", "remote-user"])?`"#;
    assert!(advice.contains(line), "{advice}");
    assert!(
        advice.contains("removes or overwrites what a client sends"),
        "{advice}"
    );
    assert_eq!(
        lines,
        [
            "x-auth-request-email: removed, believe_identity does not name it",
            "remote-user: removed, believe_identity does not name it"
        ]
    );
    let cured = believing(&["x-auth-request-email", "remote-user"]);
    let (advice, lines) = told(&cured, PROXY, &headers);
    assert_eq!(advice, "");
    assert_eq!(
        lines,
        [
            "x-auth-request-email: stays, 10.0.0.1 sent it",
            "remote-user: stays, 10.0.0.1 sent it"
        ]
    );
    // Headers from an untrusted peer are not a reason to give this advice.
    let (advice, lines) = told(&cured, CLIENT, &headers);
    assert!(!advice.contains("believe_identity"), "{advice}");
    assert!(
        advice.contains("203.0.113.9, which is not trusted"),
        "{advice}"
    );
    assert_eq!(
        lines[0],
        "x-auth-request-email: removed, 203.0.113.9 is not trusted"
    );
    let twice = [("remote-user", "a"), ("remote-user", "b")];
    let (advice, lines) = told(&cured, PROXY, &twice);
    assert!(
        advice.contains("`remote-user` has several lines"),
        "{advice}"
    );
    assert_eq!(
        lines,
        ["remote-user: removed, the client may have sent one of the lines"]
    );
}

#[test]
fn a_certificate_that_the_proxy_did_not_verify_goes() {
    let layer = believing(&["ssl-client-cert", "ssl-client-verify"]);
    for (result, stays) in [
        ("SUCCESS", true),
        ("FAILED:certificate has expired", false),
        ("FAILED", false),
        ("NONE", false),
        ("GENEROUS", false),
        ("success", false),
        ("", false),
    ] {
        let headers = [("ssl-client-cert", "MAA="), ("ssl-client-verify", result)];
        let (left, believed, _) = came_out(&layer, PROXY, &headers, "ssl-client-cert");
        assert_eq!((left == "MAA=", believed), (stays, stays), "{result}");
    }
    // A client can make a proxy remove the header, with `Connection: ssl-client-verify`.
    let headers = [("ssl-client-cert", "MAA=")];
    let (left, believed, _) = came_out(&layer, PROXY, &headers, "ssl-client-cert");
    assert_eq!((left.as_str(), believed), ("", false));
    let respelled = [
        ("ssl-client-cert", "MAA="),
        ("ssl_client_verify", "SUCCESS"),
    ];
    let (left, believed, _) = came_out(&layer, PROXY, &respelled, "ssl-client-cert");
    assert_eq!((left.as_str(), believed), ("", false));
    // A client that forges a success in addition to the proxy's header changes nothing.
    let forged = [
        ("ssl-client-verify", "SUCCESS"),
        ("ssl-client-cert", "MAA="),
        ("ssl-client-verify", "FAILED:x"),
    ];
    let (left, _, findings) = came_out(&layer, PROXY, &forged, "ssl-client-cert");
    assert_eq!(
        (left.as_str(), findings.as_str()),
        ("", "identity-ignored identity-malformed")
    );
    // Google Cloud writes a word.
    let google = believing(&["x-client-cert-leaf", "x-client-cert-chain-verified"]);
    for (result, left) in [("true", ":MAA=:"), ("false", ""), ("SUCCESS", "")] {
        let headers = [
            ("x-client-cert-leaf", ":MAA=:"),
            ("x-client-cert-chain-verified", result),
        ];
        let seen = came_out(&google, PROXY, &headers, "x-client-cert-leaf").0;
        assert_eq!(seen, left, "{result}");
    }
    // HAProxy writes a number.
    let haproxy = believing(&["x-ssl-client-cert", "x-ssl-client-verify"]);
    for (result, left) in [("0", "MAA="), ("21", "")] {
        let headers = [
            ("x-ssl-client-cert", "MAA="),
            ("x-ssl-client-verify", result),
        ];
        assert_eq!(
            came_out(&haproxy, PROXY, &headers, "x-ssl-client-cert").0,
            left
        );
    }
}

/// What one proxy writes about a certificate.
struct Described {
    headers: &'static [(&'static str, &'static str)],
    result: &'static str,
    success: &'static str,
    failures: &'static [&'static str],
}

const DESCRIBED: [Described; 8] = [
    Described {
        headers: &[
            ("ssl-client-cert", "MAA="),
            ("ssl-client-subject-dn", "CN=admin"),
            ("ssl-client-issuer-dn", "CN=admin"),
        ],
        result: "ssl-client-verify",
        success: "SUCCESS",
        failures: &["FAILED:self signed certificate", "GENEROUS", "NONE", ""],
    },
    Described {
        headers: &[("SSL_CLIENT_S_DN", "CN=admin")],
        result: "SSL_CLIENT_VERIFY",
        success: "SUCCESS",
        failures: &["GENEROUS", "FAILED:self signed certificate"],
    },
    Described {
        headers: &[
            ("x-ssl-client-dn", "/CN=admin"),
            ("x-ssl-client-cn", "admin"),
            ("x-ssl-client-sha1", "AA"),
            ("x-ssl-issuer", "/CN=admin"),
        ],
        result: "x-ssl-client-verify",
        success: "0",
        failures: &["18", "21"],
    },
    Described {
        headers: &[("x-client-dn", "CN=admin")],
        result: "x-client-verify",
        success: "SUCCESS",
        failures: &["FAILED", "NONE"],
    },
    Described {
        headers: &[
            ("x-client-cert-leaf", ":MAA=:"),
            ("x-client-cert-chain", ":MAA=:"),
            ("x-client-cert-spiffe", "spiffe://td/admin"),
        ],
        result: "x-client-cert-chain-verified",
        success: "true",
        failures: &["false", "SUCCESS"],
    },
    Described {
        headers: &[
            ("cf-cert-subject-dn", "CN=admin"),
            ("cf-client-cert-sha256", "aa"),
        ],
        result: "cf-cert-verified",
        success: "true",
        failures: &["false", "FAILED:x"],
    },
    // A revoked certificate is verified too.
    Described {
        headers: &[("cf-cert-subject-dn", "CN=admin")],
        result: "cf-cert-revoked",
        success: "false",
        failures: &["true", "1"],
    },
    Described {
        headers: &[
            ("x-device-cert", "MAA="),
            ("x-device-cert-cn", "admin"),
            ("x_device_cert_email", "admin@example.com"),
        ],
        result: "x-device-verify",
        success: "SUCCESS",
        failures: &["FAILED:x", "no"],
    },
];

#[test]
fn what_describes_a_certificate_that_the_proxy_did_not_verify_goes() {
    for product in DESCRIBED {
        let names: Vec<&str> = product.headers.iter().map(|(name, _)| *name).collect();
        let with_result = [&names[..], &[product.result]].concat();
        // The service may believe all of these headers, one of them with the result, or all without the result.
        let mut choices = vec![with_result, names.clone()];
        choices.extend(names.iter().map(|name| vec![*name, product.result]));
        for choice in choices {
            let layer = believing(&choice);
            let seen = |result: &[(&str, &str)]| {
                let headers = [product.headers, result].concat();
                let seen = through(&layer, Some(PROXY), request("/", &headers));
                let resolution = resolution(&seen);
                let mut believed = 0;
                for name in choice.iter().filter(|name| **name != product.result) {
                    let is_believed = resolution.identity().contains_key(*name);
                    assert_eq!(!field(&seen, name).is_empty(), is_believed, "{name}");
                    believed += usize::from(is_believed);
                }
                believed
            };
            let believed = choice.iter().filter(|name| **name != product.result);
            let success = [(product.result, product.success)];
            assert_eq!(seen(&success), believed.count(), "{choice:?}");
            for failure in product.failures {
                assert_eq!(
                    seen(&[(product.result, failure)]),
                    0,
                    "{choice:?} {failure}"
                );
            }
            // A client can make Apache drop the result, with `Connection: SSL_CLIENT_VERIFY`.
            if choice.contains(&product.result) {
                assert_eq!(seen(&[]), 0, "{choice:?}");
            }
        }
    }
}

/// Cloudflare writes these headers for a certificate that it did not verify too.
#[test]
fn a_result_of_cloudflare_counts_for_the_headers_of_rfc_9440_only_if_it_is_believed() {
    let names = ["client-cert", "client-cert-chain"];
    let count = |believed: &[&str], more: &[(&str, &str)]| {
        let headers = [&[(names[0], ":MAA=:"), (names[1], ":MAA=:")], more].concat();
        let seen = through(&believing(believed), Some(PROXY), request("/", &headers));
        let resolution = resolution(&seen);
        let believed = names
            .iter()
            .filter(|name| resolution.identity().contains_key(**name));
        believed.count()
    };
    let both = [&names[..], &["cf-cert-verified", "cf-cert-revoked"]].concat();
    for (verified, revoked, left) in [
        ("true", "false", 2),
        ("false", "false", 0),
        ("true", "true", 0),
    ] {
        let results = [("cf-cert-verified", verified), ("cf-cert-revoked", revoked)];
        assert_eq!(count(&both, &results), left, "{verified} {revoked}");
        // Otherwise only a client would send them.
        assert_eq!(count(&names, &results), 2, "{verified} {revoked}");
    }
    assert_eq!(count(&both, &[]), 0);
    // A proxy of one's own may state the result.
    let own = [&names[..], &["client-verify"]].concat();
    assert_eq!(count(&own, &[("client-verify", "SUCCESS")]), 2);
    assert_eq!(count(&own, &[("client-verify", "FAILED:x")]), 0);
}

#[test]
fn a_preset_believes_nothing_about_a_certificate_that_the_proxy_did_not_verify() {
    let mut presets = Vec::new();
    for preset in Identity::presets() {
        let is_result = |name: &&&str| name.ends_with("verify") || name.ends_with("verified");
        let Some(result) = preset.headers().iter().find(is_result) else {
            continue;
        };
        presets.push(preset.name());
        let layer = layer().believe_identity(*preset).unwrap();
        for (value, believed) in [("SUCCESS", preset.headers().len()), ("FAILED:x", 1)] {
            let headers = preset.headers().iter();
            let headers: Vec<(&str, &str)> = headers
                .map(|name| (*name, if name == result { value } else { "x" }))
                .collect();
            let seen = through(&layer, Some(PROXY), request("/", &headers));
            let identity = identity(&resolution(&seen));
            assert_eq!(identity.len(), believed, "{preset}: {identity:?}");
        }
    }
    assert_eq!(presets, ["ingress-nginx", "openshift-router"]);
}

/// The believed headers that are left, if the trusted proxy sends `alice` in each of them, and these.
fn left(layer: &ForwardedLayer, believed: &[&str], more: &[(&str, &str)]) -> Vec<String> {
    let headers: Vec<(&str, &str)> = believed
        .iter()
        .filter(|name| {
            !more
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
        })
        .map(|name| (*name, "alice"))
        .chain(more.iter().copied())
        .collect();
    let seen = through(layer, Some(PROXY), request("/", &headers));
    let identity = identity(&resolution(&seen)).into_iter();
    let names = identity.map(|(name, _)| name);
    names
        .filter(|name| {
            !more
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
        })
        .collect()
}

#[test]
fn the_result_for_a_certificate_says_nothing_about_other_headers() {
    let rest = |believed: &[&str], result: &str| {
        left(&believing(believed), believed, &[(result, "FAILED:x")])
    };
    // A login, beside a certificate in a header of one's own.
    for login in [
        "x-auth-request-user",
        "x-auth-user",
        "x-auth-subject",
        "x-auth-info",
        "x-amzn-mtls-clientcert-subject",
    ] {
        for result in ["x-auth-verify", "x-auth-cert-verify"] {
            assert_eq!(rest(&["x-auth-cert", login], result), [login]);
            assert_eq!(rest(&["x-auth-cert", login, result], result), [login]);
        }
        assert_eq!(rest(&[login, "x-auth-verify"], "x-auth-verify"), [login]);
        assert_eq!(rest(&[login, "x-cert"], "x-verify"), [login]);
    }
    // What a product says about the connection stays: the service may want to tell the user.
    assert_eq!(
        rest(
            &[
                "x-client-cert-error",
                "x-client-cert-leaf",
                "x-client-cert-present"
            ],
            "x-client-cert-chain-verified"
        ),
        ["x-client-cert-error", "x-client-cert-present"]
    );
    // Kong sends these, and no result. So only a client would send one.
    let kong = ["x-client-cert-serial", "x-client-cert-subject-dn"];
    assert_eq!(rest(&kong, "x-client-cert-chain-verified"), kong);
    assert_eq!(rest(&kong, "x-client-verify"), kong);
}

#[test]
fn the_result_for_one_certificate_says_nothing_about_another() {
    let names = ["x-acme-cert", "x-acme-device-cert", "x-acme-device-cert-dn"];
    let results = ["x-acme-verify", "x-acme-device-verify"];
    for believed in [&names[..], &[&names[..], &results].concat()] {
        let layer = believing(believed);
        let left = |acme, device| {
            let more = [(results[0], acme), (results[1], device)];
            left(&layer, &names, &more)
        };
        assert_eq!(left("SUCCESS", "SUCCESS"), names);
        assert_eq!(left("FAILED:x", "SUCCESS"), names[1..]);
        assert_eq!(left("SUCCESS", "FAILED:x"), names[..1]);
    }
    // Nobody verified the other certificate.
    let one = believing(&[&names[..], &results[..1]].concat());
    assert_eq!(left(&one, &names, &[(results[0], "SUCCESS")]), names);
    let more = [(results[0], "SUCCESS"), (results[1], "FAILED:x")];
    assert_eq!(left(&one, &names, &more), names[..1]);
}

#[cfg(feature = "client-cert")]
#[test]
fn success_for_one_certificate_does_not_verify_another() {
    let names = ["x-acme-device-cert", "x-acme-cert", "x-acme-verify"];
    let layer = layer().believe_client_cert(names[0]).unwrap();
    let layer = layer.believe_identity(&names[1..]).unwrap();
    let headers = [
        (names[0], "MAA="),
        (names[1], "MAEA"),
        (names[2], "SUCCESS"),
    ];
    let seen = through(&layer, Some(PROXY), request("/", &headers));
    let certificate = resolution(&seen).client_cert().unwrap().clone();
    assert!(!certificate.is_verified());
}

/// If the service names the header with the result, that header counts for everything whose name belongs to it.
#[test]
fn a_result_that_is_named_counts_for_all_that_describes_the_certificate() {
    for believed in [
        &[
            "x-client-cert",
            "x-client-cert-subject-dn",
            "x-client-dn",
            "x-client-verify",
        ][..],
        &[
            "x-client-cert",
            "x-client-cert-subject-dn",
            "x-client-cert-verify",
        ],
        &["client-cert", "client-cert-chain", "client-cert-verify"],
        &["client-cert", "client-cert-subject-dn", "client-verify"],
        &["client-cert", "client-cert-subject-dn", "cf-cert-verified"],
        &["SSL_CLIENT_CERT", "CERT_CHAIN_0", "SSL_CLIENT_VERIFY"],
        &[
            "x-forwarded-tls-client-cert",
            "x-forwarded-tls-client-cert-info",
            "x-forwarded-tls-client-verify",
        ],
        &["x-device-cert-cn", "x-device-cert-verify"],
        &[
            "x-device-cert",
            "x-device-cert-email",
            "x-device-cert-chain-pem",
            "x-device-verify",
        ],
        &["x-device-cert-pem", "x-device-verify"],
        &[
            "x-device-cert-pem",
            "x-device-cert-pem-sha256",
            "x-device-cert-verify",
        ],
    ] {
        let (result, names) = believed.split_last().unwrap();
        let success = if result.ends_with("verified") {
            "true"
        } else {
            "SUCCESS"
        };
        let mut turned = believed.to_vec();
        turned.reverse();
        for layer in [believing(believed), believing(&turned)] {
            assert_eq!(
                left(&layer, names, &[(*result, success)]).len(),
                names.len(),
                "{believed:?}"
            );
            for more in [&[(*result, "FAILED:x")][..], &[]] {
                assert_eq!(left(&layer, names, more), [""; 0], "{believed:?} {more:?}");
            }
        }
    }
    // A subject without its certificate needs the result too, also if nobody named it.
    let alone = believing(&["x-device-cert-cn"]);
    for result in ["x-device-verify", "x-device-cert-verify"] {
        for (value, count) in [("SUCCESS", 1), ("FAILED:x", 0)] {
            let left = left(&alone, &["x-device-cert-cn"], &[(result, value)]);
            assert_eq!(left.len(), count, "{result}: {value}");
        }
    }
    // Both results count for the subject, as they do for the certificate.
    let names = ["x-device-cert", "x-device-cert-cn"];
    let results = ["x-device-verify", "x-device-cert-verify"];
    let layer = believing(&[names, results].concat());
    for (one, other, count) in [
        ("SUCCESS", "SUCCESS", 2),
        ("FAILED:x", "0", 0),
        ("0", "FAILED:x", 0),
    ] {
        let more = [(results[0], one), (results[1], other)];
        assert_eq!(left(&layer, &names, &more).len(), count, "{one} {other}");
    }
}

#[test]
fn of_two_entrances_each_has_its_own_result() {
    let nginx = ["x-client-cert", "x-client-verify"];
    let google = ["x-client-cert-leaf", "x-client-cert-chain-verified"];
    let layer = believing(&[nginx, google].concat());
    for ([certificate, result], success) in [(nginx, "SUCCESS"), (google, "true")] {
        for (value, count) in [(success, 1), ("no", 0)] {
            let left = left(&layer, &[certificate], &[(result, value)]);
            assert_eq!(left.len(), count, "{certificate}: {value}");
        }
    }
}

#[cfg(feature = "client-cert")]
#[test]
fn a_certificate_in_a_header_with_any_name_has_a_result() {
    for (name, beside, result) in [
        ("x-device-leaf", "x-device-leaf-cn", "x-device-leaf-verify"),
        (
            "x-device-presented",
            "x-device-presented-dn",
            "x-device-presented-verify",
        ),
        ("leaf", "leaf-dn", "leaf-verify"),
    ] {
        let layer = layer().believe_client_cert(name).unwrap();
        let layer = layer.believe_identity([beside]).unwrap();
        for (value, count) in [("SUCCESS", 2), ("FAILED:x", 0)] {
            let left = left(&layer, &[name, beside], &[(result, value)]);
            assert_eq!(left.len(), count, "{name}: {value}: {left:?}");
        }
    }
    // These names may mean something else, so they count if they are believed.
    for (name, result) in [
        ("x-device-leaf", "x-device-verify"),
        ("x-device-cert-b64", "x-device-cert-verify"),
        ("ssl-client-presented", "ssl-client-verify"),
    ] {
        let layer = layer().believe_client_cert(name).unwrap();
        let layer = layer.believe_identity([result]).unwrap();
        for (more, count) in [
            (&[(result, "SUCCESS")][..], 1),
            (&[(result, "FAILED:x")], 0),
            (&[], 0),
        ] {
            assert_eq!(left(&layer, &[name], more).len(), count, "{name}: {more:?}");
        }
    }
}

#[test]
fn the_element_of_envoys_list_that_counts_is_the_one_that_the_outermost_trusted_proxy_wrote() {
    let layer = believing(&["x-forwarded-client-cert"]);
    let through = |list: &str, hops: &str| {
        let headers = [
            ("x-forwarded-for", hops),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-client-cert", list),
        ];
        came_out(&layer, PROXY, &headers, "x-forwarded-client-cert").0
    };
    let (one, two) = ("203.0.113.7", "203.0.113.7, 10.0.0.2");
    let (mine, edge) = (r#"Hash=aa;Subject="CN=a,b""#, "Hash=bb");
    assert_eq!(through(mine, one), mine);
    assert_eq!(
        through(&format!("{mine},{edge}"), two),
        format!("{mine},{edge}")
    );
    // The layer removes the text that a client wrote before the proxy's element.
    for forged in [
        "Hash=ff",
        "Subject=\"",
        "Subject=\"\\\"",
        "\"",
        ",",
        "x,y,z",
        "Cert=\"a,",
    ] {
        assert_eq!(through(&format!("{forged},{mine}"), one), mine, "{forged}");
        let honest = format!("{mine},{edge}");
        assert_eq!(
            through(&format!("{forged},{honest}"), two),
            honest,
            "{forged}"
        );
    }
    // The edge wrote no element, since its client had no certificate. So the only element is about the edge.
    assert_eq!(through(edge, two), "");
    // In a mesh, the sidecar does not append to X-Forwarded-For, so a client could choose the number of hops.
    let mesh = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>().unwrap().hops(1))
        .believe_identity(["x-forwarded-client-cert"])
        .unwrap();
    let headers = [
        ("x-forwarded-for", "1.2.3.4, 10.42.0.9"),
        (
            "x-forwarded-client-cert",
            "Hash=ff;URI=spiffe://td/admin,Hash=aa",
        ),
    ];
    let (left, _, _) = came_out(&mesh, PROXY, &headers, "x-forwarded-client-cert");
    assert_eq!(left, "Hash=aa");
    // The layer does not read JSON.
    assert_eq!(through(r#"[{"hash":"aa"},{"hash":"bb"}]"#, one), "");
}

#[test]
fn an_envoy_list_whose_last_element_is_empty_says_nobody() {
    let layer = believing(&["x-forwarded-client-cert"]);
    for list in ["Hash=ff,", ",", " , "] {
        let headers = [("x-forwarded-client-cert", list)];
        let seen = came_out(&layer, PROXY, &headers, "x-forwarded-client-cert");
        assert_eq!(seen, (String::new(), false, String::new()), "{list}");
    }
}

#[test]
fn what_would_say_that_a_certificate_was_verified_goes_unless_it_is_believed() {
    for (certificate, result) in [
        ("x-client-cert", "x-client-verify"),
        ("x-my-cert", "x-my-verify"),
        (
            "x-forwarded-tls-client-cert",
            "x-forwarded-tls-client-verify",
        ),
    ] {
        let layer = believing(&[certificate]);
        for spelling in spellings(result) {
            for peer in [PROXY, CLIENT] {
                let headers = [(spelling.as_str(), "SUCCESS")];
                let (left, _, findings) = came_out(&layer, peer, &headers, &spelling);
                assert_eq!(
                    (left.as_str(), &*findings),
                    ("", "identity-ignored"),
                    "{spelling}"
                );
            }
        }
    }
}

#[test]
fn a_header_that_is_read_for_something_else_says_nothing_about_identity() {
    use tower_forwarded::Headers;

    let headers = Headers::client_list_field("x-client-ips").unwrap();
    let error = layer().headers(headers).believe_identity(["X-Client-IPs"]);
    assert!(matches!(error, Err(HeadersError::ReadTwice { .. })));
    // If the methods are called in the other order, the header is read as a list, and its forged part is not a login.
    let list = Headers::client_list_field("x-client-ips").unwrap();
    let later = believing(&["X-Client-IPs"]).headers(list);
    let forged = [("x-client-ips", "198.51.100.66, 203.0.113.7")];
    let (left, believed, _) = came_out(&later, PROXY, &forged, "x-client-ips");
    assert_eq!((left.as_str(), believed), ("203.0.113.7", false));
    // A secret is not a login, and is not part of the identity.
    let layer = believing(&["x-employee"])
        .require("x-employee", ["s3cret"])
        .unwrap();
    let (left, believed, _) = came_out(&layer, PROXY, &[("x-employee", "s3cret")], "x-employee");
    assert_eq!((left.as_str(), believed), ("", false));
    #[cfg(feature = "serde")]
    for (text, key) in [
        ("identity = ['x-a']\nheaders_client = 'x-a'", "identity"),
        (
            "require = 'x-forwarded-for'\nrequire_file = '/dev/null'",
            "require",
        ),
        (
            "require = 'remote-user'\nrequire_file = '/dev/null'",
            "require",
        ),
    ] {
        let text = format!("trust = '10.0.0.0/8'\n{text}");
        let error = toml::from_str::<tower_forwarded::Config>(&text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(&format!("{key}: ")), "{error}");
    }
}

#[test]
fn findings_about_identity_are_counted() {
    let layer = believing(&["remote-user"]);
    resolve(&layer, &[("remote-user", "a"), ("remote-user", "b")]);
    resolve(&layer, &[("x-forwarded-user", "a")]);
    resolve(&layer, &[("x-forwarded-user", "a")]);
    let count = |finding| layer.finding_counts().find(|(other, _)| *other == finding);
    assert_eq!(
        count(Finding::IdentityMalformed),
        Some((Finding::IdentityMalformed, 1))
    );
    assert_eq!(
        count(Finding::IdentityIgnored),
        Some((Finding::IdentityIgnored, 2))
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_configuration_names_what_is_believed() {
    use tower_forwarded::Config;

    let resolve = |config: Config| {
        let headers = [("remote-user", "alice"), ("x-employee", "7")];
        identity(&resolve(&config.layer(), &headers))
    };
    let expected = [
        ("remote-user".to_owned(), "alice".to_owned()),
        ("x-employee".to_owned(), "7".to_owned()),
    ];
    for text in [
        "trust = '10.0.0.0/8'\nidentity = ['Remote-User', 'X-Employee']",
        "trust = '10.0.0.0/8'\nidentity = 'authelia, x-employee'",
    ] {
        assert_eq!(resolve(toml::from_str(text).unwrap()), expected, "{text}");
    }
    let variables = [
        ("F_TRUST", "10.0.0.0/8"),
        ("F_IDENTITY", "remote-user,x-employee"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(
        resolve(Config::from_variables("F_", variables).unwrap()),
        expected
    );
    let error = toml::from_str::<Config>("trust = []\nidentity = ['x forwarded']").unwrap_err();
    assert!(
        error.to_string().contains("identity: `x forwarded`"),
        "{error}"
    );
}

#[cfg(feature = "client-cert")]
#[test]
fn what_envoy_says_of_the_certificate_comes_out_without_it() {
    let layer = believing(&["x-forwarded-client-cert"]);
    let mine = r#"By=spiffe://a;By=spiffe://b;Hash=ab;Subject="CN=a,b \"c\";d";URI=spiffe://td/x;DNS=x;DNS=y;New=z"#;
    for list in [
        mine.to_owned(),
        format!("Hash=ff;URI=spiffe://td/admin,{mine}"),
    ] {
        let resolution = resolve(&layer, &[("x-forwarded-client-cert", &list)]);
        let element = resolution.xfcc().unwrap();
        assert_eq!(element.by(), ["spiffe://a", "spiffe://b"]);
        assert_eq!(element.hash(), Some("ab"));
        assert_eq!(element.subject(), Some("CN=a,b \"c\";d"));
        assert_eq!(element.uri(), ["spiffe://td/x"]);
        assert_eq!(element.dns(), ["x", "y"]);
        assert_eq!(resolution.client_cert(), None);
    }
    let headers = [("x-forwarded-client-cert", mine)];
    let direct = through(&layer, Some(CLIENT), request("/", &headers));
    assert_eq!(resolution(&direct).xfcc(), None);
    assert_eq!(
        resolve(&layer, &[("x-forwarded-client-cert", "Hash")]).xfcc(),
        None
    );
}

#[cfg(all(feature = "client-cert", feature = "axum-08"))]
#[test]
fn a_certificate_comes_out_of_each_header_that_is_known_to_hold_one() {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
    let der = made.cert.der().to_vec();
    let base64 = STANDARD.encode(&der);
    let rfc9440 = format!(":{base64}:");
    let pem = made
        .cert
        .pem()
        .replace('\n', "%0A")
        .replace(' ', "%20")
        .replace('+', "%2B");
    let spaces = made.cert.pem().replace('\n', " ");
    let xfcc = format!("Hash=ab;Cert=\"{pem}\"");
    for (name, value) in [
        ("Client-Cert", &rfc9440),
        ("X-Client-Cert-Leaf", &rfc9440),
        ("X-Forwarded-Client-Cert", &xfcc),
        ("X-Forwarded-Client-Cert", &base64),
        ("X-Amzn-Mtls-Clientcert", &pem),
        ("X-Amzn-Mtls-Clientcert-Leaf", &pem),
        ("CloudFront-Viewer-Cert-Pem", &pem),
        ("SSL-Client-Cert", &pem),
        ("SSL_CLIENT_CERT", &spaces),
        ("X-SSL-Client-Cert", &base64),
        ("X-SSL-Client-DER", &base64),
        ("X-Forwarded-Tls-Client-Cert", &base64),
        ("X-ARR-ClientCert", &base64),
        ("X-Client-Cert", &pem),
        ("Cf-Client-Cert-Der-Base64", &base64),
    ] {
        let believing = believing(&[name]);
        let resolution = resolve(&believing, &[(name, value)]);
        let certificate = resolution.client_cert().expect(name);
        assert_eq!(certificate.der().as_ref(), der, "{name}");
        assert!(!certificate.is_verified(), "{name}");
        // A client that connects directly, or writes into a header that is not believed, has no certificate.
        let direct = through(&believing, Some(CLIENT), request("/", &[(name, value)]));
        assert_eq!(self::resolution(&direct).client_cert(), None, "{name}");
        assert_eq!(
            resolve(&layer(), &[(name, value)]).client_cert(),
            None,
            "{name}"
        );
        let garbage = resolve(&believing, &[(name, "none")]);
        assert_eq!(garbage.client_cert(), None, "{name}");
        assert_eq!(findings(&garbage), "identity-malformed", "{name}");
    }
    // A kept header is unchanged, but the layer believes only the part that the proxy wrote.
    let forged = format!("Hash=00;URI=spiffe://td/admin,{xfcc}");
    for (name, value) in [
        ("Client-Cert", &rfc9440),
        ("X-Forwarded-Client-Cert", &forged),
    ] {
        let kept = believing(&[name]).keep(name).unwrap();
        let seen = through(&kept, Some(PROXY), request("/", &[(name, value)]));
        assert_eq!(field(&seen, name), *value);
        let resolution = self::resolution(&seen);
        let believed = resolution.identity()[name].to_str().unwrap().to_owned();
        assert!(!believed.contains("admin"), "{believed}");
        let certificate = resolution.client_cert().expect(name);
        assert_eq!(certificate.der().as_ref(), der, "{name}");
        // A client that connects directly is not believed.
        let direct = through(&kept, Some(CLIENT), request("/", &[(name, value)]));
        assert_eq!(field(&direct, name), *value);
        assert!(self::resolution(&direct).identity().is_empty());
        assert_eq!(self::resolution(&direct).client_cert(), None);
    }
    // With both methods, Envoy's header is read as a list, and a client's element is not a certificate.
    let named = layer()
        .believe_client_cert("X-Forwarded-Client-Cert")
        .unwrap();
    let appended = format!("{base64},{xfcc}");
    let resolution = resolve(&named, &[("x-forwarded-client-cert", &appended)]);
    assert_eq!(resolution.client_cert().unwrap().chain().len(), 0);
    let own = layer().believe_client_cert("X-Device").unwrap();
    // Headers that are chosen later change nothing about it, unless they read it themselves.
    let own = own.headers(tower_forwarded::Headers::NGINX);
    let read = own
        .clone()
        .headers(tower_forwarded::Headers::client_field("X-Device").unwrap());
    assert_eq!(resolve(&read, &[("x-device", &spaces)]).client_cert(), None);
    assert!(
        resolve(&own, &[("x-device", &spaces)])
            .client_cert()
            .is_some()
    );
    let verified = believing(&["ssl-client-cert", "ssl-client-verify"]);
    let headers = [("ssl-client-cert", &*pem), ("ssl-client-verify", "SUCCESS")];
    assert!(
        resolve(&verified, &headers)
            .client_cert()
            .unwrap()
            .is_verified()
    );
    // The statement about the verification is believed only if its header is named.
    let resolution = resolve(&believing(&["ssl-client-cert"]), &headers);
    assert!(!resolution.client_cert().unwrap().is_verified());
    // An invalid chain also makes the certificate invalid.
    let both = believing(&["client-cert", "client-cert-chain"]);
    let chain = format!("{rfc9440}, {rfc9440}");
    let headers = [("client-cert", &*rfc9440), ("client-cert-chain", &chain)];
    assert_eq!(
        resolve(&both, &headers)
            .client_cert()
            .unwrap()
            .chain()
            .len(),
        2
    );
    let long = vec![rfc9440.as_str(); 64 * 1024 / rfc9440.len() + 1].join(", ");
    let headers = [("client-cert", &*rfc9440), ("client-cert-chain", &long)];
    assert_eq!(findings(&resolve(&both, &headers)), "identity-malformed");
    let headers = [("client-cert", &*rfc9440), ("client-cert-chain", "x")];
    assert_eq!(findings(&resolve(&both, &headers)), "identity-malformed");
}

#[test]
fn a_client_cannot_remove_its_certificate_with_a_result_that_no_proxy_sends() {
    // No product with these headers sends the result in a header of such a name.
    for (certificate, value, result) in [
        ("client-cert", ":MAA=:", "client-verify"),
        (
            "x-forwarded-client-cert",
            "Hash=ab",
            "x-forwarded-client-verify",
        ),
        (
            "x-forwarded-tls-client-cert",
            "MAA=",
            "x-forwarded-tls-client-verify",
        ),
    ] {
        let layer = believing(&[certificate]);
        for spelling in spellings(result) {
            let headers = [
                ("x-forwarded-for", "203.0.113.7"),
                (certificate, value),
                (&spelling, "FAILED"),
            ];
            let (left, believed, findings) = came_out(&layer, PROXY, &headers, certificate);
            let ignored = "scheme-missing identity-ignored";
            assert_eq!((&*left, believed, &*findings), (value, true, ignored));
            assert_eq!(came_out(&layer, PROXY, &headers, &spelling).0, "");
        }
    }
    // A believed result counts in the spelling that the proxy writes.
    let layer = believing(&["ssl-client-cert", "ssl-client-verify"]);
    let headers = [
        ("ssl-client-cert", "MAA="),
        ("ssl-client-verify", "SUCCESS"),
        ("ssl_client_verify", "FAILED"),
    ];
    let (left, believed, _) = came_out(&layer, PROXY, &headers, "ssl-client-cert");
    assert_eq!((&*left, believed), ("MAA=", true));
    // If the proxy states the result, it counts although it is not believed.
    for (certificate, result) in [
        ("ssl-client-cert", "ssl-client-verify"),
        ("x-my-cert", "x_my_verify"),
    ] {
        let headers = [(certificate, "MAA="), (result, "FAILED")];
        let seen = came_out(&believing(&[certificate]), PROXY, &headers, certificate);
        assert_eq!((&*seen.0, seen.1), ("", false));
    }
}

#[test]
fn what_is_believed_and_kept_stays_as_it_came_and_is_believed_by_its_vouched_part() {
    let layer = believing(&["x-forwarded-client-cert", "x-forwarded-user"]);
    let layer = layer.keep("x-forwarded-client-cert").unwrap();
    let layer = layer.keep("x-forwarded-user").unwrap();
    let list = "Hash=ff,Hash=ab";
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-client-cert", list),
        ("x-forwarded-user", "a"),
        ("x-forwarded-user", "b"),
    ];
    let seen = through(&layer, Some(PROXY), request("/", &headers));
    assert_eq!(field(&seen, "x-forwarded-client-cert"), list);
    assert_eq!(field(&seen, "x-forwarded-user"), "a|b");
    let resolution = resolution(&seen);
    assert_eq!(resolution.identity()["x-forwarded-client-cert"], "Hash=ab");
    assert!(!resolution.identity().contains_key("x-forwarded-user"));
}

#[cfg(feature = "client-cert")]
#[test]
fn a_certificate_header_of_64_kib_is_read_and_a_longer_one_is_not() {
    use base64::{Engine, engine::general_purpose::STANDARD};

    const LONGEST: usize = 64 * 1024;
    let came_out = |names: &[&str], headers: &[(&str, &str)]| {
        let headers = [&[("x-forwarded-for", "203.0.113.7")], headers].concat();
        resolution(&through(
            &believing(names),
            Some(PROXY),
            request("/", &headers),
        ))
    };
    // A certificate: a SEQUENCE of the right length.
    let der = |length: usize| {
        let [high, low] = u16::try_from(length - 4).unwrap().to_be_bytes();
        let mut der = vec![0x30, 0x82, high, low];
        der.resize(length, 0);
        der
    };
    let length = LONGEST / 4 * 3;
    for (length, is_read) in [(length, true), (length + 3, false)] {
        let value = STANDARD.encode(der(length));
        let resolution = came_out(&["x-client-cert"], &[("x-client-cert", &value)]);
        assert_eq!(resolution.client_cert().is_some(), is_read, "{length}");
    }
    for (length, is_read) in [(LONGEST, true), (LONGEST + 1, false)] {
        let list = format!(":MAA=:,{}:MAA=:", " ".repeat(length - 13));
        assert_eq!(list.len(), length);
        let names = ["client-cert", "client-cert-chain"];
        let headers = [("client-cert", ":MAA=:"), ("client-cert-chain", &list)];
        let resolution = came_out(&names, &headers);
        let chain = resolution.client_cert().map(|cert| cert.chain().len());
        assert_eq!(chain, is_read.then_some(2), "{length}");
        let element = "Hash=".to_owned() + &"a".repeat(length - 5);
        let xfcc = "x-forwarded-client-cert";
        let resolution = came_out(&[xfcc], &[(xfcc, &element)]);
        assert_eq!(resolution.xfcc().is_some(), is_read, "{length}");
        // What the client wrote in front of its element hides nothing.
        let list = format!("{element},Hash=00;Cert=MAA%3D");
        let resolution = came_out(
            &[xfcc],
            &[("x-forwarded-for", "203.0.113.7"), (xfcc, &list)],
        );
        assert!(
            resolution.xfcc().is_some() && resolution.client_cert().is_some(),
            "{length}"
        );
    }
}

#[cfg(feature = "client-cert")]
#[test]
fn an_element_of_envoy_has_no_empty_names_and_one_certificate() {
    let xfcc = "x-forwarded-client-cert";
    let came_out = |element: &str| {
        let headers = [("x-forwarded-for", "203.0.113.7"), (xfcc, element)];
        let seen = through(&believing(&[xfcc]), Some(PROXY), request("/", &headers));
        resolution(&seen)
    };
    let seen = came_out("By=;Hash=ab;URI=;DNS=;URI=spiffe://td/shop");
    let element = seen.xfcc().unwrap();
    assert_eq!(element.uri(), ["spiffe://td/shop"]);
    assert!(element.by().is_empty() && element.dns().is_empty());
    let pem = "-----BEGIN%20CERTIFICATE-----%0AMAA=%0A-----END%20CERTIFICATE-----%0A";
    let one = came_out(&format!("Cert=\"{pem}\""));
    assert!(one.client_cert().is_some());
    let two = came_out(&format!("Cert=\"{pem}{pem}\""));
    assert!(two.client_cert().is_none());
    assert!(two.findings().contains(Finding::IdentityMalformed));
}
