//! The common mistakes, and the line that cures each.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::{cdn, trace::Trace};
use crate::{
    headers::{ClientSyntax, known::Field},
    peer::Peer,
    resolution::{Finding, Resolution, scheme::Scheme},
    resolve::{
        head::Head,
        observer::{End, Role, Source},
        walk::trusts_everyone,
    },
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

/// What advice can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Finding(Finding),
    /// The CDN was asked by https, and asked the next proxy by http.
    CleartextBehindCdn,
    /// A proxy of one's own seems to have come out as the client.
    MissingHop,
    /// A CDN seems to have come out as the client.
    CdnAsClient,
    /// Every address is trusted, so a client's word was believed.
    EveryAddress,
    /// Any peer is trusted, and this one has a public address.
    PublicPeer,
}

/// The order in which advice is given: who is believed at all, then the scheme, the client, the host, and
/// the rest.
const ORDER: [Subject; Finding::ALL.len() + 5] = [
    Subject::Finding(Finding::PeerUnknown),
    Subject::Finding(Finding::PeerUntrusted),
    Subject::Finding(Finding::SecretMissing),
    Subject::Finding(Finding::HopsMissing),
    Subject::Finding(Finding::OtherFamily),
    Subject::Finding(Finding::SchemeMissing),
    Subject::Finding(Finding::SchemeInvalid),
    Subject::CleartextBehindCdn,
    Subject::Finding(Finding::HopLimit),
    Subject::MissingHop,
    Subject::CdnAsClient,
    Subject::EveryAddress,
    Subject::PublicPeer,
    Subject::Finding(Finding::ForMissing),
    Subject::Finding(Finding::ForMalformed),
    Subject::Finding(Finding::ClientHidden),
    Subject::Finding(Finding::HostNotAllowed),
    Subject::Finding(Finding::HostInvalid),
    Subject::Finding(Finding::PortInvalid),
    Subject::Finding(Finding::PrefixInvalid),
];

/// What advice looks at.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) head: Head<'a>,
    pub(super) rules: &'a Rules,
    pub(super) trust: &'a dyn Trust,
    pub(super) resolution: &'a Resolution,
    pub(super) trace: &'a Trace,
}

/// What to change, most important first.
pub(super) fn advise(case: Case<'_>) -> Vec<Advice> {
    let advice = ORDER.iter().filter_map(|subject| {
        let (finding, text) = match *subject {
            Subject::Finding(finding) => (Some(finding), case.about(finding)),
            Subject::CleartextBehindCdn => (
                None,
                cleartext_behind_a_cdn(case.head, case.resolution, case.trace),
            ),
            Subject::MissingHop => (None, missing_hop(case.resolution, case.trace)),
            Subject::CdnAsClient => (None, case.cdn_as_client()),
            Subject::EveryAddress => (None, every_address(case.trust, case.trace)),
            Subject::PublicPeer => (None, anyone_is_trusted(case.trust, case.resolution)),
        };
        Some(Advice {
            finding,
            text: text?,
        })
    });
    advice.collect()
}

