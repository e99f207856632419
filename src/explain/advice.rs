//! The common mistakes, and the line that cures each.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::steps::Told;
use crate::{
    headers::{ClientSyntax, known::Field},
    peer::Peer,
    resolution::{Finding, Resolution, scheme::Scheme},
    resolve::{head::Head, observer::End, walk::trusts_everyone},
    rules::Rules,
    trust::Trust,
};

/// What to change.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    /// The finding that it is about, if it is about one.
    pub(super) finding: Option<Finding>,
    pub(super) text: String,
}

/// What to change, most important first.
pub(super) fn advise(
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
    resolution: &Resolution,
    told: &Told,
) -> Vec<Advice> {
    let findings = resolution.findings();
    let mut advice = Advising(Vec::new());
    if findings.contains(Finding::PeerUnknown) {
        advice.about(
            Finding::PeerUnknown,
            "The peer of the connection is unknown, so nothing is believed: serve the app with \
             `app.into_make_service_with_connect_info::<SocketAddr>()`, or insert a Peer into the \
             request's extensions."
                .to_owned(),
        );
    }
    if findings.contains(Finding::PeerUntrusted) {
        advice.about(Finding::PeerUntrusted, peer_untrusted(trust, resolution));
    }
    if let Some(other) = other_family(head, rules, told) {
        advice.push(other);
    }
    if findings.contains(Finding::SchemeMissing) {
        advice.about(
            Finding::SchemeMissing,
            format!(
                "The proxy names the client but not the scheme, so {} is assumed: {}.",
                resolution.scheme(),
                scheme_line(rules)
            ),
        );
    }
    if findings.contains(Finding::SchemeInvalid) {
        let text = value_text(told, "scheme");
        advice.about(
            Finding::SchemeInvalid,
            format!(
                "The proxy sends `{text}` as the scheme, which is none, so {} is assumed: {}.",
                resolution.scheme(),
                scheme_line(rules)
            ),
        );
    }
    if let Some(cleartext) = cleartext_behind_a_cdn(head, resolution, told) {
        advice.push(cleartext);
    }
    hops(trust, resolution, told, &mut advice);
    if let Some(anyone) = anyone_is_trusted(trust, resolution) {
        advice.push(anyone);
    }
    if findings.contains(Finding::ForMissing) {
        advice.about(Finding::ForMissing, format!(
            "The proxy does not say for whom it asks, so the client is taken to be {}: let it send \
             {}.",
            resolution
                .client()
                .map_or_else(|| "unknown".to_owned(), |client| client.to_string()),
            match rules.headers.client_syntax {
                ClientSyntax::Forwarded => "`for=` in Forwarded".to_owned(),
                ClientSyntax::List => "X-Forwarded-For (nginx: `proxy_set_header X-Forwarded-For \
                     $proxy_add_x_forwarded_for;`)"
                    .to_owned(),
                _ => rules.headers.field_name(rules.headers.client).to_owned(),
            }
        ));
    }
    if findings.contains(Finding::ForMalformed) {
        advice.about(Finding::ForMalformed, malformed(told));
    }
    if findings.contains(Finding::ClientHidden) {
        advice.about(Finding::ClientHidden,
            "The proxy hides its client behind an identifier (RFC 7239, section 6.3): let it write \
             the address (nghttpx: `--forwarded-for=ip`)."
                .to_owned(),
        );
    }
    if findings.contains(Finding::HostNotAllowed) {
        let text = value_text(told, "host");
        advice.about(Finding::HostNotAllowed, format!(
            "The forwarded host `{text}` is not one to believe, so the request's own is taken: if it \
             is yours, and your proxy sets the field itself, add `.believe_hosts([\"{text}\"])?`."
        ));
    }
    if findings.contains(Finding::HostInvalid) {
        advice.about(Finding::HostInvalid,
            "The request names no valid host, so its URI stays relative: let the proxy pass Host on \
             (nginx: `proxy_set_header Host $host;`)."
                .to_owned(),
        );
    }
    if findings.contains(Finding::PortInvalid) {
        advice.about(Finding::PortInvalid, format!(
            "The forwarded port `{}` is no port and was ignored: let the proxy set the field itself, \
             or take `.believe_port()` away.",
            value_text(told, "port")
        ));
    }
    if findings.contains(Finding::PrefixInvalid) {
        advice.about(Finding::PrefixInvalid, format!(
            "The forwarded prefix `{}` is no safe path and was ignored: let the proxy set the field \
             itself, or take `.believe_prefix()` away.",
            value_text(told, "prefix")
        ));
    }
    advice.0
}

