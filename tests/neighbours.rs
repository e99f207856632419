//! Crates that are used beside this one.

use axum::{Router, routing::any};
use tokio::net::TcpListener;
use tower_forwarded::{ForwardedLayer, Headers, Peer, Resolution, TrustedProxies};

use crate::support::{wire::serve, *};

/// The client and the findings.
fn came_out(lines: &[&str]) -> (String, String) {
    let layer = layer().headers(Headers::FORWARDED);
    let fields: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
    let resolution = resolve(&layer, &fields);
    (client(&resolution), findings(&resolution))
}

fn forwarded() -> ForwardedLayer {
    ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
}

/// The crate forwarded-header-value 0.1 reads the field from the left, as a whole.
fn theirs(line: &str) -> Option<std::net::IpAddr> {
    let value = forwarded_header_value::ForwardedHeaderValue::from_forwarded(line).ok()?;
    value.proximate_forwarded_for_ip()
}

#[test]
fn where_reading_from_the_left_loses_what_the_proxy_appended() {
    let honest = "for=203.0.113.7;proto=https";
    let client: std::net::IpAddr = "203.0.113.7".parse().unwrap();
    assert_eq!(theirs(honest), Some(client));
    for evil in ["for=\"", "junk", "for=\"\\"] {
        let line = format!("{evil}, {honest}");
        assert_ne!(
            theirs(&line),
            Some(client),
            "{line}: no longer true of that crate"
        );
        assert_eq!(came_out(&[&line]).0, "203.0.113.7", "{line}");
    }
}

#[test]
fn where_both_are_sure_they_agree() {
    for line in [
        "for=203.0.113.7",
        "For=\"[2001:db8:cafe::17]:4711\"",
        "for=192.0.2.60;proto=http;by=203.0.113.43",
        "for=192.0.2.43, for=198.51.100.17",
        "for=\"203.0.113.7:4711\";host=a.example",
    ] {
        let ours = came_out(&[line]).0;
        assert_eq!(theirs(line).map(|ip| ip.to_string()), Some(ours), "{line}");
    }
}

/// Where realclientip-go deviates from RFC 7239, by its own test `Test_forwardedHeaderRFCDeviations`.
#[test]
fn realclientip_gos_documented_deviations_are_not_ours() {
    for (line, client, found) in [
        // "Comma in quotes": it splits there, and reads 2.2.2.2.
        (
            "For=\"1.1.1.1, For=2.2.2.2, For=3.3.3.3\", For=\"10.0.0.2\"",
            "10.0.0.2",
            "for-malformed scheme-missing",
        ),
        // "Unmatched quote": the RFC, read from the left, loses everything right of it.
        ("For=\"1.1.1.1, For=2.2.2.2;proto=https", "2.2.2.2", ""),
        // "Invalid characters": it looks at no parameter but `for`.
        (
            "For=1.1.1.1;@!=x;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // "Duplicate token": it takes the first.
        (
            "For=1.1.1.1;For=2.2.2.2;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // "Escaped character": it does not unescape.
        ("For=\"3.3.3.\\3\";proto=https", "3.3.3.3", ""),
        // "Equal sign spaces": it lets one before the value pass.
        (
            "For =1.1.1.1;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        (
            "For= 3.3.3.3;proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // IPv4 in brackets: it trims them.
        (
            "For=\"[1.1.1.1]\";proto=https",
            "10.0.0.1",
            "for-malformed scheme-missing",
        ),
        // Missing quotes and brackets around IPv6 mean one thing only, and are let pass here too.
        (
            "For=[2607:f8b0:4004:83f::200e];proto=https",
            "2607:f8b0:4004:83f::200e",
            "",
        ),
        (
            "For=\"2607:f8b0:4004:83f::200e\";proto=https",
            "2607:f8b0:4004:83f::200e",
            "",
        ),
    ] {
        let (ours, findings) = came_out(&[line]);
        assert_eq!(
            (ours.as_str(), findings.as_str()),
            (client, found),
            "{line}"
        );
    }
}

#[tokio::test]
async fn under_tonic_the_peer_is_where_tonic_puts_it() {
    use tonic::transport::server::{Server, TcpConnectInfo};

    use crate::support::wire::{Version, send_to};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap()).peer_from(
        |extensions| {
            let info: &TcpConnectInfo = extensions.get()?;
            info.remote_addr().map(Peer::from)
        },
    );
    let routes = axum::Router::new().fallback(|resolution: Resolution| async move {
        format!(
            "{} {}",
            resolution.client().unwrap(),
            resolution.origin().unwrap()
        )
    });
    let server = tokio::spawn(async move {
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        Server::builder()
            .layer(layer)
            .add_routes(tonic::service::Routes::from(routes))
            .serve_with_incoming(incoming)
            .await
            .unwrap();
    });
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("content-type", "application/grpc"),
    ];
    let answer = send_to(
        address,
        Version::Http2,
        "POST",
        "http://api.example.com/a.B/C",
        &fields,
    )
    .await;
    assert_eq!(answer.body, "203.0.113.7 https://api.example.com");
    server.abort();
}

#[tokio::test]
async fn a_websocket_connects_through_the_layer() {
    use axum::extract::ws::{Message, WebSocketUpgrade};
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    let app = Router::new()
        .route(
            "/ws",
            any(
                |upgrade: WebSocketUpgrade, resolution: Resolution| async move {
                    upgrade.on_upgrade(move |mut socket| async move {
                        let text =
                            format!("{} {}", resolution.scheme(), resolution.client().unwrap());
                        socket.send(Message::text(text)).await.unwrap();
                    })
                },
            ),
        )
        .layer(forwarded());
    let server = serve(app).await;
    let mut request = format!("ws://{}/ws", server.address)
        .into_client_request()
        .unwrap();
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "wss"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let message = futures_util::StreamExt::next(&mut socket)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(message.to_text().unwrap(), "https 203.0.113.7");
}
