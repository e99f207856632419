//! A span with OpenTelemetry's names.

use http::Request;

use crate::resolution::Resolution;

/// Makes a span for a request, with the attributes of OpenTelemetry's
/// [HTTP server spans](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span):
/// `http.request.method`, `url.scheme`, `url.path`, `client.address`, `client.port`,
/// `server.address`, `server.port`, `network.peer.address`.
///
/// For tower-http's `TraceLayer`, which goes inside the [`ForwardedLayer`](crate::ForwardedLayer).
/// Without that layer, only method and path are known.
///
/// ```
/// use axum::Router;
/// use tower_forwarded::{ForwardedLayer, TrustedProxies, request_span};
/// use tower_http::trace::TraceLayer;
///
/// let app: Router = Router::new()
///     .layer(TraceLayer::new_for_http().make_span_with(request_span))
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// ```
pub fn request_span<B>(request: &Request<B>) -> tracing::Span {
    use tracing::field::Empty;

    let span = tracing::info_span!(
        "request",
        http.request.method = %request.method(),
        url.path = request.uri().path(),
        url.scheme = Empty,
        client.address = Empty,
        client.port = Empty,
        server.address = Empty,
        server.port = Empty,
        network.peer.address = Empty,
    );
    let Some(resolution) = request.extensions().get::<Resolution>() else {
        return span;
    };
    span.record("url.scheme", resolution.scheme().as_str());
    if let Some(client) = resolution.client() {
        span.record("client.address", tracing::field::display(client));
    }
    if let Some(port) = resolution.client_port() {
        span.record("client.port", port);
    }
    if let (Some(host), Some(port)) = (resolution.host(), resolution.port()) {
        span.record("server.address", host);
        span.record("server.port", port);
    }
    if let Some(peer) = resolution.peer().and_then(|peer| peer.ip()) {
        span.record("network.peer.address", tracing::field::display(peer));
    }
    span
}
