//! What many tests need.

#![allow(dead_code)] // Each binary, and each set of features, uses what it needs.

use std::convert::Infallible;

use http::Request;
use tower::{Layer, Service, service_fn};
use tower_forwarded::{Finding, ForwardedLayer, Peer, Resolution, TrustedProxies};

#[cfg(feature = "serde")]
#[path = "../../explain/src/json.rs"]
pub mod json;
pub mod process;
pub mod targets;
pub mod wire;

pub use targets::now;

/// The proxies of most tests: 10.0.0.0/8.
pub fn proxies() -> TrustedProxies {
    "10.0.0.0/8".parse().unwrap()
}

/// A layer that trusts 10.0.0.0/8.
pub fn layer() -> ForwardedLayer {
    ForwardedLayer::new(proxies())
}

/// The nearest proxy of most tests, which is trusted.
pub const PROXY: &str = "10.0.0.1:40000";

/// A request with these header fields, `Host: app.internal` if none is among them.
pub fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder().uri(uri);
    if !headers.iter().any(|(name, _)| *name == "host") && uri.starts_with(['/', '*']) {
        builder = builder.header("host", "app.internal");
    }
    for (name, value) in headers {
        builder = builder.header(*name, value.as_bytes());
    }
    builder.body(()).unwrap()
}

/// What the inner service sees.
pub fn through(
    layer: &ForwardedLayer,
    peer: Option<&str>,
    mut request: Request<()>,
) -> Request<()> {
    if let Some(peer) = peer {
        request
            .extensions_mut()
            .insert(peer.parse::<Peer>().unwrap());
    }
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(request))
    }));
    now(service.call(request)).unwrap()
}

/// What comes out of a request for `/` from [`PROXY`].
pub fn resolve(layer: &ForwardedLayer, headers: &[(&str, &str)]) -> Resolution {
    resolution(&through(layer, Some(PROXY), request("/", headers)))
}

/// What the layer left in the extensions.
pub fn resolution(request: &Request<()>) -> Resolution {
    request.extensions().get::<Resolution>().unwrap().clone()
}

/// The client's address as text; empty if there is none.
pub fn client(resolution: &Resolution) -> String {
    resolution
        .client()
        .map(|client| client.to_string())
        .unwrap_or_default()
}

/// The findings as text, between spaces.
pub fn findings(resolution: &Resolution) -> String {
    let findings: Vec<_> = resolution.findings().iter().map(Finding::as_str).collect();
    findings.join(" ")
}

/// Every line of a field, between `|`.
pub fn field(request: &Request<()>, name: &str) -> String {
    let lines: Vec<_> = request
        .headers()
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    lines.join("|")
}

/// The folder of the repository, whichever package of it this is built in.
pub fn root() -> std::path::PathBuf {
    let package = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    match package.ends_with("checks") {
        true => package.parent().unwrap().to_owned(),
        false => package,
    }
}

/// The path of an example, built as its source is now.
pub fn example(name: &str) -> std::path::PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    // target/debug/deps/all-… lies beside target/debug/examples.
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().unwrap().parent().unwrap();
    BUILT.call_once(|| {
        let release = folder.ends_with("release").then_some("--release");
        let cargo = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--all-features", "--examples"])
            .current_dir(root())
            .args(release)
            .status()
            .unwrap();
        assert!(cargo.success(), "the examples do not build");
    });
    folder.join("examples").join(name)
}

/// Arguments that let the example server take free ports.
pub const FREE_PORTS: [&str; 8] = [
    "--https-port",
    "0",
    "--with-port",
    "0",
    "--without-port",
    "0",
    "--http-port",
    "0",
];

/// The example program `explain` as a person runs it, with this input.
pub fn explain_program(arguments: &[&str], input: &str) -> std::process::Output {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    let mut child = Command::new(example("explain"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended already, with an error about its arguments.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}
