//! How far an interrupted run had come.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::StoreError;
use super::entry::Pass;
use super::ids::{CoverageId, UnitId};
use super::row::{damaged, parse_column, unknown};
use dragnet_model::{Engine, LogGroupArn, Reason, Region, Status, Target};

/// The log groups that the earlier parts of a run have recorded; empty for a new run.
#[derive(Debug, Default)]
pub struct Checkpoint {
    targets: HashMap<Target, BTreeMap<String, KnownGroup>>,
    insights_usd: f64,
}

/// A log group that an earlier part of the run has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGroup {
    /// The id of its row in the coverage.
    pub coverage_id: CoverageId,
    /// Whether it needs no further scan when the run is resumed.
    pub is_finished: bool,
    /// Its work units.
    pub units: KnownUnits,
}

/// The work units of a log group and how far they were scanned. For each pass, they cover the whole
/// window of the scan, or there are none if the pass had not started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownUnits(pub(super) Vec<KnownUnit>);

impl KnownUnits {
    /// Returns the engine that started to scan the log group for the search, if one did.
    pub fn engine(&self) -> Option<Engine> {
        self.0
            .iter()
            .find(|unit| unit.pass == Pass::Search)
            .map(|unit| unit.engine)
    }

    /// Whether this pass had started.
    pub fn has_started(&self, pass: Pass) -> bool {
        self.0.iter().any(|unit| unit.pass == pass)
    }

    /// Removes and returns the work units of one pass.
    pub fn take(&mut self, pass: Pass) -> Vec<KnownUnit> {
        self.0.extract_if(.., |unit| unit.pass == pass).collect()
    }
}

/// How far a work unit was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUnit {
    /// The id.
    pub id: UnitId,
    /// The pass to which it belongs.
    pub pass: Pass,
    /// The engine that scans it.
    pub engine: Engine,
    /// The first millisecond.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive.
    pub to_ms: i64,
    /// Whether any page of it was read.
    pub has_started: bool,
    /// The token of the next page; `None` if the first page is next, or if there is no next page.
    pub next_token: Option<String>,
    /// When the token was received, in milliseconds since the Unix epoch.
    pub token_ms: i64,
}

impl Checkpoint {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut select = connection.prepare(
            "SELECT account, region, log_group, place.id, status, reason,
                    unit.id AS unit, pass, engine, from_ms, to_ms, pages, token, coalesce(token_ms, 0) AS token_ms
             FROM place LEFT JOIN unit ON unit.place = place.id WHERE log_group IS NOT NULL ORDER BY unit.id",
        )?;
        let mut rows = select.query([])?;
        let insights_usd =
            connection.query_row("SELECT total(usd) FROM insights_query", [], |row| {
                row.get(0)
            })?;
        let mut checkpoint = Self {
            insights_usd,
            ..Self::default()
        };
        while let Some(row) = rows.next()? {
            let region: Region = parse_column(row, "region")?;
            let target = Target {
                account: parse_column(row, "account")?,
                region,
            };
            let groups = checkpoint.targets.entry(target).or_default();
            let group = match groups.entry(row.get("log_group")?) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(known_group(row)?),
            };
            add_unit(&mut group.units, row)?;
        }
        Ok(checkpoint)
    }

    /// What earlier parts of the run spent on Insights, in US dollars.
    pub fn insights_usd(&self) -> f64 {
        self.insights_usd
    }

    /// Removes and returns the state of one log group.
    pub fn take_group(&mut self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.targets.get_mut(&arn.target)?.remove(&arn.name)
    }

    /// Removes and returns the log groups of an account-Region, by name.
    pub fn take(&mut self, target: &Target) -> BTreeMap<String, KnownGroup> {
        self.targets.remove(target).unwrap_or_default()
    }
}

/// Returns the first id that no coverage row and no work unit has.
pub(super) fn next_id(connection: &Connection) -> Result<i64, StoreError> {
    let last_id = "SELECT max(coalesce((SELECT max(id) FROM place), 0), coalesce((SELECT max(id) FROM unit), 0))";
    let last_id: i64 = connection.query_row(last_id, [], |row| row.get(0))?;
    last_id
        .checked_add(1)
        .ok_or_else(|| StoreError::Damaged(format!("id {last_id} is too large")))
}

fn known_group(row: &Row<'_>) -> Result<KnownGroup, StoreError> {
    let status: Option<String> = row.get("status")?;
    let status = status
        .map(|word| Status::from_word(&word).ok_or_else(|| unknown(&word)))
        .transpose()?;
    let reason: Option<String> = row.get("reason")?;
    let reason = reason
        .map(|word| Reason::from_word(&word).ok_or_else(|| unknown(&word)))
        .transpose()?;
    Ok(KnownGroup {
        coverage_id: CoverageId(row.get("id").map_err(damaged)?),
        is_finished: is_finished(status, reason),
        units: KnownUnits::default(),
    })
}

fn add_unit(units: &mut KnownUnits, row: &Row<'_>) -> Result<(), StoreError> {
    let Some(id) = row.get("unit")? else {
        return Ok(());
    };
    let engine: String = row.get("engine")?;
    let pass: String = row.get("pass")?;
    let from_ms: i64 = row.get("from_ms")?;
    let to_ms: i64 = row.get("to_ms")?;
    // The scan calculates with these times.
    let window = [from_ms, to_ms];
    if window
        .iter()
        .any(|ms| Timestamp::from_millisecond(*ms).is_err())
        || from_ms > to_ms
    {
        return Err(StoreError::Damaged(format!(
            "a work unit is from {from_ms} to {to_ms} milliseconds"
        )));
    }
    units.0.push(KnownUnit {
        id: UnitId(id),
        pass: Pass::from_word(&pass).ok_or_else(|| unknown(&pass))?,
        engine: Engine::from_word(&engine).ok_or_else(|| unknown(&engine))?,
        from_ms,
        to_ms,
        has_started: row.get::<_, i64>("pages")? > 0,
        next_token: row.get("token")?,
        token_ms: row.get("token_ms")?,
    });
    Ok(())
}

/// Whether a retry is useless. What failed or was denied may succeed the next time; what cannot be
/// searched at all will not.
fn is_finished(status: Option<Status>, reason: Option<Reason>) -> bool {
    match status {
        Some(Status::Searched | Status::Skipped | Status::Unsearchable | Status::Accepted) => true,
        Some(Status::Partial) => !matches!(
            reason,
            Some(Reason::EndlessPages | Reason::StreamNotSearched)
        ),
        Some(Status::Denied | Status::Failed) | None => false,
    }
}
