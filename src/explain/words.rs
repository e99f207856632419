//! A [`Trace`] in words.

use std::fmt;

use super::trace::{Element, Trace, Value, Voucher};
use crate::{
    identity::fate::Fate,
    resolve::observer::{End, Role, Source, Verdict},
};

/// One line for each step, each ending with a newline.
pub(super) fn tell(trace: &Trace, left: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut line = |label: &str, text: &dyn fmt::Display| writeln!(f, "{label:<10}{text}");
    let peer = match trace.peer {
        Some(peer) => peer.to_string(),
        None => "unknown".to_owned(),
    };
    let trusted = match (&trace.trusted_by, trace.trusted) {
        (Some(entry), _) if entry == "*" => "trusted by *, as any peer is".to_owned(),
        (Some(entry), _) => format!("trusted by {entry}"),
        (None, true) => "trusted by your own rule".to_owned(),
        (None, false) => "not trusted: the client is the peer".to_owned(),
    };
    line("peer", &format_args!("{peer}, {trusted}"))?;
    for (index, element) in trace.elements.iter().enumerate() {
        let field = &trace.client_field;
        let text = element.text.as_deref().unwrap_or("…");
        let voucher = element.voucher;
        let is_last = index.saturating_add(1) == trace.elements.len();
        let verdict = verdict(element, trace.end.filter(|_| is_last));
        line(
            "element",
            &format_args!("{field}: {text} (written by {voucher}): {verdict}"),
        )?;
    }
    if let Some(end) = trace.end {
        line("walk", &format_args!("ended {end}"))?;
    }
    if !left.is_empty() {
        let who = match trace.elements.last().map(|element| element.verdict) {
            Some(Verdict::Address { address, .. }) => address.to_string(),
            _ => "the hop in front of it".to_owned(),
        };
        let left = left.join(", ");
        line(
            "left",
            &format_args!(
                "{left}: any client can write this; it would count if {who} were trusted"
            ),
        )?;
    }
    for value in &trace.values {
        let text = &value.text;
        let source = source(value);
        match value.believed {
            // A header whose presence means https.
            Ok(()) if text.is_empty() => {
                line(
                    value.role.as_str(),
                    &format_args!("http (without {source})"),
                )?;
            }
            Ok(()) => line(value.role.as_str(), &format_args!("{text} ({source})"))?,
            Err(finding) => line(
                value.role.as_str(),
                &format_args!("{text} ({source}): ignored, {finding}"),
            )?,
        }
    }
    let peer = match trace.peer.and_then(|peer| peer.ip()) {
        Some(address) => address.to_string(),
        None => peer,
    };
    for (name, fate) in &trace.identity {
        line("identity", &format_args!("{name}: {}", fate.words(&peer)))?;
    }
    Ok(())
}

impl Fate {
    /// Why a header that says who the client is stays or is removed.
    fn words(self, peer: &str) -> String {
        match self {
            Self::Believed => format!("stays, {peer} sent it"),
            Self::NotNamed => "removed, believe_identity does not name it".to_owned(),
            Self::NotTrusted => format!("removed, {peer} is not trusted"),
            Self::SeveralLines => "removed, the client may have sent one of the lines".to_owned(),
            Self::OtherSpelling => "removed, you believe another spelling".to_owned(),
            Self::NotVerified => {
                "removed, the proxy does not say that it verified the certificate".to_owned()
            }
            Self::NotAboutTheClient => "removed, no element describes the client".to_owned(),
            Self::Nobody => "removed, the proxy says that there is no user".to_owned(),
        }
    }
}

/// What kind of element this is. `end` is given if the walk ended there.
fn verdict(element: &Element, end: Option<End>) -> &'static str {
    match (element.verdict, end) {
        (Verdict::Address { trusted: true, .. }, Some(End::Leftmost | End::HopLimit { .. })) => {
            "the client, at a trusted address"
        }
        (
            Verdict::Address { .. },
            Some(End::Leftmost | End::HopLimit { .. } | End::Client { .. }),
        ) => "the client",
        (Verdict::Address { trusted: true, .. }, _) => "a trusted proxy",
        (Verdict::Address { trusted: false, .. }, _) => "a counted proxy",
        (Verdict::Unix { trusted: true }, _) => "a trusted proxy on a Unix socket",
        (Verdict::Unix { trusted: false }, _) => "a Unix socket, which is not trusted",
        (Verdict::Nothing, _) => "nothing",
        (Verdict::Hidden, _) => "hides the client",
        (Verdict::WithoutFor, _) => "has no `for=`",
        (Verdict::Malformed, _) => match element.text.as_deref() {
            None => "too long for an element",
            Some("") => "empty",
            Some(_) => "malformed",
        },
    }
}

fn source(value: &Value) -> String {
    let field = &value.field;
    match value.source {
        Source::Element(_, 1) => format!("{field}, last element"),
        Source::Element(_, number) => format!("{field}, element {number} from the right"),
        Source::Parameter(name) => {
            format!("{field}, parameter {name} of the outermost element that states one")
        }
        Source::Lines(_) | Source::Host => field.clone(),
        Source::Target => "the request's target".to_owned(),
    }
}

impl fmt::Display for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Address(address) => address.fmt(f),
            Self::UnixSocket => f.write_str("the Unix socket"),
            Self::Hidden => f.write_str("a proxy that hides itself"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client { counted: false, .. } => "at the first address that is not trusted",
            Self::Client { counted: true, .. } => "behind as many proxies as you count",
            Self::Leftmost => "at the leftmost element: every address is trusted",
            Self::HopLimit { .. } => "at the hop limit",
            Self::Unknown => "at an element without an address",
            Self::Missing => "before it began: there is no header with the client",
        })
    }
}

impl Role {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Port => "port",
            Self::Prefix => "prefix",
        }
    }
}
