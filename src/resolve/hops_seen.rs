//! The hops that a request took, as data.

use std::net::IpAddr;

use crate::{
    headers::{ClientSyntax, Headers, scan::Scan},
    resolution::Hop,
    syntax::{
        forwarded::{self, OutsideQuotes},
        list::FromRight,
        node::{self, Node},
    },
};

/// The nodes that trusted proxies vouch for, starting with the client.
#[cold]
pub(super) fn hops_seen(
    scan: &Scan<'_>,
    headers: &Headers,
    walked: usize,
    client: Option<(IpAddr, Option<u16>)>,
) -> Vec<Hop> {
    let mut earlier = None;
    let lines = scan.client_lines(headers, &mut earlier);
    let mut hops: Vec<Hop> = match headers.client_syntax {
        ClientSyntax::List => FromRight::new(lines, node::SPLIT)
            .map_while(|element| hop(node::parse(element.text?)?, None))
            .take(walked)
            .collect(),
        ClientSyntax::Forwarded => FromRight::new(lines, OutsideQuotes)
            .filter(|element| element.text != Some(b""))
            .map_while(|element| {
                let element = forwarded::parse(element.text?)?;
                let node = match element.node {
                    Some(text) => node::parse(&text)?,
                    None => Node::Unknown,
                };
                hop(node, element.by.as_deref())
            })
            .take(walked)
            .collect(),
        ClientSyntax::Single | ClientSyntax::SingleWithPort => client
            .map(|(address, port)| Hop {
                address: Some(address),
                port,
                by: None,
            })
            .into_iter()
            .collect(),
    };
    hops.reverse();
    hops
}

fn hop(node: Node, by: Option<&[u8]>) -> Option<Hop> {
    let (address, port) = match node {
        Node::Address(address, port) => (Some(address), port),
        Node::Unknown | Node::Obfuscated | Node::Unix => (None, None),
    };
    Some(Hop {
        address,
        port,
        by: by.map(|by| String::from_utf8_lossy(by).into()),
    })
}
