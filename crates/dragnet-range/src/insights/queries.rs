//! The Insights queries of an account-Region, and their status over time.

use std::collections::BTreeMap;
use std::time::Duration;

/// The limit on concurrent queries. Source: CloudWatch Logs user guide, "CloudWatch Logs quotas".
const MAX_CONCURRENT: usize = 100;

/// The limit for queries that include log groups of class `INFREQUENT_ACCESS`. Source: as above.
const MAX_CONCURRENT_INFREQUENT_ACCESS: usize = 5;

/// How long results are available. Source: as above.
const RESULT_RETENTION: Duration = Duration::from_hours(7 * 24);

/// How fast queries run. AWS documents only the limit of one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Speed {
    /// How long a query stays scheduled.
    pub(crate) scheduling_delay: Duration,
    /// The minimum run time.
    pub(crate) min_run_time: Duration,
    /// The number of bytes scanned per second.
    pub(crate) bytes_per_second: u64,
    /// The maximum run time.
    pub(crate) timeout: Duration,
}

impl Default for Speed {
    fn default() -> Self {
        Self {
            scheduling_delay: Duration::from_millis(200),
            min_run_time: Duration::from_millis(600),
            bytes_per_second: 1 << 30,
            timeout: Duration::from_hours(1),
        }
    }
}

impl Speed {
    /// Returns the default scheduling delay and minimum run time with this speed and timeout.
    pub(crate) fn new(bytes_per_second: u64, timeout_seconds: u32) -> Self {
        Self {
            bytes_per_second,
            timeout: Duration::from_secs(timeout_seconds.into()),
            ..Self::default()
        }
    }

    /// How long it takes to scan this many bytes, ignoring the timeout.
    pub(super) fn scan_time(&self, bytes: u64) -> Duration {
        let rate = u128::from(self.bytes_per_second.max(1));
        let ms = u128::from(bytes) * 1_000 / rate;
        self.min_run_time
            .max(Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Scheduled,
    Running,
    Complete,
    Cancelled,
    Timeout,
}

impl Status {
    /// The name that the API uses.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Complete => "Complete",
            Self::Cancelled => "Cancelled",
            Self::Timeout => "Timeout",
        }
    }

    /// Whether the query counts towards the concurrency limit.
    pub(super) fn is_active(self) -> bool {
        matches!(self, Self::Scheduled | Self::Running)
    }
}

/// The complete result of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueryResult {
    pub(super) columns: Vec<String>,
    /// The rows; a value is `None` if the row lacks the field.
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// Number of records that passed the filters.
    pub(super) matched: u64,
    /// Number of records that were read.
    pub(super) scanned: u64,
    /// Number of bytes that were read, for which AWS charges.
    pub(super) bytes: u64,
}

/// A query that was started; it may have ended.
#[derive(Clone, Debug)]
pub(super) struct RunningQuery {
    /// The query string.
    pub(super) text: String,
    pub(super) groups: Vec<String>,
    /// Whether one of the log groups is of class `INFREQUENT_ACCESS`.
    pub(super) infrequent_access: bool,
    /// Start time in milliseconds since the Unix epoch.
    pub(super) started_ms: i64,
    /// Time of `StopQuery` in milliseconds since the Unix epoch.
    pub(super) stopped_ms: Option<i64>,
    pub(super) speed: Speed,
    /// The result when the query is complete.
    pub(super) result: QueryResult,
}

impl RunningQuery {
    /// How long the query had been running at `now_ms`, or when it was stopped if that was earlier.
    /// `None` while it is still scheduled.
    fn run_time(&self, now_ms: i64) -> Option<Duration> {
        let until = self
            .stopped_ms
            .map_or(now_ms, |stopped| stopped.min(now_ms));
        let elapsed_ms = u64::try_from(until.saturating_sub(self.started_ms)).unwrap_or(0);
        Duration::from_millis(elapsed_ms).checked_sub(self.speed.scheduling_delay)
    }

    /// The status at `now_ms`, in milliseconds since the Unix epoch.
    pub(super) fn status(&self, now_ms: i64) -> Status {
        let needed = self.speed.scan_time(self.result.bytes);
        match self.run_time(now_ms) {
            _ if self.stopped_ms.is_some_and(|stopped| stopped <= now_ms) => Status::Cancelled,
            None => Status::Scheduled,
            Some(run_time) if run_time >= needed && needed <= self.speed.timeout => {
                Status::Complete
            }
            Some(run_time) if run_time >= self.speed.timeout => Status::Timeout,
            Some(_) => Status::Running,
        }
    }

