//! Tests the log lines for findings, and the spans.

use std::{cell::RefCell, sync::Once};

use tower_forwarded::{Finding, ForwardedLayer, Headers, TrustedProxies, request_span};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

use crate::support::*;

thread_local! {
    /// The log of this thread, while a test records it.
    static LOG: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

/// Keeps events and span fields as text, for the thread that records them. There is one subscriber for the process.
/// With one per thread (`with_default`), a call site that another thread reaches first would stay disabled.
struct Log;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{}={value:?};", field.name());
    }
}

impl Subscriber for Log {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_forwarded") && LOG.with_borrow(Option::is_some)
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut text = Text(String::new());
        attributes.record(&mut text);
        keep(*attributes.metadata().level(), text);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut text = Text(String::new());
        values.record(&mut text);
        LOG.with_borrow_mut(|log| log.as_mut().unwrap().last_mut().unwrap().1 += &text.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        keep(*event.metadata().level(), text);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn keep(level: Level, text: Text) {
    LOG.with_borrow_mut(|log| log.as_mut().unwrap().push((level, text.0)));
}

fn logged(work: impl FnOnce()) -> Vec<(Level, String)> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(Log).unwrap());
    LOG.set(Some(Vec::new()));
    work();
    LOG.take().unwrap()
}

#[test]
fn an_identity_header_that_nobody_named_is_a_warning_once_with_the_line_to_write_and_no_token() {
    let layer = layer();
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-access-token", "hunter2"),
    ];
    let log = logged(|| {
        for _ in 0..3 {
            through(&layer, Some(PROXY), request("/", &headers));
        }
    });
    let warnings: Vec<_> = log
        .iter()
        .filter(|(level, _)| *level == Level::WARN)
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let text = warnings[0].1.replace('\\', "");
    let line = r#".believe_identity(["x-forwarded-access-token"])?"#;
    assert!(text.contains(line), "{text}");
    assert!(!format!("{log:?}").contains("hunter2"), "{log:?}");
}

#[test]
fn each_finding_is_a_warning_for_each_network_and_then_counted() {
    let layer = layer();
    let spoofed = [("x-forwarded-for", "6.6.6.6")];
    let log = logged(|| {
        for _ in 0..100 {
            through(&layer, Some("172.17.0.2:1"), request("/", &spoofed));
        }
        // Use another service of the same layer, and cause another finding.
        through(&layer.clone(), Some(PROXY), request("/", &spoofed));
    });
    let warnings: Vec<_> = log
        .iter()
        .filter(|(level, _)| *level == Level::WARN)
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0]
            .1
            .contains("add \"172.17.0.0/24\" to TrustedProxies"),
        "{warnings:?}"
    );
    assert!(warnings[1].1.contains("scheme-missing"), "{warnings:?}");
    let peer = "network.peer.address=\"172.17.0.2\"";
    assert!(warnings[0].1.contains(peer), "{warnings:?}");
    assert_eq!(
        log.iter()
            .filter(|(level, _)| *level == Level::DEBUG)
            .count(),
        99
    );
    let counts: Vec<_> = layer
        .finding_counts()
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(
        counts,
        [(Finding::PeerUntrusted, 100), (Finding::SchemeMissing, 1)]
    );
}

#[test]
fn a_flood_of_scanners_does_not_silence_the_proxy_that_is_missing_from_the_list() {
    let layer = layer();
    let forged = [("x-forwarded-for", "6.6.6.6")];
    let log = logged(|| {
        for number in 0..100_000_u32 {
            let [_, a, b, c] = number.wrapping_mul(2_654_435_761).to_be_bytes();
            let scanner = format!("93.{a}.{b}.{c}:4711");
            through(&layer, Some(&scanner), request("/", &forged));
            // The proxy's request comes once, in the middle of the flood.
            if number == 50_000 {
                through(&layer, Some("172.17.0.2:1"), request("/", &forged));
            }
            // A proxy with a public address sends many requests.
            if number % 50 == 49 {
                through(&layer, Some("8.8.8.8:1"), request("/", &forged));
            }
        }
    });
    let warnings: Vec<_> = log
        .iter()
        .filter(|(level, _)| *level == Level::WARN)
        .map(|(_, text)| text)
        .collect();
    assert!(warnings.len() < 30, "{}", warnings.len());
    for (address, cure) in [("172.17.0.2", "172.17.0.0/24"), ("8.8.8.8", "8.8.8.8")] {
        let own = warnings
            .iter()
            .find(|text| text.contains(&format!("network.peer.address=\"{address}\"")));
        let own = own.unwrap_or_else(|| panic!("{address}: {warnings:?}"));
        assert!(
            own.contains(&format!("add \"{cure}\" to TrustedProxies")),
            "{own}"
        );
        assert!(own.contains("requests="), "{own}");
    }
    let counted: u64 = layer.finding_counts().map(|(_, count)| count).sum();
    assert_eq!(counted, 102_001);
}

