//! The one promise, as a property: whatever a client writes, and however many honest trusted proxies
//! add to it, the outcome is the truth that the outermost trusted proxy saw.
//!
//! Stated once; the property tests, the fuzzer and the corpus replay all run it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_forwarded::{Finding, ForwardedLayer, Headers, Peer, Resolution, Scheme, TrustedProxies};

use super::through;

/// What the outermost trusted proxy saw.
#[derive(Clone, Debug)]
pub struct Truth {
    pub client: SocketAddr,
    pub scheme: Scheme,
    /// As the client wrote it.
    pub host: String,
}

/// How a proxy adds to a list field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Behind the last line, which it extends: nghttpx.
    Append,
    /// It joins every line into one and extends that: nginx, Apache, Envoy.
    Join,
    /// A line of its own: HAProxy.
    NewLine,
    /// It drops what came, as Caddy and Traefik do. Only the outermost may, or it hides the truth.
    Overwrite,
}

/// One honest proxy.
#[derive(Clone, Copy, Debug)]
pub struct Hop {
    /// Where it connects from.
    pub address: IpAddr,
    pub style: Style,
    /// It writes its peer's port.
    pub with_port: bool,
    /// It writes IPv4 addresses as IPv4-mapped IPv6.
    pub mapped: bool,
    /// How it spells a list: with or without a space.
    pub spaced: bool,
    /// It connects to the next by TLS.
    pub encrypts: bool,
}

/// Who writes the scheme (and with RFC 7239 the host) along the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeBy {
    /// The outermost sets it, the others pass it on.
    Edge,
    /// Each appends how it was asked, the outermost too.
    Each,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub forwarded: bool,
    pub truth: Truth,
    /// Outermost first; one at least.
    pub hops: Vec<Hop>,
    pub scheme_by: SchemeBy,
    /// The innermost proxy connects by a Unix socket.
    pub unix: bool,
    /// What the client wrote, names and values.
    pub written: Vec<(HeaderName, HeaderValue)>,
}

/// Runs the request through the chain and the layer.
///
/// # Panics
///
/// If the outcome is anything but the truth.
pub fn check(scenario: &Scenario) {
    let Scenario { truth, hops, .. } = scenario;
    let Some(innermost) = hops.last() else { return };
    let trusted: TrustedProxies = hops
        .iter()
        .map(|hop| ipnet::IpNet::from(hop.address.to_canonical()))
        .collect();
    // A client at the address of a trusted proxy is that proxy.
    let trusted_client = trusted.contains(truth.client.ip());
    if trusted_client || truth.client.ip().to_canonical().is_unspecified() {
        return;
    }
    let (trusted, peer) = if scenario.unix {
        let unix = "unix".parse::<TrustedProxies>().unwrap_or_default();
        (trusted.union(&unix), Peer::unix())
    } else {
        (trusted, Peer::from(SocketAddr::new(innermost.address, 443)))
    };

    let headers = match scenario.forwarded {
        true => Headers::FORWARDED,
        false => Headers::X_FORWARDED,
    };
    let mut request = Request::new(());
    *request.uri_mut() = http::Uri::from_static("/path?query");
    *request.headers_mut() = sent(scenario);
    request.extensions_mut().insert(peer);
    let context = format!("{scenario:#?}\nthe service got {:#?}", request.headers());

    let seen = through(&ForwardedLayer::new(trusted).headers(headers), request);
    let resolution = seen.extensions().get::<Resolution>().expect("a resolution");
    let context = format!(
        "{context}\nwhat came out: {resolution:#?}\n{:#?}",
        seen.headers()
    );

    let client = truth.client.ip().to_canonical();
    assert_eq!(resolution.client(), Some(client), "the client; {context}");
    assert_eq!(resolution.scheme(), truth.scheme, "the scheme; {context}");
    assert_eq!(resolution.hops(), hops.len(), "the hops; {context}");
    let authority = resolution.authority().map(ToString::to_string);
    let host = canonical(&truth.host, truth.scheme);
    assert_eq!(
        authority.as_deref(),
        Some(host.as_str()),
        "the host; {context}"
    );
    assert_eq!(
        seen.uri().to_string(),
        format!("{}://{host}/path?query", truth.scheme),
        "the target URI; {context}"
    );
    // Nothing that a client writes is an error; only its own forwarded host is reported.
    for finding in resolution.findings().iter() {
        assert!(
            !scenario.forwarded
                && matches!(finding, Finding::HostNotAllowed | Finding::HostInvalid),
            "a finding, {finding}; {context}"
        );
    }
    // Code that reads the fields naively finds the truth, or nothing.
    for (name, value) in seen.headers() {
        let value = value.to_str().unwrap_or("\u{fffd}");
        let first = value.split(',').next().unwrap_or_default().trim();
        let right = match name.as_str() {
            "host" | "x-forwarded-host" => value == host,
            "x-forwarded-proto" => value == truth.scheme.as_str(),
            "x-forwarded-for" => first.parse() == Ok(client),
            "forwarded" => {
                first.contains(&client.to_string()) || {
                    first.contains("::ffff:") && truth.client.is_ipv4()
                }
            }
            _ => false,
        };
        assert!(right, "the field {name}; {context}");
        assert_eq!(
            seen.headers().get_all(name).iter().count(),
            1,
            "{name}; {context}"
        );
    }
}

