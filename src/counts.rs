//! How often each finding occurred.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::resolution::Finding;

/// A counter for each finding.
#[derive(Debug)]
pub(crate) struct Counts([AtomicU64; Finding::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; Finding::ALL.len()])
    }
}

impl Counts {
    /// Counts one more occurrence.
    pub(crate) fn add(&self, finding: Finding) {
        if let Some(count) = self.0.get(finding as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each finding with its count, in the order of [`Finding::ALL`].
    pub(crate) fn all(&self) -> Vec<(Finding, u64)> {
        Finding::ALL
            .iter()
            .zip(&self.0)
            .map(|(finding, count)| (*finding, count.load(Ordering::Relaxed)))
            .collect()
    }
}
