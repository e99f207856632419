//! The one promise, as a property: whatever a client writes, and however many honest trusted proxies
//! add to it, the outcome is the truth that the outermost trusted proxy saw.
//!
//! Stated once; the property tests, the fuzzer and the corpus replay all run it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_forwarded::{
    Finding, ForwardedLayer, Headers, OutboundLayer, Peer, Resolution, Scheme, TrustedProxies,
};

use super::{reference, through};

/// What the outermost trusted proxy saw.
#[derive(Clone, Debug)]
pub struct Truth {
    pub client: SocketAddr,
    pub scheme: Scheme,
    /// As the client wrote it.
    pub host: String,
    /// Somebody logged in at the innermost proxy.
    pub is_logged_in: bool,
    /// The client presented a certificate to the outermost proxy.
    pub presents_certificate: bool,
    /// The port of the outermost proxy that the client connected to.
    pub port: u16,
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
    /// It passes on what came: no proxy that may be trusted does this. It breaks the premise.
    PassOn,
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
    /// It says which host it was asked for, though it is not the outermost: `host=` (RFC 7239).
    pub says_host: bool,
    /// What it strips off the path, and says in a line of its own.
    pub strips: Option<&'static str>,
    /// It is a service of ours: behind a `ForwardedLayer`, before an `OutboundLayer`.
    pub ours: bool,
}

/// Who writes the scheme (and with RFC 7239 the host) along the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeBy {
    /// The outermost sets it, the others pass it on.
    Edge,
    /// Each appends how it was asked, the outermost too.
    Each,
    /// A gateway that knows what the outermost saw is the innermost, and the only one that says it: AWS API
    /// Gateway behind CloudFront.
    Gateway,
}

/// Which forwarded hosts the service believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    Any,
    /// The client's own, if it is a host.
    Own,
    /// Another one.
    Other,
}

/// A promise of the deployment that is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Prefixes are believed, and the outermost leaves a client's own.
    PrefixPasses,
    /// Ports are believed, and the outermost leaves a client's own.
    PortPasses,
    /// Forwarded hosts are believed, and the outermost leaves a client's own.
    HostPasses,
    /// The outermost leaves the client's own header where it should hold one address.
    AddressPasses,
    /// A client that knows the secret asks the service itself, from an address that is trusted.
    SecretIsKnown,
    /// Any peer is trusted, and a client asks the service itself.
    RouterIsPassedBy,
    /// The gateway states the scheme that the client wrote.
    GatewayBelievesItsClient,
    /// The innermost proxy knows no login, and is believed.
    LoginPasses,
    /// The outermost proxy passes a client's own list of certificates on.
    CertificatePasses,
    /// A service of ours has no layer on the way in that knows its peer, and sends on what it got.
    OursPassesOn,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub forwarded: bool,
    pub truth: Truth,
    /// Outermost first; one at least.
    pub hops: Vec<Hop>,
    pub scheme_by: SchemeBy,
    /// The outermost sets the forwarded host, asks the next one for [`INTERNAL`], and is believed.
    pub edge_says_host: bool,
    /// Which forwarded hosts are believed, if the outermost sets them.
    pub hosts: Hosts,
    /// The prefixes are believed, so the outermost removes a client's own.
    pub believes_prefix: bool,
    /// The outermost sets the port that it was asked at, and is believed.
    pub believes_port: bool,
    /// The outermost sets a header that holds the client's address alone, and that is what is believed.
    pub single_value: bool,
    /// A header that the service leaves as it came.
    pub keep: Option<&'static str>,
    /// The target is absolute, as some proxies send it over HTTP/1 too, beside `Host`.
    pub absolute: bool,
    /// Any peer is trusted, and the proxies behind it by name.
    pub any_peer: bool,
    /// The innermost proxy proves itself, by a header that a client may write too.
    pub secret: bool,
    /// The innermost proxy connects by a Unix socket.
    pub unix: bool,
    /// The innermost proxy speaks HTTP/2: the target is absolute, with a scheme that says nothing, and `Host` is not there.
    pub http2: bool,
    /// The set has a hop limit: as many proxies as there are.
    pub limited: bool,
    /// Proxies write an IPv6 address with its zone, as those in Go do.
    pub zones: bool,
    /// The innermost proxy says who logged in, overwrites what came, and is believed.
    pub believes_login: bool,
    /// Each proxy appends the certificate that it was presented, as Envoy does, and is believed.
    pub believes_certificates: bool,
    /// The outermost appends its element to what the client wrote, if that presented a certificate; else it
    /// overwrites.
    pub edge_appends_certificate: bool,
    /// A premise that does not hold; the property fails then.
    pub broken: Option<Broken>,
    /// What the client wrote, names and values.
    pub written: Vec<(HeaderName, HeaderValue)>,
}

