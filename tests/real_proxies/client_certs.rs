//! Tests mutual TLS in real proxies. The outcome is exactly the certificate that the client presented, or none. This is
//! true for anything that the client writes into headers that could hold a certificate.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use axum::body::Body;
use http::{Request, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tower_forwarded::{ForwardedLayer, TrustedProxies};

use super::{
    app::{self, Seen, hexadecimal},
    client::{Client, HOST, Presented},
    fixture::{Certificate, Kind, Own, Program, Proxy, Upstream},
    strips::keep,
};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

macro_rules! own {
    ($name:literal, $program:ident, $($file:literal),*) => {
        &Own {
            name: $name,
            program: Program::$program,
            files: &[$(($file, include_str!(concat!("../proxies/", $file)))),*],
        }
    };
}

/// A proxy, the headers in which it passes a certificate on, and how it handles the chain and a certificate of an
/// unknown authority.
struct Setup {
    own: &'static Own,
    identity: &'static [&'static str],
    /// The header with the subject of the certificate, if the proxy also states whether it verified it.
    subject: Option<&'static str>,
    stranger: Stranger,
    has_chain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// The proxy says that it did not verify the certificate, or does not pass it on.
    Refused,
    /// The proxy closes the connection.
    Rejected,
    /// The proxy passes the certificate on, and does not say that it did not verify it.
    PassedOn,
}

const NGINX: Setup = Setup {
    own: own!("nginx", Nginx, "mtls-nginx.conf"),
    identity: &["ssl-client-cert", "ssl-client-verify"],
    subject: Some("ssl-client-subject-dn"),
    stranger: Stranger::Refused,
    has_chain: false,
};
const HAPROXY: Setup = Setup {
    own: own!("haproxy", Haproxy, "mtls-haproxy.cfg"),
    identity: &["x-ssl-client-cert", "x-ssl-client-verify"],
    subject: Some("x-ssl-client-cn"),
    stranger: Stranger::Refused,
    has_chain: false,
};
const HAPROXY_RFC9440: Setup = Setup {
    own: own!("haproxy-rfc9440", Haproxy, "mtls-haproxy-rfc9440.cfg"),
    identity: &["client-cert"],
    subject: None,
    stranger: Stranger::Refused,
    has_chain: false,
};
const APACHE: Setup = Setup {
    own: own!("apache", Apache, "mtls-apache.conf"),
    identity: &["SSL_CLIENT_CERT", "SSL_CLIENT_VERIFY"],
    subject: Some("SSL_CLIENT_S_DN"),
    stranger: Stranger::Rejected,
    has_chain: false,
};
const ENVOY: Setup = Setup {
    own: own!("envoy", Envoy, "mtls-envoy.yaml"),
    identity: &["x-forwarded-client-cert"],
    subject: None,
    stranger: Stranger::PassedOn,
    has_chain: true,
};
const TRAEFIK: Setup = Setup {
    own: own!(
        "traefik",
        Traefik,
        "mtls-traefik.yml",
        "mtls-traefik-routes.yml"
    ),
    identity: &["x-forwarded-tls-client-cert"],
    subject: None,
    stranger: Stranger::PassedOn,
    has_chain: true,
};
const CADDY: Setup = Setup {
    own: own!("caddy", Caddy, "mtls-Caddyfile"),
    identity: &["client-cert"],
    subject: None,
    stranger: Stranger::PassedOn,
    has_chain: false,
};

