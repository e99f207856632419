//! The promise of this crate as a property: for any headers that a client writes, and any number of honest trusted
//! proxies, the outcome is the truth that the outermost trusted proxy saw.
//!
//! The property tests, the fuzzer and the corpus replay all use this file.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

#[cfg(feature = "axum-08")]
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_forwarded::{
    Finding, ForwardedLayer, Headers, OutboundLayer, Peer, Resolution, Scheme, TrustedProxies,
};

use super::{reference, through};

/// The facts that the outermost trusted proxy saw.
#[derive(Clone, Debug)]
pub struct Truth {
    pub client: SocketAddr,
    pub scheme: Scheme,
    /// The host as the client wrote it.
    pub host: String,
    /// Whether somebody logged in at the innermost proxy.
    pub is_logged_in: bool,
    /// Whether the client presented a certificate to the outermost proxy.
    pub presents_certificate: bool,
    /// The port of the outermost proxy that the client connected to.
    pub port: u16,
}

/// How a proxy adds its element to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// It appends to the last line: nghttpx.
    Append,
    /// It joins all lines into one and appends to that line: nginx, Apache, Envoy.
    Join,
    /// It adds a new line: HAProxy.
    NewLine,
    /// It overwrites the list, as Caddy and Traefik do. Only the outermost proxy may do this. Any other proxy would
    /// hide the truth.
    Overwrite,
    /// It passes the list through unchanged. This breaks the premise, because a trusted proxy must not do it.
    PassOn,
}

/// One honest proxy.
#[derive(Clone, Copy, Debug)]
pub struct Hop {
    /// The address from which it connects.
    pub address: IpAddr,
    pub style: Style,
    /// Whether it writes its peer's port.
    pub with_port: bool,
    /// Whether it writes IPv4 addresses as IPv4-mapped IPv6 addresses.
    pub mapped: bool,
    /// Whether it writes a space after the comma of a list.
    pub spaced: bool,
    /// Whether it connects to the next hop over TLS.
    pub encrypts: bool,
    /// Whether it writes the host of the request that it got as `host=` (RFC 7239), even if it is not the outermost.
    pub says_host: bool,
    /// The prefix that it strips from the path, and writes in a header line of its own.
    pub strips: Option<&'static str>,
    /// Whether it is a service of ours, with a `ForwardedLayer` for requests that come in and an `OutboundLayer` for
    /// requests that go out.
    pub ours: bool,
}

/// Which proxies of the chain write the scheme, and the host with RFC 7239.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeBy {
    /// The outermost proxy sets it, and the others pass it through.
    Edge,
    /// Each proxy appends the scheme of the request that it got, including the outermost.
    Each,
    /// The innermost proxy is a gateway that knows what the outermost saw, and only the gateway writes it: AWS API
    /// Gateway behind CloudFront.
    Gateway,
}

/// Which forwarded hosts the service believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    Any,
    /// The client's own host, if it is valid.
    Own,
    /// Another host.
    Other,
}