/// The host that a proxy asks the next one for, where it does not pass the client's on.
pub const INTERNAL: &str = "app.internal";

/// The layer of a service that knows its proxies.
fn layer_for(scenario: &Scenario, trusted: TrustedProxies) -> ForwardedLayer {
    let mut layer = ForwardedLayer::new(trusted).headers(match scenario {
        Scenario {
            forwarded: true, ..
        } => Headers::FORWARDED,
        Scenario {
            single_value: true, ..
        } => Headers::client_field(ADDRESS)
            .and_then(|headers| headers.with_scheme_field("x-forwarded-proto"))
            .and_then(|headers| headers.with_host_field("x-forwarded-host"))
            .and_then(|headers| headers.with_port_field("x-forwarded-port"))
            .and_then(|headers| headers.with_prefix_field("x-forwarded-prefix"))
            .expect("fields"),
        Scenario {
            scheme_by: SchemeBy::Each,
            ..
        } => Headers::X_FORWARDED
            .with_lists(["x-forwarded-proto"])
            .expect("a scheme field"),
        _ => Headers::X_FORWARDED,
    });
    if scenario.edge_says_host {
        layer = layer.believe_hosts([pattern(scenario)]).expect("a pattern");
    }
    if scenario.believes_port {
        layer = layer.believe_port();
    }
    if let Some(name) = scenario.keep {
        layer = layer.keep(name).expect("a name");
    }
    if scenario.believes_prefix {
        layer = layer.believe_prefix();
    }
    if scenario.believes_login {
        layer = layer.believe_identity([LOGIN]).expect("a name");
    }
    if scenario.believes_certificates {
        layer = layer.believe_identity([CERTIFICATES]).expect("a name");
    }
    if scenario.secret {
        layer = layer.require(SECRET, ["s3cret"]).expect("a secret");
    }
    layer
}

/// The pattern of the hosts that are believed.
fn pattern(scenario: &Scenario) -> String {
    let truth = &scenario.truth;
    let own = || {
        let host = reference::authority(truth.host.as_bytes(), truth.scheme)?;
        let host: http::uri::Authority = host.parse().ok()?;
        Some(host.host().to_owned())
    };
    match scenario.hosts {
        Hosts::Any => "*".to_owned(),
        Hosts::Own => own().unwrap_or_else(|| "*".to_owned()),
        Hosts::Other => "other.example".to_owned(),
    }
}

/// The authority that the client asked for, or that the proxies ask for if that is none or nobody believes it.
fn authority(scenario: &Scenario, host: &str) -> Option<String> {
    let scheme = scenario.truth.scheme;
    let named = reference::authority(host.as_bytes(), scheme)?;
    if !scenario.believes_port {
        return Some(named);
    }
    // A port that the client wrote itself stays.
    let port = format!("{host}:{}", scenario.truth.port);
    let has_port = reference::authority(port.as_bytes(), scheme);
    has_port.or(Some(named))
}

