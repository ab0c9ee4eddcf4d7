//! Work that waits for a quota, as the progress display sees it. The display thus depends on no log
//! source.

use std::fmt;
use std::time::Duration;

/// Work of one account-Region that is not finished.
pub(super) trait PendingWork: fmt::Debug + Send + Sync {
    /// Returns how long the work left takes at the current rate.
    fn time_left(&self) -> Duration;
}

/// Any such work.
pub(super) type AnyPendingWork = dyn PendingWork;
