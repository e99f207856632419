//! Explains to a person how a request is resolved.

mod advice;
#[cfg(feature = "tracing")]
pub(crate) mod log;
mod printable;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "explain-service")]
pub(crate) mod service;
mod trace;
mod words;

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};

use self::{
    advice::{Advice, Case},
    printable::{escaped, printable, shortened, without_userinfo},
    trace::{Recorder, Trace},
};
use crate::{
    headers::{ClientSyntax, recognise::Kind},
    identity::fate::Fate,
    peer::Peer,
    policy::Policy,
    resolution::{Finding, Resolution},
    resolve::{self, edits::Edits, head::Head},
    rewrite,
    rules::Rules,
    syntax::{forwarded::OutsideQuotes, list::FromRight, node},
    trust::Trust,
};

/// Explains how a request is resolved, and what to change if the result is wrong.
///
/// It runs the same code as [`ForwardedLayer`](crate::ForwardedLayer) and watches it, so both always agree. Pass the
/// request as it came, before the layer has seen it.
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
    let mut recorder = Recorder::new(&rules.headers, trust);
    let mut resolution = Resolution::of_peer(peer);
    let mut edits = Edits::default();
    resolve::resolve(
        head,
        rules,
        trust,
        &mut recorder,
        &mut resolution,
        &mut edits,
    );
    let trace = recorder.trace;
    let mut uri = head.uri.clone();
    let connect = *head.method == http::Method::CONNECT;
    rewrite::target::set(&mut uri, &resolution, connect, rules);
    let mut seen = head.headers.clone();
    edits.apply(&mut seen, &resolution, rules);
    let left = left_of_the_client(head, rules, &trace);
    let advice = advice::advise(Case {
        left: &left,
        head,
        rules,
        trust,
        resolution: &resolution,
        trace: &trace,
    })
    .into_iter()
    .map(|advice| {
        let text = advice.to_string();
        (advice, text)
    })
    .collect();
    Explanation {
        left,
        seen: what_is_left(&seen, rules),
        removed: removed(head, rules, &edits, &trace),
        trace,
        uri: escaped(uri.to_string().as_bytes()),
        advice,
        resolution,
    }
}

/// How a request was resolved: as text with `Display`, and as data with serde (feature `serde`).
///
/// The first line of the text is the most important advice. If there is no advice, it is the outcome.
#[derive(Clone, Debug)]
pub struct Explanation {
    resolution: Resolution,
    trace: Trace,
    /// The elements to the left of the client, from the left.
    left: Vec<String>,
    /// What the next layer sees: `Host` and the forwarding headers.
    seen: Vec<(String, String)>,
    removed: Vec<String>,
    uri: String,
    /// The advice, each with its sentence.
    advice: Vec<(Advice, String)>,
}

impl Explanation {
    /// The outcome.
    #[must_use]
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// What to change, the most important first. Each is a sentence that says what is wrong and what to do. Empty if
    /// nothing looks wrong.
    pub fn advice(&self) -> impl Iterator<Item = &str> {
        self.advice.iter().map(|(_, text)| &**text)
    }

    /// The sentence about one finding; `None` if the request does not have it, or if there is nothing to change.
    #[must_use]
    pub fn advice_about(&self, finding: Finding) -> Option<&str> {
        self.advice
            .iter()
            .find(|(advice, _)| advice.finding() == Some(finding))
            .map(|(_, text)| &**text)
    }

    /// The request's URI as the inner service sees it. Bytes outside ASCII are escaped, as `\xc3`.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The names of the headers that the layer removes: forwarding headers, headers that say who the client is, headers
    /// that you named with [`remove`](crate::ForwardedLayer::remove), the secret, and an invalid `Host`.
    #[must_use]
    pub fn removed(&self) -> &[String] {
        &self.removed
    }

    fn outcome(&self) -> String {
        let client = match self.resolution.client() {
            Some(client) => client.to_string(),
            None => "an unknown client".to_owned(),
        };
        format!("{client} asked for {}", shortened(&self.uri))
    }
}

