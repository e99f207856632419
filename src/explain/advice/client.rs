//! Advice about the client's address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    Advice, Case, Evidence,
    address::{narrowest, wider},
    evidence,
};
use crate::{
    headers::ClientSyntax,
    peer::is_public,
    resolve::{observer::End, walk::trusts_everyone},
};

pub(super) fn missing(case: Case<'_>) -> Advice {
    if let Some(other) = other_family(case).or_else(|| elsewhere(case)) {
        return other;
    }
    let headers = &case.rules.headers;
    let field = match headers.client_syntax {
        ClientSyntax::Forwarded => "`for=` in Forwarded",
        ClientSyntax::List if headers.field_name(headers.client) == "x-forwarded-for" => {
            "X-Forwarded-For (nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`)"
        }
        ClientSyntax::List | ClientSyntax::Single | ClientSyntax::SingleWithPort => {
            headers.field_name(headers.client)
        }
    };
    let client = case.resolution.client();
    let client = client.map_or_else(|| "unknown".to_owned(), |client| client.to_string());
    Advice::new(
        format!("The proxy does not name the client, so the client is taken to be {client}"),
        format!("configure it to send {field}"),
    )
}

/// The header of another family that the request has, and the line that believes it.
pub(super) fn other_family(case: Case<'_>) -> Option<Advice> {
    let headers = &case.rules.headers;
    let other = headers.other_family(case.trace.present)?;
    let constant = other.to_string().replace('-', "_").to_uppercase();
    Some(Advice::new(
        format!(
            "The proxy sends `{}`, but the layer believes `{}`",
            other.field_name(other.client),
            headers.field_name(headers.client)
        ),
        format!("if the proxy overwrites it, add `.headers(Headers::{constant})`"),
    ))
}

/// A header without a preset that contains the client's address. The request has no header of the believed family, so
/// the peer came out as the client.
pub(super) fn elsewhere(case: Case<'_>) -> Option<Advice> {
    const HEADERS: [&str; 10] = [
        "x-envoy-external-address",
        "true-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "do-connecting-ip",
        "x-original-forwarded-for",
        "x-appengine-user-ip",
        "x-nf-client-connection-ip",
        "x-vercel-forwarded-for",
        "client-ip",
    ];
    if !case.trace.trusted || case.trace.end != Some(End::Missing) {
        return None;
    }
    let address = |evidence: &Evidence| evidence.value.parse::<IpAddr>().is_ok();
    let evidence = HEADERS
        .into_iter()
        .filter_map(|header| evidence::of(case.head.headers, header))
        .find(address)?;
    let client = case.resolution.client()?;
    let headers = &case.rules.headers;
    let name = evidence.header;
    Some(
        Advice::new(
            format!(
                "The proxy does not send {}, so the client is taken to be {client}, but it sends {name}: {}",
                headers.field_name(headers.client),
                evidence.value
            ),
            format!(
                "configure it to send {}; or, if the proxy overwrites {name}, believe that header with \
                 `Headers::client_field(\"{name}\")?` (in a configuration, `headers_client = \"{name}\"`)",
                headers.field_name(headers.client)
            ),
        )
        .with(evidence),
    )
}

pub(super) fn hidden() -> Advice {
    Advice::new(
        "The proxy sends an identifier instead of the client's address (RFC 7239, section 6.3)",
        "configure it to write the address (nghttpx: `--forwarded-for=ip`)",
    )
}

/// What is wrong with the element at which the walk ended.
pub(super) fn malformed(case: Case<'_>) -> Advice {
    let last = case.trace.elements.last();
    let text = last
        .and_then(|element| element.text.as_deref())
        .unwrap_or("…");
    Advice::new(
        format!(
            "The element `{text}`, which a trusted proxy wrote, is not an address, so the walk ended there"
        ),
        what_is_wrong(text),
    )
}

fn what_is_wrong(text: &str) -> &'static str {
    let before_port = text.rsplit_once(':').map(|(address, _)| address);
    let is_address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    match (text, before_port) {
        (_, Some(address)) if address.parse::<Ipv6Addr>().is_ok() => {
            "it seems to be an IPv6 address with a port, which needs brackets, as in `[2001:db8::1]:443`; or \
             let the proxy leave the port out"
        }
        (_, Some(address)) if is_address(address) => {
            "the text after the address is not a port: let the proxy leave it out"
        }
        ("", _) => {
            "it is empty: the proxy writes nothing for a client that it does not know, or adds a comma to \
             an empty header; let it write an address or `unknown`"
        }
        _ if text.contains(['{', '[']) && text.contains('"') => {
            "it is JSON, but the header must be a list with commas: let the proxy write only the address"
        }
        _ if text.contains(',') => {
            "it is a list, but this header must hold one address: let the proxy write only the address of \
             its own peer (nginx: `proxy_set_header X-Real-IP $remote_addr;`), or believe X-Forwarded-For"
        }
        _ if is_address(text.trim_matches(['"', '\'', '\\'])) => {
            "there are quotes around the address, but only Forwarded allows quotes: let the proxy leave them out"
        }
        _ if text.contains('%') => {
            "the text after `%` is not a zone of an IPv6 address (RFC 4007): let the proxy leave it out"
        }
        _ if text.contains('/') => "it is a network: let the proxy write one address",
        _ if text.ends_with('=') || text.contains("=;") => {
            "a parameter has no value: let the proxy leave it out"
        }
        _ if looks_like_a_name(text) => {
            "it is a host name, but it must be an address: let the proxy write the address of \
             its peer, without looking up its name"
        }
        _ => "check what that proxy writes; perhaps there is one proxy less than you trust",
    }
}