#[test]
fn the_first_service_says_what_was_decided_and_no_secret() {
    let log = logged(|| {
        let layer = layer()
            .headers(Headers::AWS_ALB)
            .require("x-origin-verify", ["hunter2"])
            .unwrap()
            .believe_identity(["remote-user"])
            .unwrap()
            .keep("x-real-ip")
            .unwrap()
            .keep("x-client-ip")
            .unwrap()
            .keep_uri();
        for _ in 0..3 {
            through(&layer, Some(PROXY), request("/", &[]));
        }
    });
    let told: Vec<_> = log
        .iter()
        .filter(|(level, _)| *level == Level::INFO)
        .collect();
    let [(_, text)] = &*told else {
        panic!("{log:?}")
    };
    for part in [
        "10.0.0.0/8",
        "headers=\"aws-alb\"",
        "x-origin-verify",
        "remote-user",
        "connection_scheme=Http",
        "keep=[\"x-client-ip\", \"x-real-ip\"]",
        "keep_uri=true",
        "keep_connect_info=false",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn an_honest_request_logs_and_counts_nothing() {
    let layer = layer();
    through(&layer, Some(PROXY), request("/", &[]));
    let honest = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    let log = logged(|| drop(through(&layer, Some(PROXY), request("/", &honest))));
    assert_eq!(log, []);
    assert!(layer.finding_counts().all(|(_, count)| count == 0));
}

#[test]
fn no_byte_that_an_attacker_chose_reaches_the_log_unescaped() {
    let mut request = request("/", &[("x-forwarded-for", "203.0.113.7")]);
    let value = http::HeaderValue::from_bytes(b"https\t\xc2\x9b31m\"forged").unwrap();
    request.headers_mut().insert("x-forwarded-proto", value);
    let log = logged(|| drop(through(&layer(), Some(PROXY), request)));
    let text = format!("{log:?}");
    assert!(text.contains("forged"), "{text}");
    assert!(
        log.iter().all(|(_, text)| text
            .chars()
            .all(|char| char.is_ascii_graphic() || char == ' ')),
        "{log:?}"
    );
}

#[test]
fn a_span_has_opentelemetrys_names() {
    let honest = [
        ("x-forwarded-for", "203.0.113.7:4711"),
        ("x-forwarded-proto", "https"),
        ("host", "api.example.com"),
        ("user-agent", "curl/8.0"),
    ];
    let seen = through(&layer(), Some(PROXY), request("/users?secret", &honest));
    let log = logged(|| drop(request_span(&seen)));
    let (_, text) = &log[0];
    for field in [
        "http.request.method=\"GET\"",
        "url.path=\"/users\"",
        "url.scheme=\"https\"",
        "client.address=203.0.113.7",
        "client.port=4711",
        "server.address=\"api.example.com\"",
        "server.port=443",
        "network.peer.address=10.0.0.1",
        "network.peer.port=40000",
        "network.protocol.version=\"1.1\"",
        "user_agent.original=\"curl/8.0\"",
    ] {
        assert!(text.contains(field), "{field}: {text}");
    }
    assert!(!text.contains("secret"), "{text}");
    for (version, name) in [
        (http::Version::HTTP_09, "0.9"),
        (http::Version::HTTP_10, "1.0"),
        (http::Version::HTTP_2, "2"),
        (http::Version::HTTP_3, "3"),
    ] {
        let mut request = request("/", &[]);
        *request.version_mut() = version;
        let log = logged(|| drop(request_span(&request)));
        let field = format!("network.protocol.version=\"{name}\"");
        assert!(log[0].1.contains(&field), "{log:?}");
    }
    let outside = ForwardedLayer::new(TrustedProxies::none());
    let log = logged(|| drop(request_span(&request("/", &[]))));
    assert!(!log[0].1.contains("client.address"), "{log:?} {outside:?}");
}

#[test]
fn a_span_has_opentelemetrys_values() {
    // The address has no brackets, and all non-standard methods have the same value.
    let headers = [("host", "[2001:db8::1]:8443")];
    let mut seen = through(&layer(), Some(PROXY), request("/", &headers));
    *seen.method_mut() = "BREW".parse().unwrap();
    let log = logged(|| drop(request_span(&seen)));
    let (_, text) = &log[0];
    for field in [
        "server.address=\"2001:db8::1\"",
        "server.port=8443",
        "http.request.method=\"_OTHER\"",
        "http.request.method_original=\"BREW\"",
    ] {
        assert!(text.contains(field), "{field}: {text}");
    }
    assert!(!text.contains("user_agent"), "{text}");
}

#[cfg(feature = "axum-08")]
#[test]
fn inside_of_nest_the_span_has_the_whole_path() {
    use axum::{Router, routing::get};
    use tower::ServiceExt;

    let inner: Router =
        Router::new()
            .route("/users", get(async || "hello"))
            .layer(axum::middleware::map_request(
                async |request: axum::extract::Request| {
                    drop(request_span(&request));
                    request
                },
            ));
    let app = Router::new().nest("/api", inner).layer(layer());
    let asked = request("/api/users", &[]).map(|()| axum::body::Body::empty());
    let log = logged(|| drop(now(app.oneshot(asked))));
    let text = format!("{log:?}");
    assert!(text.contains("url.path=\\\"/api/users\\\""), "{text}");
}

#[test]
fn what_is_believed_and_cannot_be_read_is_a_warning_at_the_start() {
    for (headers, warnings) in [(Headers::NGINX, 1), (Headers::ENVOY, 2), (Headers::KONG, 0)] {
        let layer = layer().headers(headers).believe_prefix().believe_port();
        let log = logged(|| drop(through(&layer, Some(PROXY), request("/", &[]))));
        let told: Vec<_> = log
            .iter()
            .filter(|(level, _)| *level == Level::WARN)
            .collect();
        assert_eq!(told.len(), warnings, "{log:?}");
        assert!(
            told.iter().all(|(_, text)| text.contains("_field")),
            "{told:?}"
        );
    }
}
