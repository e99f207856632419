//! Who the client is (rules R4 and R5).

use std::net::{IpAddr, Ipv4Addr};

use super::{
    edits::ClientEdit,
    observer::{End, Observer, Step, Verdict},
    resolving::{Resolving, Walked},
};
use crate::{
    headers::ClientSyntax,
    resolution::{Finding, scheme::Scheme},
    syntax::{
        forwarded::{self, ForwardedElement, OutsideQuotes},
        list::FromRight,
        node::{self, Node},
    },
    trust::{HopLimit, Trust},
};

/// Parses an address and its port, if there is one.
type ParseAddress = fn(&[u8]) -> Option<(IpAddr, Option<u16>)>;

impl<'a, O: Observer> Resolving<'a, O> {
    #[inline]
    pub(super) fn walk(&mut self, trust: &dyn Trust, hops: HopLimit, walked: &mut Walked<'a>) {
        let lines = self.scan.client;
        if lines.is_empty() {
            // The caller decides whether the header should have been there.
            self.observer.see(Step::End(End::Missing));
            return;
        }
        match self.headers().client_syntax {
            ClientSyntax::List => self.walk_list(trust, hops, walked),
            ClientSyntax::Forwarded => self.walk_forwarded(trust, hops, walked),
            ClientSyntax::Single => self.single(trust, node::parse_address, walked),
            ClientSyntax::SingleWithPort => {
                self.single(trust, node::parse_address_then_port, walked);
            }
        }
    }

    #[inline]
    fn walk_list(&mut self, trust: &dyn Trust, hops: HopLimit, walked: &mut Walked<'a>) {
        let lines = self.scan.client;
        let mut earlier = None;
        let lines_from_last = self.scan.client_lines(self.headers(), &mut earlier);
        let mut elements = FromRight::new(lines_from_last, node::SPLIT);
        let mut steps = Steps::new(trust, hops);
        let mut vouched = Vouched::default();
        let end = loop {
            // Almost every element is a plain IPv4 address.
            let end = if let Some((address, element)) = elements.next_ipv4() {
                vouched.element(element.start, true);
                let (address, more) = (IpAddr::V4(address), elements.has_more());
                self.address(walked, &mut steps, element.text, address, None, more)
            } else if let Some(element) = elements.next() {
                let node = element.text.and_then(node::parse);
                match node {
                    Some(Node::Address(address, _)) => {
                        vouched.element(element.start, is_plain(address, element.text));
                    }
                    _ => vouched.without_address(),
                }
                let more = elements.has_more();
                self.step(walked, &mut steps, element.text, node, more)
            } else {
                Some(End::Leftmost)
            };
            if let Some(end) = end {
                break end;
            }
        };
        self.ended(end, trust);
        if walked.client.is_some() {
            walked.edit = Some(vouched.edit(lines.is_single(), 0));
        }
    }

    fn walk_forwarded(&mut self, trust: &dyn Trust, hops: HopLimit, walked: &mut Walked<'a>) {
        let lines = self.scan.client;
        let mut earlier = None;
        let lines_from_last = self.scan.client_lines(self.headers(), &mut earlier);
        let mut elements = FromRight::new(lines_from_last, OutsideQuotes);
        let mut steps = Steps::new(trust, hops);
        let mut vouched = Vouched::default();
        let end = loop {
            let Some(element) = elements.next() else {
                // Only empty elements are left, or there were no others.
                break match walked.accepted {
                    0 => End::Missing,
                    _ => End::Leftmost,
                };
            };
            if element.text == Some(b"") {
                // RFC 9110, section 5.6.1.2: an empty element does not count.
                vouched.without_address();
                self.observer.see(Step::Element {
                    text: element.text,
                    verdict: Verdict::Nothing,
                });
                continue;
            }
            let parsed = element.text.and_then(forwarded::parse);
            let said_for = parsed.as_ref().map(|parsed| parsed.node.as_deref());
            // An element without `for`: the proxy states the scheme or the host, but not its client.
            let is_without_for = said_for == Some(None);
            let node = said_for.flatten().and_then(node::parse);
            if let (true, Some(parsed)) = (is_without_for || node.is_some(), parsed) {
                vouched.element(element.start, !parsed.needs_quoting);
                walked.take_statements(parsed, vouched.elements);
            }
            if is_without_for {
                walked.accepted = walked.accepted.saturating_add(1);
                self.found(Finding::ForMissing);
                self.observer.see(Step::Element {
                    text: element.text,
                    verdict: Verdict::WithoutFor,
                });
                break End::Unknown;
            }
            let more = elements.has_more();
            if let Some(end) = self.step(walked, &mut steps, element.text, node, more) {
                break end;
            }
        };
        self.ended(end, trust);
        if walked.accepted > 0 {
            walked.elements = vouched.elements;
            walked.edit = Some(vouched.edit(lines.is_single(), walked.host_number));
        }
    }

