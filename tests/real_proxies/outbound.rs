//! Tests services of ours that send requests on: `examples/proxy.rs` and axum-reverse-proxy, with real proxies behind
//! them and in front of them.

use std::net::{IpAddr, SocketAddr};

use axum::{Router, body::Body, error_handling::HandleErrorLayer};
use http::Request;
use tower::ServiceBuilder;
use tower_forwarded::{ForwardedLayer, Headers, OutboundLayer, TrustedProxies};

use super::{
    app::{self, App, Seen},
    client::{Client, HOST},
    fixture::{Certificate, Kind, Own, Program, Proxy, Upstream},
};
use crate::{
    proxy,
    support::wire::{self, Server, Version},
};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

const FORGED: &[(&str, &str)] = &[
    ("x-forwarded-for", "198.51.100.66"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    (
        "forwarded",
        "for=198.51.100.66;proto=https;host=evil.example",
    ),
    ("x-real-ip", "198.51.100.66"),
    ("x_forwarded_for", "198.51.100.66"),
    ("remote-user", "admin"),
    (
        "connection",
        "close, x-forwarded-for, x-forwarded-proto, x-forwarded-host, forwarded",
    ),
];

/// The last service, which trusts everything on 127.0.0.1.
async fn last(headers: Headers) -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let trusted: TrustedProxies = "127.0.0.1".parse().unwrap();
    let layer = ForwardedLayer::new(trusted)
        .headers(headers)
        .believe_hosts([HOST])
        .unwrap();
    (
        app::serve(layer, &folder.path().join("app.sock")).await,
        folder,
    )
}

fn loopback() -> TrustedProxies {
    "127.0.0.1".parse().unwrap()
}

/// Sends a request over plain HTTP from [`CLIENT`].
async fn ask(to: SocketAddr, fields: &[(&str, &str)]) -> Seen {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(CLIENT, 0)).unwrap();
    let stream = socket.connect(to).await.unwrap();
    let mut request = Request::get("/users?a=b").header("host", HOST);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = wire::over(stream, Version::Http1, request).await.unwrap();
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

fn check(seen: &Seen, scheme: &str, hops: usize) {
    assert_eq!(seen.client.as_deref(), Some("127.0.0.9"), "{seen:#?}");
    assert_eq!(
        seen.uri,
        format!("{scheme}://{HOST}/users?a=b"),
        "{seen:#?}"
    );
    assert_eq!(seen.hops, hops, "{seen:#?}");
    let everything = format!("{:?} {:?}", seen.wire, seen.headers);
    for forged in ["198.51.100", "evil", "admin"] {
        assert!(!everything.contains(forged), "{forged}: {seen:#?}");
    }
}

