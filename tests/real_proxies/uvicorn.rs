//! Compares uvicorn with this crate behind the same nginx, with the same settings and the same requests.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr, TcpStream},
    process::Command,
};

use crate::support;

use axum::body::Body;
use http::Request;
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use super::{
    app,
    client::{Client, HOST},
    fixture::{Certificate, Kind, Proxy, Upstream, free_port},
    matrix::keep,
};
use crate::support::process::Process;

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

const REQUESTS: [(&str, &[(&str, &str)]); 4] = [
    ("honest", &[]),
    ("forged address", &[("x-forwarded-for", "198.51.100.66")]),
    (
        "forged list",
        &[("x-forwarded-for", "198.51.100.66, 198.51.100.67")],
    ),
    (
        "forged scheme and host",
        &[
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "for=198.51.100.66;proto=http"),
        ],
    ),
];

/// Three settings: no trusted proxy, `*`, and the exact network.
const STATES: [(&str, &str); 3] = [
    ("no proxy headers", ""),
    ("`*`", "*"),
    ("exact CIDR", "127.0.0.1/32"),
];

/// The client and the URL, as the app behind nginx sees them.
async fn ask(client: &Client, upstream: SocketAddr, certificate: &Certificate) -> Vec<String> {
    let nginx = Proxy::start(Kind::Nginx, &Upstream::Http1(upstream), certificate);
    client.wait_for(CLIENT, nginx.address).await;
    let mut answers = Vec::new();
    for (_, fields) in REQUESTS {
        let mut request = Request::builder().uri("/").header("host", HOST);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let (_, body) = client
            .send(CLIENT, nginx.address, false, request)
            .await
            .unwrap();
        let json: serde_json::Value =
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        let url = json.get("url").or_else(|| json.get("uri")).unwrap();
        answers.push(format!(
            "{} {}",
            json["client"].as_str().unwrap(),
            url.as_str().unwrap()
        ));
    }
    answers
}

async fn theirs(client: &Client, allow: &str, certificate: &Certificate) -> Vec<String> {
    let port = free_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut command = Command::new("uvicorn");
    command
        .current_dir(support::root().join("tests/real_proxies"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args([
            "uvicorn_app:app",
            "--lifespan",
            "off",
            "--port",
            &port.to_string(),
        ]);
    match allow {
        "" => command.arg("--no-proxy-headers"),
        allow => command.args(["--proxy-headers", "--forwarded-allow-ips", allow]),
    };
    let mut uvicorn = Process::start(&mut command);
    uvicorn.wait_until("listens", || TcpStream::connect(address).is_ok());
    ask(client, address, certificate).await
}

async fn ours(client: &Client, trust: &str, certificate: &Certificate) -> Vec<String> {
    let trust = match trust {
        "" => TrustedProxies::none(),
        trust => trust.parse().unwrap(),
    };
    let folder = tempfile::tempdir().unwrap();
    let layer = ForwardedLayer::new(trust).headers(Headers::NGINX);
    let app = app::serve(layer, &folder.path().join("app.sock")).await;
    ask(client, app.tcp, certificate).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs uvicorn and nginx: tests/run"]
async fn uvicorns_star_believes_a_forged_address_and_ours_does_not() {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let mut rows = String::new();
    for (state, trust) in STATES {
        let theirs = theirs(&client, trust, &certificate).await;
        let ours = ours(&client, trust, &certificate).await;
        for (((request, _), theirs), ours) in REQUESTS.iter().zip(&theirs).zip(&ours) {
            writeln!(rows, "| {state} | {request} | `{theirs}` | `{ours}` |").unwrap();
        }
        let truth = format!("127.0.0.9 https://{HOST}/");
        match trust {
            "" => assert!(
                ours.iter()
                    .all(|answer| *answer == format!("127.0.0.1 http://{HOST}/")),
                "{ours:?}"
            ),
            _ => assert!(ours.iter().all(|answer| *answer == truth), "{ours:?}"),
        }
        if trust == "*" {
            assert!(
                theirs[1].starts_with("198.51.100.66 "),
                "no longer true of uvicorn: {theirs:?}"
            );
        }
    }
    keep("uvicorn", &rows);
}
