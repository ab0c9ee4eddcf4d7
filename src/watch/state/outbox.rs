//! The outbox: alerts that wait for their sinks, in order, and the history of all alerts.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{State, StateError, damaged};
use crate::watch::alert::Alert;

/// The next alert for a sink.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its key in the outbox.
    pub seq: i64,
    /// The number of attempts so far.
    pub attempts: u32,
    /// When to try next, in milliseconds since the Unix epoch.
    pub due_ms: i64,
    /// The alert.
    pub alert: Alert,
}

/// The delivery counts of a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkRecord {
    /// Alerts that wait for delivery.
    pub waiting: u64,
    /// Alerts that were delivered.
    pub delivered: u64,
    /// Alerts that the sink refused.
    pub refused: u64,
    /// Why the last attempt failed; empty if it did not.
    pub problem: String,
}

impl State {
    /// The oldest alert that waits for a sink, if any.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn next_alert(&self, sink: &str) -> Result<Option<Waiting>, StateError> {
        let connection = self.connection.lock();
        let mut select = connection.prepare_cached(
            "SELECT alert, attempts, due_ms, body FROM delivery JOIN alert ON alert.seq = delivery.alert
             WHERE sink = ?1 AND settled IS NULL ORDER BY alert LIMIT 1",
        )?;
        let row = select
            .query_row([sink], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get::<_, String>(3)?,
                ))
            })
            .optional()?;
        let Some((seq, attempts, due_ms, body)) = row else {
            return Ok(None);
        };
        Ok(Some(Waiting {
            seq,
            attempts,
            due_ms,
            alert: serde_json::from_str(&body).map_err(damaged)?,
        }))
    }

    /// Records that an alert was delivered.
    ///
    /// # Errors
    /// The database fails.
    pub fn mark_delivered(&self, sink: &str, seq: i64) -> Result<(), StateError> {
        self.settle_delivery(sink, seq, "delivered", "")
    }

    /// Records that a sink refused an alert, and why. The alert stays in the history.
    ///
    /// # Errors
    /// The database fails.
    pub fn mark_refused(&self, sink: &str, seq: i64, problem: &str) -> Result<(), StateError> {
        self.settle_delivery(sink, seq, "refused", problem)
    }

    /// Records that the delivery failed, why, and when to try again.
    ///
    /// # Errors
    /// The database fails.
    pub fn postpone(
        &self,
        sink: &str,
        seq: i64,
        due_ms: i64,
        problem: &str,
    ) -> Result<(), StateError> {
        self.connection.lock().execute(
            "UPDATE delivery SET attempts = attempts + 1, due_ms = ?3, problem = ?4 WHERE sink = ?1 AND alert = ?2",
            params![sink, seq, due_ms, problem],
        )?;
        Ok(())
    }

    /// The delivery counts of a sink.
    ///
    /// # Errors
    /// The database fails.
    pub fn sink_record(&self, sink: &str) -> Result<SinkRecord, StateError> {
        let connection = self.connection.lock();
        let count = |settled: &str| -> Result<u64, StateError> {
            let select = "SELECT count(*) FROM delivery WHERE sink = ?1 AND coalesce(settled, 'waiting') = ?2";
            let count: i64 = connection.query_row(select, [sink, settled], |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or_default())
        };
        let problem = "SELECT problem FROM delivery WHERE sink = ?1 AND settled IS NULL ORDER BY alert LIMIT 1";
        Ok(SinkRecord {
            waiting: count("waiting")?,
            delivered: count("delivered")?,
            refused: count("refused")?,
            problem: connection
                .query_row(problem, [sink], |row| row.get(0))
                .optional()?
                .unwrap_or_default(),
        })
    }

    fn settle_delivery(
        &self,
        sink: &str,
        seq: i64,
        settled: &str,
        problem: &str,
    ) -> Result<(), StateError> {
        self.connection.lock().execute(
            "UPDATE delivery SET attempts = attempts + 1, settled = ?3, problem = ?4 WHERE sink = ?1 AND alert = ?2",
            params![sink, seq, settled, problem],
        )?;
        Ok(())
    }
}

/// Adds alerts to the outbox for each of these sinks.
pub(in crate::watch) fn put_alerts(
    transaction: &Transaction<'_>,
    alerts: &[Alert],
    sinks: &[String],
    now_ms: i64,
) -> Result<(), StateError> {
    for alert in alerts {
        let body = serde_json::to_string(alert).map_err(damaged)?;
        transaction.execute(
            "INSERT INTO alert (id, body) VALUES (?1, ?2)",
            [&alert.id, &body],
        )?;
        let seq = transaction.last_insert_rowid();
        for sink in sinks {
            transaction.execute(
                "INSERT INTO delivery (sink, alert, attempts, due_ms, problem) VALUES (?1, ?2, 0, ?3, '')",
                params![sink, seq, now_ms],
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::alert::testing::alert;

    #[test]
    fn alerts_of_a_sink_are_delivered_in_order_and_once() {
        let temp = tempfile::tempdir().unwrap();
        let state = State::open(temp.path()).unwrap();
        let put = |id: &str, sinks: &[&str]| {
            let sinks: Vec<String> = sinks.iter().map(|sink| (*sink).to_owned()).collect();
            state
                .change(|transaction| put_alerts(transaction, &[alert(id)], &sinks, 5))
                .unwrap();
        };
        put("a", &["one", "two"]);
        put("b", &["one"]);
        let next = |sink: &str| state.next_alert(sink).unwrap();
        let first = next("one").unwrap();
        assert_eq!(
            (first.alert.id.as_str(), first.attempts, first.due_ms),
            ("a", 0, 5)
        );
        state.postpone("one", first.seq, 9, "timeout").unwrap();
        let again = next("one").unwrap();
        assert_eq!(
            (again.alert.id.as_str(), again.attempts, again.due_ms),
            ("a", 1, 9),
            "b waits for a"
        );
        assert_eq!(state.sink_record("one").unwrap().problem, "timeout");
        state.mark_delivered("one", again.seq).unwrap();
        let last = next("one").unwrap();
        assert_eq!(last.alert.id, "b");
        state.mark_refused("one", last.seq, "too long").unwrap();
        assert_eq!(
            (next("one"), next("two").unwrap().alert.id.as_str()),
            (None, "a")
        );
        let record = state.sink_record("one").unwrap();
        assert_eq!(
            (record.waiting, record.delivered, record.refused),
            (0, 1, 1)
        );
    }
}