/// Explains a request of the chain, from a peer that is trusted or not, and compares with the layer.
///
/// # Panics
///
/// If they disagree, or if the text holds a control character.
pub fn check_explanation(scenario: &Scenario, trusted: bool) {
    let layer = ForwardedLayer::new(match trusted {
        true => scenario
            .hops
            .iter()
            .map(|hop| ipnet::IpNet::from(hop.address.to_canonical()))
            .collect(),
        false => TrustedProxies::none(),
    })
    .headers(match scenario.forwarded {
        true => Headers::FORWARDED,
        false => Headers::X_FORWARDED,
    });
    let peer = scenario
        .hops
        .last()
        .map(|hop| Peer::from(SocketAddr::new(hop.address, 443)));
    let mut request = Request::new(());
    *request.headers_mut() = sent(scenario);
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    let (parts, ()) = request.into_parts();
    let explanation = tower_forwarded::explain(peer, &parts, layer.policy());
    let before: Vec<HeaderName> = parts.headers.keys().cloned().collect();
    let seen = through(&layer, Request::from_parts(parts, ()));
    assert_eq!(
        seen.extensions().get(),
        Some(explanation.resolution()),
        "{scenario:#?}"
    );
    assert_eq!(seen.uri().to_string(), explanation.uri());
    let gone: std::collections::BTreeSet<&str> = before
        .iter()
        .filter(|name| !seen.headers().contains_key(*name))
        .map(HeaderName::as_str)
        .collect();
    let told = explanation.removed().iter().map(String::as_str).collect();
    assert_eq!(gone, told, "{scenario:#?}");
    let text = explanation.to_string();
    assert!(
        !text.chars().any(|char| char.is_control() && char != '\n'),
        "{text:?}"
    );
}

/// The header fields that reach the service.
fn sent(scenario: &Scenario) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &scenario.written {
        headers.append(name, value.clone());
    }
    // The host is the client's to choose; what the proxy saw is the truth.
    headers.insert("host", value(&scenario.truth.host));
    let mut source = scenario.truth.client;
    let mut scheme = scenario.truth.scheme;
    for (index, hop) in scenario.hops.iter().enumerate() {
        let edge = index == 0;
        let style = match hop.style {
            Style::Overwrite if !edge => Style::Join,
            style => style,
        };
        if scenario.forwarded {
            let mut element = format!("for={}", forwarded_node(source, hop));
            if edge || scenario.scheme_by == SchemeBy::Each {
                element = format!("{element};proto={scheme}");
            }
            if edge && hop.with_port {
                element = format!("host={};{element}", quoted(&scenario.truth.host));
            }
            add(&mut headers, "forwarded", &element, style, hop.spaced);
        } else {
            add(
                &mut headers,
                "x-forwarded-for",
                &node(source, hop),
                style,
                hop.spaced,
            );
            match scenario.scheme_by {
                SchemeBy::Each => {
                    add(
                        &mut headers,
                        "x-forwarded-proto",
                        scheme.as_str(),
                        style,
                        hop.spaced,
                    );
                }
                SchemeBy::Edge if edge => {
                    headers.insert("x-forwarded-proto", value(scheme.as_str()));
                }
                SchemeBy::Edge => {}
            }
        }
        source = SocketAddr::new(hop.address, 50_000);
        scheme = if hop.encrypts {
            Scheme::Https
        } else {
            Scheme::Http
        };
    }
    headers
}

fn add(headers: &mut HeaderMap, name: &'static str, element: &str, style: Style, spaced: bool) {
    let comma: &[u8] = if spaced { b", " } else { b"," };
    let mut lines: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    let extended = |mut line: Vec<u8>| {
        line.extend_from_slice(comma);
        line.extend_from_slice(element.as_bytes());
        HeaderValue::from_bytes(&line).expect("a value")
    };
    match (style, lines.pop()) {
        (Style::Overwrite, _) => lines = vec![value(element)],
        (_, None) => lines.push(value(element)),
        (Style::NewLine, Some(last)) => lines.extend([last, value(element)]),
        (Style::Append, Some(last)) => lines.push(extended(last.as_bytes().to_vec())),
        (Style::Join, Some(last)) => {
            lines.push(last);
            let lines_of: Vec<&[u8]> = lines.iter().map(HeaderValue::as_bytes).collect();
            lines = vec![extended(lines_of.join(comma))];
        }
    }
    headers.remove(name);
    for line in lines {
        headers.append(name, line);
    }
}

fn node(source: SocketAddr, hop: &Hop) -> String {
    let address = match source.ip().to_canonical() {
        IpAddr::V4(address) if hop.mapped => IpAddr::V6(address.to_ipv6_mapped()),
        address => address,
    };
    match hop.with_port {
        true => SocketAddr::new(address, source.port()).to_string(),
        false => address.to_string(),
    }
}

fn forwarded_node(source: SocketAddr, hop: &Hop) -> String {
    match node(source, hop) {
        node if node.contains(':') && !node.starts_with('[') && node.matches(':').count() > 1 => {
            format!("\"[{node}]\"")
        }
        node => quoted(&node),
    }
}

fn quoted(text: &str) -> String {
    match text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    {
        true => text.to_owned(),
        false => format!("\"{text}\""),
    }
}

fn canonical(host: &str, scheme: Scheme) -> String {
    let port = format!(":{}", scheme.default_port());
    let host = host.to_ascii_lowercase();
    host.strip_suffix(&port).unwrap_or(&host).to_owned()
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).expect("a value")
}

/// The names that a client is likely to try.
pub const NAMES: [&str; 24] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "forwarded",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-ssl",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-by",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-original-host",
    "x_forwarded_for",
    "x_forwarded-proto",
    "x-forwarded_host",
    "x_real_ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-visitor",
    "front-end-https",
    "client-ip",
    "x-url-scheme",
];
