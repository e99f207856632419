//! Who the client is taken to be.

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
        format!("The proxy does not say for whom it asks, so the client is taken to be {client}"),
        format!("let it send {field}"),
    )
}

/// The field of another family that is there, and the line that believes it.
pub(super) fn other_family(case: Case<'_>) -> Option<Advice> {
    let headers = &case.rules.headers;
    let other = headers.other_family(case.trace.present)?;
    let constant = other.to_string().replace('-', "_").to_uppercase();
    Some(Advice::new(
        format!(
            "The proxy sends `{}`, but `{}` is what is believed",
            other.field_name(other.client),
            headers.field_name(headers.client)
        ),
        format!(
            "if it sets that itself, whatever a client sends, add `.headers(Headers::{constant})`"
        ),
    ))
}

/// A header that no preset is named after, and that holds one client: none of the family that is believed is
/// there, so the peer came out as the client.
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
                "let it send {}; or, if it sets {name} itself, whatever a client sends, believe that with \
                 `Headers::client_field(\"{name}\")?` (in a configuration, `headers_client = \"{name}\"`)",
                headers.field_name(headers.client)
            ),
        )
        .with(evidence),
    )
}

pub(super) fn hidden() -> Advice {
    Advice::new(
        "The proxy hides its client behind an identifier (RFC 7239, section 6.3)",
        "let it write the address (nghttpx: `--forwarded-for=ip`)",
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
            "The element `{text}`, which a trusted hop vouches for, is no address, and the walk ended there"
        ),
        what_is_wrong(text),
    )
}

fn what_is_wrong(text: &str) -> &'static str {
    let before_port = text.rsplit_once(':').map(|(address, _)| address);
    let is_address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    match (text, before_port) {
        (_, Some(address)) if address.parse::<Ipv6Addr>().is_ok() => {
            "it seems to be an IPv6 address with a port, which needs brackets, `[2001:db8::1]:443`; or \
             let the proxy leave the port out"
        }
        (_, Some(address)) if is_address(address) => {
            "what follows its address is no port: let the proxy leave it out"
        }
        ("", _) => {
            "it is empty: the proxy writes nothing for a client that it does not know, or adds a comma to \
             an empty header; let it write an address or `unknown`"
        }
        _ if text.contains(['{', '[']) && text.contains('"') => {
            "it is JSON, and a header holds a list with commas: let the proxy write the address alone"
        }
        _ if text.contains(',') => {
            "it is a list, and this header holds one address: let the proxy write its own peer alone (nginx: \
             `proxy_set_header X-Real-IP $remote_addr;`), or believe X-Forwarded-For"
        }
        _ if is_address(text.trim_matches(['"', '\'', '\\'])) => {
            "there are quotes around the address, which only Forwarded has: let the proxy leave them out"
        }
        _ if text.contains('%') => {
            "what stands behind `%` is no zone of an IPv6 address (RFC 4007): let the proxy leave it out"
        }
        _ if text.contains('/') => "it is a network: let the proxy write one address",
        _ if text.ends_with('=') || text.contains("=;") => {
            "a parameter has no value: let the proxy leave it out"
        }
        _ if looks_like_a_name(text) => {
            "it is a host name, and only an address tells who asked: let the proxy write the address of \
             its peer, without looking up its name"
        }
        _ => "look at what that proxy writes, it may be one hop less than you trust",
    }
}

fn looks_like_a_name(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.contains('.')
        && text.bytes().all(letters)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The hop limit ended the walk at what may be a proxy.
pub(super) fn hop_limit(case: Case<'_>) -> Option<Advice> {
    if case.trace.end != Some(End::HopLimit { more: true }) {
        return None;
    }
    let limit = case.trust.hop_limit().most();
    let more = limit.saturating_add(1);
    let client = case.resolution.client()?;
    Some(Advice::new(
        format!("The hop limit of {limit} ended the walk at {client}, which is a trusted address"),
        format!("if it is a proxy of yours, there is one hop more, `.hops({more})`"),
    ))
}

/// A private address came out as the client, and somebody stands left of it.
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
        format!("if it is a proxy of yours, one hop is missing, count({count})")
    } else {
        let entry = narrowest(client);
        let wider = wider(client, case.trust)
            .map(|network| {
                format!(
                    " (\"{network}\" if your proxies are all over it, as the pods of a cluster are)"
                )
            })
            .unwrap_or_default();
        format!(
            "if it is a proxy of yours, one hop is missing, add \"{entry}\" to TrustedProxies{wider}"
        )
    };
    Some(Advice::new(
        format!(
            "The client came out as {client}, which is a private address with more to its left"
        ),
        cure,
    ))
}

/// The first address of the peer's own network came out as the client, and nobody stands left of it.
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
                 NAT put it in the client's place before the proxy saw the request, and no header tells who \
                 asked"
            ),
            "publish the proxy's port without it. Docker: `network_mode: host` for the proxy, or no userland \
             proxy; rootless, a port driver that keeps source addresses. Kubernetes: \
             `externalTrafficPolicy: Local`. Else let what stands before the NAT speak the PROXY protocol to \
             the proxy",
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
            "Every address is trusted, so whatever the client wrote is believed",
            format!(
                "{} is a public address and was taken for a proxy. Name the proxies instead of every \
                 address, or write `*` for any peer",
                first.0
            ),
        )
    })
}
