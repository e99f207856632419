//! Functions that many tests use.

#![allow(dead_code)] // Each binary, and each set of features, uses what it needs.

use std::convert::Infallible;

use http::Request;
use tower::{Layer, Service, service_fn};
use tower_forwarded::{Finding, ForwardedLayer, Peer, Resolution, TrustedProxies};

#[cfg(feature = "serde")]
#[path = "../../explain/src/json.rs"]
pub mod json;
pub mod process;
pub mod products;
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

/// A request with these headers. If they contain no `Host`, the request has `Host: app.internal`.
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

/// The request that the inner service sees.
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

/// The resolution of a request for `/` from [`PROXY`].
pub fn resolve(layer: &ForwardedLayer, headers: &[(&str, &str)]) -> Resolution {
    resolution(&through(layer, Some(PROXY), request("/", headers)))
}

/// The resolution that the layer inserted into the extensions.
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

/// The findings as text, separated by spaces.
pub fn findings(resolution: &Resolution) -> String {
    let findings: Vec<_> = resolution.findings().iter().map(Finding::as_str).collect();
    findings.join(" ")
}

/// All lines of a header, separated by `|`.
pub fn field(request: &Request<()>, name: &str) -> String {
    let lines: Vec<_> = request
        .headers()
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    lines.join("|")
}

/// The folder of the repository. Two packages build this file, in different folders.
pub fn root() -> std::path::PathBuf {
    let package = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    match package.ends_with("checks") {
        true => package.parent().unwrap().to_owned(),
        false => package,
    }
}

/// The path of an example. The examples are built first, so that they match their source.
pub fn example(name: &str) -> std::path::PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    // This binary is target/debug/deps/all-…, and the examples are in target/debug/examples.
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().unwrap().parent().unwrap();
    BUILT.call_once(|| {
        // The tests may have been built with another profile, or in another folder than `target`.
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            named => named,
        };
        let cargo = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--all-features", "--examples"])
            .args(["--profile", profile, "--target-dir"])
            .arg(folder.parent().unwrap())
            .current_dir(root())
            .status()
            .unwrap();
        assert!(cargo.success(), "the examples do not build");
    });
    folder.join("examples").join(name)
}

/// Arguments with which the example server takes free ports.
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

/// Runs the example program `explain` with this input, as a person would.
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
    // The program may have ended already, with an error about its arguments.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}
