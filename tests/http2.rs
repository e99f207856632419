//! Tests what only real connections have: `:authority` beside `Host`, `OPTIONS *`, trailers, several requests on one
//! connection, WebSockets over HTTP/2, HTTP/1.0, and a listener for both IPv4 and IPv6.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::IntoResponse,
};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Empty};
use tower_forwarded::{ForwardedLayer, Resolution, TrustedProxies};

use crate::support::wire::{Answer, Server, Version, over, send_to, serve, serve_at};

/// The client's address, the URI, `Host`, the forwarding headers that are left, and the trailers.
async fn show(resolution: Resolution, request: Request) -> impl IntoResponse {
    let uri = request.uri().clone();
    let headers = request.headers().clone();
    let told = |name: &str| {
        let lines = headers.get_all(name).iter();
        let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
        lines.join("|")
    };
    let body = request.into_body().collect().await.unwrap();
    let trailer = body.trailers().and_then(|it| it.get("x-forwarded-for"));
    format!(
        "{} {uri} host={} for={} trailer={}",
        resolution.client().unwrap(),
        told("host"),
        told("x-forwarded-for"),
        trailer.map_or("", |it| it.to_str().unwrap())
    )
}

fn app() -> Router {
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    Router::new()
        .fallback(show)
        .layer(ForwardedLayer::new(trust))
}

async fn server() -> Server {
    serve(app()).await
}

/// Sends these bytes, and returns everything that the server sends until it closes the connection.
async fn exchange(server: &Server, bytes: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    told
}

async fn answer(server: &Server, version: Version, request: http::Request<Body>) -> Answer {
    let stream = tokio::net::TcpStream::connect(server.address).await;
    over(stream.unwrap(), version, request).await.unwrap()
}

fn asked(method: &str, uri: &str) -> http::request::Builder {
    http::Request::builder()
        .method(method)
        .uri(uri)
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "https")
}

#[tokio::test]
async fn over_http2_the_authority_counts_and_a_hosts_header_beside_it_does_not() {
    let request = asked("GET", "http://api.example.com/x")
        .version(http::Version::HTTP_2)
        .header("host", "evil.example")
        .body(Body::empty());
    let answer = answer(&server().await, Version::Http2, request.unwrap()).await;
    assert_eq!(
        answer.body,
        "203.0.113.7 https://api.example.com/x host=api.example.com for=203.0.113.7 trailer="
    );
}

#[tokio::test]
async fn the_asterisk_stays_over_a_real_connection() {
    let server = server().await;
    let over_http1 = asked("OPTIONS", "*").header("host", "api.example.com");
    let told = answer(
        &server,
        Version::Http1,
        over_http1.body(Body::empty()).unwrap(),
    )
    .await;
    let expected = "203.0.113.7 * host=api.example.com for=203.0.113.7 trailer=";
    assert_eq!(told.body, expected);
    let target = http::Uri::builder()
        .scheme("https")
        .authority("api.example.com");
    let target = target.path_and_query("*").build().unwrap();
    let mut over_http2 = asked("OPTIONS", "/").body(Body::empty()).unwrap();
    *over_http2.uri_mut() = target;
    *over_http2.version_mut() = http::Version::HTTP_2;
    let told = answer(&server, Version::Http2, over_http2).await;
    assert_eq!(told.body, expected);
}

#[tokio::test]
async fn trailers_pass_with_the_body_and_change_nothing_else() {
    let server = server().await;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
    let body = Empty::<Bytes>::new().with_trailers(async { Some(Ok(trailers)) });
    let request = asked("POST", "http://api.example.com/")
        .version(http::Version::HTTP_2)
        .body(Body::new(body));
    let told = answer(&server, Version::Http2, request.unwrap()).await;
    assert_eq!(
        told.body,
        "203.0.113.7 https://api.example.com/ host=api.example.com for=203.0.113.7 trailer=1.1.1.1"
    );
}

