//! Who the client is (rules R4 and R5).

use std::net::IpAddr;

use super::{ClientEdit, Observer, Resolving, Step, Walked};
use crate::{
    Finding, Trust,
    headers::ClientSyntax,
    syntax::{
        forwarded::{self, OutsideQuotes},
        list::{AtCommas, Element, FromRight},
        node::{self, Node},
    },
};

/// An `X-Forwarded-For` element with more bytes is malformed: the longest address with brackets and a
/// port has 53, and obfuscated identifiers are shorter.
const LONGEST_NODE: usize = 64;

/// Reads an address and the port, if there is one.
type ParseAddress = fn(&[u8]) -> Option<(IpAddr, Option<u16>)>;

/// What an element turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An address, whose word counts or does not.
    Address { address: IpAddr, trusted: bool },
    /// The nearest proxy's own address.
    Own(IpAddr),
    /// The proxy hides its client, or does not know it.
    Hidden,
    /// RFC 7239: no `for`.
    WithoutFor,
    /// Empty, no node identifier, unspecified, or too long.
    Malformed,
}

/// Why the walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At an address that is not trusted: the client. What may stand left of it, nobody vouches for.
    Client { more: bool },
    /// Every address is trusted: the leftmost is the client.
    Leftmost,
    /// At the hop limit.
    HopLimit,
    /// At an element that says no address.
    Unknown,
    /// There is no client field.
    Missing,
}

impl<'a, O: Observer> Resolving<'a, O> {
    pub(super) fn walk(&mut self, trust: &dyn Trust, limit: usize, walked: &mut Walked<'a>) {
        let lines = self.scan.client;
        if lines.is_empty() {
            self.observer.see(Step::End(End::Missing));
            return;
        }
        match self.headers().client_syntax {
            ClientSyntax::List => self.walk_list(trust, limit, walked),
            ClientSyntax::Forwarded => self.walk_forwarded(trust, limit, walked),
            ClientSyntax::Single => self.single(trust, node::parse_address, walked),
            ClientSyntax::SingleWithPort => {
                self.single(trust, node::parse_address_then_port, walked);
            }
        }
    }

    fn walk_list(&mut self, trust: &dyn Trust, limit: usize, walked: &mut Walked<'a>) {
        let lines = self.scan.client;
        let mut earlier = None;
        let lines_from_last = lines.rev(self.scan.headers, &mut earlier);
        let mut elements = FromRight::<_, AtCommas<LONGEST_NODE>>::new(lines_from_last);
        let mut steps = Steps::new(trust, limit, self.headers().own_elements);
        let mut vouched = Vouched::default();
        while let Some(element) = elements.next() {
            let node = element.text.and_then(node::parse);
            if let Some(Node::Address(address, _)) = node {
                let plain = match address {
                    IpAddr::V4(_) => element.text.is_some_and(|text| !text.contains(&b':')),
                    IpAddr::V6(_) => element.text.is_some_and(|text| !text.starts_with(b"[")),
                };
                vouched.address(&element, plain);
            }
            if !self.step(walked, &mut steps, element.text, node, elements.has_more()) {
                break;
            }
        }
        if walked.client.is_some() {
            walked.edit = Some(vouched.edit(lines.is_single()));
        }
    }

    fn walk_forwarded(&mut self, trust: &dyn Trust, limit: usize, walked: &mut Walked<'a>) {
        let lines = self.scan.client;
        let mut earlier = None;
        let lines_from_last = lines.rev(self.scan.headers, &mut earlier);
        let mut elements = FromRight::<_, OutsideQuotes>::new(lines_from_last);
        let mut steps = Steps::new(trust, limit, self.headers().own_elements);
        let mut vouched = Vouched::default();
        while let Some(element) = elements.next() {
            let parsed = element.text.and_then(forwarded::parse);
            let node = match &parsed {
                Some(parsed) => match parsed.node.as_deref() {
                    Some(text) => node::parse(text),
                    None => {
                        // A proxy that says scheme and host but not for whom.
                        vouched.address(&element, true);
                        walked.accepted = walked.accepted.saturating_add(1);
                        walked.scheme.clone_from(&parsed.proto);
                        walked.host.clone_from(&parsed.host);
                        self.findings.insert(Finding::ForMissing);
                        self.observer.see(Step::Element {
                            text: element.text,
                            verdict: Verdict::WithoutFor,
                        });
                        self.observer.see(Step::End(End::Unknown));
                        break;
                    }
                },
                None => None,
            };
            if node.is_some() {
                vouched.address(&element, true);
                if let Some(parsed) = parsed {
                    walked.scheme = parsed.proto;
                    walked.host = parsed.host;
                }
            }
            if !self.step(walked, &mut steps, element.text, node, elements.has_more()) {
                break;
            }
        }
        if walked.accepted > 0 {
            walked.edit = Some(vouched.edit(lines.is_single()));
        }
    }

