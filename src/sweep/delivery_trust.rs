//! Decides which events of a log are trusted about where and when something happened: those that a
//! trail delivered there, and those of the event history.

use dragnet_model::TrailScope;

/// What is known of a log before its events are read.
#[derive(Clone, Debug)]
pub(super) struct DeliveryTrust {
    /// Whether the account and Region that store it are in scope, so that they count as the
    /// origin of its events.
    pub(super) is_in_scope: bool,
    /// The trails that deliver to it.
    pub(super) trails: Vec<TrailScope>,
    /// The account whose records CloudTrail alone writes there: that of an event history, or of its
    /// folder in the bucket of a trail.
    ///
    /// Sources: CloudTrail user guide, "Working with CloudTrail event history" (an immutable record),
    /// "Finding your CloudTrail log files" (the folders).
    /// Others who may write to the bucket can add objects; `docs/security.md` describes what remains.
    pub(super) records_of: Option<String>,
}

impl DeliveryTrust {
    /// Whether a channel of CloudTrail delivers to it. Nothing else is in its log group.
    pub(super) fn receives_channel(&self) -> bool {
        self.trails.iter().any(TrailScope::is_channel)
    }

    /// Returns whether CloudTrail wrote an event of this stream: with a trail, or to the event
    /// history. Only such an event decides alone whether it is in scope.
    pub(super) fn is_trail_written(&self, log_stream: &str, event_account: &str) -> bool {
        self.records_of.as_deref() == Some(event_account)
            || self
                .trails
                .iter()
                .any(|trail| trail.delivers(log_stream, event_account))
    }
}
