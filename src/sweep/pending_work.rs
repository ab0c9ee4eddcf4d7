//! Work that waits for a quota, as the progress display sees it. The display thus depends on no log
//! source.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Work of one account-Region that is not finished.
pub(super) trait PendingWork: fmt::Debug + Send + Sync {
    /// Returns how far the work of the account-Region with this name is.
    fn progress(&self, name: &Arc<str>) -> WorkProgress;
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
    /// The number of pages that are left of what was started, according to what was read of it.
    pub pages_started: f64,
    /// The number of pages of what was not started, according to the stored bytes alone.
    pub pages_unstarted: f64,
    /// The current rate of the quota, in calls per second.
    pub rate: f64,
    /// The rate of the quota while AWS does not throttle.
    pub full_rate: f64,
    /// The time from a call to its response.
    pub response_time: Duration,
}

/// How much a finished work unit counts in [`FinishedPages`] after the next one. So the last dozen
/// units decide.
const DECAY: f64 = 0.9;

/// The pages of the latest work units that were read to their end: how many were expected, and how
/// many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FinishedPages {
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
    pub fn ratio(&self) -> f64 {
        // One page that was as expected, so that the first unit does not decide alone.
        (self.read + 1.0) / (self.expected + 1.0)
    }
}