    /// The part of `total` (rows, bytes, records) that has been processed at `now_ms`.
    pub(super) fn progress(&self, total: u64, now_ms: i64) -> u64 {
        let needed = self.speed.scan_time(self.result.bytes);
        let run_time = self
            .run_time(now_ms)
            .unwrap_or_default()
            .min(self.speed.timeout);
        if run_time >= needed {
            return total;
        }
        let part = u128::from(total) * run_time.as_millis() / needed.as_millis().max(1);
        u64::try_from(part).unwrap_or(total)
    }
}

/// The queries of an account in one Region.
#[derive(Debug, Default)]
pub(crate) struct Queries(BTreeMap<String, RunningQuery>);

impl Queries {
    /// Whether another query may run. The limit depends on whether it includes groups of class
    /// `INFREQUENT_ACCESS`.
    pub(super) fn has_capacity(&self, infrequent_access: bool, now_ms: i64) -> bool {
        let active = self
            .0
            .values()
            .filter(|query| query.status(now_ms).is_active());
        if infrequent_access {
            active.filter(|query| query.infrequent_access).count()
                < MAX_CONCURRENT_INFREQUENT_ACCESS
        } else {
            active.count() < MAX_CONCURRENT
        }
    }

    /// Adds a query, and removes those whose results have expired.
    pub(super) fn start(&mut self, id: String, query: RunningQuery) {
        self.0.retain(|_, old| !is_expired(old, query.started_ms));
        self.0.insert(id, query);
    }

    /// Returns the query with this id, unless its results have expired.
    pub(super) fn get(&self, id: &str, now_ms: i64) -> Option<&RunningQuery> {
        self.0.get(id).filter(|query| !is_expired(query, now_ms))
    }

    /// Returns the query with this id, to stop it.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut RunningQuery> {
        self.0.get_mut(id)
    }

    /// All queries with their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &RunningQuery)> {
        self.0.iter().map(|(id, query)| (id.as_str(), query))
    }
}

fn is_expired(query: &RunningQuery, now_ms: i64) -> bool {
    u64::try_from(now_ms.saturating_sub(query.started_ms))
        .is_ok_and(|age| Duration::from_millis(age) > RESULT_RETENTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(started_ms: i64, infrequent_access: bool) -> RunningQuery {
        RunningQuery {
            text: String::new(),
            groups: Vec::new(),
            infrequent_access,
            started_ms,
            stopped_ms: None,
            speed: Speed {
                bytes_per_second: 1_000,
                ..Speed::default()
            },
            result: QueryResult {
                bytes: 2_000,
                ..QueryResult::default()
            },
        }
    }

    #[test]
    fn query_is_scheduled_runs_and_ends() {
        let query = query(1_000, false);
        for (at, status, rows) in [
            (1_000, Status::Scheduled, 0),
            (1_200, Status::Running, 0),
            (2_200, Status::Running, 50),
            (3_200, Status::Complete, 100),
            (9_999, Status::Complete, 100),
        ] {
            assert_eq!(
                (query.status(at), query.progress(100, at)),
                (status, rows),
                "{at}"
            );
        }
        let stopped = RunningQuery {
            stopped_ms: Some(2_200),
            ..query.clone()
        };
        assert_eq!(
            (stopped.status(9_999), stopped.progress(100, 9_999)),
            (Status::Cancelled, 50)
        );
        let slow = RunningQuery {
            speed: Speed {
                timeout: Duration::from_secs(1),
                ..query.speed
            },
            ..query
        };
        assert_eq!(
            (slow.status(2_199), slow.status(2_200)),
            (Status::Running, Status::Timeout)
        );
        assert_eq!(slow.progress(100, 9_999), 50);
    }

    #[test]
    fn concurrent_queries_are_limited() {
        for (infrequent_access, capacity) in [(false, 100), (true, 5)] {
            let mut queries = Queries::default();
            for n in 0..capacity {
                assert!(queries.has_capacity(infrequent_access, 0), "{n}");
                queries.start(n.to_string(), query(0, infrequent_access));
            }
            assert!(!queries.has_capacity(infrequent_access, 2_199));
            assert!(queries.has_capacity(infrequent_access, 2_200));
        }
    }

    #[test]
    fn results_expire_after_a_week() {
        let week = 7 * 86_400_000;
        let mut queries = Queries::default();
        queries.start("old".to_owned(), query(0, false));
        assert!(queries.get("old", week).is_some());
        assert!(queries.get("old", week + 1).is_none());
        queries.start("new".to_owned(), query(week + 1, false));
        assert_eq!(
            queries.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            ["new"]
        );
    }
}
