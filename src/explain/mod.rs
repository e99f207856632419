//! The same walk, told to a person.

mod advice;
#[cfg(feature = "tracing")]
pub(crate) mod log;
#[cfg(feature = "explain-service")]
pub(crate) mod service;
mod steps;

use std::fmt;

use http::request::Parts;

use self::{
    advice::{Advice, Case},
    steps::{Steps, Told, ToldElement, ToldValue, escaped, shortened},
};
use crate::{
    peer::Peer,
    policy::Policy,
    resolution::{Finding, Resolution},
    resolve::{self, edits::Edits, head::Head},
    rewrite,
    rules::Rules,
    trust::Trust,
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
#[must_use]
pub fn explain(peer: Option<Peer>, parts: &Parts, policy: &Policy) -> Explanation {
    policy.with_trust(|trust| explain_head(peer, Head::of(parts), &policy.rules, trust))
}

pub(crate) fn explain_head(
    peer: Option<Peer>,
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
) -> Explanation {
    let mut steps = Steps::new(peer, rules, trust);
    let outcome = resolve::resolve(peer, head, rules, trust, &mut steps);
    let mut told = steps.told;
    told.removed = removed(head, rules, &outcome.edits);
    let mut uri = head.uri.clone();
    let connect = *head.method == http::Method::CONNECT;
    rewrite::set_target(&mut uri, &outcome.resolution, connect, rules);
    told.uri = escaped(uri.to_string().as_bytes());
    let advice = advice::advise(Case {
        head,
        rules,
        trust,
        resolution: &outcome.resolution,
        told: &told,
    });
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

fn removed(head: Head<'_>, rules: &Rules, edits: &Edits) -> Vec<String> {
    let mut removed = Vec::new();
    edits
        .remove
        .each(|field| removed.push(rules.headers.field_name(field).to_owned()));
    removed.extend(rewrite::unwanted(head.headers, rules).map(ToString::to_string));
    if let Some(secret) = &rules.secret {
        if head.headers.contains_key(&secret.name) {
            removed.push(secret.name.to_string());
        }
    }
    if edits.remove_host {
        removed.push("host".to_owned());
    }
    if edits.underscored {
        removed.extend(rewrite::underscored(head.headers, rules).map(|name| name.to_string()));
    }
    // A header can be removed for two reasons.
    removed.sort_unstable();
    removed.dedup();
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
