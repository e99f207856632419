//! The steps of one resolution, written down.

use std::net::IpAddr;

use crate::{
    headers::{ClientSyntax, known::FieldSet},
    peer::Peer,
    resolution::Finding,
    resolve::observer::{End, Observer, Role, Source, Step, Verdict},
    rules::Rules,
    trust::Trust,
};

/// What was seen, as text without control characters.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct Told {
    pub(super) peer: Option<String>,
    pub(super) trusted: bool,
    /// The entry by which the peer is trusted.
    pub(super) trusted_by: Option<String>,
    pub(super) elements: Vec<ToldElement>,
    pub(super) walk_ended: Option<String>,
    pub(super) values: Vec<ToldValue>,
    pub(super) removed: Vec<String>,
    pub(super) uri: String,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) end: Option<End>,
    /// Addresses from right to left.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) walked: Vec<(IpAddr, bool)>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) present: FieldSet,
}

/// An element of the client field.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct ToldElement {
    pub(super) field: String,
    pub(super) text: String,
    pub(super) vouched_by: String,
    pub(super) verdict: String,
}

/// A scheme, host, port or prefix.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct ToldValue {
    pub(super) what: &'static str,
    pub(super) text: String,
    pub(super) source: String,
    pub(super) believed: bool,
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub(super) finding: Option<Finding>,
}

// serde calls it with a reference to the field.
#[cfg(feature = "serde")]
#[allow(clippy::ref_option)]
fn as_text<S: serde::Serializer>(
    finding: &Option<Finding>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match finding {
        Some(finding) => serializer.serialize_some(finding.as_str()),
        None => serializer.serialize_none(),
    }
}

/// Writes down each step.
pub(super) struct Steps<'a> {
    trust: &'a dyn Trust,
    rules: &'a Rules,
    voucher: String,
    pub(super) told: Told,
}

impl<'a> Steps<'a> {
    pub(super) fn new(peer: Option<Peer>, rules: &'a Rules, trust: &'a dyn Trust) -> Self {
        Self {
            trust,
            rules,
            voucher: peer.map_or_else(|| "nobody".to_owned(), |peer| voucher(&peer)),
            told: Told::default(),
        }
    }
}

fn voucher(peer: &Peer) -> String {
    match peer.ip() {
        Some(address) => address.to_string(),
        None => "the Unix socket".to_owned(),
    }
}

/// Bytes that an attacker may have chosen, as printable ASCII of a bearable length.
pub(super) fn printable(bytes: &[u8]) -> String {
    const SHOWN: usize = 120;
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", shown.escape_ascii())
}

/// A text of printable ASCII, cut to a length that a line can hold.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 2000;
    match text.get(..SHOWN) {
        Some(shown) if shown.len() < text.len() => format!("{shown}…"),
        _ => text.to_owned(),
    }
}

/// Bytes as printable ASCII: terminals act on control characters, those of U+0080 to U+009F too.
pub(super) fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

impl Observer for Steps<'_> {
    fn see(&mut self, step: Step<'_>) {
        match step {
            Step::Peer {
                peer,
                trusted,
                present,
            } => {
                self.told.peer = peer.map(|peer| peer.to_string());
                self.told.trusted = trusted;
                self.told.present = present;
                self.told.trusted_by = peer
                    .filter(|_| trusted)
                    .and_then(|peer| self.trust.reason_for_peer(peer));
            }
            Step::Element { text, verdict } => self.element(text, verdict),
            Step::End(end) => {
                self.told.end = Some(end);
                if let (End::Leftmost | End::HopLimit { .. }, Some(last)) =
                    (end, self.told.elements.last_mut())
                {
                    "the client, at a trusted address".clone_into(&mut last.verdict);
                }
                self.told.walk_ended = Some(
                    match end {
                        End::Client { .. } => "at the first address that is not trusted",
                        End::Leftmost => "at the leftmost element: every address is trusted",
                        End::HopLimit { .. } => "at the hop limit",
                        End::Unknown => "at an element that names no address",
                        End::Missing => "before it began: there is no client field",
                    }
                    .to_owned(),
                );
            }
            Step::Value {
                role,
                source,
                text,
                believed,
            } => self.told.values.push(ToldValue {
                what: match role {
                    Role::Scheme => "scheme",
                    Role::Host => "host",
                    Role::Port => "port",
                    Role::Prefix => "prefix",
                },
                text: printable(text),
                source: match source {
                    Source::Field(name, 1) => format!("{name}, last element"),
                    Source::Field(name, number) => {
                        format!("{name}, element {number} from the right")
                    }
                    Source::Prefix(name) => name.to_owned(),
                    Source::Parameter(name) => {
                        format!(
                            "forwarded, parameter {name} of the outermost element that states one"
                        )
                    }
                    Source::Target => "the request's target".to_owned(),
                    Source::Host => "host".to_owned(),
                },
                believed: believed.is_ok(),
                finding: believed.err(),
            }),
        }
    }
}

impl Steps<'_> {
    fn element(&mut self, text: Option<&[u8]>, verdict: Verdict) {
        let told = match verdict {
            Verdict::Address { trusted: true, .. } => "a trusted proxy",
            Verdict::Address { trusted: false, .. } => "the client",
            Verdict::Unix { trusted: true } => "a trusted proxy on a Unix socket",
            Verdict::Unix { trusted: false } => "a Unix socket, which is not trusted",
            Verdict::Nothing => "nothing",
            Verdict::Hidden => "hides its client",
            Verdict::WithoutFor => "does not say for whom",
            Verdict::Malformed => match text {
                None => "too long for an element",
                Some([]) => "empty",
                Some(_) if self.rules.headers.client_syntax == ClientSyntax::Forwarded => {
                    "malformed"
                }
                Some(_) => "no address",
            },
        };
        self.told.elements.push(ToldElement {
            field: self
                .rules
                .headers
                .field_name(self.rules.headers.client)
                .to_owned(),
            text: text.map_or_else(|| "…".to_owned(), printable),
            vouched_by: self.voucher.clone(),
            verdict: told.to_owned(),
        });
        if let Verdict::Address { address, trusted } = verdict {
            self.told.walked.push((address, trusted));
            self.voucher = address.to_string();
        }
    }
}
