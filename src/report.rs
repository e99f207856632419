//! Counts findings, and says each once.
//!
//! A warning for every request would let any client flood the log; one that stays at debug is never
//! found. So the first request with a finding is a warning that says what to change, and the others
//! are counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Finding, Peer, Trust, policy::Rules, resolution::Findings, resolve::Head};

/// How often each finding was met.
#[derive(Debug)]
pub(crate) struct Reports {
    counts: [AtomicU64; Finding::ALL.len()],
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; Finding::ALL.len()],
        }
    }
}

impl Reports {
    #[cold]
    pub(crate) fn add(
        &self,
        findings: Findings,
        peer: Option<Peer>,
        head: Head<'_>,
        rules: &Rules,
        trust: &dyn Trust,
    ) {
        for finding in findings.iter() {
            let Some(count) = self.counts.get(finding as usize) else {
                continue;
            };
            let before = count.fetch_add(1, Ordering::Relaxed);
            #[cfg(feature = "tracing")]
            log(finding, before, peer, head, rules, trust);
            #[cfg(not(feature = "tracing"))]
            let _ = (before, peer, head, rules, trust);
        }
    }

    pub(crate) fn counts(&self) -> Vec<(Finding, u64)> {
        Finding::ALL
            .iter()
            .zip(&self.counts)
            .map(|(finding, count)| (*finding, count.load(Ordering::Relaxed)))
            .collect()
    }
}

#[cfg(feature = "tracing")]
fn log(
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
    let explanation = crate::explain::explain_head(peer, head, rules, trust);
    match explanation.advice_about(finding) {
        Some(advice) => tracing::warn!(finding = finding.as_str(), "{advice}"),
        None => tracing::warn!(finding = finding.as_str(), "{finding}"),
    }
}
