//! One stored log event.

use std::sync::Arc;

/// An event on its way into a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewEvent {
    /// The stream's name.
    pub(crate) stream: String,
    /// Its time, in milliseconds since the Unix epoch.
    pub(crate) timestamp_ms: i64,
    /// From when on it can be read, in milliseconds since the Unix epoch.
    pub(crate) ingestion_ms: i64,
    /// Its id, where a scenario fixes one.
    pub(crate) id: Option<String>,
    /// Its text; copies of one record share it.
    pub(crate) message: Arc<str>,
}

/// An event in a log group. The order of a group is by time, then by arrival.
#[derive(Clone, Debug)]
pub(crate) struct StoredEvent {
    /// Its time, in milliseconds since the Unix epoch.
    pub(crate) timestamp_ms: i64,
    /// Its number in the order of arrival, unique in its account and Region.
    pub(crate) serial: u64,
    /// From when on it can be read, in milliseconds since the Unix epoch.
    pub(crate) ingestion_ms: i64,
    /// Which of its group's streams it is in.
    pub(crate) stream: u32,
    /// The id that a scenario fixed.
    pub(crate) fixed_id: Option<Box<str>>,
    /// Its text.
    pub(crate) message: Arc<str>,
}

impl StoredEvent {
    /// Where it stands in its group.
    pub(crate) fn position(&self) -> (i64, u64) {
        (self.timestamp_ms, self.serial)
    }

    /// `eventId`: 56 digits, unless a scenario fixed another.
    pub(crate) fn id(&self) -> String {
        match &self.fixed_id {
            Some(id) => id.to_string(),
            None => format!("{:020}{:036}", self.timestamp_ms.max(0), self.serial),
        }
    }
}