/// The header that holds the client's address alone.
const ADDRESS: &str = "cf-connecting-ip";

/// The header that says who logged in, and who that is.
const LOGIN: &str = "x-auth-request-email";
const USER: &str = "alice@example.com";

/// The header in which each proxy says what certificate it was presented.
const CERTIFICATES: &str = "x-forwarded-client-cert";

/// What each proxy writes about the certificate of the one before it, the client's first. The names in it are such
/// that a client could have chosen them.
fn certificate(of: usize) -> String {
    format!(
        "Hash=0{of};Cert=\"-----BEGIN%20CERTIFICATE-----%0AMAIFA{}==%0A-----END%20CERTIFICATE-----%0A\";Subject=\"CN=a,b\\\"c\\\\\"",
        char::from(b'A' + 16 * (of % 2) as u8)
    )
}

/// What is believed of these headers.
fn vouched_certificates(scenario: &Scenario) -> Option<String> {
    let count = scenario.hops.len();
    let is_presented = scenario.believes_certificates && scenario.truth.presents_certificate;
    is_presented.then(|| (0..count).map(certificate).collect::<Vec<_>>().join(","))
}

/// The header by which a proxy proves itself.
const SECRET: &str = "x-origin-verify";

fn trusted(scenario: &Scenario) -> TrustedProxies {
    let named = match (scenario.any_peer, &*scenario.hops) {
        (true, [outer @ .., _innermost]) => outer,
        (_, all) => all,
    };
    let networks: TrustedProxies = named
        .iter()
        .map(|hop| ipnet::IpNet::from(hop.address.to_canonical()))
        .collect();
    let peer = match scenario {
        Scenario { any_peer: true, .. } => TrustedProxies::any(),
        Scenario { unix: true, .. } => "unix".parse().expect("an entry"),
        _ => TrustedProxies::none(),
    };
    let all = networks.union(&peer);
    match scenario.limited {
        true => all.hops(scenario.hops.len()),
        false => all,
    }
}

