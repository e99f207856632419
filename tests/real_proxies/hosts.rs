//! Tests malicious hosts. Each proxy writes the client's own `Host` into its headers, and this must not change the
//! other values that the proxy writes.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use http::{HeaderValue, Request};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use super::{
    app::{self, Seen},
    client::{Client, HOST},
    fixture::{Certificate, Kind, Proxy, Upstream},
};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));

/// A host that the deployment believes. No client may make it the host of its request.
const ADMIN: &str = "admin.example.test";

/// Sends a request with each host to the proxy, which must be the nearest one.
async fn every_host(kind: Kind, headers: Headers) {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let folder = tempfile::tempdir().unwrap();
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
        .headers(headers)
        .believe_hosts(["*.example.test"])
        .unwrap();
    let app = app::serve(layer, &folder.path().join("app.sock")).await;
    let proxy = Proxy::start(kind, &Upstream::Http1(app.tcp), &certificate);
    client.wait_for(CLIENT, proxy.address).await;
    let honest = ask(&client, &proxy, HOST).await.unwrap();
    assert_eq!(honest.host.as_deref(), Some(HOST), "{honest:#?}");
    assert_eq!(honest.findings, [""; 0], "{honest:#?}");
    let mut passed = 0;
    for host in [
        format!("x,{ADMIN}"),
        format!("x, {ADMIN}"),
        format!("{ADMIN},x"),
        format!("x;host={ADMIN}"),
        format!("x\";host=\"{ADMIN}"),
        format!("x\\\",for=198.51.100.66;host={ADMIN}"),
        format!("x\\, {ADMIN}"),
        "long.".repeat(206),
        format!("{}{ADMIN}", "a".repeat(1_030)),
        "\"".repeat(600),
        format!("a..{ADMIN}"),
        "010.0.0.1".to_owned(),
    ] {
        // A proxy may refuse any of these hosts.
        let Some(seen) = ask(&client, &proxy, &host).await else {
            continue;
        };
        passed += 1;
        let context = format!("{} with the host {host}: {seen:#?}", kind.name());
        assert_eq!(seen.client.as_deref(), Some("127.0.0.9"), "{context}");
        assert_eq!(seen.scheme, "https", "{context}");
        assert_eq!(seen.host, None, "{context}");
        for line in &seen.headers {
            let name = line.split(':').next().unwrap_or_default();
            assert!(name != "host" && name != "x-forwarded-host", "{context}");
            assert!(!line.contains("198.51.100"), "{context}");
            assert!(!line.contains(ADMIN), "{context}");
        }
        for finding in &seen.findings {
            assert_eq!(finding, "host-invalid", "{context}");
        }
    }
    assert!(passed > 0, "{} refuses every one of them", kind.name());
}

async fn ask(client: &Client, proxy: &Proxy, host: &str) -> Option<Seen> {
    let request = Request::get("/users")
        .header("host", HeaderValue::from_str(host).unwrap())
        .body(Body::empty())
        .unwrap();
    let (status, body) = client
        .send(CLIENT, proxy.address, false, request)
        .await
        .ok()?;
    (status == http::StatusCode::OK)
        .then(|| serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
}

macro_rules! proxies {
    ($($test:ident: $kind:ident, $headers:ident, $reason:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = $reason]
            async fn $test() {
                every_host(Kind::$kind, Headers::$headers).await;
            }
        )*
    };
}

proxies! {
    no_host_gets_another_through_nginx: Nginx, NGINX, "needs nginx: tests/run";
    no_host_gets_another_through_haproxy: Haproxy, HAPROXY, "needs haproxy: tests/run";
    no_host_gets_another_through_haproxy_with_rfc_7239: HaproxyForwardedHost, HAPROXY_FORWARDED, "needs haproxy: tests/run";
    no_host_gets_another_through_nghttpx: NghttpxForwarded, FORWARDED, "needs nghttpx: tests/run";
    no_host_gets_another_through_caddy: CaddyAnyHost, CADDY, "needs caddy: tests/run";
    no_host_gets_another_through_traefik: Traefik, TRAEFIK, "needs traefik: tests/run";
    no_host_gets_another_through_apache: Apache, APACHE, "needs apache2: tests/run";
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs traefik: tests/run"]
async fn what_traefik_strips_off_the_path_is_the_prefix_and_no_part_of_it() {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let folder = tempfile::tempdir().unwrap();
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
        .headers(Headers::TRAEFIK)
        .believe_prefix();
    let app = app::serve(layer, &folder.path().join("app.sock")).await;
    let proxy = Proxy::start(Kind::TraefikPrefix, &Upstream::Http1(app.tcp), &certificate);
    client.wait_for(CLIENT, proxy.address).await;
    for (path, prefix, rest, findings) in [
        // Two StripPrefix middlewares, which write a line each.
        ("/api/v1/users", Some("/api/v1"), "/users", &[][..]),
        // StripPrefixRegex, with a path that the client chose.
        ("/t/a/b/users", Some("/t/a/b"), "/users", &[]),
        ("/t/a,/evil/users", None, "/users", &["prefix-invalid"]),
        ("/users", None, "/users", &[]),
    ] {
        for forged in [false, true] {
            let mut request = Request::get(path).header("host", HOST);
            if forged {
                request = request.header("x-forwarded-prefix", "/evil");
            }
            let request = request.body(Body::empty()).unwrap();
            let (_, body) = client
                .send(CLIENT, proxy.address, false, request)
                .await
                .unwrap();
            let seen: Seen = serde_json::from_str(&body).unwrap();
            assert_eq!(seen.prefix.as_deref(), prefix, "{path} {forged} {seen:#?}");
            assert_eq!(seen.findings, findings, "{path} {forged} {seen:#?}");
            assert!(seen.uri.ends_with(&format!("{HOST}{rest}")), "{seen:#?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs traefik: tests/run"]
async fn traefik_takes_the_port_from_the_clients_host_and_an_invalid_one_adds_nothing() {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let folder = tempfile::tempdir().unwrap();
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
        .headers(Headers::TRAEFIK)
        .believe_port();
    let app = app::serve(layer, &folder.path().join("app.sock")).await;
    let proxy = Proxy::start(Kind::Traefik, &Upstream::Http1(app.tcp), &certificate);
    client.wait_for(CLIENT, proxy.address).await;
    let with_port = format!("{HOST}:8443");
    for (host, named, found) in [
        (HOST, Some(HOST), &[][..]),
        (&with_port, Some(&*with_port), &[]),
        (&format!("{HOST}:443"), Some(HOST), &[]),
        (
            &format!("{HOST}:99999"),
            None,
            &["host-invalid", "port-invalid"],
        ),
        (
            &format!("{HOST}:x"),
            None,
            &["host-invalid", "port-invalid"],
        ),
    ] {
        let seen = ask(&client, &proxy, host).await.expect(host);
        assert_eq!(seen.client.as_deref(), Some("127.0.0.9"), "{seen:#?}");
        assert_eq!(seen.scheme, "https", "{seen:#?}");
        assert_eq!(seen.host.as_deref(), named, "{seen:#?}");
        assert_eq!(seen.findings, found, "{seen:#?}");
    }
}
