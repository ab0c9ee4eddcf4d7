//! Decides which events of a log group are trusted about where and when something happened.

use dragnet_model::TrailScope;

/// What is known of a log group before its events are read.
#[derive(Clone, Debug)]
pub(super) struct GroupTrust {
    /// Whether its account and Region are in scope, so that the place where it stores events
    /// counts.
    pub(super) is_in_scope: bool,
    /// The trails that deliver to it.
    pub(super) trails: Vec<TrailScope>,
}

impl GroupTrust {
    /// Returns whether a trail wrote an event of this stream. Only such an event decides alone
    /// whether it is in scope.
    pub(super) fn is_trail_written(&self, log_stream: &str, event_account: &str) -> bool {
        self.trails
            .iter()
            .any(|trail| trail.delivers(log_stream, event_account))
    }
}