    /// Reads one element. Returns why the walk ends with it, or `None` if the walk goes on.
    #[inline]
    fn step(
        &mut self,
        walked: &mut Walked<'a>,
        steps: &mut Steps<'_>,
        text: Option<&[u8]>,
        node: Option<Node>,
        more: bool,
    ) -> Option<End> {
        let (verdict, end) = match node {
            None => {
                self.found(Finding::ForMalformed);
                (Verdict::Malformed, Some(End::Unknown))
            }
            Some(Node::Unknown | Node::Obfuscated) => {
                walked.accepted = walked.accepted.saturating_add(1);
                let counted = steps.counted && steps.end(true, more).is_none();
                if !counted {
                    self.found(Finding::ClientHidden);
                }
                (Verdict::Hidden, (!counted).then_some(End::Unknown))
            }
            Some(Node::Unix) => {
                walked.accepted = walked.accepted.saturating_add(1);
                let trusted = steps.trust.trusts_unix();
                let end = steps.end(trusted, more);
                if end.is_some() {
                    self.found(Finding::ClientHidden);
                }
                (Verdict::Unix { trusted }, end)
            }
            Some(Node::Address(address, port)) => {
                return self.address(walked, steps, text, address, port, more);
            }
        };
        self.observer.see(Step::Element { text, verdict });
        end
    }

    /// Reads an element that is an address.
    #[inline]
    fn address(
        &mut self,
        walked: &mut Walked<'a>,
        steps: &mut Steps<'_>,
        text: Option<&[u8]>,
        address: IpAddr,
        port: Option<u16>,
        more: bool,
    ) -> Option<End> {
        walked.accepted = walked.accepted.saturating_add(1);
        walked.client = Some((address, port));
        let trusted = steps.trust.trusts(address);
        let verdict = Verdict::Address { address, trusted };
        self.observer.see(Step::Element { text, verdict });
        steps.end(trusted, more)
    }

    #[inline]
    fn ended(&mut self, end: End, trust: &dyn Trust) {
        match end {
            End::HopLimit { .. } if !trusts_everyone(trust) => {
                self.found(Finding::HopLimit);
            }
            End::Missing => self.found(Finding::ForMissing),
            _ => {}
        }
        self.observer.see(Step::End(end));
    }

    /// Reads a header that holds the client and nothing else. Two lines of it are malformed: the layer never chooses
    /// one.
    fn single(&mut self, trust: &dyn Trust, parse: ParseAddress, walked: &mut Walked<'a>) {
        let mut text = self.scan.client.single();
        let mut client = text.and_then(parse);
        if client.is_some_and(|(address, _)| is_class_e(address)) {
            if let Some(line) = self.client_v6() {
                text = Some(line);
                client = parse(line).filter(|(address, _)| address.is_ipv6());
                if client.is_some() {
                    self.believed.insert(self.headers().client_v6);
                }
            }
        }
        let verdict = match client {
            Some((address, _)) => Verdict::Address {
                address,
                trusted: trust.trusts(address),
            },
            None => {
                self.found(Finding::ForMalformed);
                Verdict::Malformed
            }
        };
        self.observer.see(Step::Element { text, verdict });
        self.observer.see(Step::End(match client {
            Some(_) => End::Client {
                more: false,
                counted: false,
            },
            None => End::Unknown,
        }));
        walked.client = client;
        walked.accepted = usize::from(client.is_some());
        walked.edit = client.map(|_| ClientEdit::Keep);
    }
}

impl<'a, O: Observer> Resolving<'a, O> {
    /// The real address of an IPv6 client. Cloudflare's Pseudo IPv4 overwrites the address with one of class E, and
    /// sends the real one in a header of its own.
    ///
    /// `None` if that header is missing; empty if there are two lines of it.
    #[cold]
    fn client_v6(&self) -> Option<&'a [u8]> {
        let field = self.headers().client_v6;
        let name = self.headers().header_name(field)?;
        let mut lines = self.scan.headers.get_all(name).iter();
        let line = lines.next()?.as_bytes();
        let is_single = lines.next().is_none();
        Some(if is_single { line } else { b"" })
    }
}

