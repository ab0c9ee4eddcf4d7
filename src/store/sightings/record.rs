//! A sighting as it is stored.

/// A sighting as it is stored: the keys by which it is sorted, its origin, its matches, and its
/// message. All other columns of a report are parsed from the message when the run is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingRecord {
    /// The event time, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The account in which the event happened.
    pub event_account: String,
    /// The Region in which the event happened.
    pub event_region: String,
    /// CloudTrail's `eventID`; empty for other events.
    pub record_id: String,
    /// The event id of CloudWatch Logs.
    pub event_id: String,
    /// The log stream.
    pub log_stream: String,
    /// The log time, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The ingestion time, in milliseconds since the Unix epoch.
    pub ingestion_ms: i64,
    /// The indicators that were found in the event.
    pub indicators: Vec<String>,
    /// The hunts of which the event is a row.
    pub hunts: Vec<String>,
    /// The fields in which indicators were found.
    pub matched_fields: Vec<String>,
    /// Whether a trail delivered it, as far as the scan knew.
    pub is_trusted: bool,
    /// The message, byte for byte.
    pub message: String,
}

impl SightingRecord {
    /// Whether an indicator is in a field that describes the actor. A row of a hunt without
    /// indicators counts as well.
    pub fn matches_actor(&self) -> bool {
        let is_of_actor = |field: &String| {
            ["userIdentity", "sourceIPAddress", "userAgent"]
                .iter()
                .any(|actor| {
                    field
                        .strip_prefix(actor)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
        };
        if self.indicators.is_empty() {
            !self.hunts.is_empty()
        } else {
            self.matched_fields.iter().any(is_of_actor)
        }
    }
}
