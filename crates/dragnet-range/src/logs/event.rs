//! Log events, as they are stored and as they are added.

use std::sync::Arc;

/// An event that is added to a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewEvent {
    /// The name of the log stream.
    pub(crate) stream: String,
    /// The log time, in milliseconds since the Unix epoch.
    pub(crate) timestamp_ms: i64,
    /// The ingestion time, in milliseconds since the Unix epoch. The event can be read from then
    /// on.
    pub(crate) ingestion_ms: i64,
    /// The event id, if the scenario sets one.
    pub(crate) id: Option<String>,
    /// The message.
    pub(crate) message: Arc<str>,
}

/// An event in a log group. Events are sorted by time, then by order of arrival.
#[derive(Clone, Debug)]
pub(crate) struct StoredEvent {
    /// The log time, in milliseconds since the Unix epoch.
    pub(crate) timestamp_ms: i64,
    /// A number in the order of arrival, unique within an account and Region.
    pub(crate) serial: u64,
    /// The ingestion time, in milliseconds since the Unix epoch. The event can be read from then
    /// on.
    pub(crate) ingestion_ms: i64,
    /// The number of its log stream within the group.
    pub(crate) stream: u32,
    /// The event id, if the scenario sets one.
    pub(crate) fixed_id: Option<Box<str>>,
    pub(crate) message: Arc<str>,
}

impl StoredEvent {
    /// The sort key of the event within its group.
    pub(crate) fn position(&self) -> (i64, u64) {
        (self.timestamp_ms, self.serial)
    }

    /// `eventId`: 56 digits, unless the scenario sets another id.
    pub(crate) fn id(&self) -> String {
        match &self.fixed_id {
            Some(id) => id.to_string(),
            None => format!("{:020}{:036}", self.timestamp_ms.max(0), self.serial),
        }
    }
}
