//! Stores watermarks.

use rusqlite::{Row, Transaction, params};

use super::{State, StateError, damaged};
use crate::watch::watermark::{ScopeNode, TimeRange, Watermark, Watermarks};

impl State {
    /// The watermarks of a schedule.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn watermarks(&self, schedule: &str) -> Result<Watermarks, StateError> {
        let connection = self.connection.lock();
        let mut select = connection.prepare(
            "SELECT account, region, log_group, until_ms, ahead_from_ms, ahead_to_ms FROM watermark WHERE schedule = ?1",
        )?;
        let mut rows = select.query([schedule])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read_watermark(row)?);
        }
        Ok(all.into_iter().collect())
    }

    /// The earliest watermark of the log groups that the last activation covered, if any: all of
    /// them are covered until then.
    ///
    /// # Errors
    /// The database fails.
    pub fn covered_until_ms(&self, schedule: &str) -> Result<Option<i64>, StateError> {
        let earliest = "SELECT min(until_ms) FROM watermark WHERE schedule = ?1 AND log_group != ''
                        AND met_ms = (SELECT max(met_ms) FROM watermark WHERE schedule = ?1)";
        Ok(self
            .connection
            .lock()
            .query_row(earliest, [schedule], |row| row.get(0))?)
    }

    /// The latest watermark of the schedule, if any.
    ///
    /// # Errors
    /// The database fails.
    pub fn latest_watermark_ms(&self, schedule: &str) -> Result<Option<i64>, StateError> {
        let latest = "SELECT max(max(until_ms, coalesce(ahead_to_ms, until_ms))) FROM watermark WHERE schedule = ?1";
        Ok(self
            .connection
            .lock()
            .query_row(latest, [schedule], |row| row.get(0))?)
    }
}

fn read_watermark(row: &Row<'_>) -> Result<(ScopeNode, Watermark), StateError> {
    let part = |at: usize| {
        row.get::<_, String>(at)
            .map(|text| (!text.is_empty()).then_some(text))
    };
    let ahead = row
        .get::<_, Option<i64>>(4)?
        .zip(row.get::<_, Option<i64>>(5)?);
    let node = ScopeNode {
        account: part(0)?
            .map(|text| text.parse())
            .transpose()
            .map_err(damaged)?,
        region: part(1)?
            .map(|text| text.parse())
            .transpose()
            .map_err(damaged)?,
        log_group: part(2)?,
    };
    let ahead = ahead.map(|(from_ms, to_ms)| TimeRange { from_ms, to_ms });
    Ok((
        node,
        Watermark {
            until_ms: row.get(3)?,
            ahead,
        },
    ))
}

/// Stores the watermarks of an activation that started at `now_ms`.
pub(in crate::watch) fn write_watermarks(
    transaction: &Transaction<'_>,
    schedule: &str,
    now_ms: i64,
    watermarks: &[(ScopeNode, Watermark)],
) -> Result<(), StateError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO watermark
         (schedule, account, region, log_group, until_ms, ahead_from_ms, ahead_to_ms, met_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (
        ScopeNode {
            account,
            region,
            log_group,
        },
        Watermark { until_ms, ahead },
    ) in watermarks
    {
        insert.execute(params![
            schedule,
            account.map(|id| id.to_string()).unwrap_or_default(),
            region.as_ref().map_or("", |region| region.as_str()),
            log_group.as_deref().unwrap_or(""),
            until_ms,
            ahead.map(|ahead| ahead.from_ms),
            ahead.map(|ahead| ahead.to_ms),
            now_ms,
        ])?;
    }
    Ok(())
}
