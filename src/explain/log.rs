//! Findings in the log. For each network and each minute, one line is a warning that says what to change. The other
//! lines are debug lines. With a warning for every request, any client could flood the log. With a single warning, any
//! client could use it up.

use std::{sync::atomic::Ordering, time::Instant};

use super::explain_head;
use crate::{
    headers::known::NONE, peer::Peer, policy::Policy, resolution::Finding, resolve::head::Head,
    trust::Trust,
};

/// Logs one finding.
pub(crate) fn log(
    finding: Finding,
    peer: Option<Peer>,
    head: Head<'_>,
    policy: &Policy,
    trust: &dyn Trust,
) {
    // If nobody listens, there is nothing to count.
    if !tracing::enabled!(tracing::Level::WARN) {
        return;
    }
    let Some(requests) = policy.reports.note(finding, peer, Instant::now()) else {
        tracing::debug!(
            finding = finding.as_str(),
            network.peer.address = address(peer),
            "{finding}"
        );
        return;
    };
    // The text of an attacker appears in it only as printable ASCII.
    let explanation = explain_head(peer, head, &policy.rules, trust);
    let text = explanation.advice_about(finding);
    let text = text.map_or_else(|| finding.to_string(), str::to_owned);
    tracing::warn!(
        finding = finding.as_str(),
        network.peer.address = address(peer),
        requests,
        "{text}"
    );
}

/// The peer, for the attribute of OpenTelemetry: an address, or `unix`.
fn address(peer: Option<Peer>) -> Option<String> {
    let peer = peer?;
    Some(peer.ip().map_or("unix".to_owned(), |ip| ip.to_string()))
}

/// Logs the settings, once.
pub(crate) fn started(policy: &Policy) {
    if policy.reports.started.swap(true, Ordering::Relaxed) {
        return;
    }
    let rules = &policy.rules;
    let identity: Vec<&str> = rules.identity.iter().map(|name| name.as_str()).collect();
    // What is kept, a client may have written: whoever reads the log should see it.
    let mut keep: Vec<&str> = rules.keep.iter().map(|name| name.as_str()).collect();
    keep.sort_unstable();
    tracing::info!(
        trust = ?policy.trust,
        headers = rules.headers.name(),
        hosts = ?rules.hosts,
        port = rules.port,
        prefix = rules.prefix,
        connection_scheme = ?rules.connection_scheme,
        secret = rules.secret.as_ref().map(|secret| secret.name.as_str()),
        ?identity,
        ?keep,
        keep_uri = rules.keep_uri,
        keep_connect_info = rules.keep_connect_info,
        "ForwardedLayer believes forwarding headers from these proxies"
    );
    for (is_believed, field, what) in [
        (rules.prefix, rules.headers.prefix, "prefix"),
        (rules.port, rules.headers.port, "port"),
    ] {
        if is_believed && field == NONE {
            tracing::warn!(
                headers = rules.headers.name(),
                "you believe a forwarded {what}, but this preset has no header for it: name one with \
                 `Headers::with_{what}_field`"
            );
        }
    }
}
