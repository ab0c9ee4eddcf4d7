//! What was received of the rows of an Insights query, and whether that may be all.

use crate::aws::{InsightsRow, QueryPage};

/// The row limit of a query. Source: CloudWatch Logs API, `StartQuery`, `limit`; some servers
/// accept only the smaller number.
pub(super) const ROW_LIMIT: u32 = 100_000;
pub(super) const SMALL_ROW_LIMIT: u32 = 10_000;

/// What was received of the rows of a query.
pub(super) struct ReceivedRows {
    limit: u32,
    pub number: u64,
    /// Whether the query has at least as many rows as its limit, so that some may be missing.
    pub exceeds_limit: bool,
    /// The earliest and the latest log time of the events.
    pub seen: Option<(i64, i64)>,
}

impl ReceivedRows {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            number: 0,
            exceeds_limit: false,
            seen: None,
        }
    }

    pub(super) fn add_page(&mut self, page: &QueryPage, is_last_page: bool) {
        self.number += page.rows.len() as u64;
        let limit = u64::from(self.limit);
        // Also full: a server that knows only the smaller limit returned exactly that many rows.
        let is_full =
            self.number >= limit || (is_last_page && self.number == u64::from(SMALL_ROW_LIMIT));
        self.exceeds_limit = is_full || page.all_rows >= limit;
    }

    pub(super) fn add_events(&mut self, events: &[InsightsRow]) {
        let times = events.iter().map(|row| row.event.timestamp_ms);
        self.seen = times.fold(self.seen, |seen, time| {
            let (first, last) = seen.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
    }
}
