//! Stores the last activation of each schedule and the totals of all activations.

use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{State, StateError, damaged};

dragnet_model::word_enum! {
    /// How an activation ended. The totals of a schedule are stored in this order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ActivationEnd: Serialize, Deserialize {
        /// Everything in scope was covered.
        Complete => "complete",
        /// Something in scope was not covered.
        Incomplete => "incomplete",
        /// The activation was stopped.
        Interrupted => "interrupted",
        /// There was no run, so nothing is covered.
        Failed => "failed",
    }
}

/// The result of an activation. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationRecord {
    /// When it was due.
    pub due_ms: i64,
    /// When it started.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: i64,
    /// How it ended.
    pub end: ActivationEnd,
    /// The error of the whole activation; empty if there was none.
    pub problem: String,
    /// The directory of its run; empty if there was none.
    pub run: String,
    /// The number of accounts that could not be covered.
    pub uncovered: u64,
    /// What it adds to the totals.
    pub counts: Totals,
}

/// Totals over the activations of a schedule. They never decrease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Activations by how they ended, in the order of [`ActivationEnd::ALL`].
    pub ended: [u64; 4],
    /// How often it was due while the previous activation was still running.
    pub skipped: u64,
    /// AWS calls.
    pub calls: u64,
    /// How many of these calls AWS throttled.
    pub throttled: u64,
    /// Bytes of messages read.
    pub bytes: u64,
    /// New sightings.
    pub sightings: u64,
    /// How many of these sightings were suppressed.
    pub suppressed: u64,
    /// Alerts that were created.
    pub alerts: u64,
}

impl Totals {
    fn add(&mut self, more: &Self) {
        self.ended
            .iter_mut()
            .zip(more.ended)
            .for_each(|(sum, more)| *sum += more);
        for (sum, more) in [
            (&mut self.skipped, more.skipped),
            (&mut self.calls, more.calls),
            (&mut self.throttled, more.throttled),
            (&mut self.bytes, more.bytes),
            (&mut self.sightings, more.sightings),
            (&mut self.suppressed, more.suppressed),
            (&mut self.alerts, more.alerts),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// The totals of one activation with this end.
    pub fn from_end(end: ActivationEnd) -> Self {
        Self {
            ended: ActivationEnd::ALL.map(|one| u64::from(one == end)),
            ..Self::default()
        }
    }
}

impl State {
    /// The last activation of a schedule, with the totals of all activations. `None` if there was
    /// none.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn last_activation(&self, name: &str) -> Result<Option<ActivationRecord>, StateError> {
        let connection = self.connection.lock();
        let mut select = connection.prepare_cached(
            "SELECT due_ms, started_ms, ended_ms, status, problem, run, uncovered, totals FROM schedule WHERE name = ?1",
        )?;
        let mut rows = select.query([name])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let status: String = row.get(3)?;
        let totals: String = row.get(7)?;
        let last = ActivationRecord {
            due_ms: row.get(0)?,
            started_ms: row.get(1)?,
            ended_ms: row.get(2)?,
            end: ActivationEnd::from_word(&status)
                .ok_or_else(|| damaged(format!("unknown activation status `{status}`")))?,
            problem: row.get(4)?,
            run: row.get(5)?,
            uncovered: u64::try_from(row.get::<_, i64>(6)?).unwrap_or_default(),
            counts: serde_json::from_str(&totals).map_err(damaged)?,
        };
        Ok(Some(last))
    }

    /// Adds skipped activations: the schedule was due `times` times while one was still running.
    ///
    /// # Errors
    /// The database fails.
    pub fn add_skipped(&self, name: &str, times: u64) -> Result<(), StateError> {
        self.change(|transaction| {
            let Some(mut totals) = read_totals(transaction, name)? else {
                return Ok(());
            };
            totals.add(&Totals {
                skipped: times,
                ..Totals::default()
            });
            let totals = serde_json::to_string(&totals).map_err(damaged)?;
            transaction.execute(
                "UPDATE schedule SET totals = ?2 WHERE name = ?1",
                [name, &totals],
            )?;
            Ok(())
        })
    }

    /// How many bytes all schedules read on the UTC day of `now_ms`.
    ///
    /// # Errors
    /// The database fails.
    pub fn bytes_read_on_day_of(&self, now_ms: i64) -> Result<u64, StateError> {
        let select = "SELECT bytes FROM scanned WHERE day = ?1";
        let bytes: Option<i64> = self
            .connection
            .lock()
            .query_row(select, [day(now_ms)], |row| row.get(0))
            .optional()?;
        Ok(u64::try_from(bytes.unwrap_or_default()).unwrap_or_default())
    }
}

/// Stores an activation and adds its counts to the totals.
pub(in crate::watch) fn write_activation(
    transaction: &Transaction<'_>,
    schedule: &str,
    record: &ActivationRecord,
) -> Result<(), StateError> {
    let mut sums = read_totals(transaction, schedule)?.unwrap_or_default();
    sums.add(&record.counts);
    let ActivationRecord {
        due_ms,
        started_ms,
        ended_ms,
        end,
        problem,
        run,
        uncovered,
        counts,
    } = record;
    transaction.execute(
        "INSERT OR REPLACE INTO schedule (name, due_ms, started_ms, ended_ms, status, problem, run, uncovered, totals)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            schedule,
            due_ms,
            started_ms,
            ended_ms,
            end.as_str(),
            problem,
            run,
            i64::try_from(*uncovered).unwrap_or(i64::MAX),
            serde_json::to_string(&sums).map_err(damaged)?
        ],
    )?;
    transaction.execute(
        "INSERT INTO scanned (day, bytes) VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET bytes = bytes + excluded.bytes",
        params![day(*started_ms), i64::try_from(counts.bytes).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

fn read_totals(
    transaction: &Transaction<'_>,
    schedule: &str,
) -> Result<Option<Totals>, StateError> {
    let select = "SELECT totals FROM schedule WHERE name = ?1";
    let text: Option<String> = transaction
        .query_row(select, [schedule], |row| row.get(0))
        .optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(damaged))
        .transpose()
}

/// The UTC day of a time.
fn day(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_activation_is_stored_and_totals_add_up() {
        let temp = tempfile::tempdir().unwrap();
        let state = State::open(temp.path()).unwrap();
        let mut record = ActivationRecord {
            due_ms: 1,
            started_ms: 2,
            ended_ms: 3,
            end: ActivationEnd::Incomplete,
            problem: String::new(),
            run: "runs/x".to_owned(),
            uncovered: 4,
            counts: Totals {
                bytes: 10,
                ..Totals::from_end(ActivationEnd::Incomplete)
            },
        };
        let write_and_read = |record: &ActivationRecord| {
            state
                .change(|transaction| write_activation(transaction, "s", record))
                .unwrap();
            state.last_activation("s").unwrap().unwrap()
        };
        assert_eq!(state.last_activation("s").unwrap(), None);
        assert_eq!(write_and_read(&record), record);
        state.add_skipped("s", 2).unwrap();
        record.end = ActivationEnd::Failed;
        record.started_ms = 86_400_000;
        record.counts = Totals {
            bytes: 5,
            ..Totals::from_end(ActivationEnd::Failed)
        };
        let last = write_and_read(&record);
        assert_eq!(
            (last.counts.ended, last.counts.skipped, last.counts.bytes),
            ([0, 1, 0, 1], 2, 15)
        );
        assert_eq!(
            (
                state.bytes_read_on_day_of(5).unwrap(),
                state.bytes_read_on_day_of(86_400_001).unwrap()
            ),
            (10, 5),
            "by day"
        );
    }
}