/// A premise that a deployment breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Prefixes are believed, but the outermost proxy does not remove a client's own.
    PrefixPasses,
    /// Ports are believed, but the outermost proxy does not remove a client's own.
    PortPasses,
    /// Forwarded hosts are believed, but the outermost proxy does not remove a client's own.
    HostPasses,
    /// The outermost proxy should set a header with one address, but it leaves the client's own header.
    AddressPasses,
    /// A client that knows the secret connects to the service directly, from a trusted address.
    SecretIsKnown,
    /// Every peer is trusted, and a client connects to the service directly.
    RouterIsPassedBy,
    /// The gateway states the scheme that the client wrote.
    GatewayBelievesItsClient,
    /// The login is believed, but the innermost proxy does not check logins.
    LoginPasses,
    /// The outermost proxy passes a client's own list of certificates through.
    CertificatePasses,
    /// A service of ours has no layer that checks its peer, so it passes on the headers that it got.
    OursPassesOn,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub forwarded: bool,
    pub truth: Truth,
    /// The proxies, outermost first. There is at least one.
    pub hops: Vec<Hop>,
    pub scheme_by: SchemeBy,
    /// The outermost proxy sets the forwarded host, which is believed. It sends [`INTERNAL`] as `Host` to the next.
    pub edge_says_host: bool,
    /// Which forwarded hosts are believed, if the outermost proxy sets them.
    pub hosts: Hosts,
    /// Prefixes are believed, so the outermost proxy removes a client's own.
    pub believes_prefix: bool,
    /// The outermost proxy sets the port at which it got the request, and this port is believed.
    pub believes_port: bool,
    /// The outermost proxy sets a header that holds only the client's address, and this header is believed.
    pub single_value: bool,
    /// A header that the layer keeps unchanged.
    pub keep: Option<&'static str>,
    /// A header that the layer removes from every request, even if it is believed.
    pub remove: Option<&'static str>,
    /// The trust set is the number of proxies, not their addresses.
    pub counted: bool,
    /// The proxies write the scheme into another header than X-Forwarded-Proto.
    pub other_scheme_header: bool,
    /// The layer records the hops of the request.
    pub records: bool,
    /// The layer does not write into the target.
    pub keeps_uri: bool,
    /// If the target is absolute, the request is an extended CONNECT (RFC 8441), as for a WebSocket over HTTP/2.
    pub extended_connect: bool,
    /// The target is absolute, in addition to `Host`. Some proxies also send it over HTTP/1.
    pub absolute: bool,
    /// Every peer is trusted, and the other proxies by their addresses.
    pub any_peer: bool,
    /// The innermost proxy authenticates with a secret header. A client may also write this header.
    pub secret: bool,
    /// The innermost proxy connects over a Unix socket.
    pub unix: bool,
    /// The innermost proxy uses HTTP/2. The target is absolute, its scheme has no meaning, and there is no `Host`.
    pub http2: bool,
    /// The trust set has a hop limit, which is the number of proxies.
    pub limited: bool,
    /// Proxies write an IPv6 address with its zone, as proxies in Go do.
    pub zones: bool,
    /// The innermost proxy says who logged in and overwrites the client's own header. Its header is believed.
    pub believes_login: bool,
    /// Each proxy appends the certificate that its peer presented, as Envoy does. This header is believed.
    pub believes_certificates: bool,
    /// If the client presented a certificate, the outermost proxy appends its element to the client's header. Otherwise
    /// it overwrites the header.
    pub edge_appends_certificate: bool,
    /// A premise that does not hold, so that the property fails.
    pub broken: Option<Broken>,
    /// The names and values of the headers that the client wrote.
    pub written: Vec<(HeaderName, HeaderValue)>,
}

/// The host that a proxy sends to the next one if it does not pass on the client's.
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
            .and_then(|headers| headers.with_scheme_field(scheme_header(scenario)))
            .and_then(|headers| headers.with_host_field("x-forwarded-host"))
            .and_then(|headers| headers.with_port_field("x-forwarded-port"))
            .and_then(|headers| headers.with_prefix_field("x-forwarded-prefix"))
            .expect("fields"),
        Scenario {
            scheme_by: SchemeBy::Each,
            ..
        } => Headers::X_FORWARDED
            .with_scheme_field(scheme_header(scenario))
            .and_then(|headers| headers.with_lists([scheme_header(scenario)]))
            .expect("a scheme field"),
        _ => Headers::X_FORWARDED
            .with_scheme_field(scheme_header(scenario))
            .expect("a scheme field"),
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
    if let Some(name) = scenario.remove {
        layer = layer.remove([name]).expect("a name");
    }
    if scenario.records {
        layer = layer.record_hops();
    }
    if scenario.keeps_uri {
        layer = layer.keep_uri();
    }
    layer = layer.connection_scheme(own_scheme(scenario));
    if scenario.believes_prefix {
        layer = layer.believe_prefix();
    }
    if scenario.believes_login {
        let names = [LOGIN, SUBJECT, VERIFIED];
        layer = layer.believe_identity(names).expect("names");
    }
    if scenario.believes_certificates {
        layer = layer.believe_identity([CERTIFICATES]).expect("a name");
    }
    if scenario.secret {
        layer = layer.require(SECRET, ["s3cret"]).expect("a secret");
    }
    layer
}

