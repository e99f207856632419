//! Sends every request through every proxy, and compares the outcome with the truth.

use std::{
    fmt::Write,
    fs,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use crate::support;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use super::{
    app::{self, App, Seen},
    client::{Client, HOST},
    fixture::{Certificate, Kind, Proxy, Upstream},
};

/// The address from which clients connect. The proxies connect from 127.0.0.1.
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

/// A request as a client writes it.
struct Case {
    name: &'static str,
    method: &'static str,
    http2: bool,
    /// With HTTP/1.0.
    old: bool,
    v6: bool,
    websocket: bool,
    /// Without TLS.
    plain: bool,
    fields: Vec<(&'static str, String)>,
}

/// The headers that a client writes to forge everything at once.
const SPOOFED: [(&str, &str); 17] = [
    ("X-Forwarded-For", "198.51.100.66"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "8081"),
    ("X-Forwarded-Prefix", "//evil.example"),
    ("X-Forwarded-Ssl", "off"),
    ("X-Forwarded-Scheme", "http"),
    (
        "Forwarded",
        "for=198.51.100.66;proto=http;host=evil.example",
    ),
    ("X-Real-IP", "198.51.100.66"),
    ("X-Client-IP", "198.51.100.66"),
    ("True-Client-IP", "198.51.100.66"),
    ("CF-Connecting-IP", "198.51.100.66"),
    ("CF-Visitor", "{\"scheme\":\"http\"}"),
    ("X-Envoy-External-Address", "198.51.100.66"),
    ("X-Original-Host", "evil.example"),
    ("X_Forwarded_For", "198.51.100.66"),
    ("Front-End-Https", "off"),
];

/// The headers with which a client that uses http says that it uses https.
const SPOOFED_HTTPS: [(&str, &str); 9] = [
    ("X-Forwarded-For", "198.51.100.66"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Port", "443"),
    ("Forwarded", "for=198.51.100.66;proto=https"),
    ("X-Url-Scheme", "https"),
    ("CF-Visitor", "{\"scheme\":\"https\"}"),
    ("Front-End-Https", "on"),
];

/// The headers that a client asks the proxy to drop.
const CONNECTION: (&str, &str) = (
    "Connection",
    "close, X-Forwarded-For, X-Forwarded-Proto, Forwarded",
);

fn cases() -> Vec<Case> {
    let case = |name, fields: &[(&'static str, &str)]| Case {
        name,
        method: "GET",
        http2: false,
        old: false,
        v6: false,
        websocket: false,
        plain: false,
        fields: fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
    };
    let preflight = [
        ("Origin", "https://client.example.test"),
        ("Access-Control-Request-Method", "PUT"),
    ];
    let garbage = "\"\\,;=evil 198.51.100.66 ".repeat(8192 / 24);
    vec![
        case("honest", &[]),
        Case {
            http2: true,
            ..case("honest, HTTP/2", &[])
        },
        Case {
            v6: true,
            ..case("honest, IPv6", &[])
        },
        Case {
            method: "OPTIONS",
            ..case("preflight", &preflight)
        },
        Case {
            method: "OPTIONS",
            http2: true,
            ..case("preflight, HTTP/2", &preflight)
        },
        Case {
            websocket: true,
            ..case("WebSocket", &[])
        },
        Case {
            websocket: true,
            ..case("WebSocket, spoofed", &SPOOFED)
        },
        case("spoofed", &SPOOFED),
        Case {
            http2: true,
            ..case("spoofed, HTTP/2", &SPOOFED)
        },
        Case {
            v6: true,
            ..case("spoofed, IPv6", &SPOOFED)
        },
        Case {
            old: true,
            ..case("spoofed, HTTP/1.0", &SPOOFED)
        },
        Case {
            method: "POST",
            ..case(
                "spoofed, Expect: 100-continue",
                &[&SPOOFED[..], &[("Expect", "100-continue")]].concat(),
            )
        },
        case(
            "two X-Forwarded-For lines",
            &[
                ("X-Forwarded-For", "198.51.100.1"),
                ("X-Forwarded-For", "198.51.100.2, 198.51.100.3"),
            ],
        ),
        case(
            "empty X-Forwarded-For",
            &[("X-Forwarded-For", ""), ("X-Forwarded-Proto", "")],
        ),
        case("Connection names the fields", &[CONNECTION]),
        case(
            "Connection names the fields, spoofed",
            &[&SPOOFED[..], &[CONNECTION]].concat(),
        ),
        Case {
            plain: true,
            ..case("honest, http", &[])
        },
        Case {
            plain: true,
            ..case("http, spoofed as https", &SPOOFED_HTTPS)
        },
        Case {
            plain: true,
            ..case(
                "http, Connection names the fields, spoofed as https",
                &[&SPOOFED_HTTPS[..], &[CONNECTION]].concat(),
            )
        },
        case(
            "Connection names the secret",
            &[("Connection", "close, X-Origin-Verify")],
        ),
        case("a secret of its own", &[("X-Origin-Verify", "guess")]),
        case(
            "open quote",
            &[
                ("Forwarded", "for=\"198.51.100.66;proto=http"),
                ("X-Forwarded-For", "\""),
            ],
        ),
        case(
            "8 KiB of garbage",
            &[("X-Forwarded-For", &garbage), ("Forwarded", &garbage)],
        ),
    ]
}

/// The reason, if the outcome is known to differ from the truth. All other outcomes must be the truth.
fn exception(kind: Kind, case: &Case, upstream: &Upstream) -> Option<&'static str> {
    match (kind, case.name) {
        (
            Kind::Apache,
            "Connection names the fields"
            | "Connection names the fields, spoofed"
            | "http, Connection names the fields, spoofed as https",
        ) => Some(
            "Apache drops the X-Forwarded-Proto that it set itself: scheme-missing, see Headers::APACHE",
        ),
        (Kind::Apache, "Connection names the secret") => {
            Some("Apache drops the secret that it set itself: secret-missing, nothing is believed")
        }
        (Kind::Nghttpx | Kind::NghttpxForwarded, "a secret of its own") => {
            Some("nghttpx adds its line to the client's: secret-missing, nothing is believed")
        }
        (Kind::Apache, _) if case.websocket && !matches!(upstream, Upstream::Http1(_)) => {
            Some("upgrade=websocket is configured for plain HTTP/1.1 only")
        }
        (_, _) if case.websocket && matches!(upstream, Upstream::Http2(_)) => {
            Some("not asked of an HTTP/2 upstream, which needs RFC 8441 at both ends")
        }
        _ => None,
    }
}

/// # Panics
///
/// If an outcome is not the truth. The message contains the proxy, the request, the head on the wire and the outcome.
pub async fn run(kind: Kind) {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("app.sock");
    let app = app::serve(layer(kind), &socket).await;
    let mut rows = String::new();
    for upstream in upstreams(&app, &socket) {
        if !kind.can(&upstream) {
            continue;
        }
        let proxy = Proxy::start(kind, &upstream, &certificate);
        client.wait_for(CLIENT, proxy.address).await;
        for case in cases() {
            let outcome = ask(&client, &proxy, &case).await;
            let verdict = judge(kind, &case, &upstream, outcome).unwrap_or_else(|problem| {
                panic!(
                    "{} with {} upstream, {}: {problem}",
                    kind.name(),
                    upstream.name(),
                    case.name
                )
            });
            writeln!(
                rows,
                "| {} | {} | {} | {verdict} |",
                kind.name(),
                upstream.name(),
                case.name
            )
            .unwrap();
        }
    }
    keep(kind.name(), &rows);
}

fn layer(kind: Kind) -> ForwardedLayer {
    let trust = "127.0.0.1, unix".parse::<TrustedProxies>().unwrap();
    let headers = match kind {
        // Only for a client on loopback, Envoy appends an address of the machine.
        Kind::Envoy => Headers::client_field("x-envoy-external-address")
            .unwrap()
            .with_scheme_field("x-forwarded-proto")
            .unwrap(),
        _ => kind.name().parse().unwrap(),
    };
    ForwardedLayer::new(trust)
        .headers(headers)
        .require("x-origin-verify", ["s3cret"])
        .unwrap()
}

fn upstreams(app: &App, socket: &std::path::Path) -> [Upstream; 3] {
    [
        Upstream::Http1(app.tcp),
        Upstream::Http2(app.tcp),
        Upstream::Unix(PathBuf::from(socket)),
    ]
}

async fn ask(client: &Client, proxy: &Proxy, case: &Case) -> Result<(StatusCode, String), String> {
    let (from, to) = match case.v6 {
        true => (IpAddr::V6(Ipv6Addr::LOCALHOST), proxy.v6()),
        false => (CLIENT, proxy.address),
    };
    if case.websocket {
        let fields: Vec<_> = case
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let message = client.websocket(from, to, &fields).await;
        return message.map(|message| (StatusCode::OK, message));
    }
    let mut request = Request::builder().method(case.method);
    if case.old {
        request = request.version(http::Version::HTTP_10);
    }
    request = match case.http2 {
        true => request
            .uri(format!("https://{HOST}/users?page=2"))
            .version(http::Version::HTTP_2),
        false => request.uri("/users?page=2").header("host", HOST),
    };
    for (name, value) in &case.fields {
        let name: HeaderName = name.parse().unwrap();
        request = request.header(name, HeaderValue::from_str(value).unwrap());
    }
    let request = request.body(Body::empty()).unwrap();
    if case.plain {
        let to = SocketAddr::new(to.ip(), proxy.second);
        return client.send_plain(from, to, request).await;
    }
    client.send(from, to, case.http2, request).await
}

/// The text for the table, or an error.
fn judge(
    kind: Kind,
    case: &Case,
    upstream: &Upstream,
    outcome: Result<(StatusCode, String), String>,
) -> Result<String, String> {
    // Where the outcome is not the truth, it is not what the client wrote either.
    let seen = outcome
        .as_ref()
        .ok()
        .and_then(|(_, body)| serde_json::from_str::<Seen>(body).ok());
    let is_forged = seen.is_some_and(|seen| {
        let came_out = format!("{:?}", (seen.client, seen.host, seen.uri, seen.headers));
        ["198.51.100", "evil"]
            .iter()
            .any(|it| came_out.contains(it))
    });
    match (truth(case, outcome), exception(kind, case, upstream)) {
        (Ok(verdict), _) => Ok(verdict),
        (Err(_), Some(why)) if !is_forged => Ok(why.to_owned()),
        (Err(problem), _) => Err(problem),
    }
}

fn truth(case: &Case, outcome: Result<(StatusCode, String), String>) -> Result<String, String> {
    let (status, body) = outcome?;
    let friendly = ["honest", "preflight"]
        .iter()
        .any(|start| case.name.starts_with(start));
    if status.is_client_error() && !friendly && !case.websocket {
        return Ok(format!("refused: {}", status.as_u16()));
    }
    let seen: Seen =
        serde_json::from_str(&body).map_err(|error| format!("{error}: {status} {body}"))?;
    let client = if case.v6 { "::1" } else { "127.0.0.9" };
    let path = if case.websocket {
        "/ws"
    } else {
        "/users?page=2"
    };
    let scheme = if case.plain { "http" } else { "https" };
    let truth = [
        ("client", seen.client.as_deref() == Some(client)),
        ("scheme", seen.scheme == scheme),
        ("host", seen.host.as_deref() == Some(HOST)),
        ("uri", seen.uri == format!("{scheme}://{HOST}{path}")),
        ("findings", seen.findings.is_empty()),
        (
            "headers",
            // Envoy's request id is random, and can contain any of these digits.
            !seen.headers.iter().any(|field| {
                let is_random = field.starts_with("x-request-id:");
                !is_random
                    && ["198.51.100", "evil", "8081"]
                        .iter()
                        .any(|forged| field.contains(forged))
            }),
        ),
    ];
    match truth.iter().find(|(_, right)| !right) {
        Some((what, _)) => Err(format!("the {what} is not the truth: {seen:#?}")),
        None => Ok("the truth".to_owned()),
    }
}

/// Compares the outcomes with those in the repository, which are part of the docs.
pub fn keep(name: &str, rows: &str) {
    let path = support::root()
        .join("docs/real-proxies")
        .join(format!("{name}.md"));
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, rows).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept,
        rows,
        "{} has changed; run with BLESS=1",
        path.display()
    );
}
