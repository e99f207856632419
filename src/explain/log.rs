//! Findings in the log: a warning that says what to change, about each network once a minute, and debug lines for the
//! others. A warning for every request would let any client flood the log; one for all would let any client silence it.

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
    // Where nobody listens, nothing is counted.
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
    // What an attacker wrote is in there as printable ASCII only.
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

/// The peer as OpenTelemetry names it: an address, or what is known of a Unix socket.
fn address(peer: Option<Peer>) -> Option<String> {
    let peer = peer?;
    Some(peer.ip().map_or("unix".to_owned(), |ip| ip.to_string()))
}

/// Says once what was decided.
pub(crate) fn started(policy: &Policy) {
    if policy.reports.started.swap(true, Ordering::Relaxed) {
        return;
    }
    let rules = &policy.rules;
    let identity: Vec<&str> = rules.identity.iter().map(|name| name.as_str()).collect();
    tracing::info!(
        trust = ?policy.trust,
        headers = rules.headers.name(),
        hosts = ?rules.hosts,
        port = rules.port,
        prefix = rules.prefix,
        connection_scheme = ?rules.connection_scheme,
        secret = rules.secret.as_ref().map(|secret| secret.name.as_str()),
        ?identity,
        "forwarding headers are believed from these proxies"
    );
    for (is_believed, field, what) in [
        (rules.prefix, rules.headers.prefix, "prefix"),
        (rules.port, rules.headers.port, "port"),
    ] {
        if is_believed && field == NONE {
            tracing::warn!(
                headers = rules.headers.name(),
                "a forwarded {what} is believed, but these headers have none: name one with with_{what}_field"
            );
        }
    }
}
