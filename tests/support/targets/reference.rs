//! Second implementations, which are as simple as possible and may be slow.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use tower_forwarded::Scheme;

/// Names in lower case, values decoded.
pub(super) type Element = Vec<(String, Vec<u8>)>;

/// The last element of a `Forwarded` list: the shortest end of the line that is an element by the grammar of RFC 7239,
/// section 4. It begins after a comma or at the start of the line.
///
/// Within an element, a comma can only be between quotation marks. So no shorter end of an element is an element.
pub(super) fn last_element(line: &[u8]) -> Option<Element> {
    // Empty elements do not count (RFC 9110, section 5.6.1.2).
    let line = trim_commas(line);
    let starts = (0..=line.len()).rev();
    let mut starts = starts.filter(|&start| start == 0 || line[start - 1] == b',');
    starts.find_map(|start| element(&line[start..]))
}

fn trim_commas(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b','] = line {
        line = rest;
    }
    line
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
        // An extension parameter may have no value.
        let known = ["for", "by", "host", "proto"].contains(&name.as_str());
        let value = match value {
            b"" if !known => Vec::new(),
            value => decoded(value)?,
        };
        found.push((name, value));
    }
    let known = ["for", "by", "host", "proto"];
    let extensions = found
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()));
    // Nobody sends more extension parameters than this.
    (!found.is_empty() && extensions.count() <= 8).then_some(found)
}

/// Splits at semicolons outside of quoted strings, reading from the left. Returns `None` if a string is not closed.
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
        // RFC 7239 requires quotes around these, but many proxies omit the quotes.
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

/// Writes an element, and escapes every byte of every value.
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

/// The `host=` values of a well-formed `Forwarded` line. A valid host contains no quotation mark.
pub(super) fn hosts_of(line: &str) -> Vec<String> {
    let values = line.split("host=").skip(1);
    values
        .map(|rest| match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([';', ',']).next(),
        })
        .map(|host| host.unwrap_or_default().to_owned())
        .collect()
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
        let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
        if host.len() > 255 || !host.bytes().all(name) || labels.contains(&"") {
            return None;
        }
        // If a browser would read the host as an address, it must be an address in the usual notation.
        let last = labels.last()?.to_ascii_lowercase();
        let number = match last.strip_prefix("0x") {
            Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => last.bytes().all(|byte| byte.is_ascii_digit()),
        };
        if number && host.parse::<std::net::Ipv4Addr>().is_err() {
            return None;
        }
    }
    let host = host.to_ascii_lowercase();
    Some(match port {
        Some(port) if port != u32::from(scheme.default_port()) => format!("{host}:{port}"),
        _ => host,
    })
}

/// The entries of a well-formed list.
pub(super) fn networks(text: &str) -> Vec<IpNet> {
    let entries = text.split(|char: char| char == ',' || char.is_whitespace());
    entries
        .filter(|entry| !entry.is_empty())
        .flat_map(|entry| {
            match entry.to_ascii_lowercase().as_str() {
                "loopback" => vec!["127.0.0.0/8", "::1/128"],
                "private" => vec!["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
                "link-local" => vec!["169.254.0.0/16", "fe80::/10"],
                "*" | "unix" => vec![],
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

/// The addresses directly before and after a network.
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
