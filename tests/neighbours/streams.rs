//! WebSockets, and server-sent events over HTTP/2.

use axum::{
    Router,
    extract::{Request, ws::WebSocketUpgrade},
    http::{HeaderMap, Response, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Sse, sse::Event},
    routing::{any, get},
};
use tower::ServiceExt;
use tower_forwarded::{ForwardedLayer, Origin, Resolution, TrustedProxies};

use super::*;
use crate::support::wire::{Version, send, serve};

fn behind_loopback() -> ForwardedLayer {
    ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
}

#[tokio::test]
async fn a_websocket_connects_through_the_layer() {
    use axum::extract::ws::Message;
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
        .layer(behind_loopback());
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

/// Checks the origin of a WebSocket. Neither axum nor tower-http's `CsrfLayer` does this.
async fn same_origin(
    own: Origin,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response<Body> {
    match headers.get("origin") {
        Some(origin) if origin.as_bytes() != own.to_string().as_bytes() => {
            StatusCode::FORBIDDEN.into_response()
        }
        // The request comes from the service's own page, or not from a browser.
        _ => next.run(request).await,
    }
}

#[tokio::test]
async fn a_websocket_of_another_origin_is_refused() {
    let open = async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(async |_| {});
    let app = Router::new()
        .route("/ws", any(open))
        .layer(middleware::from_fn(same_origin))
        .layer(forwarded());
    for (origin, status) in [
        // The test has no connection that can be upgraded.
        ("https://app.example.com", 426),
        ("http://app.example.com", 403),
        ("https://evil.example", 403),
    ] {
        let request = behind(Request::get("/ws"))
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("origin", origin)
            .body(Body::empty())
            .unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{origin}");
    }
}

#[tokio::test]
async fn server_sent_events_over_http_2_know_the_client() {
    let events = async |resolution: Resolution, request: Request| {
        let client = resolution.client().unwrap();
        let event = Event::default().data(format!("{client} {}", request.uri()));
        Sse::new(futures_util::stream::iter([Ok::<
            _,
            std::convert::Infallible,
        >(event)]))
    };
    let app = Router::new()
        .route("/events", get(events))
        .layer(behind_loopback());
    let server = serve(app).await;
    let uri = "http://app.example.com/events";
    let answer = send(&server, Version::Http2, "GET", uri, &HTTPS[1..]).await;
    assert_eq!(answer.field("content-type"), "text/event-stream");
    assert_eq!(
        answer.body,
        "data: 203.0.113.7 https://app.example.com/events\n\n"
    );
}