/// The scheme of connections to the service, over TLS or not.
fn own_scheme(scenario: &Scenario) -> Scheme {
    match scenario.hops.last() {
        Some(Hop { encrypts: true, .. }) => Scheme::Https,
        _ => Scheme::Http,
    }
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

/// The authority for this host, with the believed port. It is `None` if the host is not valid.
fn authority(scenario: &Scenario, host: &str) -> Option<String> {
    let scheme = scenario.truth.scheme;
    let named = reference::authority(host.as_bytes(), scheme)?;
    if !scenario.believes_port {
        return Some(named);
    }
    // If the client's host already has a port, that port stays.
    let port = format!("{host}:{}", scenario.truth.port);
    let has_port = reference::authority(port.as_bytes(), scheme);
    has_port.or(Some(named))
}

/// The header into which the proxies write the scheme.
fn scheme_header(scenario: &Scenario) -> &'static str {
    match scenario.other_scheme_header {
        true => "x-forwarded-scheme",
        false => "x-forwarded-proto",
    }
}

/// The header that holds only the client's address.
const ADDRESS: &str = "cf-connecting-ip";

/// The header that says who logged in, and its value.
const LOGIN: &str = "x-auth-request-email";
const USER: &str = "alice@example.com";

/// The header with the subject of the client's certificate, and the one that states whether the proxy verified it.
const SUBJECT: &str = "ssl-client-subject-dn";
const VERIFIED: &str = "ssl-client-verify";

/// The header to which each proxy appends the certificate that its peer presented.
const CERTIFICATES: &str = "x-forwarded-client-cert";

/// No proxy writes this header. By its name, it states whether the certificate was verified.
const RESULT: &str = "x-forwarded-client-verify";

/// The element that a proxy writes about its peer's certificate. Number 0 is the client's certificate. A client could
/// have chosen the names in it.
fn certificate(of: usize) -> String {
    format!(
        "Hash=0{of};Cert=\"-----BEGIN%20CERTIFICATE-----%0AMAIFA{}==%0A-----END%20CERTIFICATE-----%0A\";Subject=\"CN=a,b\\\"c\\\\\"",
        char::from(b'A' + 16 * (of % 2) as u8)
    )
}

/// The believed part of these headers.
fn vouched_certificates(scenario: &Scenario) -> Option<String> {
    let count = scenario.hops.len();
    let is_presented = scenario.believes_certificates && scenario.truth.presents_certificate;
    is_presented.then(|| (0..count).map(certificate).collect::<Vec<_>>().join(","))
}

/// The header with which a proxy authenticates.
const SECRET: &str = "x-origin-verify";

fn trusted(scenario: &Scenario) -> TrustedProxies {
    if scenario.counted {
        return TrustedProxies::count(scenario.hops.len());
    }
    let named = match (scenario.any_peer, &*scenario.hops) {
        (true, [outer @ .., _innermost]) => outer,
        (_, all) => all,
    };
    let networks = networks(named);
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

fn networks(hops: &[Hop]) -> TrustedProxies {
    hops.iter()
        .map(|hop| ipnet::IpNet::from(hop.address.to_canonical()))
        .collect()
}

/// What a failure tells. It is written only if there is one.
struct Context<'a> {
    scenario: &'a Scenario,
    /// The headers that the service got.
    got: HeaderMap,
    resolution: &'a Resolution,
    /// The headers behind the layer.
    left: &'a HeaderMap,
}

impl fmt::Display for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario,
            got,
            resolution,
            left,
        } = self;
        write!(
            f,
            "{scenario:#?}\nthe service got {got:#?}\nwhat came out: {resolution:#?}\n{left:#?}"
        )
    }
}