/// Whether an address is in 240.0.0.0/4. No connection comes from such an address.
#[inline]
fn is_class_e(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.octets() >= [240, 0, 0, 0])
}

/// Whether all code that reads addresses understands this spelling.
#[inline]
fn is_plain(address: IpAddr, text: Option<&[u8]>) -> bool {
    text.is_some_and(|text| match address {
        // The text is only as long as the address: it has no port, and is not mapped into IPv6.
        IpAddr::V4(address) => text.len() == width(address),
        IpAddr::V6(_) => !text.starts_with(b"[") && !text.contains(&b'%'),
    })
}

/// Whether every address of an IP version is trusted, so that a trusted address at the hop limit means nothing. This
/// tests addresses that no host has (RFC 5737, RFC 3849).
#[cold]
pub(crate) fn trusts_everyone(trust: &dyn Trust) -> bool {
    let v4 = [
        IpAddr::from([192, 0, 2, 1]),
        IpAddr::from([198, 51, 100, 1]),
    ];
    let v6 = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
    v4.into_iter().all(|address| trust.trusts(address)) || trust.trusts(v6)
}

/// The length of an address in dotted-decimal form.
#[inline]
fn width(address: Ipv4Addr) -> usize {
    let dots_and_digits = 7_usize;
    address
        .octets()
        .iter()
        .fold(dots_and_digits, |width, &octet| {
            width
                .saturating_add(usize::from(octet >= 10))
                .saturating_add(usize::from(octet >= 100))
        })
}

impl<'a> Walked<'a> {
    /// Takes the scheme and the host that an element further to the left states (R6: the outermost element with such a
    /// value counts). `number` counts from the right.
    #[inline]
    fn take_statements(&mut self, element: ForwardedElement<'a>, number: usize) {
        let is_no_scheme = |text: &[u8]| Scheme::from_bytes(text).is_none();
        if element.proto.is_some() {
            self.inner_statements |= self.scheme.as_deref().is_some_and(is_no_scheme);
            self.scheme = element.proto;
        }
        if element.host.is_some() {
            self.inner_statements |= self.host.is_some();
            self.host = element.host;
            self.host_number = number;
        }
    }
}

/// How far the walk may go.
struct Steps<'a> {
    trust: &'a dyn Trust,
    /// How many more proxies the walk may pass. The peer was the first hop.
    left: usize,
    counted: bool,
}

impl<'a> Steps<'a> {
    #[inline]
    fn new(trust: &'a dyn Trust, hops: HopLimit) -> Self {
        Self {
            trust,
            left: hops.most().saturating_sub(1),
            counted: hops.counted().is_some(),
        }
    }

    /// Why the walk ends here; `None` if it goes on.
    #[inline]
    fn end(&mut self, trusted: bool, more: bool) -> Option<End> {
        let counted = self.counted;
        if (counted && self.left == 0) || !(counted || trusted) {
            return Some(End::Client { more, counted });
        }
        // This comes before the check of `more`, so that the result does not depend on what a client wrote further
        // left.
        if self.left == 0 {
            return Some(End::HopLimit { more });
        }
        if !more {
            return Some(End::Leftmost);
        }
        self.left = self.left.saturating_sub(1);
        None
    }
}

/// Tracks the part of a header that trusted proxies wrote. In `X-Forwarded-For`, an element that hides the client is
/// not part of it, since readers expect addresses.
struct Vouched {
    start: usize,
    /// The number of elements read so far, from the right.
    seen: usize,
    /// The number of elements from the right up to the last one that is part of it.
    elements: usize,
    /// Whether the bytes can stay unchanged.
    plain: bool,
    /// Whether an element was left out. The bytes cannot stay if an element further left is part of it too.
    hole: bool,
}

impl Default for Vouched {
    fn default() -> Self {
        Self {
            start: 0,
            seen: 0,
            elements: 0,
            plain: true,
            hole: false,
        }
    }
}

impl Vouched {
    #[inline]
    fn element(&mut self, start: usize, plain: bool) {
        self.start = start;
        self.seen = self.seen.saturating_add(1);
        self.elements = self.seen;
        self.plain &= plain && !self.hole;
    }

    fn without_address(&mut self) {
        self.seen = self.seen.saturating_add(1);
        self.hole = true;
    }

    #[inline]
    fn edit(&self, single: bool, host: usize) -> ClientEdit {
        if !self.plain || !single {
            let elements = self.elements;
            ClientEdit::Rebuild { elements, host }
        } else if self.start == 0 {
            ClientEdit::Keep
        } else {
            ClientEdit::Suffix(self.start)
        }
    }
}
