//! Tests the rewritten request: URI, Host, ConnectInfo (R12 to R15).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Method, Request};
use tower_forwarded::{ForwardedLayer, Peer, TrustedProxies};

use crate::support::*;

const HTTPS: [(&str, &str); 2] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

fn uri(method: Method, target: &str) -> String {
    let mut request = request(target, &HTTPS);
    *request.method_mut() = method;
    through(&layer(), Some(PROXY), request).uri().to_string()
}

#[test]
fn the_target_becomes_absolute_whatever_form_it_came_in() {
    for (target, expected) in [
        ("/", "https://app.internal/"),
        ("/users?page=2", "https://app.internal/users?page=2"),
        ("//evil.example/x", "https://app.internal//evil.example/x"),
        (
            "/a%2F..%2Fb?x=%20#",
            "https://app.internal/a%2F..%2Fb?x=%20",
        ),
        ("http://a.example", "https://a.example/"),
        ("ftp://a.example/x", "https://a.example/x"),
        ("https://a.example:443/x", "https://a.example/x"),
    ] {
        assert_eq!(uri(Method::GET, target), expected, "{target}");
    }
}

#[test]
fn asterisk_and_connect_stay_as_they_are() {
    assert_eq!(uri(Method::OPTIONS, "*"), "*");
    // Over HTTP/2, it has a scheme and an authority. As text, they would be the name of another host.
    let target = http::Uri::builder().scheme("http").authority("a.example");
    let target = target.path_and_query("*").build().unwrap();
    for layer in [layer(), layer().keep_uri()] {
        // The scheme is another one, or the one that the client wrote.
        for headers in [&HTTPS[..], &[]] {
            let mut request = request("/", headers);
            *request.method_mut() = Method::OPTIONS;
            *request.uri_mut() = target.clone();
            let seen = through(&layer, Some(PROXY), request);
            assert_eq!(seen.uri(), "*");
            assert_eq!(field(&seen, "host"), "a.example");
        }
    }
    assert_eq!(uri(Method::CONNECT, "a.example:443"), "a.example:443");
    // The target of an extended CONNECT (RFC 8441) has a scheme, which the client chose.
    assert_eq!(
        uri(Method::CONNECT, "ftp://a.example/ws"),
        "https://a.example/ws"
    );
}

#[test]
fn without_an_authority_the_clients_scheme_is_taken_away() {
    assert_eq!(uri(Method::GET, "https://user@a.example/x?y"), "/x?y");
    assert_eq!(uri(Method::GET, "https://user@a.example"), "/");
    let mut request = request("/x", &HTTPS);
    request.headers_mut().remove("host");
    assert_eq!(through(&layer(), Some(PROXY), request).uri(), "/x");
}

#[test]
fn keep_uri_leaves_the_uri_and_nothing_else() {
    let seen = through(&layer().keep_uri(), Some(PROXY), request("/x", &HTTPS));
    assert_eq!(seen.uri(), "/x");
    assert_eq!(
        resolution(&seen).origin().unwrap().to_string(),
        "https://app.internal"
    );
}

#[test]
fn keep_uri_keeps_no_origin_that_was_not_resolved() {
    // A believed host passes AllowedHostsLayer, but code that reads the URI would see the client's host.
    let layer = layer()
        .believe_hosts(["api.example.com"])
        .unwrap()
        .keep_uri();
    for (target, expected) in [
        ("http://evil.example/x?y", "/x?y"),
        ("https://evil.example", "/"),
        ("https://user@api.example.com/x", "/x"),
        // The client used https, so this scheme is forged.
        ("http://api.example.com/x", "/x"),
        ("https://api.example.com/x", "https://api.example.com/x"),
    ] {
        let mut request = request(target, &HTTPS);
        let value = http::HeaderValue::from_static("api.example.com");
        request.headers_mut().insert("x-forwarded-host", value);
        request
            .extensions_mut()
            .insert(OriginalUri(target.parse().unwrap()));
        let seen = through(&layer, Some(PROXY), request);
        assert_eq!(seen.uri().to_string(), expected, "{target}");
        let original = &seen.extensions().get::<OriginalUri>().unwrap().0;
        assert_eq!(original.to_string(), expected, "{target}");
    }
    // In a CONNECT request, the target is only the authority. An extended CONNECT (RFC 8441) has a scheme and a path too.
    for (target, expected) in [
        ("api.example.com:443", "api.example.com:443"),
        ("https://evil.example/ws", "/ws"),
        ("http://api.example.com/ws", "/ws"),
        ("https://api.example.com/ws", "https://api.example.com/ws"),
    ] {
        let mut connect = request(target, &HTTPS);
        *connect.method_mut() = Method::CONNECT;
        let value = http::HeaderValue::from_static("api.example.com");
        connect.headers_mut().insert("x-forwarded-host", value);
        let seen = through(&layer, Some(PROXY), connect);
        assert_eq!(seen.uri().to_string(), expected, "{target}");
    }
}