/// Runs the request through the chain and the layer. Returns false if such a chain is not possible. For example, a
/// client with the address of a trusted proxy would be that proxy.
///
/// # Panics
///
/// If the outcome is not the truth.
pub fn check(scenario: &Scenario) -> bool {
    let Scenario { truth, hops, .. } = scenario;
    if !is_possible(scenario) {
        return false;
    }
    let trusted = trusted(scenario);
    let client = truth.client.ip().to_canonical();
    let known = if scenario.counted {
        networks(hops)
    } else {
        trusted.clone()
    };
    if known.contains(client) || client.is_unspecified() {
        return false;
    }
    let peer = match scenario.broken {
        Some(Broken::RouterIsPassedBy) => Peer::from(truth.client),
        _ => peer(scenario),
    };
    let request = request(scenario, peer);
    let got = request.headers().clone();

    let seen = through(&layer_for(scenario, trusted), request);
    let resolution = seen.extensions().get::<Resolution>().expect("a resolution");
    let context = Context {
        scenario,
        got,
        resolution,
        left: seen.headers(),
    };

    assert_eq!(resolution.client(), Some(client), "the client; {context}");
    // A service of ours passes on addresses without ports.
    if let Some(edge) = hops.first().filter(|_| hops.iter().all(|hop| !hop.ours)) {
        let port = edge.with_port.then_some(truth.client.port());
        assert_eq!(resolution.client_port(), port, "the port; {context}");
        #[cfg(feature = "axum-08")]
        {
            let address = SocketAddr::new(client, port.unwrap_or(0));
            let ConnectInfo(seen): &ConnectInfo<SocketAddr> =
                seen.extensions().get().expect("an address");
            assert_eq!(*seen, address, "ConnectInfo; {context}");
        }
    }
    if scenario.records && !scenario.single_value {
        let mut way = vec![client];
        let inner = hops.iter().take(hops.len() - 1);
        way.extend(inner.map(|hop| hop.address.to_canonical()));
        let seen: Vec<_> = resolution
            .hops_seen()
            .iter()
            .map(|hop| hop.address())
            .collect();
        let way: Vec<_> = way.into_iter().map(Some).collect();
        assert_eq!(seen, way, "the way; {context}");
    }
    assert_eq!(resolution.scheme(), truth.scheme, "the scheme; {context}");
    // A header that holds only the client does not name any hops.
    let count = if scenario.single_value { 1 } else { hops.len() };
    assert_eq!(resolution.hops(), count, "the hops; {context}");
    let named = resolution.authority().map(ToString::to_string);
    // If the host is not valid or not believed, the only replacement is the host that the proxy sends.
    let is_host = reference::authority(truth.host.as_bytes(), truth.scheme).is_some();
    let is_believed = !(scenario.edge_says_host && scenario.hosts == Hosts::Other);
    let host = authority(scenario, &truth.host)
        .filter(|_| is_believed)
        .or_else(|| authority(scenario, INTERNAL).filter(|_| scenario.edge_says_host));
    assert_eq!(named, host, "the host; {context}");
    let uri = match &host {
        Some(host) if !scenario.keeps_uri => format!("{}://{host}/path?query", truth.scheme),
        // What the client wrote does not stay either.
        _ => "/path?query".to_owned(),
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
    let result = scenario.believes_login.then(|| verification(truth));
    let subject = (result == Some("SUCCESS")).then_some("CN=alice");
    assert_eq!(
        (
            believed_text(VERIFIED).as_deref(),
            believed_text(SUBJECT).as_deref()
        ),
        (result, subject),
        "the subject; {context}"
    );
    let certificates = vouched_certificates(scenario);
    assert_eq!(
        believed_text(CERTIFICATES),
        certificates,
        "the certificates; {context}"
    );
    let others = [
        login.is_some(),
        result.is_some(),
        subject.is_some(),
        certificates.is_some(),
    ];
    let others = others.into_iter().filter(|is_there| *is_there).count();
    assert_eq!(resolution.identity().len(), others, "who it is; {context}");
    #[cfg(feature = "client-cert")]
    {
        let der = resolution
            .client_cert()
            .map(|certificate| certificate.der().to_vec());
        let expected = certificates.as_ref().map(|_| vec![0x30, 0x02, 0x05, 0x00]);
        assert_eq!(der, expected, "the certificate; {context}");
    }
    // A client can cause findings only about its own host, its own path, and headers that are not believed.
    for finding in resolution.findings().iter() {
        let is_the_clients = match finding {
            // This is a client's own forwarded host, or the host that an inner proxy wrote.
            Finding::HostNotAllowed => !scenario.edge_says_host || !is_believed,
            Finding::HostInvalid => !is_host || !(scenario.forwarded || scenario.edge_says_host),
            Finding::PrefixInvalid => !is_prefix,
            // These are headers that are not believed, or that no proxy wrote.
            Finding::IdentityIgnored => true,
            _ => false,
        };
        assert!(is_the_clients, "a finding, {finding}; {context}");
    }
    // Code that reads the headers without checks finds the truth or nothing.
    let host = host.unwrap_or_default();
    for (name, value) in seen.headers() {
        let value = value.to_str().unwrap_or("\u{fffd}");
        let first = value.split(',').next().unwrap_or_default().trim();
        let right = match name.as_str() {
            "host" | "x-forwarded-host" => value == host,
            name if name == scheme_header(scenario) => value == truth.scheme.as_str(),
            "x-forwarded-for" => !scenario.single_value && first.parse() == Ok(client),
            ADDRESS => scenario.single_value && is_address(value, client),
            "x-forwarded-port" => scenario.believes_port && value == truth.port.to_string(),
            "x-forwarded-prefix" => Some(value) == believed,
            LOGIN => Some(value) == login,
            SUBJECT => Some(value) == subject,
            VERIFIED => Some(value) == result,
            CERTIFICATES => Some(value) == certificates.as_deref(),
            // This header has no meaning for a service that requires no secret.
            SECRET => !scenario.secret,
            // This header would state the result for a certificate, so it has a meaning beside one only.
            RESULT => !scenario.believes_certificates,
            "forwarded" => {
                let states = reference::hosts_of(value);
                states.iter().all(|stated| *stated == host)
                    && (first.contains(&client.to_string()) || first.contains("::ffff:"))
            }
            _ => false,
        };
        let removed = scenario.remove.map(hyphens);
        let is_removed = removed == Some(hyphens(name.as_str()));
        assert!(!is_removed, "{name} was to be removed; {context}");
        // A kept header is unchanged, even if the client wrote it. A secret is never kept.
        let is_kept = scenario.keep == Some(name.as_str()) && !(scenario.secret && name == SECRET);
        assert!(right || is_kept, "the field {name}; {context}");
        assert!(
            is_kept
                || name == SECRET
                || name == RESULT
                || seen.headers().get_all(name).iter().count() == 1,
            "{name}; {context}"
        );
    }
    true
}

/// The other end of the connection: the innermost proxy.
fn peer(scenario: &Scenario) -> Peer {
    match (scenario.unix, scenario.hops.last()) {
        (false, Some(innermost)) => Peer::from(SocketAddr::new(innermost.address, 443)),
        _ => Peer::unix(),
    }
}

/// The request that reaches the service.
fn request(scenario: &Scenario, peer: Peer) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = http::Uri::from_static("/path?query");
    *request.headers_mut() = sent(scenario);
    if scenario.http2 || scenario.absolute {
        let host = request.headers().get("host");
        let host = host.and_then(|host| host.to_str().ok());
        let scheme = match scenario.truth.scheme {
            Scheme::Http => "https",
            Scheme::Https => "http",
        };
        // An invalid authority cannot be sent in this way.
        let uri = host.map(|host| format!("{scheme}://{host}/path?query").parse());
        if let Some(Ok(uri)) = uri {
            *request.uri_mut() = uri;
            if scenario.http2 {
                request.headers_mut().remove("host");
            }
            if scenario.extended_connect {
                *request.method_mut() = http::Method::CONNECT;
            }
        }
    }
    request.extensions_mut().insert(peer);
    #[cfg(feature = "axum-08")]
    if let Some(peer) = peer.socket_addr() {
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    request
}

/// A client connects to the service directly, and writes what the whole chain would: nothing of it is believed. Returns
/// false if the client has the address of a trusted proxy.
///
/// # Panics
///
/// If something of it is believed.
pub fn check_stranger(scenario: &Scenario) -> bool {
    let scenario = Scenario {
        any_peer: false,
        counted: false,
        ..scenario.clone()
    };
    let (trusted, peer) = (trusted(&scenario), scenario.truth.client);
    let address = peer.ip().to_canonical();
    if trusted.contains(address) {
        return false;
    }
    let request = request(&scenario, Peer::from(peer));
    let target = request.uri().to_string();
    let host = match request.uri().authority() {
        Some(authority) => {
            Some(HeaderValue::from_bytes(authority.as_str().as_bytes()).expect("a value"))
        }
        None => request.headers().get("host").cloned(),
    };
    let got = request.headers().clone();
    let seen = through(&layer_for(&scenario, trusted), request);
    let resolution: &Resolution = seen.extensions().get().expect("a resolution");
    let context = Context {
        scenario: &scenario,
        got,
        resolution,
        left: seen.headers(),
    };
    assert_eq!(resolution.client(), Some(address), "the client; {context}");
    assert_eq!(
        resolution.client_port(),
        Some(peer.port()),
        "the port; {context}"
    );
    let scheme = own_scheme(&scenario);
    assert_eq!(resolution.scheme(), scheme, "the scheme; {context}");
    assert!(!resolution.is_trusted(), "the peer; {context}");
    assert_eq!(resolution.hops(), 0, "the hops; {context}");
    assert_eq!(resolution.prefix(), None, "the prefix; {context}");
    assert!(resolution.identity().is_empty(), "who it is; {context}");
    let named = host.and_then(|host| reference::authority(host.as_bytes(), scheme));
    let authority = resolution.authority().map(ToString::to_string);
    assert_eq!(authority, named, "the host; {context}");
    let origin = named
        .as_ref()
        .map(|host| format!("{scheme}://{host}/path?query"));
    // With `keep_uri`, a target stays only if it names the right origin.
    let uri = origin
        .filter(|origin| !scenario.keeps_uri || target == *origin)
        .unwrap_or_else(|| "/path?query".to_owned());
    assert_eq!(seen.uri().to_string(), uri, "the target URI; {context}");
    #[cfg(feature = "axum-08")]
    {
        let ConnectInfo(seen): &ConnectInfo<SocketAddr> =
            seen.extensions().get().expect("an address");
        assert_eq!(
            *seen,
            SocketAddr::new(address, peer.port()),
            "ConnectInfo; {context}"
        );
    }
    for (name, value) in seen.headers() {
        let stays = match name.as_str() {
            "host" => value.to_str().ok() == named.as_deref(),
            SECRET => !scenario.secret,
            RESULT => !scenario.believes_certificates,
            _ => false,
        };
        let is_kept = scenario.keep == Some(name.as_str()) && !(scenario.secret && name == SECRET);
        assert!(stays || is_kept, "the field {name}; {context}");
    }
    true
}

fn hyphens(name: &str) -> String {
    name.replace(['_', '.'], "-")
}

/// Whether the text is this address, with or without a port, a zone and brackets.
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

/// Whether such a deployment can exist. Services of ours append no certificates, and set no port and no header that
/// holds only the client. If the innermost proxy is a gateway that writes the scheme, the services before it do not
/// know the scheme. So they do not know which port it implies.
fn is_possible(scenario: &Scenario) -> bool {
    let ours = |hops: &[Hop]| hops.iter().any(|hop| hop.ours);
    let is_gateway = scenario.scheme_by == SchemeBy::Gateway;
    let (outer, inner) = scenario.hops.split_at(1.min(scenario.hops.len()));
    let is_alone = inner.is_empty() && ours(outer);
    !(is_gateway && (ours(inner) || is_alone))
        && !(ours(&scenario.hops) && needs_others(scenario))
        && !(scenario.single_value
            && (scenario.forwarded || scenario.scheme_by != SchemeBy::Edge))
        // Such a header does not say how many proxies there are, so it is not known which certificate is the client's.
        && !(scenario.single_value && scenario.believes_certificates)
        // RFC 7239 has no port parameter, and its scheme has one name.
        && !(scenario.forwarded && (scenario.believes_port || scenario.other_scheme_header))
}

impl Scenario {
    /// The scenario without what [no such chain can have](is_possible).
    pub fn made_possible(mut self) -> Self {
        let ours = self.hops.iter().any(|hop| hop.ours);
        let is_edge_alone_ours =
            self.hops.len() > 1 && self.hops.iter().skip(1).all(|hop| !hop.ours);
        self.single_value &= !self.forwarded && !ours;
        self.believes_port &= !self.forwarded && !ours;
        self.other_scheme_header &= !self.forwarded && !ours;
        self.believes_certificates &= !ours && !self.single_value;
        let is_gateway = self.scheme_by == SchemeBy::Gateway;
        if self.single_value || (is_gateway && ours && !is_edge_alone_ours) {
            self.scheme_by = SchemeBy::Edge;
        }
        self
    }
}

/// Whether a service of ours cannot be part of this chain.
fn needs_others(scenario: &Scenario) -> bool {
    scenario.believes_certificates
        || scenario.believes_port
        || scenario.single_value
        || scenario.other_scheme_header
}

/// The prefixes that the proxies stripped from the path, outermost first.
fn stripped(scenario: &Scenario) -> String {
    let parts = scenario.hops.iter().filter_map(|hop| strips(scenario, hop));
    parts.filter(|_| scenario.believes_prefix).collect()
}

/// The prefix that a proxy strips from the path. A service of ours drops the part that is not a valid prefix, and the
/// proxies after it add theirs.
fn strips(scenario: &Scenario, hop: &Hop) -> Option<&'static str> {
    let ours = scenario.hops.iter().any(|hop| hop.ours);
    hop.strips.map(|part| match part {
        "/t/a,/evil" if ours => "/t/a",
        part => part,
    })
}

