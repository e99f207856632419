//! A client header without the part that nobody vouches for.

use crate::{
    resolution::{Resolution, scheme::Scheme},
    syntax::{
        self,
        forwarded::{OutsideQuotes, quoted},
        list::FromRight,
        node::{self, Node},
    },
};

/// The addresses in the last `elements` elements, the client first.
pub(super) fn addresses<'a>(lines: impl Iterator<Item = &'a [u8]>, elements: usize) -> String {
    let mut addresses: Vec<String> = FromRight::new(lines, node::SPLIT)
        .take(elements)
        .filter_map(|element| match node::parse(element.text?)? {
            Node::Address(address, _) => Some(address.to_string()),
            Node::Unknown | Node::Obfuscated | Node::Unix => None,
        })
        .collect();
    addresses.reverse();
    addresses.join(", ")
}

/// The last `elements` elements of `Forwarded`, the client's first.
///
/// Element number `host` from the right gets the resolved host, and no other element has a host. Invalid schemes are
/// left out. If `scheme` is `false`, all schemes are left out.
pub(super) fn elements<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    elements: usize,
    host: usize,
    scheme: bool,
    resolution: &Resolution,
) -> String {
    let mut written: Vec<String> = Vec::new();
    for (index, element) in FromRight::new(lines, OutsideQuotes)
        .take(elements)
        .enumerate()
    {
        let Some(parsed) = element.text.and_then(syntax::forwarded::parse) else {
            continue;
        };
        let mut pairs = Vec::new();
        if let Some(node) = &parsed.node {
            pairs.push(format!("for={}", quoted(&String::from_utf8_lossy(node))));
        }
        let states_host = index.saturating_add(1) == host;
        let stated = parsed.proto.as_deref().and_then(Scheme::from_bytes);
        if let Some(scheme) = stated.filter(|_| scheme) {
            pairs.push(format!("proto={scheme}"));
        }
        if let (true, Some(authority)) = (states_host, &resolution.authority) {
            pairs.push(format!("host={}", quoted(authority.as_str())));
        }
        if !pairs.is_empty() {
            written.push(pairs.join(";"));
        }
    }
    written.reverse();
    written.join(", ")
}
