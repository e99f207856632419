//! Advice about headers that say who the client is.

use super::{Advice, Case};
use crate::identity::fate::Fate;

/// Headers were removed.
pub(super) fn ignored(case: Case<'_>) -> Option<Advice> {
    let names = |fate: Fate| -> Vec<&str> {
        let identity = case.trace.identity.iter();
        identity
            .filter(|(_, other)| *other == fate)
            .map(|(name, _)| name.as_str())
            .collect()
    };
    let peer = match case.trace.peer.map(|peer| (peer, peer.ip())) {
        Some((_, Some(address))) => address.to_string(),
        Some((peer, None)) => peer.to_string(),
        None => "an unknown peer".to_owned(),
    };
    if !case.trace.trusted {
        let names: Vec<&str> = case
            .trace
            .identity
            .iter()
            .map(|(name, _)| &**name)
            .collect();
        return Some(Advice::new(
            format!(
                "{} the client is, and came from {peer}, which is not trusted, so {} removed",
                says_who(&names),
                it_is(&names)
            ),
            "if a client forged it, do nothing; if this peer is your proxy, trust its address",
        ));
    }
    let not_verified = names(Fate::NotVerified);
    if !not_verified.is_empty() {
        return Some(Advice::new(
            format!(
                "The trusted peer {peer} does not say that it verified the certificate, so {} {} removed",
                list(&not_verified),
                is_or_are(&not_verified)
            ),
            "configure the proxy to request a certificate from your own CA (nginx: \
             `ssl_client_certificate` and `ssl_verify_client optional`)",
        ));
    }
    let not_about = names(Fate::NotAboutTheClient);
    if !not_about.is_empty() {
        return Some(Advice::new(
            format!(
                "{} has fewer elements than there are trusted proxies, or contains JSON, so it does not say which \
                 certificate the client presented",
                list(&not_about)
            ),
            "if the client has one, let each Envoy append its element (`forward_client_cert_details: \
             APPEND_FORWARD`, as text)",
        ));
    }
    let not_named = names(Fate::NotNamed);
    if not_named.is_empty() {
        let spellings = names(Fate::OtherSpelling);
        return (!spellings.is_empty()).then(|| {
            Advice::new(
                format!(
                    "{} {} removed, because you believe another spelling of the name",
                    list(&spellings),
                    is_or_are(&spellings)
                ),
                "if a client forged it, do nothing; if your proxy sends this spelling, name this spelling in \
                 `.believe_identity(…)`",
            )
        });
    }
    let (it, that) = match not_named.len() {
        1 => ("it", "that name"),
        _ => ("them", "these names"),
    };
    let quoted: Vec<String> = not_named.iter().map(|name| format!("\"{name}\"")).collect();
    Some(Advice::new(
        format!(
            "{} the client is, and {} removed, because you did not name {}",
            says_who(&not_named),
            is_or_are(&not_named),
            it
        ),
        format!(
            "if {peer} sets {it}, and removes or overwrites what a client sends under {that}, write \
             `.believe_identity([{}])?`; if a client forged {it}, do nothing",
            quoted.join(", ")
        ),
    ))
}

/// A believed header has several lines, or a value that cannot be read.
pub(super) fn malformed(case: Case<'_>) -> Advice {
    let several: Vec<&str> = case
        .trace
        .identity
        .iter()
        .filter(|(_, fate)| *fate == Fate::SeveralLines)
        .map(|(name, _)| name.as_str())
        .collect();
    if several.is_empty() {
        return Advice::new(
            "A header that should contain the client's certificate contains something else",
            "let the proxy write PEM, percent-encoded, or DER in base64",
        );
    }
    Advice::new(
        format!(
            "{} has several lines, and the client may have sent one of them, so all are removed",
            list(&several)
        ),
        "let the proxy overwrite the header instead of adding a line (nginx: `proxy_set_header`; HAProxy: \
         `http-request set-header`; Apache: `RequestHeader set`)",
    )
}

/// One header says who, several say who.
fn says_who(names: &[&str]) -> String {
    let verb = if names.len() > 1 { "say" } else { "says" };
    format!("{} {verb} who", list(names))
}

fn is_or_are(names: &[&str]) -> &'static str {
    if names.len() > 1 { "are" } else { "is" }
}

fn it_is(names: &[&str]) -> &'static str {
    if names.len() > 1 { "they are" } else { "it is" }
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, before)) if !before.is_empty() => {
            format!("{} and {last}", before.join(", "))
        }
        _ => quoted.concat(),
    }
}