#[test]
fn a_full_header_map_makes_nothing_panic() {
    // The http crate's maximum is three quarters of 32,768 names.
    let full = |fields: &[(&str, &str)]| {
        let mut request = request("http://a.example/x", fields);
        let mut index = 0;
        loop {
            let name: http::HeaderName = format!("x-{index}").parse().unwrap();
            let value = http::HeaderValue::from_static("");
            if request.headers_mut().try_insert(name, value).is_err() {
                break request;
            }
            index += 1;
        }
    };
    let seen = through(&layer(), Some(PROXY), full(&HTTPS));
    assert!(seen.headers().len() > 24_000, "{}", seen.headers().len());
    let resolution = resolution(&seen);
    assert_eq!(client(&resolution), "203.0.113.7");
    assert_eq!(seen.uri().to_string(), "https://a.example/x");
    // The map has no room for Host, and the request had no Host.
    assert_eq!(field(&seen, "host"), "");
    // Existing headers are replaced.
    let fields = [
        ("host", "b.example"),
        ("x-forwarded-for", "6.6.6.6, 203.0.113.7:1"),
        ("x-forwarded-proto", "WSS"),
    ];
    let seen = through(&layer(), Some(PROXY), full(&fields));
    assert_eq!(field(&seen, "host"), "a.example");
    assert_eq!(field(&seen, "x-forwarded-for"), "203.0.113.7");
    assert_eq!(field(&seen, "x-forwarded-proto"), "https");
}

#[test]
fn host_follows_the_authority() {
    let seen = through(
        &layer(),
        Some(PROXY),
        request("https://API.example:443/x", &HTTPS),
    );
    assert_eq!(field(&seen, "host"), "api.example");
    let seen = through(
        &layer(),
        Some(PROXY),
        request("/", &[&HTTPS[..], &[("host", "Api.Example")]].concat()),
    );
    assert_eq!(field(&seen, "host"), "api.example");
}

#[test]
fn original_uri_is_rewritten_too() {
    let mut request = request("/users", &HTTPS);
    request
        .extensions_mut()
        .insert(OriginalUri("/api/users?x".parse().unwrap()));
    let seen = through(&layer(), Some(PROXY), request);
    let OriginalUri(original) = seen.extensions().get().unwrap();
    assert_eq!(original, "https://app.internal/api/users?x");
}

fn connect_info(layer: &ForwardedLayer, fields: &[(&str, &str)]) -> SocketAddr {
    let mut request = request("/", fields);
    let peer: SocketAddr = PROXY.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let seen = through(layer, None, request);
    let resolution = resolution(&seen);
    assert_eq!(resolution.peer(), Some(Peer::from(peer)));
    seen.extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .unwrap()
        .0
}