#[tokio::test]
async fn of_two_requests_in_one_packet_each_has_its_own_client() {
    let both = "GET /a HTTP/1.1\r\nhost: a.example\r\nx-forwarded-for: 203.0.113.7\r\n\
                x-forwarded-proto: https\r\n\r\n\
                GET /b HTTP/1.1\r\nhost: b.example\r\nconnection: close\r\n\r\n";
    let told = exchange(&server().await, both).await;
    let of_the_first = "203.0.113.7 https://a.example/a host=a.example for=203.0.113.7 trailer=";
    assert!(told.contains(of_the_first), "{told}");
    let of_the_second = "127.0.0.1 http://b.example/b host=b.example for= trailer=";
    assert!(told.contains(of_the_second), "{told}");
}

#[tokio::test]
async fn a_request_of_http_1_0_needs_no_host() {
    let old = "GET /x HTTP/1.0\r\nx-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\n\r\n";
    let told = exchange(&server().await, old).await;
    assert!(
        told.contains("203.0.113.7 /x host= for=203.0.113.7 trailer="),
        "{told}"
    );
}

#[tokio::test]
async fn the_target_counts_if_host_names_another() {
    let two = "GET http://a.example/x HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-for: 203.0.113.7\r\n\
               x-forwarded-proto: https\r\nconnection: close\r\n\r\n";
    let told = exchange(&server().await, two).await;
    let one = "203.0.113.7 https://a.example/x host=a.example for=203.0.113.7 trailer=";
    assert!(told.contains(one), "{told}");
}

#[tokio::test]
async fn a_listener_for_ipv6_and_ipv4_trusts_an_ipv4_proxy() {
    let server = serve_at("[::]:0".parse().unwrap(), app()).await;
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    let told = send_to(
        at,
        Version::Http1,
        "GET",
        "http://api.example.com/x",
        &headers,
    )
    .await;
    assert!(
        told.body
            .starts_with("203.0.113.7 https://api.example.com/x "),
        "{}",
        told.body
    );
}

#[tokio::test]
async fn a_websocket_over_http2_has_the_true_origin_or_none() {
    async fn told(resolution: Resolution, request: Request) -> impl IntoResponse {
        let client = resolution.client().unwrap();
        // A successful response to CONNECT has no body.
        let text = format!("{} {} {client}", request.method(), request.uri());
        [("x-told", text)]
    }
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    let rewriting = ForwardedLayer::new(trust);
    let keeping = rewriting.clone().keep_uri();
    // The router sends an extended CONNECT (RFC 8441) to the service, with the scheme and the host that it chose.
    for (layer, uri) in [(rewriting, "https://api.example.com/ws"), (keeping, "/ws")] {
        let server = serve(Router::new().fallback(told).layer(layer)).await;
        let stream = tokio::net::TcpStream::connect(server.address)
            .await
            .unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
            .await
            .unwrap();
        tokio::spawn(connection);
        // Only with the first response can the client know that the server accepts an extended CONNECT.
        for (method, expected) in [("GET", uri), ("CONNECT", uri)] {
            let mut request = asked(method, "http://api.example.com/ws")
                .version(http::Version::HTTP_2)
                .body(Body::empty())
                .unwrap();
            if method == "CONNECT" {
                let websocket = hyper::ext::Protocol::from_static("websocket");
                request.extensions_mut().insert(websocket);
            }
            let response = sender.send_request(request).await.unwrap();
            let seen = response.headers()["x-told"].to_str().unwrap();
            assert_eq!(seen, format!("{method} {expected} 203.0.113.7"));
        }
    }
}

#[tokio::test]
async fn a_client_cannot_switch_a_proxys_connection_to_http2() {
    // With a tunnel past the proxy, the client could write every header itself.
    let upgrade = "GET /x HTTP/1.1\r\nhost: a.example\r\nx-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\n\
                   upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\nconnection: close, upgrade, http2-settings\r\n\r\n";
    let told = exchange(&server().await, upgrade).await;
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    assert!(told.contains("203.0.113.7 https://a.example/x "), "{told}");
}
