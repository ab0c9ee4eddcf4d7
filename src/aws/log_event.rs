//! An event of a log group, and a page of them.

/// One page of events. It may be empty and still have a token: only a page without a token is the
/// last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The events, in no reliable order.
    pub events: Vec<LogEvent>,
    /// The token of the next page, valid for 24 hours.
    pub next_token: Option<String>,
    /// Whether the response says that it did not search a log stream completely. AWS has not
    /// reported that since 2020; other servers may. On the last page, it means that events are
    /// missing.
    ///
    /// Source: CloudWatch Logs API, `FilterLogEvents`, `searchedLogStreams`; `SearchedLogStream`.
    pub has_unsearched_stream: bool,
}

/// An event. Every text is untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEvent {
    /// The id, unique in the account and Region.
    pub event_id: String,
    /// The name of the log stream.
    pub log_stream: String,
    /// The log time, in milliseconds since the Unix epoch. It may be the time of the delivery.
    pub timestamp_ms: i64,
    /// The ingestion time, in milliseconds since the Unix epoch.
    pub ingestion_ms: i64,
    /// The message.
    pub message: String,
}