impl Case<'_> {
    /// A CDN behind the peer. A peer with a public address may be the CDN itself.
    fn cdn_as_client(self) -> Option<String> {
        let peer = self.resolution.peer().and_then(|peer| peer.ip());
        if peer.is_some_and(is_public) {
            return None;
        }
        cdn::came_out_as_the_client(self.head.headers, self.resolution, self.trace)
    }

    /// The sentence about a finding, if the request has it and there is something to change.
    fn about(self, finding: Finding) -> Option<String> {
        let Self {
            rules,
            trust,
            resolution,
            trace,
            ..
        } = self;
        if !resolution.findings().contains(finding) {
            return None;
        }
        Some(match finding {
            Finding::PeerUnknown => {
                "The peer of the connection is unknown, so nothing is believed: serve the app with \
                 `app.into_make_service_with_connect_info::<SocketAddr>()`, or insert a Peer into the \
                 request's extensions."
                    .to_owned()
            }
            Finding::PeerUntrusted => peer_untrusted(trust, resolution),
            Finding::SecretMissing => {
                let name = rules.secret.as_ref()?.name.as_str();
                format!(
                    "The peer is trusted, but the request does not carry the secret that is required in \
                     {name}, so what it forwards is ignored: let your proxy send it. If it does, somebody \
                     asks around it, or through a proxy of another customer."
                )
            }
            Finding::HopsMissing => {
                let count = trust.hop_limit().counted()?;
                format!(
                    "The request came through fewer than the {count} proxies that are counted, so what it \
                     says is ignored: somebody asks around the outer ones, or there are fewer; name them \
                     instead of counting."
                )
            }
            Finding::OtherFamily => other_family(rules, trace)?,
            Finding::ForMissing => for_missing(rules, resolution, trace),
            Finding::ForMalformed => malformed(trace),
            Finding::ClientHidden => {
                "The proxy hides its client behind an identifier (RFC 7239, section 6.3): let it write \
                 the address (nghttpx: `--forwarded-for=ip`)."
                    .to_owned()
            }
            Finding::HopLimit => hop_limit(trust, resolution, trace)?,
            Finding::SchemeMissing => format!(
                "The proxy names the client but not the scheme, so {} is assumed: {}.",
                resolution.scheme(),
                scheme_line(rules)
            ),
            Finding::SchemeInvalid => match value_text(trace, Role::Scheme) {
                list if list.contains(',') => not_a_list(rules, Role::Scheme, list),
                text => format!(
                    "The proxy sends `{text}` as the scheme, which is none, so {} is assumed: {}.",
                    resolution.scheme(),
                    scheme_line(rules)
                ),
            },
            Finding::HostNotAllowed => {
                let text = value_text(trace, Role::Host);
                format!(
                    "The forwarded host `{text}` is not one to believe, so the request's own is taken: \
                     if it is yours, and your proxy sets the field itself, add \
                     `.believe_hosts([\"{text}\"])?`."
                )
            }
            Finding::HostInvalid => match forwarded_host(trace) {
                Some(list) if list.contains(',') => not_a_list(rules, Role::Host, list),
                Some(text) => format!(
                    "The forwarded host `{text}` is no valid host and was ignored: look at what the \
                     proxy writes there."
                ),
                None => "The request names no valid host, so its URI stays relative: let the proxy \
                         pass Host on (nginx: `proxy_set_header Host $host;`)."
                    .to_owned(),
            },
            Finding::PortInvalid => match value_text(trace, Role::Port) {
                list if list.contains(',') => not_a_list(rules, Role::Port, list),
                text => format!(
                    "The forwarded port `{text}` is no port and was ignored: let the proxy set the \
                     field itself, or take `.believe_port()` away."
                ),
            },
            Finding::PrefixInvalid => match value_text(trace, Role::Prefix) {
                list if list.contains(',') => not_a_list(rules, Role::Prefix, list),
                text => format!(
                    "The forwarded prefix `{text}` is no safe path and was ignored: let the proxy set \
                     the field itself, or take `.believe_prefix()` away."
                ),
            },
        })
    }
}

/// A field that holds one value, and came with a comma.
fn not_a_list(rules: &Rules, role: Role, text: &str) -> String {
    let headers = &rules.headers;
    let name = headers.field_name(match role {
        Role::Scheme => headers.scheme,
        Role::Host => headers.host,
        Role::Port => headers.port,
        Role::Prefix => headers.prefix,
    });
    let what = role.as_str();
    format!(
        "The forwarded {what} `{text}` is not one value, so it was ignored: if each of your proxies \
         appends to {name}, say so with `Headers::with_lists([\"{name}\"])`; if the nearest one sets it, \
         the comma is a client's."
    )
}

/// A forwarded host that was read, and is none.
fn forwarded_host(trace: &Trace) -> Option<&str> {
    let value = trace.value(Role::Host)?;
    let is_own = matches!(value.source, Source::Host | Source::Target);
    (value.believed == Err(Finding::HostInvalid) && !is_own).then_some(&value.text)
}