struct Advising(Vec<Advice>);

impl Advising {
    fn push(&mut self, text: String) {
        self.0.push(Advice {
            finding: None,
            text,
        });
    }

    fn about(&mut self, finding: Finding, text: String) {
        self.0.push(Advice {
            finding: Some(finding),
            text,
        });
    }
}

/// The text of what was ignored, else of what was read.
fn value_text<'a>(told: &'a Told, what: &str) -> &'a str {
    let mut values = told.values.iter().filter(|value| value.what == what);
    values
        .clone()
        .find(|value| !value.believed)
        .or_else(|| values.next())
        .map_or("", |value| &value.text)
}

fn peer_untrusted(trust: &dyn Trust, resolution: &Resolution) -> String {
    let Some(address) = resolution.peer().and_then(|peer| peer.ip()) else {
        return "The peer is a Unix socket, which is not trusted, so what it forwards is ignored: add \
                \"unix\" to TrustedProxies."
            .to_owned();
    };
    if trust.hop_limit() == Some(0) {
        return "The hop limit is 0, so nobody is believed: raise it to the number of proxies in \
                front of the service."
            .to_owned();
    }
    let entry = narrowest(address);
    if is_public(address) {
        format!(
            "The peer {address} is not trusted, so what it forwards is ignored: if it is your proxy, \
             add \"{entry}\" to TrustedProxies. It is a public address, so make sure that it is; if \
             it is a client, it reaches the service without passing the proxy."
        )
    } else {
        format!(
            "The peer {address} is not trusted, so what it forwards is ignored: if it is your proxy, \
             add \"{entry}\" to TrustedProxies."
        )
    }
}

/// The narrowest entry that is worth writing: containers get another address in the same network at
/// every start, public addresses do not come in networks of one's own.
fn narrowest(address: IpAddr) -> String {
    if address.is_loopback() {
        return "loopback".to_owned();
    }
    let length = match address {
        _ if is_public(address) => return address.to_string(),
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) => 64,
    };
    IpNet::new(address, length).map_or_else(
        |_| address.to_string(),
        |network| network.trunc().to_string(),
    )
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(address.is_private() || address.is_loopback() || address.is_link_local() || shared)
        }
        IpAddr::V6(address) => {
            !(address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local())
        }
    }
}

/// None of the believed fields are there, but those of another family.
fn other_family(head: Head<'_>, rules: &Rules, told: &Told) -> Option<String> {
    if !told.trusted || told.present.contains(rules.headers.client) {
        return None;
    }
    let there = |name: &str| head.headers.contains_key(name);
    let (field, preset): (&str, &str) = if there("x-forwarded-for") {
        ("X-Forwarded-For", "X_FORWARDED")
    } else if there("forwarded") {
        ("Forwarded", "FORWARDED")
    } else if there("cf-connecting-ip") {
        ("CF-Connecting-IP", "CLOUDFLARE")
    } else if there("cloudfront-viewer-address") {
        ("CloudFront-Viewer-Address", "AWS_CLOUDFRONT")
    } else if there("fly-client-ip") {
        ("Fly-Client-IP", "FLY")
    } else if there("x-azure-socketip") {
        ("X-Azure-SocketIP", "AZURE_FRONT_DOOR")
    } else if there("fastly-client-ip") {
        ("Fastly-Client-IP", "FASTLY")
    } else {
        return None;
    };
    Some(format!(
        "The proxy sends {field}, but {} is what is believed: add `.headers(Headers::{preset})`.",
        rules.headers.field_name(rules.headers.client)
    ))
}

fn scheme_line(rules: &Rules) -> String {
    if rules.headers.client_syntax == ClientSyntax::Forwarded {
        return "let it write `proto=` into Forwarded".to_owned();
    }
    let field: Field = rules.headers.scheme;
    match rules.headers.field_name(field) {
        "" => "name the field that holds it with `Headers::with_scheme_field`".to_owned(),
        "x-forwarded-proto" => "let it send X-Forwarded-Proto (nginx: `proxy_set_header \
            X-Forwarded-Proto $scheme;`, HAProxy: `http-request set-header X-Forwarded-Proto \
            %[ssl_fc,iif(https,http)]`, Apache: `RequestHeader set X-Forwarded-Proto https`)"
            .to_owned(),
        name => format!("let it send {name}"),
    }
}

