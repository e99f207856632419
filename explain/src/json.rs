//! Reads one JSON object per line and writes one per line. Other test suites use the crate in this way.

use std::convert::Infallible;
use std::io::{self, BufRead, Write};

use http::{HeaderName, HeaderValue, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_forwarded::{Config, ForwardedLayer, Peer, PeerError, Resolution};

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    config: Value,
    request: Value,
}

#[derive(Deserialize)]
struct Asked {
    peer: Option<String>,
    uri: Option<String>,
    method: Option<String>,
    headers: Option<Vec<(String, String)>>,
}

#[derive(Serialize)]
struct Answer {
    id: Value,
    client: Option<String>,
    client_port: Option<u16>,
    scheme: &'static str,
    host: Option<String>,
    prefix: Option<String>,
    uri: String,
    trusted: bool,
    hops: usize,
    findings: Vec<&'static str>,
    headers: Vec<(String, String)>,
    /// DER in base64.
    client_cert: Option<String>,
}

/// Writes an answer to every line of `input`. If a configuration or a request is not valid, the answer to its line is
/// an error, and the following lines are still answered. If a line is not such an object, the function stops with an
/// error that contains the line number.
pub fn run(input: impl BufRead, mut output: impl Write) -> Result<(), String> {
    for (number, line) in input.lines().enumerate() {
        let line = line.map_err(|error| format!("line {}: {error}", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = answer(&line).map_err(|error| format!("line {}: {error}", number + 1))?;
        write(&mut output, &format!("{}\n", ascii(&answer.to_string())))?;
    }
    Ok(())
}

/// Writes a text. It is not an error if the reader has closed the pipe (`| head -1`).
pub fn write(mut output: impl Write, text: &str) -> Result<(), String> {
    let written = output.write_all(text.as_bytes());
    match written.and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Escapes the JSON so that it is ASCII, because JSON allows some characters that control a terminal.
pub fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for char in json.chars() {
        // DEL is ASCII, but it is a control character.
        if char.is_ascii() && char != '\x7f' {
            ascii.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

fn answer(line: &str) -> Result<Value, String> {
    let Line {
        id,
        config,
        request,
    } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let layer = match layer(config) {
        Ok(layer) => layer,
        Err(error) => return Ok(json!({ "id": id, "config_error": error })),
    };
    let request = serde_json::from_value(request)
        .map_err(|error| error.to_string())
        .and_then(build);
    let request = match request {
        Ok(request) => request,
        Err(error) => return Ok(json!({ "id": id, "request_error": error })),
    };
    // The answer comes from the layer itself, so this program cannot differ from it.
    let service = layer.layer(service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(request)
    }));
    let request = now(service.oneshot(request));
    let Some(resolution) = request.extensions().get::<Resolution>() else {
        return Err("the layer left no resolution".to_owned());
    };
    let answer = Answer {
        id,
        client: resolution.client().map(|client| client.to_string()),
        client_port: resolution.client_port(),
        scheme: resolution.scheme().as_str(),
        host: resolution.authority().map(ToString::to_string),
        prefix: resolution.prefix().map(str::to_owned),
        uri: request.uri().to_string(),
        trusted: resolution.is_trusted(),
        hops: resolution.hops(),
        findings: resolution.findings().iter().map(|f| f.as_str()).collect(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), latin1(value.as_bytes())))
            .collect(),
        client_cert: client_cert(resolution),
    };
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

/// The certificate that the client presented.
#[cfg(feature = "client-cert")]
fn client_cert(resolution: &Resolution) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let certificate = resolution.client_cert()?;
    Some(STANDARD.encode(certificate.der()))
}

#[cfg(not(feature = "client-cert"))]
fn client_cert(_: &Resolution) -> Option<String> {
    None
}

/// The layer of a case. A case contains the values of a secret, which a `Config` never contains.
fn layer(mut config: Value) -> Result<ForwardedLayer, String> {
    let require = config
        .as_object_mut()
        .and_then(|keys| keys.remove("require"));
    let layer = serde_json::from_value::<Config>(config)
        .map_err(|error| error.to_string())?
        .layer();
    match require {
        None | Some(Value::Null) => Ok(layer),
        Some(require) => {
            let (name, values): (String, Vec<String>) =
                serde_json::from_value(require).map_err(|error| format!("require: {error}"))?;
            layer
                .require(name, values)
                .map_err(|error| format!("require: {error}"))
        }
    }
}

fn build(asked: Asked) -> Result<Request<()>, String> {
    let uri = asked.uri.as_deref().unwrap_or("/");
    let mut request = Request::builder()
        .method(asked.method.as_deref().unwrap_or("GET"))
        .uri(uri)
        .body(())
        .map_err(|error| format!("uri `{uri}`: {error}"))?;
    for (name, value) in asked.headers.unwrap_or_default() {
        let bytes = bytes(&value)
            .ok_or_else(|| format!("the value of {name} has characters above U+00FF"))?;
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("`{name}` is not a valid header name"))?;
        let value = HeaderValue::from_bytes(&bytes)
            .map_err(|_| format!("the value of {name} has control characters"))?;
        request
            .headers_mut()
            .try_append(name, value)
            .map_err(|_| "the request has more headers than the http crate allows".to_owned())?;
    }
    if let Some(peer) = asked.peer {
        let peer: Peer = peer.parse().map_err(|error: PeerError| error.to_string())?;
        request.extensions_mut().insert(peer);
    }
    Ok(request)
}

/// The bytes of a value: its characters U+0000 to U+00FF stand for the bytes 0x00 to 0xFF.
fn bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|char| u8::try_from(char).ok()).collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The output of a service that never waits.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(Ok(answer)) = future.as_mut().poll(&mut context) {
            return answer;
        }
    }
}