/// Explains a request of the chain from a peer that is trusted or not, and compares the result with the layer's.
///
/// # Panics
///
/// If they differ, or if the text contains a control character.
pub fn check_explanation(scenario: &Scenario, trusted: bool) {
    let proxies = match trusted {
        true => self::trusted(scenario),
        false => TrustedProxies::none(),
    };
    let layer = layer_for(scenario, proxies);
    let peer = peer(scenario);
    let (parts, ()) = request(scenario, peer).into_parts();
    let explanation = tower_forwarded::explain(Some(peer), &parts, layer.policy());
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

/// The settings of the layer as variables, for `Config`. A secret is not among them: it is read from the environment.
#[cfg(feature = "serde")]
fn variables(scenario: &Scenario) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut set = |key: &str, value: String| variables.push((format!("APP_{key}"), value));
    if scenario.counted {
        set("COUNT", scenario.hops.len().to_string());
    } else {
        let trusted = trusted(scenario);
        let mut entries: Vec<String> = trusted.networks().map(|it| it.to_string()).collect();
        match scenario {
            Scenario { any_peer: true, .. } => entries.push("*".to_owned()),
            Scenario { unix: true, .. } => entries.push("unix".to_owned()),
            _ => {}
        }
        set("TRUST", entries.join(", "));
        if scenario.limited {
            set("HOPS", scenario.hops.len().to_string());
        }
    }
    let scheme = scheme_header(scenario).to_owned();
    if scenario.forwarded {
        set("HEADERS", "forwarded".to_owned());
    } else if scenario.single_value {
        set("HEADERS_CLIENT", ADDRESS.to_owned());
        set("HEADERS_SCHEME", scheme);
        set("HEADERS_HOST", "x-forwarded-host".to_owned());
        set("HEADERS_PORT", "x-forwarded-port".to_owned());
        set("HEADERS_PREFIX", "x-forwarded-prefix".to_owned());
    } else {
        set("HEADERS_SCHEME", scheme.clone());
        if scenario.scheme_by == SchemeBy::Each {
            set("HEADERS_LISTS", scheme);
        }
    }
    if scenario.edge_says_host {
        set("HOSTS", pattern(scenario));
    }
    let names = [
        scenario
            .believes_login
            .then(|| [LOGIN, SUBJECT, VERIFIED].join(", ")),
        scenario
            .believes_certificates
            .then(|| CERTIFICATES.to_owned()),
    ];
    set(
        "IDENTITY",
        names.into_iter().flatten().collect::<Vec<_>>().join(", "),
    );
    set("KEEP", scenario.keep.unwrap_or_default().to_owned());
    set("REMOVE", scenario.remove.unwrap_or_default().to_owned());
    set("PORT", scenario.believes_port.to_string());
    set("PREFIX", scenario.believes_prefix.to_string());
    set("RECORD_HOPS", scenario.records.to_string());
    set("KEEP_URI", scenario.keeps_uri.to_string());
    variables.retain(|(_, value)| !value.is_empty());
    variables
}

