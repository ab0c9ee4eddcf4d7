//! Evaluates a query over stored events.

use super::pointer::Pointer;
use super::queries::Answer;
use crate::model::AccountId;
use crate::query::{
    Discovery, Event, INSIGHTS_JSON_FIELDS, Partial, Plan, Query, Record, Row, Stage,
};
use crate::range::logs::{StoredGroup, shown};

/// The limit on the rows of a query. Source: CloudWatch Logs API, `StartQuery.limit`.
pub(crate) const MOST_ROWS: usize = 100_000;

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
    answer: Answer,
}

impl<'q> Search<'q> {
    pub(super) fn new(plan: &'q Plan, window: Window) -> Self {
        Self {
            plan,
            window,
            rows: Vec::new(),
            partial: Partial::default(),
            answer: Answer::default(),
        }
    }

    /// Evaluates the query over the events of a group.
    pub(super) fn read(&mut self, account: AccountId, name: &str, group: &mut StoredGroup) {
        let Window { first, last, now } = self.window;
        let first = first.max(group.kept_from_ms(now));
        let log = format!("{account}:{name}");
        let group = group.prepare();
        let events = group.events();
        let before = events.partition_point(|event| event.timestamp_ms < first);
        let in_window = events
            .iter()
            .skip(before)
            .take_while(|event| event.timestamp_ms <= last);
        for event in in_window.filter(|event| event.ingestion_ms <= now) {
            let message = shown(group, &event.message, false);
            let ptr = Pointer {
                group: name,
                position: event.position(),
            }
            .seal();
            let seen = Event {
                timestamp: event.timestamp_ms,
                ingestion_time: event.ingestion_ms,
                log: &log,
                log_stream: group.stream_name(event.stream),
                ptr: &ptr,
                message: &message,
            };
            let discovery = Discovery::Automatic {
                json_limit: Some(INSIGHTS_JSON_FIELDS),
            };
            self.take_in(&Record::new(seen, discovery));
            self.answer.scanned += 1;
            self.answer.bytes += event.message.len() as u64;
        }
    }

    fn take_in(&mut self, record: &Record<'_>) {
        let matched = match self.plan {
            Plan::Rows(plan) => {
                let row = plan.row(record);
                let matched = row.is_some();
                self.rows.extend(row);
                matched
            }
            Plan::Groups(plan) => plan.add(record, &mut self.partial),
        };
        self.answer.matched += u64::from(matched);
    }

    /// Returns the result, with at most `limit` rows.
    pub(super) fn finish(self, limit: usize) -> Answer {
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
        Answer {
            rows: rows.collect(),
            columns: table.columns,
            ..self.answer
        }
    }
}

/// The row limit: the one in the query text, else the `limit` parameter, else 10,000. A limit in
/// the text is applied by the plan, so only the maximum applies here.
pub(super) fn row_limit(query: &Query, asked: Option<usize>) -> usize {
    let in_text = query
        .stages
        .iter()
        .any(|stage| matches!(stage, Stage::Limit(_)));
    if in_text {
        MOST_ROWS
    } else {
        asked.unwrap_or(10_000)
    }
}