/// Runs the request through the chain and the layer. False if there is no such chain: a client at the
/// address of a trusted proxy is that proxy.
///
/// # Panics
///
/// If the outcome is anything but the truth.
pub fn check(scenario: &Scenario) -> bool {
    let Scenario { truth, hops, .. } = scenario;
    if !is_possible(scenario) {
        return false;
    }
    let Some(innermost) = hops.last() else {
        return false;
    };
    let trusted = trusted(scenario);
    let client = truth.client.ip().to_canonical();
    if trusted.contains(client) || client.is_unspecified() {
        return false;
    }
    let peer = match scenario {
        Scenario {
            broken: Some(Broken::RouterIsPassedBy),
            ..
        } => Peer::from(truth.client),
        Scenario { unix: true, .. } => Peer::unix(),
        _ => Peer::from(SocketAddr::new(innermost.address, 443)),
    };
    let mut request = Request::new(());
    *request.uri_mut() = http::Uri::from_static("/path?query");
    *request.headers_mut() = sent(scenario);
    if scenario.http2 || scenario.absolute {
        let host = request.headers().get("host");
        let host = host.and_then(|host| host.to_str().ok());
        let scheme = match truth.scheme {
            Scheme::Http => "https",
            Scheme::Https => "http",
        };
        // What is no authority cannot be sent so.
        let uri = host.map(|host| format!("{scheme}://{host}/path?query").parse());
        if let Some(Ok(uri)) = uri {
            *request.uri_mut() = uri;
            if scenario.http2 {
                request.headers_mut().remove("host");
            }
        }
    }
    request.extensions_mut().insert(peer);
    let context = format!("{scenario:#?}\nthe service got {:#?}", request.headers());

    let seen = through(&layer_for(scenario, trusted), request);
    let resolution = seen.extensions().get::<Resolution>().expect("a resolution");
    let context = format!(
        "{context}\nwhat came out: {resolution:#?}\n{:#?}",
        seen.headers()
    );

    assert_eq!(resolution.client(), Some(client), "the client; {context}");
    assert_eq!(resolution.scheme(), truth.scheme, "the scheme; {context}");
    // A header that holds the client alone names no hops.
    let count = if scenario.single_value { 1 } else { hops.len() };
    assert_eq!(resolution.hops(), count, "the hops; {context}");
    let named = resolution.authority().map(ToString::to_string);
    // A host that is none is not taken from anywhere else than from what the proxy asks for.
    let is_host = reference::authority(truth.host.as_bytes(), truth.scheme).is_some();
    let is_believed = !(scenario.edge_says_host && scenario.hosts == Hosts::Other);
    let host = authority(scenario, &truth.host)
        .filter(|_| is_believed)
        .or_else(|| authority(scenario, INTERNAL).filter(|_| scenario.edge_says_host));
    assert_eq!(named, host, "the host; {context}");
    let uri = match &host {
        Some(host) => format!("{}://{host}/path?query", truth.scheme),
        None => "/path?query".to_owned(),
    };
    assert_eq!(seen.uri().to_string(), uri, "the target URI; {context}");
    let prefix = stripped(scenario);
    let is_prefix = !prefix.contains(',');
    let believed = (is_prefix && !prefix.is_empty()).then_some(&*prefix);
    assert_eq!(resolution.prefix(), believed, "the prefix; {context}");
    let login = (scenario.believes_login && truth.is_logged_in).then_some(USER);
    let believed_text = |name: &str| {
        let value = resolution.identity().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    assert_eq!(
        believed_text(LOGIN).as_deref(),
        login,
        "the login; {context}"
    );
    let certificates = vouched_certificates(scenario);
    assert_eq!(
        believed_text(CERTIFICATES),
        certificates,
        "the certificates; {context}"
    );
    let others = usize::from(login.is_some()) + usize::from(certificates.is_some());
    assert_eq!(resolution.identity().len(), others, "who it is; {context}");
    #[cfg(feature = "client-cert")]
    {
        let der = resolution
            .client_cert()
            .map(|certificate| certificate.der().to_vec());
        let expected = certificates.as_ref().map(|_| vec![0x30, 0x02, 0x05, 0x00]);
        assert_eq!(der, expected, "the certificate; {context}");
    }
    // Nothing that a client writes is an error; only its own host and its own path are reported.
    for finding in resolution.findings().iter() {
        let is_the_clients = match finding {
            // A client's own forwarded host, or what an inner proxy was asked for.
            Finding::HostNotAllowed => !scenario.edge_says_host || !is_believed,
            Finding::HostInvalid => !is_host || !(scenario.forwarded || scenario.edge_says_host),
            Finding::PrefixInvalid => !is_prefix,
            // Headers that nobody believes, or that no proxy wrote.
            Finding::IdentityIgnored => true,
            _ => false,
        };
        assert!(is_the_clients, "a finding, {finding}; {context}");
    }
    // Code that reads the fields naively finds the truth, or nothing.
    let host = host.unwrap_or_default();
    for (name, value) in seen.headers() {
        let value = value.to_str().unwrap_or("\u{fffd}");
        let first = value.split(',').next().unwrap_or_default().trim();
        let right = match name.as_str() {
            "host" | "x-forwarded-host" => value == host,
            "x-forwarded-proto" => value == truth.scheme.as_str(),
            "x-forwarded-for" => !scenario.single_value && first.parse() == Ok(client),
            ADDRESS => scenario.single_value && is_address(value, client),
            "x-forwarded-port" => scenario.believes_port && value == truth.port.to_string(),
            "x-forwarded-prefix" => Some(value) == believed,
            LOGIN => Some(value) == login,
            CERTIFICATES => Some(value) == certificates.as_deref(),
            // A header like any other, for a service that asks for none.
            SECRET => !scenario.secret,
            "forwarded" => {
                let states = reference::hosts_of(value);
                states.iter().all(|stated| *stated == host)
                    && (first.contains(&client.to_string()) || first.contains("::ffff:"))
            }
            _ => false,
        };
        // What is kept is as it came, for better or worse.
        let is_kept = scenario.keep == Some(name.as_str());
        assert!(right || is_kept, "the field {name}; {context}");
        assert!(
            is_kept || name == SECRET || seen.headers().get_all(name).iter().count() == 1,
            "{name}; {context}"
        );
    }
    true
}

/// Whether this is the address, with or without a port, a zone and brackets.
fn is_address(text: &str, address: IpAddr) -> bool {
    let bare = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside,
        None if text.contains('.') && !text.starts_with("::") => {
            text.split(':').next().unwrap_or_default()
        }
        None => text,
    };
    let bare = bare.split('%').next().unwrap_or_default();
    let parsed: Result<IpAddr, _> = bare.parse();
    parsed.is_ok_and(|parsed| parsed.to_canonical() == address)
}

