//! Chains of several proxies, and several apps.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use axum::body::Body;
use http::Request;
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use super::{
    app::{self, App, Seen},
    client::{Client, HOST},
    fixture::{Certificate, Kind, Proxy, Upstream},
};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

const SPOOFED: [(&str, &str); 6] = [
    ("x-forwarded-for", "198.51.100.66"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "evil.example"),
    (
        "forwarded",
        "for=198.51.100.66;proto=http;host=evil.example",
    ),
    ("x-real-ip", "198.51.100.66"),
    ("x-envoy-external-address", "198.51.100.66"),
];

fn layer(headers: Headers) -> ForwardedLayer {
    ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap()).headers(headers)
}

async fn serve(headers: Headers) -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let app = app::serve(layer(headers), &folder.path().join("app.sock")).await;
    (app, folder)
}

/// What the app saw of an honest request and of a spoofed request, over both versions of HTTP.
async fn ask(client: &Client, to: SocketAddr) -> Vec<Seen> {
    client.wait_for(CLIENT, to).await;
    let mut all = Vec::new();
    for http2 in [false, true] {
        for fields in [&[][..], &SPOOFED] {
            let mut request = match http2 {
                true => Request::builder()
                    .uri(format!("https://{HOST}/users"))
                    .version(http::Version::HTTP_2),
                false => Request::builder().uri("/users").header("host", HOST),
            };
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::empty()).unwrap();
            let (_, body) = client.send(CLIENT, to, http2, request).await.unwrap();
            all.push(serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")));
        }
    }
    all
}

fn check(all: &[Seen], hops: usize) {
    for seen in all {
        assert_eq!(seen.client.as_deref(), Some("127.0.0.9"), "{seen:#?}");
        assert_eq!(seen.uri, format!("https://{HOST}/users"), "{seen:#?}");
        assert_eq!(seen.hops, hops, "{seen:#?}");
        let headers = seen.headers.join("\n");
        assert!(
            !headers.contains("198.51.100") && !headers.contains("evil"),
            "{seen:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs caddy and nginx: tests/run"]
async fn caddy_then_nginx() {
    let certificate = Certificate::new();
    let (app, _folder) = serve(Headers::NGINX).await;
    let nginx = Proxy::start(Kind::NginxInner, &Upstream::Http1(app.tcp), &certificate);
    let caddy = Proxy::start(Kind::Caddy, &Upstream::Http1(nginx.address), &certificate);
    let client = Client::new(certificate.der.clone());
    check(&ask(&client, caddy.address).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs envoy and haproxy: tests/run"]
async fn envoy_then_haproxy() {
    let certificate = Certificate::new();
    // Only for a client on loopback, Envoy appends an address of the machine to X-Forwarded-For. Another header holds
    // the client's address.
    let headers = Headers::client_field("x-envoy-external-address").unwrap();
    let (app, _folder) = serve(headers.with_scheme_field("x-forwarded-proto").unwrap()).await;
    let haproxy = Proxy::start(Kind::HaproxyInner, &Upstream::Http1(app.tcp), &certificate);
    let envoy = Proxy::start(Kind::Envoy, &Upstream::Http1(haproxy.address), &certificate);
    let client = Client::new(certificate.der.clone());
    check(&ask(&client, envoy.address).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy and nginx: tests/run"]
async fn a_proxy_that_speaks_x_forwarded_behind_one_that_speaks_forwarded() {
    let certificate = Certificate::new();
    // nginx passes Forwarded through as HAProxy wrote it. nginx accepts connections only from HAProxy, so the last
    // element is HAProxy's, and RFC 7239 is the right family to believe.
    let (app, _folder) = serve(Headers::FORWARDED).await;
    let nginx = Proxy::start(Kind::NginxInner, &Upstream::Http1(app.tcp), &certificate);
    let haproxy = Proxy::start(
        Kind::HaproxyForwarded,
        &Upstream::Http1(nginx.address),
        &certificate,
    );
    let client = Client::new(certificate.der.clone());
    check(&ask(&client, haproxy.address).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy: tests/run"]
async fn every_replica_gives_the_same_answer() {
    let certificate = Certificate::new();
    let (one, _one) = serve(Headers::HAPROXY).await;
    let (two, _two) = serve(Headers::HAPROXY).await;
    let (three, _three) = serve(Headers::HAPROXY).await;
    let replicas = Upstream::Replicas([one.tcp, two.tcp, three.tcp]);
    let haproxy = Proxy::start(Kind::HaproxyReplicas, &replicas, &certificate);
    let client = Client::new(certificate.der.clone());
    let mut answers = BTreeSet::new();
    for _ in 0..3 {
        let all = ask(&client, haproxy.address).await;
        check(&all, 1);
        answers.extend(
            all.iter()
                .map(|seen| format!("{} {:?} {}", seen.uri, seen.client, seen.scheme)),
        );
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    for replica in [&one, &two, &three] {
        assert!(replica.served() > 0);
    }
}
