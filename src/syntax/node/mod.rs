//! Node identifiers (RFC 7239, section 6), and the simpler forms in `X-Forwarded-For`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{ipv4, list::AtCommas};

/// An `X-Forwarded-For` element with more bytes than this is malformed. The longest address with brackets, a zone and a
/// port has 69 bytes, and obfuscated identifiers are shorter. Proxies write no text from the client into an element, so
/// a client cannot make an element longer.
const LONGEST: usize = 128;

/// How to split a list of nodes.
pub(crate) const SPLIT: AtCommas = AtCommas { longest: LONGEST };

/// The node that an element of the walk names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// An address, and the port if there is one. The address is never unspecified and never IPv4-mapped.
    Address(IpAddr, Option<u16>),
    /// `unknown` (RFC 7239, section 6.2): the proxy does not know the node.
    Unknown,
    /// `_name` (RFC 7239, section 6.3): the proxy hides the node.
    Obfuscated,
    /// `unix:`, which nginx writes for a client on a Unix domain socket.
    Unix,
}

/// Parses an address with an optional port, `unknown`, an obfuscated identifier, or `unix:`.
pub(crate) fn parse(text: &[u8]) -> Option<Node> {
    let &first = text.first()?;
    if first == b'[' {
        let close = text.iter().position(|&byte| byte == b']')?;
        let address = ipv6(without_zone(text.get(1..close)?)?)?;
        let port = match text.get(close.checked_add(1)?..)? {
            [] => None,
            [b':', port @ ..] => Some(node_port(port)?),
            _ => return None,
        };
        return address_node(IpAddr::V6(address), port);
    }
    if first.is_ascii_digit() {
        let (address, port) = match text.iter().rposition(|&byte| byte == b':') {
            Some(colon) => (text.get(..colon)?, text.get(colon.checked_add(1)?..)),
            None => (text, None),
        };
        if let Some(address) = ipv4::parse(address) {
            let port = match port {
                Some(port) => Some(node_port(port)?),
                None => None,
            };
            return address_node(IpAddr::V4(address), port);
        }
    }
    if first.is_ascii_hexdigit() || first == b':' {
        if let Some(address) = without_zone(text).and_then(ipv6) {
            return address_node(IpAddr::V6(address), None);
        }
    }
    if text == b"unix:" {
        return Some(Node::Unix);
    }
    let name = match text.iter().position(|&byte| byte == b':') {
        Some(colon) => {
            node_port(text.get(colon.checked_add(1)?..)?)?;
            text.get(..colon)?
        }
        None => text,
    };
    if name.eq_ignore_ascii_case(b"unknown") {
        return Some(Node::Unknown);
    }
    is_obfuscated(name).then_some(Node::Obfuscated)
}

/// The text of an address in `Forwarded`, which has brackets around an IPv6 address.
pub(crate) fn text(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (address, Some(port)) => SocketAddr::new(address, port).to_string(),
        (IpAddr::V6(address), None) => format!("[{address}]"),
        (IpAddr::V4(address), None) => address.to_string(),
    }
}

/// Parses an address with or without a port, as in the client header of a CDN.
pub(crate) fn parse_address(text: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    address_of(parse(text)?)
}

const fn address_of(node: Node) -> Option<(IpAddr, Option<u16>)> {
    match node {
        Node::Address(address, port) => Some((address, port)),
        Node::Unknown | Node::Obfuscated | Node::Unix => None,
    }
}

/// Removes the zone from an IPv6 address (RFC 4007, section 11). A zone only has a meaning on the proxy's own machine:
/// Go writes `fe80::1%eth0`. Returns `None` if the text after `%` is not a valid zone.
fn without_zone(text: &[u8]) -> Option<&[u8]> {
    let Some(percent) = text.iter().position(|&byte| byte == b'%') else {
        return Some(text);
    };
    let (address, zone) = text.split_at_checked(percent)?;
    let [b'%', zone @ ..] = zone else { return None };
    // In a URI, a zone starts with `%25` (RFC 6874).
    let unreserved =
        |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (!zone.is_empty() && zone.iter().all(unreserved)).then_some(address)
}

/// Parses `2001:db8::1:443`: CloudFront writes a port after an IPv6 address without brackets.
pub(crate) fn parse_address_then_port(text: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    let colon = text.iter().rposition(|&byte| byte == b':')?;
    let (address, port) = (text.get(..colon)?, text.get(colon.checked_add(1)?..)?);
    let port = decimal_port(port)?;
    let address = match address {
        [b'[', inner @ .., b']'] => IpAddr::V6(ipv6(inner)?),
        _ => match ipv4::parse(address) {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(ipv6(address)?),
        },
    };
    address_of(address_node(address, Some(port))?)
}

fn address_node(address: IpAddr, port: Option<u16>) -> Option<Node> {
    let address = address.to_canonical();
    (!address.is_unspecified()).then_some(Node::Address(address, port.filter(|&port| port != 0)))
}

/// Parses a `node-port`: up to five digits, or an obfuscated port. An obfuscated port tells no more than port 0.
fn node_port(text: &[u8]) -> Option<u16> {
    if is_obfuscated(text) {
        return Some(0);
    }
    decimal_port(text)
}

/// Parses one to five digits that form a number below 65536.
pub(crate) fn decimal_port(text: &[u8]) -> Option<u16> {
    if text.is_empty() || text.len() > 5 {
        return None;
    }
    text.iter().try_fold(0_u16, |port, &byte| {
        let digit = byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'))?;
        port.checked_mul(10)?.checked_add(u16::from(digit))
    })
}

/// `"_" 1*( ALPHA / DIGIT / "." / "_" / "-")`
fn is_obfuscated(text: &[u8]) -> bool {
    match text {
        [b'_', rest @ ..] => {
            !rest.is_empty()
                && rest
                    .iter()
                    .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        }
        _ => false,
    }
}

/// Parses an IPv6 address without brackets and without a zone.
pub(crate) fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    // The longest spelling, ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255, has 45 characters.
    if text.len() > 45 {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
