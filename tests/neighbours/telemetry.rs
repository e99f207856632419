//! OpenTelemetry: the names in a span are those of the semantic conventions, which their crate defines.

use axum::http::{Request, Response};
use opentelemetry_semantic_conventions::attribute;
use tower::{Layer, ServiceExt};
use tower_forwarded::request_span;
use tracing_subscriber::layer::SubscriberExt;

use super::*;

#[tokio::test]
async fn the_names_of_a_span_are_those_of_the_semantic_conventions() {
    let inner = tower::service_fn(async |request: Request<()>| {
        // A span without a subscriber has no names.
        let subscriber = tracing_subscriber::registry();
        let names = tracing::subscriber::with_default(subscriber.with(Everything), || {
            let span = request_span(&request);
            let fields = span.metadata().unwrap().fields();
            fields.iter().map(|field| field.name()).collect::<Vec<_>>()
        });
        Ok::<_, std::convert::Infallible>(Response::new(names))
    });
    let request = behind(Request::get("/")).body(()).unwrap();
    let answer = forwarded().layer(inner).oneshot(request).await.unwrap();
    let mut names = answer.into_body();
    names.sort_unstable();
    let mut known = [
        attribute::HTTP_REQUEST_METHOD,
        attribute::HTTP_REQUEST_METHOD_ORIGINAL,
        attribute::URL_PATH,
        attribute::URL_SCHEME,
        attribute::CLIENT_ADDRESS,
        attribute::CLIENT_PORT,
        attribute::SERVER_ADDRESS,
        attribute::SERVER_PORT,
        attribute::NETWORK_PEER_ADDRESS,
        attribute::NETWORK_PEER_PORT,
        attribute::NETWORK_PROTOCOL_VERSION,
        attribute::USER_AGENT_ORIGINAL,
    ];
    known.sort_unstable();
    assert_eq!(names, known);
}

/// A subscriber that enables every span.
struct Everything;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Everything {}

/// Keeps the names of signed integers, because tracing-opentelemetry exports unsigned integers as text.
#[derive(Clone, Default)]
struct Signed(std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>);

impl tracing::field::Visit for Signed {
    fn record_i64(&mut self, field: &tracing::field::Field, _: i64) {
        self.0.lock().unwrap().push(field.name());
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Signed {
    fn on_record(
        &self,
        _: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        values.record(&mut self.clone());
    }
}

#[test]
fn ports_are_signed_integers_as_the_conventions_say() {
    let request = from_balancer(Request::get("/"))
        .header("host", "app.example.com")
        .header("x-forwarded-for", "203.0.113.7:4711")
        .header("x-forwarded-proto", "https")
        .body(())
        .unwrap();
    let (mut parts, ()) = request.into_parts();
    let _ = forwarded().rewrite(Some("10.0.0.1:40000".parse().unwrap()), &mut parts);
    let signed = Signed::default();
    let subscriber = tracing_subscriber::registry().with(signed.clone());
    tracing::subscriber::with_default(subscriber, || {
        drop(request_span(&Request::from_parts(parts, ())))
    });
    let mut names = signed.0.lock().unwrap().clone();
    names.sort_unstable();
    let ports = [
        attribute::CLIENT_PORT,
        attribute::NETWORK_PEER_PORT,
        attribute::SERVER_PORT,
    ];
    assert_eq!(names, ports);
}

#[tokio::test]
async fn what_reads_the_scheme_from_the_uri_reads_the_clients() {
    // opentelemetry-instrumentation-tower, tower-otel-http-metrics and axum-tracing-opentelemetry do this.
    let inner = tower::service_fn(async |request: Request<()>| {
        Ok::<_, std::convert::Infallible>(Response::new(
            request.uri().scheme_str().map(str::to_owned),
        ))
    });
    let request = || behind(Request::get("/")).body(()).unwrap();
    let without = inner.oneshot(request()).await.unwrap().into_body();
    let with = forwarded()
        .layer(inner)
        .oneshot(request())
        .await
        .unwrap()
        .into_body();
    assert_eq!((without, with.as_deref()), (None, Some("https")));
}
