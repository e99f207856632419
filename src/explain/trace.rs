//! Records the steps of one resolution.

use std::net::IpAddr;

use super::printable::{printable, without_userinfo};
use crate::{
    headers::{ClientSyntax, Headers, field_set::FieldSet},
    identity::fate::Fate,
    peer::Peer,
    resolution::Finding,
    resolve::observer::{End, Observer, Role, Source, Step, Verdict},
    trust::Trust,
};

/// What the walk saw. It contains texts of the request only as printable ASCII.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    pub(super) peer: Option<Peer>,
    pub(super) trusted: bool,
    /// The entry by which the peer is trusted.
    pub(super) trusted_by: Option<String>,
    /// The forwarding headers of the request, believed or not.
    pub(super) present: FieldSet,
    /// The name of the header with the client's address.
    pub(super) client_field: String,
    /// Whether that header is a list, to which each hop appends.
    pub(super) is_list: bool,
    /// The elements of that header, from the right.
    pub(super) elements: Vec<Element>,
    /// `None` if there was no walk, because the peer is not trusted.
    pub(super) end: Option<End>,
    pub(super) values: Vec<Value>,
    /// The headers that say who the client is, without their values, since some are tokens.
    pub(super) identity: Vec<(String, Fate)>,
}

/// An element of the header with the client's address.
#[derive(Clone, Debug)]
pub(super) struct Element {
    /// `None` if it is too long to be read.
    pub(super) text: Option<String>,
    pub(super) voucher: Voucher,
    pub(super) verdict: Verdict,
}

/// The hop that wrote an element: the one to its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voucher {
    Nobody,
    Address(IpAddr),
    UnixSocket,
    /// A counted proxy whose address is not known.
    Hidden,
}

/// A scheme, host, port or prefix.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) role: Role,
    pub(super) source: Source,
    /// The name of the header that it was read from. Empty for the request's target.
    pub(super) field: String,
    pub(super) text: String,
    pub(super) believed: Result<(), Finding>,
}

impl Trace {
    /// The addresses that were walked, from the right, and whether each is trusted.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (IpAddr, bool)> {
        self.elements
            .iter()
            .filter_map(|element| match element.verdict {
                Verdict::Address { address, trusted } => Some((address, trusted)),
                _ => None,
            })
    }

    /// The ignored text for a role, otherwise the text that was read.
    pub(super) fn text_of(&self, role: Role) -> &str {
        self.value(role).map_or("", |value| &value.text)
    }

    /// The values that were read for a role, the ignored ones first.
    pub(super) fn value(&self, role: Role) -> Option<&Value> {
        let mut values = self.values.iter().filter(|value| value.role == role);
        let ignored = values.clone().find(|value| value.believed.is_err());
        ignored.or_else(|| values.next())
    }
}

/// Records each step.
pub(super) struct Recorder<'a> {
    trust: &'a dyn Trust,
    headers: &'a Headers,
    voucher: Voucher,
    pub(super) trace: Trace,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(headers: &'a Headers, trust: &'a dyn Trust) -> Self {
        Self {
            trust,
            headers,
            voucher: Voucher::Nobody,
            trace: Trace {
                client_field: headers.field_name(headers.client).to_owned(),
                is_list: matches!(
                    headers.client_syntax,
                    ClientSyntax::List | ClientSyntax::Forwarded
                ),
                ..Trace::default()
            },
        }
    }

    fn field_of(&self, source: Source) -> String {
        match source {
            Source::Element(field, _) | Source::Lines(field) => self.headers.field_name(field),
            Source::Parameter(_) => "forwarded",
            Source::Target => "",
            Source::Host => "host",
        }
        .to_owned()
    }
}

impl Observer for Recorder<'_> {
    fn see(&mut self, step: Step<'_>) {
        match step {
            Step::Peer {
                peer,
                trusted,
                present,
            } => {
                let reason = |peer| self.trust.reason_for_peer(peer);
                self.trace.trusted_by = peer.filter(|_| trusted).and_then(reason);
                self.trace.peer = peer;
                self.trace.trusted = trusted;
                self.trace.present = present;
                self.voucher = match peer {
                    None => Voucher::Nobody,
                    Some(peer) => peer.ip().map_or(Voucher::UnixSocket, Voucher::Address),
                };
            }
            Step::Element { text, verdict } => {
                self.trace.elements.push(Element {
                    text: text.map(printable),
                    voucher: self.voucher,
                    verdict,
                });
                self.voucher = match verdict {
                    Verdict::Address { address, .. } => Voucher::Address(address),
                    Verdict::Unix { .. } => Voucher::UnixSocket,
                    Verdict::Hidden => Voucher::Hidden,
                    // An empty element changes nothing. After any other element, the walk has ended.
                    Verdict::Nothing | Verdict::WithoutFor | Verdict::Malformed => return,
                };
            }
            Step::End(end) => self.trace.end = Some(end),
            Step::Identity { name, fate } => {
                self.trace.identity.push((name.to_string(), fate));
            }
            Step::Value {
                role,
                source,
                text,
                believed,
            } => {
                let value = Value {
                    role,
                    source,
                    field: self.field_of(source),
                    text: match role {
                        Role::Host => printable(&without_userinfo(text)),
                        _ => printable(text),
                    },
                    believed,
                };
                self.trace.values.push(value);
            }
        }
    }
}
