//! Queries in the course of time.

use std::collections::BTreeMap;
use std::time::Duration;

/// How many queries may run at once. Source: CloudWatch Logs user guide, "CloudWatch Logs quotas".
const CONCURRENT: usize = 100;

/// The same for queries on groups of class `INFREQUENT_ACCESS`.
const CONCURRENT_INFREQUENT_ACCESS: usize = 5;

/// How long results can be had. Source: as above.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// How fast the service is. AWS promises nothing but the limit of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Speed {
    /// How long a query waits before it runs.
    pub(crate) wait: Duration,
    /// How long it runs at least.
    pub(crate) least: Duration,
    /// How many bytes it reads in a second.
    pub(crate) bytes_a_second: u64,
    /// How long it runs at most.
    pub(crate) timeout: Duration,
}

impl Default for Speed {
    fn default() -> Self {
        Self {
            wait: Duration::from_millis(200),
            least: Duration::from_millis(600),
            bytes_a_second: 1 << 30,
            timeout: Duration::from_hours(1),
        }
    }
}

impl Speed {
    /// The usual waits, with this speed and limit.
    pub(crate) fn new(bytes_a_second: u64, timeout_seconds: u32) -> Self {
        Self {
            bytes_a_second,
            timeout: Duration::from_secs(timeout_seconds.into()),
            ..Self::default()
        }
    }

    /// How long it takes to read so many bytes, if nothing stops it.
    pub(super) fn time_for(&self, bytes: u64) -> Duration {
        let rate = u128::from(self.bytes_a_second.max(1));
        let ms = u128::from(bytes) * 1_000 / rate;
        self.least
            .max(Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX)))
    }
}

/// Where a query stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Scheduled,
    Running,
    Complete,
    Cancelled,
    Timeout,
}

impl Status {
    /// The API's word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Complete => "Complete",
            Self::Cancelled => "Cancelled",
            Self::Timeout => "Timeout",
        }
    }

    /// Whether it holds one of the places for queries.
    pub(super) fn is_active(self) -> bool {
        matches!(self, Self::Scheduled | Self::Running)
    }
}

/// What a query gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The columns' names.
    pub(super) columns: Vec<String>,
    /// The rows; `None` where a row lacks the field.
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// Records that passed the filters.
    pub(super) matched: u64,
    /// Records that were read.
    pub(super) scanned: u64,
    /// Bytes that were read, for which AWS takes money.
    pub(super) bytes: u64,
}

/// One query, started.
#[derive(Clone, Debug)]
pub(super) struct RunningQuery {
    /// Its text.
    pub(super) text: String,
    /// The names of its log groups.
    pub(super) groups: Vec<String>,
    /// Whether one of them is of class `INFREQUENT_ACCESS`.
    pub(super) infrequent_access: bool,
    /// When it was started, in milliseconds since the Unix epoch.
    pub(super) started_ms: i64,
    /// When it was stopped, likewise.
    pub(super) stopped_ms: Option<i64>,
    /// How fast it goes.
    pub(super) speed: Speed,
    /// What it gives in the end.
    pub(super) answer: Answer,
}

impl RunningQuery {
    /// How long it had been running at `now_ms` (or when it was stopped, if that was before), and whether it had
    /// begun to.
    fn ran(&self, now_ms: i64) -> Option<Duration> {
        let until = self
            .stopped_ms
            .map_or(now_ms, |stopped| stopped.min(now_ms));
        let since = u64::try_from(until.saturating_sub(self.started_ms)).unwrap_or(0);
        Duration::from_millis(since).checked_sub(self.speed.wait)
    }

    /// Where it stands at this time, in milliseconds since the Unix epoch.
    pub(super) fn status(&self, now_ms: i64) -> Status {
        let needs = self.speed.time_for(self.answer.bytes);
        match self.ran(now_ms) {
            _ if self.stopped_ms.is_some_and(|stopped| stopped <= now_ms) => Status::Cancelled,
            None => Status::Scheduled,
            Some(ran) if ran >= needs && needs <= self.speed.timeout => Status::Complete,
            Some(ran) if ran >= self.speed.timeout => Status::Timeout,
            Some(_) => Status::Running,
        }
    }

    /// What of `total` (rows, bytes, records) it has got through by this time.
    pub(super) fn progress(&self, total: u64, now_ms: i64) -> u64 {
        let needs = self.speed.time_for(self.answer.bytes);
        let ran = self.ran(now_ms).unwrap_or_default().min(self.speed.timeout);
        if ran >= needs {
            return total;
        }
        let part = u128::from(total) * ran.as_millis() / needs.as_millis().max(1);
        u64::try_from(part).unwrap_or(total)
    }
}

/// An account's queries in one Region.
#[derive(Debug, Default)]
pub(crate) struct Queries(BTreeMap<String, RunningQuery>);

impl Queries {
    /// Whether one more may run, on groups of class `INFREQUENT_ACCESS` or not.
    pub(super) fn have_place(&self, infrequent_access: bool, now_ms: i64) -> bool {
        let active = self
            .0
            .values()
            .filter(|query| query.status(now_ms).is_active());
        if infrequent_access {
            active.filter(|query| query.infrequent_access).count() < CONCURRENT_INFREQUENT_ACCESS
        } else {
            active.count() < CONCURRENT
        }
    }

    /// Starts a query, and forgets those whose results are too old to be had.
    pub(super) fn start(&mut self, id: String, query: RunningQuery) {
        self.0.retain(|_, old| !is_forgotten(old, query.started_ms));
        self.0.insert(id, query);
    }

    /// The query of this id, if its results can be had.
    pub(super) fn get(&self, id: &str, now_ms: i64) -> Option<&RunningQuery> {
        self.0.get(id).filter(|query| !is_forgotten(query, now_ms))
    }

    /// The same, to be stopped.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut RunningQuery> {
        self.0.get_mut(id)
    }

    /// Every query with its id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &RunningQuery)> {
        self.0.iter().map(|(id, query)| (id.as_str(), query))
    }
}

fn is_forgotten(query: &RunningQuery, now_ms: i64) -> bool {
    u64::try_from(now_ms.saturating_sub(query.started_ms))
        .is_ok_and(|age| Duration::from_millis(age) > KEPT)
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
                bytes_a_second: 1_000,
                ..Speed::default()
            },
            answer: Answer {
                bytes: 2_000,
                ..Answer::default()
            },
        }
    }

    #[test]
    fn a_query_waits_runs_and_ends() {
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
    fn places_are_limited_and_become_free() {
        for (infrequent_access, places) in [(false, 100), (true, 5)] {
            let mut queries = Queries::default();
            for n in 0..places {
                assert!(queries.have_place(infrequent_access, 0), "{n}");
                queries.start(n.to_string(), query(0, infrequent_access));
            }
            assert!(!queries.have_place(infrequent_access, 2_199));
            assert!(queries.have_place(infrequent_access, 2_200));
        }
    }

    #[test]
    fn results_are_kept_for_a_week() {
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
