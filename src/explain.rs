//! The same walk, told to a person.

mod advice;
pub(crate) mod order;
#[cfg(feature = "explain-service")]
pub(crate) mod service;

use std::{fmt, net::IpAddr};

use http::request::Parts;

use crate::{
    Finding, Peer, Policy, Resolution, Trust,
    headers::{ClientSyntax, known::FieldSet},
    policy::Rules,
    resolve::{self, Edits, End, Head, Observer, Role, Source, Step, Verdict},
    rewrite,
};

/// Tells how a request is resolved, and what to change if that is not what was meant.
///
/// It watches the very walk that [`ForwardedLayer`](crate::ForwardedLayer) takes, so it cannot
/// disagree with it. Give it the request as it came, before the layer has seen it.
///
/// ```
/// use tower_forwarded::{ForwardedLayer, TrustedProxies, explain};
///
/// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?);
/// let (parts, ()) = http::Request::get("/")
///     .header("host", "api.example.com")
///     .header("x-forwarded-for", "203.0.113.7")
///     .header("x-forwarded-proto", "https")
///     .body(())?
///     .into_parts();
///
/// let explanation = explain(Some("172.17.0.1:40000".parse()?), &parts, layer.policy());
/// let first_line = explanation.to_string().lines().next().unwrap().to_owned();
/// assert_eq!(
///     first_line,
///     "The peer 172.17.0.1 is not trusted, so what it forwards is ignored: \
///      if it is your proxy, add \"172.17.0.0/24\" to TrustedProxies."
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain<T: Trust>(peer: Option<Peer>, parts: &Parts, policy: &Policy<T>) -> Explanation {
    policy
        .trust
        .snapshot(|trust| explain_head(peer, Head::of(parts), &policy.rules, trust))
}

pub(crate) fn explain_head(
    peer: Option<Peer>,
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
) -> Explanation {
    let mut steps = Steps {
        trust,
        rules,
        voucher: peer.map_or_else(|| "nobody".to_owned(), |peer| voucher(&peer)),
        told: Told::default(),
    };
    let outcome = resolve::resolve(peer, head, rules, trust, &mut steps);
    let mut told = steps.told;
    told.removed = removed(head, rules, &outcome.edits);
    let mut uri = head.uri.clone();
    let connect = *head.method == http::Method::CONNECT;
    rewrite::set_target(&mut uri, &outcome.resolution, connect, rules);
    told.uri = escaped(uri.to_string().as_bytes());
    let advice = advice::advise(head, rules, trust, &outcome.resolution, &told);
    Explanation {
        resolution: outcome.resolution,
        told,
        advice,
    }
}

/// How a request was resolved: for people by `Display`, for machines by serde (feature `serde`).
///
/// The first line of the text is the most important advice, or, if there is none, the outcome.
#[derive(Clone, Debug)]
pub struct Explanation {
    resolution: Resolution,
    told: Told,
    advice: Vec<Advice>,
}

impl Explanation {
    /// What came out.
    #[must_use]
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// What to change, most important first, each a sentence that names cause and cure. Empty if
    /// nothing looks wrong.
    pub fn advice(&self) -> impl Iterator<Item = &str> {
        self.advice.iter().map(|advice| &*advice.text)
    }

    /// The sentence about one finding; `None` if the request does not have it.
    #[must_use]
    pub fn advice_about(&self, finding: Finding) -> Option<&str> {
        self.advice
            .iter()
            .find(|advice| advice.finding == Some(finding))
            .map(|advice| &*advice.text)
    }

    /// The request's URI as the inner service sees it. Bytes outside ASCII are escaped, as `\xc3`.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.told.uri
    }

    /// The forwarding fields that the inner service does not see.
    #[must_use]
    pub fn removed(&self) -> &[String] {
        &self.told.removed
    }

    fn outcome(&self) -> String {
        let client = match self.resolution.client() {
            Some(client) => client.to_string(),
            None => "an unknown client".to_owned(),
        };
        format!("{client} asked for {}", shortened(&self.told.uri))
    }
}

/// What to change.
#[derive(Clone, Debug)]
pub(crate) struct Advice {
    /// The finding that it is about, if it is about one.
    finding: Option<Finding>,
    text: String,
}

/// What was seen, as text without control characters.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Told {
    pub(crate) peer: Option<String>,
    pub(crate) trusted: bool,
    /// The entry by which the peer is trusted.
    pub(crate) trusted_by: Option<String>,
    pub(crate) elements: Vec<ToldElement>,
    pub(crate) walk_ended: Option<String>,
    pub(crate) values: Vec<ToldValue>,
    pub(crate) removed: Vec<String>,
    pub(crate) uri: String,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) end: Option<End>,
    /// Addresses from right to left.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) walked: Vec<(IpAddr, bool)>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) present: FieldSet,
}

