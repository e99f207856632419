//! Second implementations, as straightforward as can be and as slow as they come.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use tower_forwarded::Scheme;

/// Names in lower case, values decoded.
pub(super) type Element = Vec<(String, Vec<u8>)>;

/// The last element of a `Forwarded` list: the shortest end of the line, after a comma or all of it, that
/// is an element by the grammar of RFC 7239, section 4.
///
/// Within an element, a comma stands between two quotation marks only, so no end of an element is an
/// element itself.
pub(super) fn last_element(line: &[u8]) -> Option<Element> {
    let starts = (0..=line.len()).rev();
    let mut starts = starts.filter(|&start| start == 0 || line[start - 1] == b',');
    starts.find_map(|start| {
        let end = &line[start..];
        if end.iter().all(|byte| b" \t".contains(byte)) {
            // Nothing after the last comma is nothing: what stands before it is not looked at.
            return Some(None);
        }
        element(end).map(Some)
    })?
}

fn element(text: &[u8]) -> Option<Element> {
    let mut found = Element::new();
    for pair in split_at_semicolons(text)? {
        let pair = trim(&pair);
        if pair.is_empty() {
            continue;
        }
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        if name.is_empty() || !name.iter().all(|&byte| token(byte)) {
            return None;
        }
        let name = String::from_utf8(name.to_ascii_lowercase()).ok()?;
        if found.iter().any(|(other, _)| *other == name) {
            return None;
        }
        found.push((name, decoded(value)?));
    }
    let known = ["for", "by", "host", "proto"];
    let extensions = found
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()));
    // More extension parameters than anybody sends.
    (!found.is_empty() && extensions.count() <= 8).then_some(found)
}

/// Splits outside of quoted strings, read from the left; `None` if one stays open.
fn split_at_semicolons(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut parts = vec![Vec::new()];
    let (mut quoted, mut escaped) = (false, false);
    for &byte in text {
        if byte == b';' && !quoted {
            parts.push(Vec::new());
            continue;
        }
        if escaped {
            escaped = false;
        } else if quoted && byte == b'\\' {
            escaped = true;
        } else if byte == b'"' {
            quoted = !quoted;
        }
        parts.last_mut()?.push(byte);
    }
    (!quoted).then_some(parts)
}

fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    if value.first() != Some(&b'"') {
        // RFC 7239 wants these quoted, but many write them without.
        let plain = |&byte: &u8| token(byte) || b"[]:".contains(&byte);
        return (!value.is_empty() && value.iter().all(plain)).then(|| value.to_vec());
    }
    let mut decoded = Vec::new();
    let mut bytes = value[1..].iter();
    loop {
        match *bytes.next()? {
            b'"' => return bytes.next().is_none().then_some(decoded),
            b'\\' => decoded.push(*bytes.next()?),
            byte => decoded.push(byte),
        }
    }
}

fn token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// An element, every byte of every value escaped.
pub(super) fn written(element: &Element) -> Vec<u8> {
    let pairs: Vec<Vec<u8>> = element
        .iter()
        .map(|(name, value)| {
            let mut pair = format!("{name}=\"").into_bytes();
            for &byte in value {
                pair.extend([b'\\', byte]);
            }
            pair.push(b'"');
            pair
        })
        .collect();
    pairs.join(&b';')
}

/// The canonical form of `host[:port]`.
pub(super) fn authority(text: &[u8], scheme: Scheme) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let colon = match text.strip_prefix('[') {
        Some(_) => text.find(']').map(|end| end + 1),
        None => text.find(':').or(Some(text.len())),
    }?;
    let (host, port) = text.split_at(colon);
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return None,
        Some(digits) => {
            let is_number =
                (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            let port = is_number.then(|| digits.parse::<u32>().ok())??;
            if port == 0 || port > 65_535 {
                return None;
            }
            Some(port)
        }
    };
    if host.starts_with('[') {
        host[1..host.len() - 1].parse::<Ipv6Addr>().ok()?;
    } else {
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if host.is_empty() || host.len() > 255 || host.starts_with('.') || !host.bytes().all(name) {
            return None;
        }
    }
    let host = host.to_ascii_lowercase();
    Some(match port {
        Some(port) if port != u32::from(scheme.default_port()) => format!("{host}:{port}"),
        _ => host,
    })
}

/// The entries of a list that is well formed.
pub(super) fn networks(text: &str) -> Vec<IpNet> {
    let entries = text.split(|char: char| char == ',' || char.is_whitespace());
    entries
        .filter(|entry| !entry.is_empty())
        .flat_map(|entry| {
            match entry.to_ascii_lowercase().as_str() {
                "loopback" => vec!["127.0.0.0/8", "::1/128"],
                "private" => vec!["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
                "link-local" => vec!["169.254.0.0/16", "fe80::/10"],
                "*" => vec!["0.0.0.0/0", "::/0"],
                "unix" => vec![],
                _ => return vec![network(entry)],
            }
            .into_iter()
            .map(network)
            .collect()
        })
        .collect()
}

fn network(entry: &str) -> IpNet {
    let network = match entry.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => IpNet::from(entry.parse::<IpAddr>().expect("an entry that was accepted")),
    };
    match network {
        IpNet::V6(v6) => match v6.addr().to_ipv4_mapped() {
            Some(v4) if v6.prefix_len() >= 96 => {
                IpNet::new(IpAddr::V4(v4), v6.prefix_len() - 96).expect("a length")
            }
            _ => network,
        },
        IpNet::V4(_) => network,
    }
}

/// The addresses before and behind a network.
pub(super) fn neighbours(network: &IpNet) -> Vec<IpAddr> {
    let step = |address: IpAddr, up: bool| match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            next.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            next.map(|bits| IpAddr::V6(bits.into()))
        }
    };
    [
        step(network.network(), false),
        step(network.broadcast(), true),
    ]
    .into_iter()
    .flatten()
    .collect()
}
