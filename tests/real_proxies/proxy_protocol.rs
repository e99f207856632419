//! Tests `examples/proxy_protocol.rs`, a service behind an L4 load balancer, with real load balancers and with
//! attackers who connect to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::{Router, body::Body};
use http::Request;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};
use tower_forwarded::{Resolution, TrustedProxies};

use super::{
    client::{Client, HOST},
    fixture::{Certificate, Kind, Own, Program, Proxy, Upstream},
};
use crate::{
    proxy_protocol::{BehindBalancer, Connection, behind},
    support::wire::{self, Server, Version},
};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
const BALANCER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const FORGED: [(&str, &str); 3] = [
    ("x-forwarded-for", "198.51.100.66"),
    ("x-forwarded-proto", "https"),
    (
        "forwarded",
        "for=198.51.100.66;proto=https;host=evil.example",
    ),
];

/// A service that trusts these HTTP proxies in front of its load balancer, which is at 127.0.0.1.
async fn service(proxies: &str) -> Server {
    let app = Router::new().fallback(async |resolution: Resolution, request: Request<Body>| {
        let client = resolution.client().map(|client| client.to_string());
        let identity = resolution.identity().len();
        format!(
            "{} {} {} {identity}",
            client.unwrap_or_default(),
            request.uri(),
            resolution.hops()
        )
    });
    let app = behind(app, proxies.parse().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let balancer: TrustedProxies = "127.0.0.1".parse().unwrap();
    let listener = BehindBalancer::new(listener, balancer).unwrap();
    let app = app.into_make_service_with_connect_info::<Connection>();
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Server::of(address, task)
}

async fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    socket.connect(to).await.unwrap()
}

