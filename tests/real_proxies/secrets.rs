//! Shows a premise that only the proxy can ensure: no client can make it drop the secret that it sets.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use http::Request;
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use super::{
    app::{self, Seen},
    client::{Client, HOST},
    fixture::{Certificate, Kind, Own, Program, Proxy, Upstream},
};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs caddy: tests/run"]
async fn caddy_drops_what_request_header_set_and_nothing_is_believed() {
    let certificate = Certificate::new();
    let client = Client::new(certificate.der.clone());
    let folder = tempfile::tempdir().unwrap();
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
        .headers(Headers::CADDY)
        .require("x-origin-verify", ["s3cret"])
        .unwrap();
    let app = app::serve(layer, &folder.path().join("app.sock")).await;
    let kind = Kind::Own(&Own {
        name: "secret-caddy",
        program: Program::Caddy,
        files: &[(
            "secret-Caddyfile",
            include_str!("../proxies/secret-Caddyfile"),
        )],
    });
    let proxy = Proxy::start(kind, &Upstream::Http1(app.tcp), &certificate);
    client.wait_for(CLIENT, proxy.address).await;
    for (connection, who, findings) in [
        ("close", "127.0.0.9", &[][..]),
        ("close, X-Origin-Verify", "127.0.0.1", &["secret-missing"]),
    ] {
        let request = Request::get("/users")
            .header("host", HOST)
            .header("connection", connection)
            .body(Body::empty())
            .unwrap();
        let (_, body) = client
            .send(CLIENT, proxy.address, false, request)
            .await
            .unwrap();
        let seen: Seen = serde_json::from_str(&body).unwrap();
        assert_eq!(seen.client.as_deref(), Some(who), "{seen:#?}");
        assert_eq!(seen.findings, findings, "{seen:#?}");
    }
}