/// A certificate authority for clients.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![format!("{name}.example.test")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let made = params.self_signed(&key).unwrap();
        Self {
            pem: made.pem(),
            der: made.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An intermediate authority, which this authority signs.
    fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let made = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            pem: made.pem(),
            der: made.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    fn sign(&self, name: &str, above: &[&CertificateDer<'static>]) -> Arc<Presented> {
        let key = KeyPair::generate().unwrap();
        let made = named(name).signed_by(&key, &self.issuer).unwrap();
        let above = above.iter().map(|certificate| (*certificate).clone());
        Arc::new(Presented {
            chain: std::iter::once(made.der().clone()).chain(above).collect(),
            key: PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        })
    }
}

/// The headers that a client writes to get another identity, in every form, with a real certificate.
fn forged(admin: &CertificateDer<'static>) -> Vec<(&'static str, String)> {
    let base64 = base64(admin);
    let pem = format!("-----BEGIN%20CERTIFICATE-----%0A{base64}%0A-----END%20CERTIFICATE-----%0A");
    let rfc9440 = format!(":{base64}:");
    let xfcc = format!("Hash=ff;Cert=\"{pem}\";Subject=\"CN=admin\"");
    let mut forged = vec![
        ("Client-Cert", rfc9440.clone()),
        ("Client-Cert-Chain", rfc9440),
        ("X-Forwarded-Client-Cert", xfcc),
        ("X-Amzn-Mtls-Clientcert", pem.clone()),
        ("X-Amzn-Mtls-Clientcert-Leaf", pem.clone()),
        ("SSL-Client-Cert", pem.clone()),
        ("SSL-Client-Verify", "SUCCESS".to_owned()),
        ("SSL_CLIENT_CERT", pem.clone()),
        ("SSL_CLIENT_VERIFY", "SUCCESS".to_owned()),
        ("X-SSL-Client-Cert", base64.clone()),
        ("X-SSL-Client-Verify", "0".to_owned()),
        ("X_SSL_Client_Cert", base64.clone()),
        ("X-SSL-Client-CN", "admin".to_owned()),
        ("X-Forwarded-Tls-Client-Cert", base64.clone()),
        ("X-ARR-ClientCert", base64.clone()),
        ("X-Client-Cert", pem),
        ("Cf-Client-Cert-Der-Base64", base64),
    ];
    forged.extend([
        ("X-Forwarded-User", "admin".to_owned()),
        ("X-Auth-Request-Email", "admin@example.com".to_owned()),
        ("Remote-User", "admin".to_owned()),
    ]);
    forged
}

fn base64(der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};

    STANDARD.encode(der)
}