fn request(fields: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get("/users").header("host", HOST);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// Writes these bytes and then a request, and reads the whole response. It is empty if the connection is closed.
async fn raw(from: IpAddr, to: SocketAddr, head: &[u8], fields: &[(&str, &str)]) -> String {
    let mut stream = connect(from, to).await;
    let mut text = format!("GET /users HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n");
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let _ = stream.write_all(head).await;
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The body of a response.
fn body(answer: &str) -> &str {
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    answer.split_once("\r\n\r\n").unwrap().1
}

/// A header of version 2 for a client at 203.0.113.7, or with LOCAL and without a client.
fn version_2(local: bool, tlvs: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    let addresses: &[u8] = match local {
        true => &[],
        false => &[203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x67, 1, 187],
    };
    header.extend(if local { [0x20, 0x00] } else { [0x21, 0x11] });
    let length = u16::try_from(addresses.len() + tlvs.len()).unwrap();
    header.extend(length.to_be_bytes());
    header.extend(addresses);
    header.extend(tlvs);
    header
}

/// `PP2_TYPE_SSL`, with these flags and this common name.
fn tls(flags: u8, name: &str) -> Vec<u8> {
    let mut value = vec![flags, 0, 0, 0, 0];
    if !name.is_empty() {
        value.extend([0x22, 0, u8::try_from(name.len()).unwrap()]);
        value.extend(name.as_bytes());
    }
    let mut tlv = vec![0x20, 0, u8::try_from(value.len()).unwrap()];
    tlv.extend(value);
    tlv
}

#[tokio::test(flavor = "multi_thread")]
async fn the_peer_is_whoever_connected_to_the_load_balancer() {
    let service = service("none").await;
    for header in [
        b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n".to_vec(),
        version_2(false, &[]),
    ] {
        for fields in [&[][..], &FORGED] {
            let answer = raw(BALANCER, service.address, &header, fields).await;
            assert_eq!(
                body(&answer),
                format!("203.0.113.7 http://{HOST}/users 0 0")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_what_the_load_balancer_says_of_a_connection_that_it_proxies() {
    let service = service("none").await;
    for (local, flags, scheme) in [
        (false, 0x01, "https"),
        // HAProxy also sends it for a connection without TLS.
        (false, 0x00, "http"),
        // The load balancer's own connection.
        (true, 0x01, "http"),
        // A certificate without TLS is not possible.
        (false, 0x06, "http"),
    ] {
        let header = version_2(local, &tls(flags, ""));
        let answer = raw(BALANCER, service.address, &header, &FORGED).await;
        let client = if local { "127.0.0.1" } else { "203.0.113.7" };
        let expected = format!("{client} {scheme}://{HOST}/users 0 0");
        assert_eq!(body(&answer), expected, "{local} {flags:x}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificates_common_name_is_no_identity() {
    let service = service("none").await;
    let header = version_2(false, &tls(0x07, "admin"));
    let answer = raw(
        BALANCER,
        service.address,
        &header,
        &[("remote-user", "admin")],
    )
    .await;
    assert_eq!(
        body(&answer),
        format!("203.0.113.7 https://{HOST}/users 0 0")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cdn_before_the_load_balancer_is_believed_and_the_load_balancer_is_not() {
    let service = service("203.0.113.0/24").await;
    let told = [
        ("x-forwarded-for", "6.6.6.6, 198.51.100.7"),
        ("x-forwarded-proto", "https"),
    ];
    let answer = raw(BALANCER, service.address, &version_2(false, &[]), &told).await;
    assert_eq!(
        body(&answer),
        format!("198.51.100.7 https://{HOST}/users 1 0")
    );
    // The load balancer's own connections do not name a client.
    for header in [version_2(true, &[]), b"PROXY UNKNOWN\r\n".to_vec()] {
        let answer = raw(BALANCER, service.address, &header, &told).await;
        assert_eq!(body(&answer), format!("127.0.0.1 http://{HOST}/users 0 0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_header_of_the_load_balancers_is_not_answered() {
    let service = service("none").await;
    let header = version_2(false, &[]);
    let v1 = b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n";
    for (from, head) in [
        (BALANCER, &b""[..]),
        // A client that is not the load balancer forges the header.
        (CLIENT, &header),
        (CLIENT, v1),
        (CLIENT, b""),
        (BALANCER, b"PROXY TCP4 203.0.113.7\r\n"),
        (BALANCER, b"PROXY TCP4 999.0.113.7 10.0.0.1 4711 443\r\n"),
    ] {
        let answer = raw(from, service.address, head, &FORGED).await;
        assert_eq!(answer, "", "{from} {}", head.escape_ascii());
    }
    // The first header is the load balancer's. A second one is text from the client.
    let two = [&header[..], v1].concat();
    let answer = raw(BALANCER, service.address, &two, &[]).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stays_silent_keeps_nobody_waiting_and_is_closed() {
    let service = service("none").await;
    let header = version_2(false, &[]);
    let mut silent = Vec::new();
    for length in (0..header.len()).cycle().take(100) {
        let mut stream = connect(BALANCER, service.address).await;
        stream.write_all(&header[..length]).await.unwrap();
        silent.push(stream);
    }
    let answer = raw(BALANCER, service.address, &header, &[]).await;
    assert_eq!(
        body(&answer),
        format!("203.0.113.7 http://{HOST}/users 0 0")
    );
    for mut stream in silent {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"", "it is closed without an answer");
    }
}

/// Sends honest and forged requests with and without TLS, over IPv4 and IPv6.
async fn ask_a_real_one(kind: Kind, send: &str, tells_tls: bool) {
    let service = service("none").await;
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let upstream = Upstream::Http1(service.address);
    let proxy = Proxy::start_filled(kind, &upstream, &certificate, &[("@SEND@", send)]);
    client.wait_for(CLIENT, proxy.address).await;
    let by_tls = if tells_tls { "https" } else { "http" };
    for fields in [&[][..], &FORGED] {
        for (from, to) in [
            (CLIENT, proxy.address),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), proxy.v6()),
        ] {
            let (status, answer) = client.send(from, to, false, request(fields)).await.unwrap();
            let expected = format!("{from} {by_tls}://{HOST}/users 0 0");
            assert_eq!((status.as_u16(), &*answer), (200, &*expected), "{send}");
        }
        let plain = connect(CLIENT, SocketAddr::new(BALANCER, proxy.second)).await;
        let answer = wire::over(plain, Version::Http1, request(fields))
            .await
            .unwrap();
        assert_eq!(
            answer.body,
            format!("127.0.0.9 http://{HOST}/users 0 0"),
            "{send}"
        );
    }
    // A client's own header comes after the load balancer's header, so it is text from the client.
    let to = SocketAddr::new(BALANCER, proxy.second);
    let answer = raw(CLIENT, to, b"PROXY TCP4 6.6.6.6 7.7.7.7 1 2\r\n", &[]).await;
    assert!(
        !answer.contains("6.6.6.6") && !answer.contains("200 OK"),
        "{answer:?}"
    );
}

macro_rules! file {
    ($program:ident, $name:literal) => {
        Kind::Own(&Own {
            name: $name,
            program: Program::$program,
            files: &[($name, include_str!(concat!("../proxies/", $name)))],
        })
    };
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy: tests/run"]
async fn haproxy_sends_both_versions_and_says_tls() {
    for (send, tells_tls) in [
        ("send-proxy", false),
        ("send-proxy-v2", false),
        ("send-proxy-v2-ssl", true),
        ("send-proxy-v2-ssl-cn", true),
    ] {
        ask_a_real_one(file!(Haproxy, "l4-haproxy.cfg"), send, tells_tls).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and its stream module: tests/run"]
async fn nginx_stream_sends_version_1() {
    ask_a_real_one(file!(Nginx, "l4-nginx.conf"), "", false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs envoy: tests/run"]
async fn envoy_sends_both_versions() {
    for send in ["V1", "V2"] {
        ask_a_real_one(file!(Envoy, "l4-envoy.yaml"), send, false).await;
    }
}
