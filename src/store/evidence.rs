//! What records what, and what tells of the recording itself: written as it is learnt, read back whole.
//! An organization of 400 accounts in 17 Regions has some 14,000 cells: they fit.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Row, Transaction, params};

use super::commit::whole;
use super::entry::{IntegrityFindings, UnitId};
use super::reader::{count, damaged, next, outcome, parsed};
use super::{RunReader, StoreError};
use crate::model::{
    AccountId, HourOfRecords, LogGroupArn, LogSource, Outcome, Region, SourceKind, SourceLookup,
    SourceState, Tampering, Target,
};

pub(super) fn insert_cell(
    transaction: &Transaction<'_>,
    cell: &SourceLookup,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO cell (account, region, kind, facts) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let Target { account, region } = &cell.target;
    let facts = serde_json::to_string(&cell.answer).map_err(damaged)?;
    insert.execute(params![
        account.to_string(),
        region.as_str(),
        cell.kind.as_str(),
        facts
    ])?;
    Ok(())
}

/// Many see a trail; only its owner can tell of it, sooner or later than they.
pub(super) fn insert_recorder(
    transaction: &Transaction<'_>,
    recorder: &LogSource,
) -> Result<(), StoreError> {
    let insert = match recorder.told {
        SourceState::NotAsked => "INSERT OR IGNORE INTO recorder (via, facts) VALUES (?1, ?2)",
        SourceState::Facts(..) | SourceState::Refused(_) => {
            "INSERT OR REPLACE INTO recorder (via, facts) VALUES (?1, ?2)"
        }
    };
    let facts = serde_json::to_string(recorder).map_err(damaged)?;
    transaction
        .prepare_cached(insert)?
        .execute(params![recorder.via, facts])?;
    Ok(())
}

pub(super) fn insert_traces(
    transaction: &Transaction<'_>,
    unit: UnitId,
    traces: &IntegrityFindings,
) -> Result<(), StoreError> {
    for call in &traces.tampering {
        let mut insert = transaction.prepare_cached(
            "INSERT OR IGNORE INTO tampering VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        insert.execute(params![
            call.time_ms,
            call.account,
            call.region,
            call.event_name,
            call.principal_arn,
            call.source_ip,
            call.error_code,
            call.record_id
        ])?;
    }
    for hour in &traces.hours {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO hour VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET records = records + excluded.records",
        )?;
        let Target { account, region } = &hour.target;
        insert.execute(params![
            unit.0,
            account.to_string(),
            region.as_str(),
            hour.hour_ms,
            whole(hour.records)
        ])?;
    }
    Ok(())
}

/// How places ended, by account, Region and log group; the Region and the group are empty for the
/// account and the Region as a whole.
#[derive(Clone, Debug, Default)]
pub struct CoverageOutcomes(BTreeMap<(AccountId, String, String), Outcome>);

impl CoverageOutcomes {
    /// How the search of a log group ended, if it was in the plan at all.
    pub fn of_group(&self, arn: &LogGroupArn) -> Option<&Outcome> {
        let Target { account, region } = &arn.target;
        self.0
            .get(&(*account, region.to_string(), arn.name.clone()))
    }

    /// Why a target as a whole could not be searched, if it could not.
    pub fn of_target(&self, target: &Target) -> Option<&Outcome> {
        let of = |region: String| self.0.get(&(target.account, region, String::new()));
        of(target.region.to_string()).or_else(|| of(String::new()))
    }
}

/// One hour of a place in one log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourRow {
    /// The log group.
    pub log_group: LogGroupArn,
    /// The hour, and how many records it has.
    pub hour: HourOfRecords,
}