/// The nearest of the elements that no trusted proxy wrote.
fn left_of_the_client(head: Head<'_>, rules: &Rules, trace: &Trace) -> Vec<String> {
    const SHOWN: usize = 8;
    let headers = &rules.headers;
    if trace.end.is_none() {
        return Vec::new();
    }
    let Some(name) = headers.header_name(headers.client) else {
        return Vec::new();
    };
    let lines = head.headers.get_all(name).iter().rev();
    let lines = lines.map(HeaderValue::as_bytes);
    let shown = |text: Option<&[u8]>| text.map_or_else(|| "…".to_owned(), printable);
    let walked = trace.elements.len();
    let mut left: Vec<String> = match headers.client_syntax {
        ClientSyntax::List => FromRight::new(lines, node::SPLIT)
            .skip(walked)
            .map(|element| shown(element.text))
            .take(SHOWN)
            .collect(),
        ClientSyntax::Forwarded => FromRight::new(lines, OutsideQuotes)
            .skip(walked)
            .map(|element| shown(element.text))
            .take(SHOWN)
            .collect(),
        ClientSyntax::Single | ClientSyntax::SingleWithPort => Vec::new(),
    };
    left.reverse();
    left
}

/// `Host`, the forwarding headers and those that say who the client is, among these.
fn what_is_left(headers: &HeaderMap, rules: &Rules) -> Vec<(String, String)> {
    let lines = headers.iter();
    lines
        .filter_map(|(name, value)| Some((name.to_string(), shown(name, value, rules)?)))
        .collect()
}

/// The value of a header that matters, as it may be shown. Tokens are never shown: a proxy writes them, and the browser
/// must not learn them.
fn shown(name: &HeaderName, value: &HeaderValue, rules: &Rules) -> Option<String> {
    if rules.identity.resemble(name.as_str()) {
        return Some("…".to_owned());
    }
    match rules.headers.recognise(name.as_str())? {
        Kind::Identity => Some("…".to_owned()),
        Kind::Host | Kind::Field(_) | Kind::Underscored(_) => {
            Some(printable(&without_userinfo(value.as_bytes())))
        }
    }
}

fn removed(head: Head<'_>, rules: &Rules, edits: &Edits, trace: &Trace) -> Vec<String> {
    let mut removed = Vec::new();
    edits
        .remove
        .each(|field| removed.push(rules.headers.field_name(field).to_owned()));
    removed.extend(
        trace
            .identity
            .iter()
            .filter(|(_, fate)| *fate != Fate::Believed)
            .map(|(name, _)| name.clone()),
    );
    removed.extend(rules.remove.among(head.headers).map(ToString::to_string));
    if let Some(secret) = &rules.secret {
        if head.headers.contains_key(&secret.name) {
            removed.push(secret.name.to_string());
        }
    }
    if edits.remove_host {
        removed.push("host".to_owned());
    }
    if edits.underscored {
        removed
            .extend(rewrite::fields::underscored(head.headers, rules).map(|name| name.to_string()));
    }
    // A header can be removed for two reasons.
    removed.sort_unstable();
    removed.dedup();
    removed
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.advice.is_empty() {
            writeln!(f, "{}.", self.outcome())?;
        }
        for advice in self.advice() {
            writeln!(f, "{advice}")?;
        }
        writeln!(f)?;
        words::tell(&self.trace, &self.left, f)?;
        if !self.removed.is_empty() {
            writeln!(f, "{:<10}{}", "removed", self.removed.join(", "))?;
        }
        if !self.seen.is_empty() {
            let seen: Vec<_> = self
                .seen
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            writeln!(f, "{:<10}{}", "next sees", seen.join("; "))?;
        }
        let findings = self.resolution.findings();
        if !findings.is_empty() {
            let names: Vec<_> = findings.iter().map(Finding::as_str).collect();
            writeln!(f, "{:<10}{}", "findings", names.join(", "))?;
        }
        write!(f, "{:<10}{}", "outcome", self.outcome())
    }
}
