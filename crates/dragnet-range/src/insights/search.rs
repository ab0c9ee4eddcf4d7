//! Evaluates a query over stored events.

use super::discovery::discovery_in;
use super::pointer::Pointer;
use super::queries::QueryResult;
use crate::logs::{StoredGroup, mask_message};
use dragnet_model::AccountId;
use insights_ql::{Event, Partial, Plan, Query, Record, Row, Stage};

/// The limit on the rows of a query. Source: CloudWatch Logs API, `StartQuery.limit`.
pub(crate) const MAX_ROWS: usize = 100_000;

/// The events that a query can read; times in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// The first timestamp, inclusive.
    pub(super) first: i64,
    /// The last timestamp, inclusive.
    pub(super) last: i64,
    /// The time of the query. Events that are ingested later, and those that retention has deleted,
    /// are not read.
    pub(super) now: i64,
}

/// A query while it is evaluated over its log groups, one after the other.
pub(super) struct Search<'q> {
    plan: &'q Plan,
    window: Window,
    rows: Vec<Row>,
    partial: Partial,
    result: QueryResult,
}

impl<'q> Search<'q> {
    pub(super) fn new(plan: &'q Plan, window: Window) -> Self {
        Self {
            plan,
            window,
            rows: Vec::new(),
            partial: Partial::default(),
            result: QueryResult::default(),
        }
    }

    /// Evaluates the query over the events of a group.
    pub(super) fn scan_group(&mut self, account: AccountId, name: &str, group: &mut StoredGroup) {
        let Window { first, last, now } = self.window;
        let first = first.max(group.retained_from_ms(now));
        let log = format!("{account}:{name}");
        let discovery = discovery_in(&group.class);
        let group = group.prepare();
        let events = group.events();
        let start = events.partition_point(|event| event.timestamp_ms < first);
        let window_events = events
            .iter()
            .skip(start)
            .take_while(|event| event.timestamp_ms <= last);
        for event in window_events.filter(|event| event.ingestion_ms <= now) {
            let message = mask_message(group, &event.message, false);
            let ptr = Pointer {
                group: name,
                position: event.position(),
            }
            .encode();
            let event_fields = Event {
                timestamp: event.timestamp_ms,
                ingestion_time: event.ingestion_ms,
                log: &log,
                log_stream: group.stream_name(event.stream),
                ptr: &ptr,
                message: &message,
            };
            self.add_record(&Record::new(event_fields, discovery));
            self.result.scanned += 1;
            self.result.bytes += event.message.len() as u64;
        }
    }

    fn add_record(&mut self, record: &Record<'_>) {
        let matched = match self.plan {
            Plan::Rows(plan) => {
                let row = plan.row(record);
                let matched = row.is_some();
                self.rows.extend(row);
                matched
            }
            Plan::Groups(plan) => plan.add(record, &mut self.partial),
        };
        self.result.matched += u64::from(matched);
    }

    /// Returns the result, with at most `limit` rows.
    pub(super) fn finish(self, limit: usize) -> QueryResult {
        let mut table = match self.plan {
            Plan::Rows(plan) => plan.finish(self.rows),
            Plan::Groups(plan) => plan.finish(&self.partial),
        };
        table.rows.truncate(limit);
        let rows = table.rows.iter().map(|row| {
            row.iter()
                .map(|value| value.text().map(Into::into))
                .collect()
        });
        QueryResult {
            rows: rows.collect(),
            columns: table.columns,
            ..self.result
        }
    }
}

/// The row limit: the one in the query text, else the `limit` parameter, else 10,000. A limit in
/// the text is applied by the plan, so only the maximum applies here.
pub(super) fn row_limit(query: &Query, requested: Option<usize>) -> usize {
    let in_text = query
        .stages
        .iter()
        .any(|stage| matches!(stage, Stage::Limit(_)));
    if in_text {
        MAX_ROWS
    } else {
        requested.unwrap_or(10_000)
    }
}