async fn send(
    client: &Client,
    proxy: &Proxy,
    http2: bool,
    headers: &[(&'static str, String)],
) -> Result<(StatusCode, String), String> {
    let uri = if http2 {
        format!("https://{HOST}/")
    } else {
        "/".to_owned()
    };
    let mut request = Request::builder().uri(uri);
    if !http2 {
        request = request.header("host", HOST);
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    client.send(CLIENT, proxy.address, http2, request).await
}

async fn ask(
    client: &Client,
    proxy: &Proxy,
    http2: bool,
    headers: &[(&'static str, String)],
) -> Seen {
    let (status, body) = send(client, proxy, http2, headers).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// # Panics
///
/// If the outcome is not the presented certificate. The message contains the proxy, the case and the outcome.
async fn run(setup: Setup) {
    let clients = Authority::new("clients");
    let below = clients.intermediate("below");
    let mut certificate = Certificate::new();
    certificate.clients = Some(clients.pem.clone());
    let admin = clients.sign("admin", &[]);
    let presented = [
        ("none", None),
        ("good", Some(clients.sign("good", &[]))),
        ("chain", Some(below.sign("chained", &[&below.der]))),
        (
            "stranger",
            Some(Authority::new("others").sign("stranger", &[])),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    let layer = ForwardedLayer::new(trust)
        .believe_identity(setup.identity.iter().chain(&setup.subject))
        .unwrap();
    let app = app::serve(layer, &folder.path().join("app.sock")).await;
    let upstream = Upstream::Http1(app.tcp);
    let proxy = Proxy::start(Kind::Own(setup.own), &upstream, &certificate);
    let plain = Client::new(certificate.der.clone());
    plain.wait_for(CLIENT, proxy.address).await;

    let forged = forged(&admin.chain[0]);
    let mut passed: BTreeSet<&str> = BTreeSet::new();
    for (case, presented) in &presented {
        let client = plain.presenting(presented.clone());
        let expected = presented.as_ref().and_then(|presented| {
            let shown = if setup.has_chain {
                presented.chain.len()
            } else {
                1
            };
            let chain = presented
                .chain
                .iter()
                .take(shown)
                .map(|der| hexadecimal(der));
            let is_refused = *case == "stranger" && setup.stranger == Stranger::Refused;
            (!is_refused).then(|| chain.collect::<Vec<_>>())
        });
        let is_rejected = *case == "stranger" && setup.stranger == Stranger::Rejected;
        // A client can make a proxy drop its own headers, but then the client only loses its certificate.
        if !is_rejected {
            let names = format!("close, {}", setup.identity.join(", "));
            let seen = ask(&client, &proxy, false, &[("Connection", names)]).await;
            assert!(
                seen.client_cert.is_none() || seen.client_cert == expected,
                "{}, {case}: {seen:#?}",
                setup.own.name
            );
            let verify = setup.identity.get(1).copied().unwrap_or("x").to_owned();
            let seen = ask(&client, &proxy, false, &[("Connection", verify)]).await;
            assert!(
                seen.client_cert.is_none() || seen.client_cert == expected,
                "{}, {case}: {seen:#?}",
                setup.own.name
            );
        }
        for http2 in [false, true] {
            if is_rejected {
                let answer = send(&client, &proxy, http2, &forged).await;
                assert!(answer.is_err(), "{}: {answer:?}", setup.own.name);
                continue;
            }
            if let Some(name) = setup.subject {
                // The subject is believed like the certificate itself.
                let forged = [(name, "CN=admin".to_owned())];
                for headers in [&[][..], &forged] {
                    let seen = ask(&client, &proxy, http2, headers).await;
                    let told = format!("{}, {case}: {seen:#?}", setup.own.name);
                    let start = format!("{}:", name.to_lowercase());
                    let mut lines = seen.headers.iter().map(|line| line.to_lowercase());
                    let subject = lines.find(|line| line.starts_with(&start));
                    assert_eq!(subject.is_some(), expected.is_some(), "{told}");
                    let subject = subject.unwrap_or_default();
                    assert!(!subject.contains("admin"), "{told}");
                }
            }
            for headers in [&[][..], &forged] {
                let seen = ask(&client, &proxy, http2, headers).await;
                let told = format!("{}, {case}, HTTP/2: {http2}: {seen:#?}", setup.own.name);
                assert_eq!(seen.client_cert, expected, "{told}");
                // No forged header reaches a handler.
                for (name, value) in headers {
                    // The value as the app shows it.
                    let shown = value.as_bytes().escape_ascii().to_string();
                    let start: String = shown.chars().take(60).collect();
                    let line = format!("{}: {start}", name.to_lowercase());
                    let is_in = |head: &[String]| {
                        head.iter()
                            .any(|other| other.to_lowercase().starts_with(&line.to_lowercase()))
                    };
                    // The proxy's own value can be the same as the forged one.
                    let honest = is_the_proxys(&seen, name, setup.identity);
                    assert!(honest || !is_in(&seen.headers), "{name}: {told}");
                    if is_in(&seen.wire) && !honest {
                        passed.insert(name);
                    }
                }
            }
        }
    }
    let names: Vec<&str> = forged.iter().map(|(name, _)| *name).collect();
    keep(setup.own.name, &names, &passed);
}

/// Whether this is the proxy's own statement that it verified the certificate. A client can write the same text.
fn is_the_proxys(seen: &Seen, name: &str, identity: &[&str]) -> bool {
    let is_verification = name.to_lowercase().ends_with("verify");
    let is_its_own = identity.iter().any(|own| own.eq_ignore_ascii_case(name));
    let is_single = seen.wire.iter().filter(|line| {
        line.to_lowercase()
            .starts_with(&format!("{}:", name.to_lowercase()))
    });
    is_verification && is_its_own && is_single.count() == 1
}

macro_rules! proxies {
    ($($test:ident: $setup:ident, $reason:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = $reason]
            async fn $test() {
                run($setup).await;
            }
        )*
    };
}

proxies! {
    nginx_passes_the_certificate_that_was_presented: NGINX, "needs nginx: tests/run";
    haproxy_passes_the_certificate_that_was_presented: HAPROXY, "needs haproxy: tests/run";
    haproxy_by_rfc_9440: HAPROXY_RFC9440, "needs haproxy: tests/run";
    apache_passes_the_certificate_that_was_presented: APACHE, "needs apache2: tests/run";
    envoy_passes_the_certificate_that_was_presented: ENVOY, "needs envoy: tests/run";
    traefik_passes_the_certificate_that_was_presented: TRAEFIK, "needs traefik: tests/run";
    caddy_passes_the_certificate_that_was_presented: CADDY, "needs caddy: tests/run";
}
