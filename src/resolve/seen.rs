//! The way that a request took, as data.

use std::sync::Arc;

use http::HeaderMap;

use crate::{
    headers::{ClientSyntax, Headers, scan::Scan},
    resolution::{Finding, Hop, Resolution},
    syntax::{
        forwarded::{self, OutsideQuotes},
        list::{AtCommas, FromRight},
        node::{self, Node},
    },
};

/// The nodes that trusted proxies vouch for, from the client on.
pub(super) fn hops_seen(
    headers: &HeaderMap,
    wanted: &Headers,
    resolution: &Resolution,
) -> Arc<[Hop]> {
    let walked = resolution.hops();
    let scan = Scan::new(headers, wanted);
    let mut earlier = None;
    let lines = scan.client.rev(headers, &mut earlier);
    let mut hops: Vec<Hop> = match wanted.client_syntax {
        ClientSyntax::List => FromRight::<_, AtCommas<{ node::LONGEST }>>::new(lines)
            .map_while(|element| hop(node::parse(element.text?)?, None))
            .take(walked)
            .collect(),
        ClientSyntax::Forwarded => FromRight::<_, OutsideQuotes>::new(lines)
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
        ClientSyntax::Single | ClientSyntax::SingleWithPort => {
            let is_told = walked > 0
                && !scan.client.is_empty()
                && !resolution.findings().contains(Finding::ForMalformed);
            is_told
                .then(|| Hop {
                    address: resolution.client(),
                    port: resolution.client_port(),
                    by: None,
                })
                .into_iter()
                .collect()
        }
    };
    hops.reverse();
    hops.into()
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
