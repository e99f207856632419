//! A tracing span with OpenTelemetry's attribute names.

use http::{Method, Request, Version, header};

use crate::{original_uri::original_uri, resolution::Resolution};

/// Creates a span for a request, with the attributes of OpenTelemetry's [HTTP server
/// spans](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span):
///
/// | attribute | value |
/// |---|---|
/// | `http.request.method` | the method; `_OTHER` for a method that no standard defines, which is then in `http.request.method_original` |
/// | `url.path` | the path that the client requested, also inside axum's `nest` |
/// | `url.scheme`, `server.address`, `server.port` | the request that the client made |
/// | `client.address`, `client.port` | the client |
/// | `network.peer.address`, `network.peer.port` | the other end of the connection: the proxy |
/// | `network.protocol.version` | `1.1`, `2` |
/// | `user_agent.original` | `User-Agent` |
///
/// Use it with tower-http's `TraceLayer`, and put that layer inside the [`ForwardedLayer`](crate::ForwardedLayer).
/// Without `ForwardedLayer`, the span has no scheme, client, server or peer. The span does not contain `url.query`,
/// since people put secrets there.
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
    use tracing::field::{Empty, display};

    let method = method(request.method());
    let user_agent = request.headers().get(header::USER_AGENT);
    let span = tracing::info_span!(
        "request",
        http.request.method = method.unwrap_or("_OTHER"),
        http.request.method_original = Empty,
        url.path = original_uri(request).path(),
        url.scheme = Empty,
        client.address = Empty,
        client.port = Empty,
        server.address = Empty,
        server.port = Empty,
        network.peer.address = Empty,
        network.peer.port = Empty,
        network.protocol.version = version(request.version()),
        user_agent.original = user_agent.and_then(|value| value.to_str().ok()),
    );
    if method.is_none() {
        span.record("http.request.method_original", request.method().as_str());
    }
    let Some(resolution) = request.extensions().get::<Resolution>() else {
        return span;
    };
    // OpenTelemetry's ports are signed integers: an unsigned one would be exported as text.
    let port = i64::from;
    span.record("url.scheme", resolution.scheme().as_str());
    if let Some(client) = resolution.client() {
        span.record("client.address", display(client));
    }
    span.record("client.port", resolution.client_port().map(port));
    if let Some(host) = resolution.host() {
        // In this attribute, an IPv6 address has no brackets.
        span.record("server.address", host.trim_matches(['[', ']']));
        span.record("server.port", resolution.port().map(port));
    }
    if let Some(peer) = resolution.peer().and_then(|peer| peer.socket_addr()) {
        span.record("network.peer.address", display(peer.ip()));
        span.record("network.peer.port", port(peer.port()));
    }
    span
}

/// The method, if RFC 9110 or RFC 5789 defines it. OpenTelemetry wants a small set of values.
fn method(method: &Method) -> Option<&str> {
    let known = [
        Method::CONNECT,
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
        Method::TRACE,
    ];
    known.contains(method).then(|| method.as_str())
}

const fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}