/// Whether there is such a deployment with services of ours in it: they append no certificates, and set no port and no
/// header that holds the client alone. Where a gateway says
/// the scheme last, those before it do not know it, and so not which port it implies either.
fn is_possible(scenario: &Scenario) -> bool {
    let ours = |hops: &[Hop]| hops.iter().any(|hop| hop.ours);
    let is_gateway = scenario.scheme_by == SchemeBy::Gateway;
    let (outer, inner) = scenario.hops.split_at(1.min(scenario.hops.len()));
    let is_alone = inner.is_empty() && ours(outer);
    !(is_gateway && (ours(inner) || is_alone))
        && !(ours(&scenario.hops) && needs_others(scenario))
        && !(scenario.single_value
            && (scenario.forwarded || scenario.scheme_by != SchemeBy::Edge))
        // It does not say how many proxies there are, nor so which certificate in a list is the client's.
        && !(scenario.single_value && scenario.believes_certificates)
        // RFC 7239 has no port beside the host.
        && !(scenario.forwarded && scenario.believes_port)
}

/// Whether a service of ours cannot stand in this chain.
pub fn needs_others(scenario: &Scenario) -> bool {
    scenario.believes_certificates || scenario.believes_port || scenario.single_value
}

/// What the proxies took off the path, outermost first.
fn stripped(scenario: &Scenario) -> String {
    let parts = scenario.hops.iter().filter_map(|hop| strips(scenario, hop));
    parts.filter(|_| scenario.believes_prefix).collect()
}

/// What a proxy takes off the path. One of ours drops what is no prefix, and those behind it add theirs.
fn strips(scenario: &Scenario, hop: &Hop) -> Option<&'static str> {
    let ours = scenario.hops.iter().any(|hop| hop.ours);
    hop.strips.map(|part| match part {
        "/t/a,/evil" if ours => "/t/a",
        part => part,
    })
}