#[test]
fn connect_info_is_the_clients_with_port_0_if_unknown() {
    assert_eq!(connect_info(&layer(), &HTTPS).to_string(), "203.0.113.7:0");
    let with_port = [
        ("x-forwarded-for", "203.0.113.7:4711"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(
        connect_info(&layer(), &with_port).to_string(),
        "203.0.113.7:4711"
    );
    assert_eq!(connect_info(&layer(), &[]).to_string(), PROXY);
    assert_eq!(
        connect_info(&layer().keep_connect_info(), &HTTPS).to_string(),
        PROXY
    );
}

#[test]
fn behind_a_unix_socket_connect_info_is_the_client_too() {
    let layer = ForwardedLayer::new("unix".parse::<TrustedProxies>().unwrap());
    let seen = through(&layer, Some("unix"), request("/", &HTTPS));
    let ConnectInfo(address) = seen.extensions().get::<ConnectInfo<SocketAddr>>().unwrap();
    assert_eq!(address.to_string(), "203.0.113.7:0");
    let seen = through(&layer, Some("unix"), request("/", &[]));
    assert!(seen.extensions().get::<ConnectInfo<SocketAddr>>().is_none());
}

#[test]
fn peer_goes_before_connect_info_and_peer_from_comes_last() {
    let layer =
        layer().peer_from(|extensions| extensions.get::<String>().map(|s| s.parse().unwrap()));
    let ask = |peer: Option<&str>, info: Option<&str>, own: Option<&str>| {
        let mut request = request("/", &[]);
        if let Some(info) = info {
            request
                .extensions_mut()
                .insert(ConnectInfo::<SocketAddr>(info.parse().unwrap()));
        }
        if let Some(own) = own {
            request.extensions_mut().insert(own.to_owned());
        }
        let seen = through(&layer, peer, request);
        resolution(&seen).peer().map(|peer| peer.to_string())
    };
    let (a, b, c) = (
        Some("192.0.2.1:1"),
        Some("192.0.2.2:2"),
        Some("192.0.2.3:3"),
    );
    assert_eq!(ask(a, b, c).as_deref(), a);
    assert_eq!(ask(None, b, c).as_deref(), b);
    assert_eq!(ask(None, None, c).as_deref(), c);
    assert_eq!(ask(None, None, None), None);
}

#[test]
fn a_second_layer_does_nothing() {
    let outer = through(
        &layer(),
        Some(PROXY),
        request(
            "/",
            &[
                ("x-forwarded-for", "203.0.113.7, 10.0.0.2"),
                ("x-forwarded-proto", "https"),
            ],
        ),
    );
    let once = format!("{outer:?}");
    let inner = ForwardedLayer::new(TrustedProxies::none());
    let twice: Request<()> = through(&inner, None, outer);
    assert_eq!(format!("{twice:?}"), once);
    assert_eq!(client(&resolution(&twice)), "203.0.113.7");
}

#[test]
fn a_peer_that_speaks_for_itself_keeps_its_scope() {
    let own: SocketAddr =
        std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 4711, 5, 3).into();
    let layer = ForwardedLayer::new("link-local".parse::<TrustedProxies>().unwrap());
    let mut request = request("/", &[]);
    request.extensions_mut().insert(ConnectInfo(own));
    let seen = through(&layer, None, request);
    let ConnectInfo(after) = seen.extensions().get::<ConnectInfo<SocketAddr>>().unwrap();
    // The port, the flow label and the scope are the same too.
    assert_eq!(*after, own);
}

#[test]
fn where_no_connect_info_was_a_tcp_peer_makes_none() {
    let seen = through(&layer(), Some(PROXY), request("/", &HTTPS));
    assert!(seen.extensions().get::<ConnectInfo<SocketAddr>>().is_none());
}

#[test]
fn a_head_is_rewritten_as_the_layer_does_it() {
    let headers = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x_forwarded_for", "6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
    ];
    let by_layer = through(&layer(), Some(PROXY), request("/users?a=b", &headers));
    let (mut parts, ()) = request("/users?a=b", &headers).into_parts();
    let peer = PROXY.parse().unwrap();
    let resolution = layer().rewrite(Some(peer), &mut parts);
    assert_eq!(resolution, crate::support::resolution(&by_layer));
    assert_eq!(parts.uri, *by_layer.uri());
    assert_eq!(parts.headers, *by_layer.headers());
    // A second call does nothing.
    let again = ForwardedLayer::new(TrustedProxies::none()).rewrite(None, &mut parts);
    assert_eq!(again, resolution);
    // The call also counts its findings.
    let counting = layer();
    let (mut parts, ()) = request("/", &headers).into_parts();
    let _ = counting.rewrite(Some("203.0.113.9:1".parse().unwrap()), &mut parts);
    assert_eq!(
        counting
            .finding_counts()
            .map(|(_, count)| count)
            .sum::<u64>(),
        1
    );
}

#[tokio::test]
async fn axums_mock_of_a_connection_is_the_peer_and_handlers_see_the_client() {
    use axum::{
        Router,
        extract::{ConnectInfo, connect_info::MockConnectInfo},
        routing::get,
    };
    use tower::ServiceExt;

    let app: Router = Router::new()
        .route(
            "/",
            get(|ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.to_string() }),
        )
        .layer(layer())
        .layer(MockConnectInfo(SocketAddr::from(([10, 0, 0, 1], 40000))));
    let request =
        request("/", &[("x-forwarded-for", "203.0.113.7")]).map(|()| axum::body::Body::empty());
    let response = app.oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 100)
        .await
        .unwrap();
    assert_eq!(body, "203.0.113.7:0");
}