async fn ours(next: SocketAddr) -> Server {
    wire::serve(proxy::app(loopback(), next.to_string().parse().unwrap())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_proxy_sends_the_whole_truth_on() {
    let (app, _folder) = last(Headers::X_FORWARDED).await;
    let proxy = ours(app.tcp).await;
    for fields in [&[], FORGED] {
        let seen = ask(proxy.address, fields).await;
        check(&seen, "http", 1);
        assert!(
            seen.wire.contains(&"x-forwarded-for: 127.0.0.9".to_owned()),
            "{seen:#?}"
        );
    }
    // Two example proxies in a row.
    let outer = ours(proxy.address).await;
    for fields in [&[], FORGED] {
        let seen = ask(outer.address, fields).await;
        check(&seen, "http", 2);
        let way = "x-forwarded-for: 127.0.0.9, 127.0.0.1".to_owned();
        assert!(seen.wire.contains(&way), "{seen:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_proxy_sends_on_no_host_but_the_clients_and_no_trailer_that_forges() {
    let (app, _folder) = last(Headers::X_FORWARDED).await;
    let proxy = ours(app.tcp).await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\nhost: a..b", "400"),
        (
            "GET / HTTP/1.1\r\nhost: a.example\r\nhost: b.example",
            "400",
        ),
        ("GET / HTTP/1.0", "400"),
        (
            "CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443",
            "405",
        ),
        ("GET / HTTP/1.1\r\nhost: a.example", "200"),
    ] {
        let answer = raw(
            proxy.address,
            &format!("{head}\r\nconnection: close\r\n\r\n"),
        )
        .await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{head}: {answer}");
        assert!(!answer.contains(&app.tcp.to_string()), "{head}: {answer}");
    }
    // The next service keeps everything that it gets.
    let keeper = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = ours(keeper.local_addr().unwrap()).await;
    let head = "POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\
        trailer: x-forwarded-for, remote-user, grpc-status\r\n\r\n\
        2\r\nok\r\n0\r\nx-forwarded-for: 6.6.6.6\r\nremote-user: admin\r\ngrpc-status: 0\r\n\r\n";
    let address = proxy.address;
    let asked = tokio::spawn(async move { raw(address, head).await });
    let (mut stream, _) = keeper.accept().await.unwrap();
    let mut kept = Vec::new();
    while !kept.ends_with(b"\r\n0\r\n\r\n") && !kept.ends_with(b"grpc-status: 0\r\n\r\n") {
        tokio::io::AsyncReadExt::read_buf(&mut stream, &mut kept)
            .await
            .unwrap();
    }
    let kept = String::from_utf8_lossy(&kept).into_owned();
    assert!(
        kept.contains("\r\n2\r\nok\r\n0\r\n") && kept.contains("grpc-status: 0"),
        "{kept}"
    );
    assert!(
        !kept.contains("6.6.6.6") && !kept.contains("admin"),
        "{kept}"
    );
    asked.abort();
}

/// The response to these bytes.
async fn raw(to: SocketAddr, bytes: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_http_2_splits_and_leaves_out_is_put_together_for_http_1() {
    // The next service responds with the request that it got.
    let echo = Router::new().fallback(async |request: Request<Body>| {
        let cookies: Vec<_> = request
            .headers()
            .get_all("cookie")
            .iter()
            .cloned()
            .collect();
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(request.into_body(), 100)
            .await
            .unwrap();
        format!("{host} {cookies:?} {body:?}")
    });
    let echo = wire::serve(echo).await;
    let proxy = ours(echo.address).await;
    let stream = futures_util::stream::iter(["a", "b"].map(Ok::<_, std::io::Error>));
    let request = Request::get(format!("http://{HOST}/"))
        .version(http::Version::HTTP_2)
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Body::from_stream(stream))
        .unwrap();
    let connection = tokio::net::TcpStream::connect(proxy.address).await.unwrap();
    let answer = wire::over(connection, Version::Http2, request)
        .await
        .unwrap();
    assert_eq!(answer.body, format!("{HOST} [\"a=1; b=2\"] b\"ab\""));
}

/// Apache httpd drops the headers that `Connection` names, and reads semicolons and spaces there as commas.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs apache2: tests/run"]
async fn apache_behind_our_own_service_drops_nothing_that_it_said() {
    const APACHE: Own = Own {
        name: "apache-inner",
        program: Program::Apache,
        files: &[(
            "apache-inner.conf",
            include_str!("../proxies/apache-inner.conf"),
        )],
    };
    let (app, _folder) = last(Headers::X_FORWARDED).await;
    let certificate = Certificate::new();
    let apache = Proxy::start(Kind::Own(&APACHE), &Upstream::Http1(app.tcp), &certificate);
    let next = apache.address;
    // Here only `OutboundLayer` removes `Connection`.
    let send = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |error: axum::BoxError| {
            error.to_string()
        }))
        .layer(OutboundLayer::x_forwarded())
        .map_request(move |mut request: Request<Body>| {
            *request.uri_mut() = format!("http://{next}/users?a=b").parse().unwrap();
            request
        })
        .map_response(|answer: http::Response<hyper::body::Incoming>| answer.map(Body::new))
        .map_err(axum::BoxError::from)
        .service(
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .build_http::<Body>(),
        );
    let ours = Router::new()
        .fallback_service(send)
        .layer(ForwardedLayer::new(loopback()));
    let ours = wire::serve(ours).await;
    for connection in [
        "x-forwarded-for",
        "close, x-forwarded-for, x-forwarded-proto, x-forwarded-host",
        "close; x-forwarded-for",
        "close x-forwarded-for\tx-forwarded-proto",
        "\"close\" x-forwarded-host;x-forwarded-for",
    ] {
        let seen = ask(ours.address, &[("connection", connection)]).await;
        check(&seen, "http", 2);
        let wire = format!("{:?}", seen.wire);
        for name in [
            "x-forwarded-for: 127.0.0.9, 127.0.0.1",
            "x-forwarded-proto: http",
        ] {
            assert!(wire.contains(name), "{connection}: {wire}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_service_that_is_down_is_502() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let proxy = ours(address).await;
    let answer = wire::send(&proxy, Version::Http1, "GET", "http://a.example/", &[]).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
}

/// Behind the layer, axum-reverse-proxy writes the client twice by default, because `ConnectInfo` contains the client
/// there. With `OutboundLayer` around it, and with options to leave the headers unchanged, it sends the truth on.
#[tokio::test(flavor = "multi_thread")]
async fn axum_reverse_proxy_sends_the_whole_truth_on() {
    use axum_reverse_proxy::{HostBehaviour, ProxyPolicy, ReverseProxy, XForwardedFor};

    let (app, _folder) = last(Headers::X_FORWARDED).await;
    let next = format!("http://{}", app.tcp);
    let as_it_is = || -> Router { ReverseProxy::new("/", &next).into() };
    let preserve = || {
        let policy = ProxyPolicy::new()
            .with_x_forwarded_for(XForwardedFor::Preserve)
            .with_host_behaviour(HostBehaviour::Preserve);
        ReverseProxy::new("/", &next).with_policy(policy)
    };

    let twice = wire::serve(as_it_is().layer(ForwardedLayer::new(loopback()))).await;
    let seen = ask(twice.address, &[]).await;
    let line = "x-forwarded-for: 127.0.0.9".to_owned();
    assert!(seen.wire.contains(&line), "{seen:#?}");
    // Behind a proxy, the list is `127.0.0.9, 127.0.0.9`.
    let before = ours(twice.address).await;
    let seen = ask(before.address, &[]).await;
    let line = "x-forwarded-for: 127.0.0.9, 127.0.0.9".to_owned();
    assert!(
        seen.wire.contains(&line),
        "no longer true of that crate: {seen:#?}"
    );

    let right = Router::new()
        .fallback_service(preserve())
        .layer(OutboundLayer::x_forwarded());
    let right = wire::serve(right.layer(ForwardedLayer::new(loopback()).record_hops())).await;
    for fields in [&[], FORGED] {
        check(&ask(right.address, fields).await, "http", 1);
        let before = ours(right.address).await;
        let seen = ask(before.address, fields).await;
        check(&seen, "http", 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs caddy, nginx and haproxy: tests/run"]
async fn real_proxies_before_and_behind_our_own_service() {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    for (inner, headers) in [
        (Kind::NginxInner, Headers::NGINX),
        (Kind::HaproxyInner, Headers::HAPROXY),
    ] {
        // This proxy writes no forwarded host itself, and passes through the one that ours wrote.
        let headers = headers.with_host_field("x-forwarded-host").unwrap();
        let (app, _folder) = last(headers).await;
        let inner = Proxy::start(inner, &Upstream::Http1(app.tcp), &certificate);
        let proxy = ours(inner.address).await;
        // The client connects to our service.
        for fields in [&[], FORGED] {
            check(&ask(proxy.address, fields).await, "http", 2);
        }
        // The client connects to Caddy over TLS, and Caddy connects to our service.
        let caddy = Proxy::start(Kind::Caddy, &Upstream::Http1(proxy.address), &certificate);
        client.wait_for(CLIENT, caddy.address).await;
        for fields in [&[], FORGED] {
            let mut request = Request::get("/users?a=b").header("host", HOST);
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::empty()).unwrap();
            let (_, body) = client
                .send(CLIENT, caddy.address, false, request)
                .await
                .unwrap();
            let seen: Seen =
                serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
            check(&seen, "https", 3);
        }
    }
}
