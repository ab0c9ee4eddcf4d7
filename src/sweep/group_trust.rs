//! Decides which events of a log group are trusted about where and when something happened.

use crate::model::TrailStreamOwner;

/// What is known of a log group before its events are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupTrust {
    /// Whether its account and Region are in scope, so that the place where it stores events
    /// counts.
    pub is_in_scope: bool,
    /// Whether a trail delivers to it.
    pub trail_delivers: bool,
}

impl GroupTrust {
    /// Returns whether a trail wrote an event of this stream. Only such an event decides alone
    /// whether it is in scope.
    pub(super) fn is_trail_written(self, log_stream: &str, event_account: &str) -> bool {
        self.trail_delivers && TrailStreamOwner::is_stream_of(log_stream, event_account)
    }
}
