//! Work that waits for a quota, as the progress display sees it. The display thus depends on no log
//! source.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::throttle::Throttling;

/// Work of one account-Region that is not finished.
pub(super) trait PendingWork: fmt::Debug + Send + Sync {
    /// Returns how far the work of the account-Region with this name is. `overall_ratio` is that of
    /// [`FinishedPages`] in the whole sweep.
    fn progress(&self, name: &Arc<str>, overall_ratio: f64) -> WorkProgress;
}

/// How far the reading of an account-Region is.
#[derive(Clone, Debug)]
pub struct WorkProgress {
    /// The name of the account, which is untrusted text, and the Region.
    pub name: Arc<str>,
    /// The time since the reading may have started.
    pub age: Duration,
    /// The number of pages that were read.
    pub pages_read: f64,
    /// The number of pages that are probably left.
    pub pages_left: f64,
    /// Those of them that are a mere guess.
    pub pages_guessed: f64,
    /// Those of the longest work unit, which are read one after the other.
    pub longest_unit: f64,
    /// The current rate of the quota, in calls per second.
    pub rate: f64,
    /// The rate of the quota while AWS does not throttle.
    pub full_rate: f64,
    /// How often AWS throttled calls.
    pub throttling: Throttling,
    /// The time from a call to its response.
    pub response_time: Duration,
}

/// How much a finished work unit counts in [`FinishedPages`] after the next one. So the last dozen
/// units decide.
const DECAY: f64 = 0.9;

/// The pages of the latest work units that were read to their end: how many were expected, and how
/// many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FinishedPages {
    /// The decayed sum of the estimates.
    pub expected: f64,
    /// The decayed sum of the pages that were read.
    pub read: f64,
}

impl FinishedPages {
    pub(super) fn add(&mut self, expected: f64, read: f64) {
        self.expected = self.expected * DECAY + expected;
        self.read = self.read * DECAY + read;
    }

    /// Returns how many times as many pages there were as expected.
    pub(super) fn ratio(&self) -> f64 {
        // One page that was as expected, so that the first unit does not decide alone.
        (self.read + 1.0) / (self.expected + 1.0)
    }
}