/// The balancer was asked by http, but something says that the client asked by https.
fn cleartext_behind_a_cdn(head: Head<'_>, resolution: &Resolution, told: &Told) -> Option<String> {
    if resolution.scheme() == Scheme::Https
        || !told.trusted
        || resolution.findings().contains(Finding::SchemeMissing)
    {
        return None;
    }
    let says_https = |name: &str| {
        head.headers
            .get(name)
            .is_some_and(|value| value.as_bytes().windows(5).any(|part| part == b"https"))
    };
    let preset = if says_https("cf-visitor") {
        "CLOUDFLARE"
    } else if says_https("cloudfront-forwarded-proto") {
        "AWS_CLOUDFRONT"
    } else {
        return None;
    };
    Some(format!(
        "The CDN was asked by https, but it asked the next proxy by http, and that is what the scheme \
         says: let it connect by https, or believe the CDN's own field with \
         `.headers(Headers::{preset})`."
    ))
}

/// Whether any peer is trusted, as by `*`: peers at addresses that nobody has (RFC 5737) are.
fn trusts_any_peer(trust: &dyn Trust) -> bool {
    [[192, 0, 2, 1], [198, 51, 100, 1]]
        .into_iter()
        .all(|address| trust.trusts_peer(Peer::from(SocketAddr::from((address, 0)))))
}

/// `*` in use, and the peer may well be a client that reaches the service directly.
fn anyone_is_trusted(trust: &dyn Trust, resolution: &Resolution) -> Option<String> {
    let address = resolution.peer()?.ip()?;
    (resolution.is_trusted() && is_public(address) && trusts_any_peer(trust)).then(|| {
        format!(
            "Every peer is trusted (`*`), and the peer {address} is a public address: if it is no proxy \
             of yours, clients reach the service directly and can forge all of this. Name your proxies \
             in TrustedProxies instead of `*`."
        )
    })
}

/// What is wrong with the element at which the walk ended.
fn malformed(told: &Told) -> String {
    let text = told.elements.last().map_or("", |element| &element.text);
    let before_port = text.rsplit_once(':').map(|(address, _)| address);
    let cure = match before_port {
        Some(address) if address.parse::<Ipv6Addr>().is_ok() => {
            "it seems to be an IPv6 address with a port, which needs brackets, `[2001:db8::1]:443`; or \
             let the proxy leave the port out"
        }
        Some(address) if address.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() => {
            "what follows its address is no port: let the proxy leave it out"
        }
        _ => "look at what that proxy writes, it may be one hop less than you trust",
    };
    format!(
        "The element `{text}`, which a trusted hop vouches for, is no address, and the walk ended there: \
         {cure}."
    )
}

/// One hop too few or too many.
fn hops(trust: &dyn Trust, resolution: &Resolution, told: &Told, advice: &mut Advising) {
    if told.end == Some(End::HopLimit { more: true }) && !trusts_everyone(trust) {
        let limit = trust.hop_limit().unwrap_or_default();
        let more = limit.saturating_add(1);
        advice.about(
            Finding::HopLimit,
            format!(
                "The hop limit of {limit} ended the walk at {}, which is a trusted address: if it is a \
                 proxy of yours, there is one hop more, `.hops({more})`.",
                resolution
                    .client()
                    .map_or_else(String::new, |client| client.to_string()),
            ),
        );
    }
    let passed_public = told
        .walked
        .iter()
        .filter(|(address, trusted)| *trusted && is_public(*address))
        .count();
    if let (Some(End::Client { more: true }), Some(client)) = (told.end, resolution.client()) {
        if !is_public(client) {
            advice.push(format!(
                "The client came out as {client}, which is a private address with more to its left: \
                 if it is a proxy of yours, one hop is missing, add \"{}\" to TrustedProxies.",
                narrowest(client)
            ));
        }
    } else if told.end == Some(End::Leftmost) && passed_public > 1 && trusts_everyone(trust) {
        let first = told.walked.iter().find(|(address, _)| is_public(*address));
        advice.push(format!(
            "Every address is trusted, so whatever the client wrote is believed: {} is a public \
             address and was taken for a proxy. Name the proxies instead of every address, or write \
             `*` for any peer.",
            first.map_or_else(String::new, |(address, _)| address.to_string())
        ));
    }
}