/// Explains a request of the chain, from a peer that is trusted or not, and compares with the layer.
///
/// # Panics
///
/// If they disagree, or if the text holds a control character.
pub fn check_explanation(scenario: &Scenario, trusted: bool) {
    let proxies = match trusted {
        true => self::trusted(scenario),
        false => TrustedProxies::none(),
    };
    let layer = layer_for(scenario, proxies);
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

/// Resolves a request of the chain with and without headers that are no forwarding fields, which explanations
/// use as evidence.
///
/// # Panics
///
/// If they make a difference to anything but what is advised.
pub fn check_evidence(scenario: &Scenario, evidence: &[(HeaderName, HeaderValue)]) {
    let layer = layer_for(scenario, trusted(scenario));
    let Some(innermost) = scenario.hops.last() else {
        return;
    };
    let peer = Peer::from(SocketAddr::new(innermost.address, 443));
    let resolve = |more: &[(HeaderName, HeaderValue)]| {
        let mut request = Request::new(());
        *request.headers_mut() = sent(scenario);
        for (name, value) in more {
            request.headers_mut().append(name, value.clone());
        }
        request.extensions_mut().insert(peer);
        let seen = through(&layer, request);
        let resolution: &Resolution = seen.extensions().get().expect("a resolution");
        (resolution.clone(), seen.uri().clone())
    };
    assert_eq!(
        resolve(&[]),
        resolve(evidence),
        "{scenario:#?}\n{evidence:?}"
    );
}

/// What explanations read beside forwarding fields.
pub const EVIDENCE: [&str; 14] = [
    "origin",
    "referer",
    "sec-fetch-site",
    "sec-fetch-mode",
    "upgrade-insecure-requests",
    "cdn-loop",
    "via",
    "cf-ray",
    "x-amz-cf-id",
    "fastly-ff",
    "x-azure-ref",
    "x-azure-fdid",
    "x-amzn-trace-id",
    "user-agent",
];

/// The header fields that reach the service.
fn sent(scenario: &Scenario) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &scenario.written {
        headers.append(name, value.clone());
    }
    // The host is the client's to choose; what the proxy saw is the truth.
    let host = match scenario.edge_says_host {
        true => INTERNAL,
        false => &*scenario.truth.host,
    };
    let is_edge_ours = scenario.hops.first().is_some_and(|hop| hop.ours);
    if is_edge_ours {
        headers.insert("host", value(&scenario.truth.host));
    } else {
        headers.insert("host", value(host));
        let leaves_host = scenario.broken == Some(Broken::HostPasses);
        if scenario.edge_says_host && !scenario.forwarded && !leaves_host {
            headers.insert("x-forwarded-host", value(&scenario.truth.host));
        }
    }
    let broken = |broken| scenario.broken == Some(broken);
    if broken(Broken::SecretIsKnown) || broken(Broken::RouterIsPassedBy) {
        return headers;
    }
    if scenario.believes_prefix && !broken(Broken::PrefixPasses) {
        headers.remove("x-forwarded-prefix");
    }
    if scenario.believes_port && !broken(Broken::PortPasses) {
        headers.insert("x-forwarded-port", value(&scenario.truth.port.to_string()));
    }
    if let (true, Some(edge)) = (scenario.single_value, scenario.hops.first())
        && !broken(Broken::AddressPasses)
    {
        headers.insert(
            ADDRESS,
            value(&node(scenario.truth.client, edge, scenario.zones)),
        );
    }
    let innermost = scenario.hops.len().saturating_sub(1);
    let mut source = scenario.truth.client;
    let mut scheme = scenario.truth.scheme;
    for (index, hop) in scenario.hops.iter().enumerate() {
        let edge = index == 0;
        if hop.ours && !broken(Broken::OursPassesOn) {
            headers = through_ours(scenario, index, source, scheme, headers);
            if scenario.edge_says_host {
                // The client that it sends with names the next one.
                headers.insert("host", value(INTERNAL));
            }
        }
        let style = match hop.style {
            Style::Overwrite if !edge => Style::Join,
            style => style,
        };
        if hop.ours {
            // It has said all that it knows.
        } else if scenario.forwarded {
            let mut element = format!("for={}", forwarded_node(source, hop, scenario.zones));
            let states = match scenario.scheme_by {
                SchemeBy::Edge => edge.then_some(scheme),
                SchemeBy::Each => Some(scheme),
                SchemeBy::Gateway => (index == innermost).then_some(scenario.truth.scheme),
            };
            if let Some(scheme) = states {
                element = format!("{element};proto={scheme}");
            }
            if edge && (scenario.edge_says_host || hop.says_host) {
                element = format!("host={};{element}", quoted(&scenario.truth.host));
            } else if hop.says_host {
                element = format!("host={};{element}", quoted(host));
            }
            add(&mut headers, "forwarded", &element, style, hop.spaced);
        } else {
            add(
                &mut headers,
                "x-forwarded-for",
                &node(source, hop, scenario.zones),
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
                SchemeBy::Gateway if index == innermost => {
                    if !broken(Broken::GatewayBelievesItsClient) {
                        headers.insert("x-forwarded-proto", value(scenario.truth.scheme.as_str()));
                    }
                }
                SchemeBy::Edge | SchemeBy::Gateway => {}
            }
        }
        if let (true, Some(part)) = (scenario.believes_prefix, strips(scenario, hop)) {
            headers.append("x-forwarded-prefix", value(part));
        }
        if scenario.believes_certificates {
            let is_presented = !edge || scenario.truth.presents_certificate;
            let passes = edge && broken(Broken::CertificatePasses);
            let overwrites = edge && !(scenario.edge_appends_certificate && is_presented);
            if overwrites && !passes {
                headers.remove(CERTIFICATES);
            }
            if is_presented {
                add(
                    &mut headers,
                    CERTIFICATES,
                    &certificate(index),
                    Style::Join,
                    false,
                );
            }
        }
        if scenario.believes_login && index == innermost && !broken(Broken::LoginPasses) {
            headers.remove(LOGIN);
            if scenario.truth.is_logged_in {
                headers.insert(LOGIN, value(USER));
            }
        }
        if scenario.secret && index + 1 == scenario.hops.len() {
            headers.insert(SECRET, value("s3cret"));
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

/// What a service of ours sends on, as it was asked from `source` by `scheme`.
fn through_ours(
    scenario: &Scenario,
    index: usize,
    source: SocketAddr,
    scheme: Scheme,
    headers: HeaderMap,
) -> HeaderMap {
    let before = scenario.hops.iter().take(index);
    let trusted: TrustedProxies = before
        .map(|hop| ipnet::IpNet::from(hop.address.to_canonical()))
        .collect();
    // What the last service believes of its peer is nothing to this one.
    let known = Scenario {
        secret: false,
        believes_login: false,
        believes_certificates: false,
        ..scenario.clone()
    };
    let inbound = layer_for(&known, trusted)
        .record_hops()
        .connection_scheme(scheme);
    let outbound = match scenario.forwarded {
        true => OutboundLayer::forwarded().by("_ours").expect("a node"),
        false => OutboundLayer::x_forwarded(),
    };
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers = headers;
    let resolution = inbound.rewrite(Some(Peer::from(source)), &mut parts);
    outbound.apply(&mut parts.headers, Some(&resolution));
    parts.headers
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
        (Style::PassOn, last) => lines.extend(last),
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

fn node(source: SocketAddr, hop: &Hop, zones: bool) -> String {
    let address = match source.ip().to_canonical() {
        IpAddr::V4(address) if hop.mapped => IpAddr::V6(address.to_ipv6_mapped()),
        address => address,
    };
    let zone = if zones { "%eth0" } else { "" };
    match (address, hop.with_port) {
        (IpAddr::V6(address), true) => format!("[{address}{zone}]:{}", source.port()),
        (IpAddr::V6(address), false) => format!("{address}{zone}"),
        (IpAddr::V4(_), true) => SocketAddr::new(address, source.port()).to_string(),
        (IpAddr::V4(_), false) => address.to_string(),
    }
}

fn forwarded_node(source: SocketAddr, hop: &Hop, zones: bool) -> String {
    match node(source, hop, zones) {
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
        false => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).expect("a value")
}

/// The names that a client is likely to try.
pub const NAMES: [&str; 35] = [
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
    "x-origin-verify",
    "x-auth-request-email",
    "x_auth_request_email",
    "x-auth-request_email",
    "x-forwarded-client-cert",
    "x_forwarded_client_cert",
    "x-forwarded-user",
    "remote-user",
    "client-cert",
    "ssl-client-cert",
    "ssl-client-verify",
];