fn looks_like_a_name(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.contains('.')
        && text.bytes().all(letters)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The hop limit ended the walk at an address that may be a proxy.
pub(super) fn hop_limit(case: Case<'_>) -> Option<Advice> {
    if case.trace.end != Some(End::HopLimit { more: true }) {
        return None;
    }
    let limit = case.trust.hop_limit().most();
    let more = limit.saturating_add(1);
    let client = case.resolution.client()?;
    Some(Advice::new(
        format!("The hop limit of {limit} ended the walk at {client}, which is a trusted address"),
        format!("if it is your proxy, raise the limit: `.hops({more})`"),
    ))
}

/// A private address came out as the client, and there are more addresses to the left of it.
pub(super) fn missing_hop(case: Case<'_>) -> Option<Advice> {
    let client = case.resolution.client()?;
    let Some(End::Client {
        more: true,
        counted,
    }) = case.trace.end
    else {
        return None;
    };
    if is_public(client) {
        return None;
    }
    let cure = if counted {
        let count = case.resolution.hops().saturating_add(1);
        format!("if it is your proxy, count one more: count({count})")
    } else {
        let entry = narrowest(client);
        let wider = wider(client, case.trust)
            .map(|network| {
                format!(
                    " (or \"{network}\" if your proxies have addresses all over it, like the pods of a cluster)"
                )
            })
            .unwrap_or_default();
        format!("if it is your proxy, one hop is missing: add \"{entry}\" to TrustedProxies{wider}")
    };
    Some(Advice::new(
        format!(
            "The client came out as {client}, a private address, but the header has more addresses to the left of it"
        ),
        cure,
    ))
}

/// The first address of the peer's own network came out as the client, and there is no address to the left of it.
///
/// Sources: Docker, [Networking overview](https://docs.docker.com/engine/network/) and
/// [rootless mode](https://docs.docker.com/engine/security/rootless/); Kubernetes,
/// [Using Source IP](https://kubernetes.io/docs/tutorials/services/source-ip/).
pub(super) fn nat(case: Case<'_>) -> Option<Advice> {
    let IpAddr::V4(client) = case.resolution.client()? else {
        return None;
    };
    let IpAddr::V4(peer) = case.resolution.peer()?.ip()? else {
        return None;
    };
    let nobody_left = matches!(
        case.trace.end,
        Some(End::Client { more: false, .. } | End::Leftmost | End::HopLimit { more: false })
    );
    let same_network = |one: Ipv4Addr, other: Ipv4Addr| {
        let ([a, b, ..], [c, d, ..]) = (one.octets(), other.octets());
        (a, b) == (c, d)
    };
    let is_gateway = client.octets().ends_with(&[1])
        && client.is_private()
        && client != peer
        && same_network(client, peer);
    (nobody_left && is_gateway).then(|| {
        Advice::new(
            format!(
                "The client came out as {client}, which seems to be the gateway of the proxy's own network: \
                 NAT replaced the client's address before the proxy saw the request, so no header contains it"
            ),
            "publish the proxy's port without NAT. Docker: `network_mode: host` for the proxy, or no userland \
             proxy; rootless, a port driver that keeps source addresses. Kubernetes: \
             `externalTrafficPolicy: Local`. Otherwise let a load balancer in front of the NAT send the PROXY \
             protocol to the proxy",
        )
    })
}

/// The walk passed public addresses because every address is trusted.
pub(super) fn every_address(case: Case<'_>) -> Option<Advice> {
    let passed = |(address, trusted): &(IpAddr, bool)| *trusted && is_public(*address);
    let mut passed = case.trace.addresses().filter(passed);
    let (first, second) = (passed.next()?, passed.next());
    let at_the_left = case.trace.end == Some(End::Leftmost);
    (at_the_left && second.is_some() && trusts_everyone(case.trust)).then(|| {
        Advice::new(
            "Every address is trusted, so the layer believes whatever the client wrote",
            format!(
                "{} is a public address, and the layer took it for a proxy. Name your proxies instead of every \
                 address, or write `*` for any peer",
                first.0
            ),
        )
    })
}