/// Resolves a request of the chain with the layer, and with the layer of a configuration that says the same.
///
/// # Panics
///
/// If the outcomes differ.
#[cfg(feature = "serde")]
pub fn check_configuration(scenario: &Scenario) {
    // A configuration does not accept a header that is both kept and removed.
    let kept = scenario.keep.map(hyphens);
    let remove = scenario.remove.filter(|name| kept != Some(hyphens(name)));
    let scenario = Scenario {
        secret: false,
        remove,
        ..scenario.clone()
    };
    let layer = layer_for(&scenario, trusted(&scenario));
    let config = tower_forwarded::Config::from_variables("APP_", variables(&scenario));
    let config = config.expect("a configuration");
    let peer = peer(&scenario);
    let resolve = |layer: &ForwardedLayer| {
        let (mut parts, ()) = request(&scenario, peer).into_parts();
        let resolution = layer.rewrite(Some(peer), &mut parts);
        (resolution, parts.uri, parts.headers)
    };
    assert_eq!(resolve(&config.layer()), resolve(&layer), "{scenario:#?}");
}

/// Resolves a request of the chain with and without the headers that explanations use as evidence. These are not
/// forwarding headers.
///
/// # Panics
///
/// If these headers change the resolution or the URI.
pub fn check_evidence(scenario: &Scenario, evidence: &[(HeaderName, HeaderValue)]) {
    let layer = layer_for(scenario, trusted(scenario));
    let resolve = |more: &[(HeaderName, HeaderValue)]| {
        let mut request = request(scenario, peer(scenario));
        for (name, value) in more {
            request.headers_mut().append(name, value.clone());
        }
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

/// The headers that explanations read in addition to forwarding headers.
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

/// The headers that reach the service.
fn sent(scenario: &Scenario) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &scenario.written {
        headers.append(name, value.clone());
    }
    // The client chooses the host. The truth is the host that the proxy saw.
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
                // The HTTP client of our service sets the host of the next hop.
                headers.insert("host", value(INTERNAL));
            }
        }
        let style = match hop.style {
            Style::Overwrite if !edge => Style::Join,
            style => style,
        };
        if hop.ours {
            // The `OutboundLayer` has already written everything.
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
                        scheme_header(scenario),
                        scheme.as_str(),
                        style,
                        hop.spaced,
                    );
                }
                SchemeBy::Edge if edge => {
                    headers.insert(scheme_header(scenario), value(scheme.as_str()));
                }
                SchemeBy::Gateway if index == innermost => {
                    if !broken(Broken::GatewayBelievesItsClient) {
                        let scheme = value(scenario.truth.scheme.as_str());
                        headers.insert(scheme_header(scenario), scheme);
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
        if scenario.believes_login && index == innermost {
            headers.remove(SUBJECT);
            if scenario.truth.presents_certificate {
                headers.insert(SUBJECT, value("CN=alice"));
            }
            headers.insert(VERIFIED, value(verification(&scenario.truth)));
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

/// The headers that a service of ours sends on, for a request that it got from `source` over `scheme`.
fn through_ours(
    scenario: &Scenario,
    index: usize,
    source: SocketAddr,
    scheme: Scheme,
    headers: HeaderMap,
) -> HeaderMap {
    let trusted = networks(&scenario.hops[..index]);
    // Only the last service believes these headers of its peer.
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

/// What the innermost proxy states about the certificate that the client presented. Here, it verifies the certificates of
/// those who log in.
fn verification(truth: &Truth) -> &'static str {
    match (truth.presents_certificate, truth.is_logged_in) {
        (false, _) => "NONE",
        (true, false) => "FAILED:self signed certificate",
        (true, true) => "SUCCESS",
    }
}

/// The header names that a client is likely to try.
pub const NAMES: [&str; 37] = [
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
    "ssl-client-subject-dn",
    "ssl-client-verify",
    "x-forwarded-client-verify",
    "x-arr-ssl",
];
