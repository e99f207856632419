//! Findings in the log: the first request with each is a warning that says what to change, and the others
//! are debug lines. A warning for every request would let any client flood the log.

use super::explain_head;
use crate::{peer::Peer, resolution::Finding, resolve::head::Head, rules::Rules, trust::Trust};

/// Logs one finding, which was met so many times before.
pub(crate) fn log(
    finding: Finding,
    before: u64,
    peer: Option<Peer>,
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
) {
    if before > 0 {
        tracing::debug!(finding = finding.as_str(), "{finding}");
        return;
    }
    // What an attacker wrote is in there as printable ASCII only.
    let explanation = explain_head(peer, head, rules, trust);
    match explanation.advice_about(finding) {
        Some(advice) => tracing::warn!(finding = finding.as_str(), "{advice}"),
        None => tracing::warn!(finding = finding.as_str(), "{finding}"),
    }
}