fn for_missing(rules: &Rules, resolution: &Resolution, trace: &Trace) -> String {
    if let Some(other) = other_family(rules, trace) {
        return other;
    }
    let field = match rules.headers.client_syntax {
        ClientSyntax::Forwarded => "`for=` in Forwarded",
        ClientSyntax::List => {
            "X-Forwarded-For (nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`)"
        }
        ClientSyntax::Single | ClientSyntax::SingleWithPort => {
            rules.headers.field_name(rules.headers.client)
        }
    };
    format!(
        "The proxy does not say for whom it asks, so the client is taken to be {}: let it send {field}.",
        resolution
            .client()
            .map_or_else(|| "unknown".to_owned(), |client| client.to_string()),
    )
}

/// The text of what was ignored, else of what was read.
fn value_text(trace: &Trace, role: Role) -> &str {
    trace.value(role).map_or("", |value| &value.text)
}

fn peer_untrusted(trust: &dyn Trust, resolution: &Resolution) -> String {
    let Some(address) = resolution.peer().and_then(|peer| peer.ip()) else {
        return "The peer is a Unix socket, which is not trusted, so what it forwards is ignored: add \
                \"unix\" to TrustedProxies."
            .to_owned();
    };
    if trust.hop_limit().most() == 0 {
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

/// The field of another family that is there, and the line that believes it.
fn other_family(rules: &Rules, trace: &Trace) -> Option<String> {
    let other = rules.headers.other_family(trace.present)?;
    let constant = other.to_string().replace('-', "_").to_uppercase();
    Some(format!(
        "The proxy sends `{}`, but `{}` is what is believed: add `.headers(Headers::{constant})`.",
        other.field_name(other.client),
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
fn cleartext_behind_a_cdn(
    head: Head<'_>,
    resolution: &Resolution,
    trace: &Trace,
) -> Option<String> {
    if resolution.scheme() == Scheme::Https
        || !trace.trusted
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
fn malformed(trace: &Trace) -> String {
    let last = trace.elements.last();
    let text = last
        .and_then(|element| element.text.as_deref())
        .unwrap_or("…");
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

/// The hop limit ended the walk at what may be a proxy.
fn hop_limit(trust: &dyn Trust, resolution: &Resolution, trace: &Trace) -> Option<String> {
    if trace.end != Some(End::HopLimit { more: true }) {
        return None;
    }
    let limit = trust.hop_limit().most();
    let more = limit.saturating_add(1);
    let client = resolution.client()?;
    Some(format!(
        "The hop limit of {limit} ended the walk at {client}, which is a trusted address: if it is a proxy \
         of yours, there is one hop more, `.hops({more})`."
    ))
}

/// A private address came out as the client, and somebody stands left of it.
fn missing_hop(resolution: &Resolution, trace: &Trace) -> Option<String> {
    let client = resolution.client()?;
    let Some(End::Client {
        more: true,
        counted,
    }) = trace.end
    else {
        return None;
    };
    if is_public(client) {
        return None;
    }
    let cure = if counted {
        format!("count({})", resolution.hops().saturating_add(1))
    } else {
        format!("add \"{}\" to TrustedProxies", narrowest(client))
    };
    Some(format!(
        "The client came out as {client}, which is a private address with more to its left: if it is a \
         proxy of yours, one hop is missing, {cure}."
    ))
}

/// The walk passed public addresses because every address is trusted.
fn every_address(trust: &dyn Trust, trace: &Trace) -> Option<String> {
    let passed = |(address, trusted): &(IpAddr, bool)| *trusted && is_public(*address);
    let mut passed = trace.addresses().filter(passed);
    let (first, second) = (passed.next()?, passed.next());
    if trace.end != Some(End::Leftmost) || second.is_none() || !trusts_everyone(trust) {
        return None;
    }
    Some(format!(
        "Every address is trusted, so whatever the client wrote is believed: {} is a public address and \
         was taken for a proxy. Name the proxies instead of every address, or write `*` for any peer.",
        first.0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_its_place_in_the_order_once() {
        for finding in Finding::ALL {
            let subject = Subject::Finding(*finding);
            let places = ORDER.iter().filter(|other| **other == subject).count();
            assert_eq!(places, 1, "{finding}");
        }
    }
}