    /// Takes one element; false if the walk ends with it.
    fn step(
        &mut self,
        walked: &mut Walked<'a>,
        steps: &mut Steps<'_>,
        text: Option<&[u8]>,
        node: Option<Node>,
        more: bool,
    ) -> bool {
        let (verdict, end) = match node {
            None => {
                self.findings.insert(Finding::ForMalformed);
                (Verdict::Malformed, Some(End::Unknown))
            }
            Some(Node::Unknown | Node::Obfuscated) => {
                walked.accepted = walked.accepted.saturating_add(1);
                self.findings.insert(Finding::ClientHidden);
                (Verdict::Hidden, Some(End::Unknown))
            }
            Some(Node::Address(address, port)) => {
                walked.accepted = walked.accepted.saturating_add(1);
                walked.client = Some((address, port));
                if steps.own > 0 && more {
                    steps.own = steps.own.saturating_sub(1);
                    walked.own = walked.own.saturating_add(1);
                    (Verdict::Own(address), None)
                } else {
                    let trusted = steps.trust.trusts(address);
                    let end = if !trusted {
                        Some(End::Client { more })
                    } else if !more {
                        Some(End::Leftmost)
                    } else if steps.left == 0 {
                        self.findings.insert(Finding::HopLimit);
                        Some(End::HopLimit)
                    } else {
                        steps.left = steps.left.saturating_sub(1);
                        None
                    };
                    (Verdict::Address { address, trusted }, end)
                }
            }
        };
        self.observer.see(Step::Element { text, verdict });
        if let Some(end) = end {
            self.observer.see(Step::End(end));
        }
        end.is_none()
    }

    /// A field that holds the client and nothing else: two lines of it are malformed, never a choice.
    fn single(&mut self, trust: &dyn Trust, parse: ParseAddress, walked: &mut Walked<'a>) {
        let text = self.scan.client.single();
        let client = text.and_then(parse);
        let verdict = match client {
            Some((address, _)) => Verdict::Address {
                address,
                trusted: trust.trusts(address),
            },
            None => {
                self.findings.insert(Finding::ForMalformed);
                Verdict::Malformed
            }
        };
        self.observer.see(Step::Element { text, verdict });
        self.observer.see(Step::End(match client {
            Some(_) => End::Client { more: false },
            None => End::Unknown,
        }));
        walked.client = client;
        walked.accepted = usize::from(client.is_some());
        walked.edit = client.map(|_| ClientEdit::Keep);
    }
}

/// How far the walk may go.
struct Steps<'a> {
    trust: &'a dyn Trust,
    /// Trusted addresses that may still be passed; the peer was the first hop.
    left: usize,
    /// Elements still to come that are the nearest proxy's own.
    own: usize,
}

impl<'a> Steps<'a> {
    fn new(trust: &'a dyn Trust, limit: usize, own: usize) -> Self {
        Self {
            trust,
            left: limit.saturating_sub(1),
            own,
        }
    }
}

/// Keeps track of the part of a field that trusted proxies wrote. In `X-Forwarded-For` an element that
/// hides its client is no part of it, since readers expect addresses.
struct Vouched {
    start: usize,
    elements: usize,
    /// The bytes can stay as they are.
    plain: bool,
}

impl Default for Vouched {
    fn default() -> Self {
        Self {
            start: 0,
            elements: 0,
            plain: true,
        }
    }
}

impl Vouched {
    fn address(&mut self, element: &Element<'_>, plain: bool) {
        self.start = element.start;
        self.elements = self.elements.saturating_add(1);
        self.plain &= plain;
    }

    fn edit(&self, single: bool) -> ClientEdit {
        if !self.plain || !single {
            ClientEdit::Rebuild(self.elements)
        } else if self.start == 0 {
            ClientEdit::Keep
        } else {
            ClientEdit::Suffix(self.start)
        }
    }
}