/// An element of the client field.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct ToldElement {
    pub(crate) field: String,
    pub(crate) text: String,
    pub(crate) vouched_by: String,
    pub(crate) verdict: String,
}

/// A scheme, host, port or prefix.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct ToldValue {
    pub(crate) what: &'static str,
    pub(crate) text: String,
    pub(crate) source: String,
    pub(crate) believed: bool,
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub(crate) finding: Option<Finding>,
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

struct Steps<'a> {
    trust: &'a dyn Trust,
    rules: &'a Rules,
    voucher: String,
    told: Told,
}

fn voucher(peer: &Peer) -> String {
    match peer.ip() {
        Some(address) => address.to_string(),
        None => "the Unix socket".to_owned(),
    }
}

/// Bytes that an attacker may have chosen, as printable ASCII of a bearable length.
pub(crate) fn printable(bytes: &[u8]) -> String {
    const SHOWN: usize = 120;
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", shown.escape_ascii())
}

/// A text of printable ASCII, cut to a length that a line can hold.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 2000;
    match text.get(..SHOWN) {
        Some(shown) if shown.len() < text.len() => format!("{shown}…"),
        _ => text.to_owned(),
    }
}

/// Bytes as printable ASCII: terminals act on control characters, those of U+0080 to U+009F too.
fn escaped(bytes: &[u8]) -> String {
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

fn removed(head: Head<'_>, rules: &Rules, edits: &Edits) -> Vec<String> {
    let mut removed = Vec::new();
    edits
        .remove
        .each(|field| removed.push(rules.headers.field_name(field).to_owned()));
    if edits.remove_host {
        removed.push("host".to_owned());
    }
    if edits.underscored {
        removed.extend(rewrite::underscored(head.headers, rules).map(|name| name.to_string()));
    }
    removed
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = &self.told;
        if self.advice.is_empty() {
            writeln!(f, "{}.", self.outcome())?;
        }
        for advice in self.advice() {
            writeln!(f, "{advice}")?;
        }
        writeln!(f)?;
        let peer = told.peer.as_deref().unwrap_or("unknown");
        let trusted = match (&told.trusted_by, told.trusted) {
            (Some(entry), _) => format!("trusted by {entry}"),
            (None, true) => "trusted by the service's own rule".to_owned(),
            (None, false) => "not trusted: the client is the peer".to_owned(),
        };
        writeln!(f, "{:<10}{peer}, {trusted}", "peer")?;
        for element in &told.elements {
            let ToldElement {
                field,
                text,
                vouched_by,
                verdict,
            } = element;
            writeln!(
                f,
                "{:<10}{field}: {text} ({vouched_by} says so): {verdict}",
                "element"
            )?;
        }
        if let Some(end) = &told.walk_ended {
            writeln!(f, "{:<10}ended {end}", "walk")?;
        }
        for value in &told.values {
            let ToldValue {
                what, text, source, ..
            } = value;
            let verdict = match value.finding {
                None => String::new(),
                Some(finding) => format!(": ignored, {finding}"),
            };
            writeln!(f, "{what:<10}{text} ({source}){verdict}")?;
        }
        if !told.removed.is_empty() {
            writeln!(f, "{:<10}{}", "removed", told.removed.join(", "))?;
        }
        let findings: Vec<_> = self
            .resolution
            .findings()
            .iter()
            .map(Finding::as_str)
            .collect();
        if !findings.is_empty() {
            writeln!(f, "{:<10}{}", "findings", findings.join(", "))?;
        }
        write!(f, "{:<10}{}", "outcome", self.outcome())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Explanation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let resolution = &self.resolution;
        let findings: Vec<_> = resolution.findings().iter().map(Finding::as_str).collect();
        let mut out = serializer.serialize_struct("Explanation", 9)?;
        out.serialize_field("advice", &self.advice().collect::<Vec<_>>())?;
        out.serialize_field("client", &resolution.client())?;
        out.serialize_field("client_port", &resolution.client_port())?;
        out.serialize_field("scheme", resolution.scheme().as_str())?;
        out.serialize_field("host", &resolution.authority().map(|a| a.as_str()))?;
        out.serialize_field("prefix", &resolution.prefix())?;
        out.serialize_field("hops", &resolution.hops())?;
        out.serialize_field("findings", &findings)?;
        out.serialize_field("steps", &self.told)?;
        out.end()
    }
}