impl RunReader {
    /// What every account's Region told, by account, Region and kind.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn cells(&self) -> Result<Vec<SourceLookup>, StoreError> {
        let select = "SELECT account, region, kind, facts FROM cell ORDER BY account, region, kind";
        let mut select = self.connection.prepare(select)?;
        let mut rows = select.query([])?;
        let mut cells = Vec::new();
        while let Some(row) = rows.next()? {
            let word: String = row.get(2)?;
            let kind = SourceKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == word);
            cells.push(SourceLookup {
                target: Target {
                    account: parsed(row, 0)?,
                    region: parsed(row, 1)?,
                },
                kind: kind.ok_or_else(|| damaged(format!("`{word}` is not known")))?,
                answer: serde_json::from_str(&row.get::<_, String>(3)?).map_err(damaged)?,
            });
        }
        Ok(cells)
    }

    /// Every trail and flow log, by name.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn recorders(&self) -> Result<Vec<LogSource>, StoreError> {
        let mut select = self
            .connection
            .prepare("SELECT facts FROM recorder ORDER BY via")?;
        let mut rows = select.query([])?;
        let mut recorders = Vec::new();
        while let Some(row) = rows.next()? {
            recorders.push(serde_json::from_str(&row.get::<_, String>(0)?).map_err(damaged)?);
        }
        Ok(recorders)
    }

    /// How accounts, Regions and these log groups ended, as far as they did.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn place_ends(
        &self,
        groups: &BTreeSet<LogGroupArn>,
    ) -> Result<CoverageOutcomes, StoreError> {
        let select =
            "SELECT account, region, log_group, status, reason, detail, denied_by FROM place";
        let mut select = self.connection.prepare(select)?;
        let mut rows = select.query([])?;
        let mut ends = CoverageOutcomes::default();
        while let Some(row) = rows.next()? {
            let text = |column| {
                row.get::<_, Option<String>>(column)
                    .map(Option::unwrap_or_default)
            };
            let (account, region, group): (AccountId, String, String) =
                (parsed(row, 0)?, text(1)?, text(2)?);
            // An account may have a million log groups; of interest are those that something delivers to.
            let is_wanted = group.is_empty() || {
                let target = Target {
                    account,
                    region: region.parse().map_err(damaged)?,
                };
                groups.contains(&LogGroupArn::new(target, group.as_str()))
            };
            if is_wanted {
                ends.0.insert((account, region, group), outcome(row)?);
            }
        }
        Ok(ends)
    }

    /// The calls that tampered with records, by time, handed to `use_rows`.
    ///
    /// # Errors
    /// What `use_rows` fails with; the rows fail where the database does.
    pub fn tampering<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Tampering, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare("SELECT * FROM tampering")
            .map_err(StoreError::from)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next(&mut rows, tampering_row)
        }))
    }

    /// Records by place, log group and hour, where all of the log group was read; handed to `use_rows`.
    ///
    /// # Errors
    /// What `use_rows` fails with; the rows fail where the database does.
    pub fn hours<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<HourRow, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT hour.account, hour.region, hour_ms, total(records), place.account, place.region, log_group
                 FROM hour JOIN unit ON unit.id = hour.unit JOIN place ON place.id = unit.place
                 GROUP BY hour.account, hour.region, place.id, hour_ms
                 ORDER BY hour.account, hour.region, place.account, place.region, log_group, hour_ms",
            )
            .map_err(StoreError::from)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || next(&mut rows, hour_row)))
    }
}

fn tampering_row(row: &Row<'_>) -> Result<Tampering, StoreError> {
    Ok(Tampering {
        time_ms: row.get(0)?,
        account: row.get(1)?,
        region: row.get(2)?,
        event_name: row.get(3)?,
        principal_arn: row.get(4)?,
        source_ip: row.get(5)?,
        error_code: row.get(6)?,
        record_id: row.get(7)?,
    })
}

fn hour_row(row: &Row<'_>) -> Result<HourRow, StoreError> {
    let target = |account, region| {
        let (account, region): (AccountId, Region) = (parsed(row, account)?, parsed(row, region)?);
        Ok::<_, StoreError>(Target { account, region })
    };
    let hour = HourOfRecords {
        target: target(0, 1)?,
        hour_ms: row.get(2)?,
        records: count(row, 3)?,
    };
    Ok(HourRow {
        log_group: LogGroupArn::new(target(4, 5)?, row.get::<_, String>(6)?),
        hour,
    })
}
