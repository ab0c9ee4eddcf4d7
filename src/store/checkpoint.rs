//! How far a run had come when it ended early.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};

use super::StoreError;
use super::entry::{CoverageId, Pass, UnitId};
use super::reader::{damaged, parsed, unknown};
use crate::model::{Engine, LogGroupArn, Reason, Region, Status, Target};

/// The log groups that an earlier part of a run has met. A new run has met none.
#[derive(Debug, Default)]
pub struct Checkpoint {
    targets: HashMap<Target, BTreeMap<String, KnownGroup>>,
    insights_usd: f64,
}

/// A log group that an earlier part of the run has met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGroup {
    /// Its row.
    pub place: CoverageId,
    /// Whether all was done with it that can be done.
    pub is_finished: bool,
    /// How far it was read.
    pub units: KnownUnits,
}

/// How far a log group was read, for each of the things that it is read for: stretches that make up all that is to
/// be read, or none if that had not begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownUnits(pub(super) Vec<KnownUnit>);

impl KnownUnits {
    /// What began to read the log group for the search, if anything did.
    pub fn engine(&self) -> Option<Engine> {
        self.0
            .iter()
            .find(|unit| unit.pass == Pass::Search)
            .map(|unit| unit.engine)
    }

    /// Whether it has been read for this, too.
    pub fn has_begun(&self, pass: Pass) -> bool {
        self.0.iter().any(|unit| unit.pass == pass)
    }

    /// Hands over what is known of one pass.
    pub fn take(&mut self, pass: Pass) -> Vec<KnownUnit> {
        self.0.extract_if(.., |unit| unit.pass == pass).collect()
    }
}

/// How far a unit was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUnit {
    /// Its key.
    pub id: UnitId,
    /// What it is read for.
    pub pass: Pass,
    /// What reads it.
    pub engine: Engine,
    /// Its first millisecond.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
    /// Whether any page of it was read.
    pub has_begun: bool,
    /// The token of its next page; `None` where the first is the next, or none is.
    pub next_token: Option<String>,
    /// When the token was given, in milliseconds since the Unix epoch.
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
            let region: Region = parsed(row, "region")?;
            let target = Target {
                account: parsed(row, "account")?,
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

    /// Hands over what is known of one log group.
    pub fn take_group(&mut self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.targets.get_mut(&arn.target)?.remove(&arn.name)
    }

    /// Hands over what is known of a target; its log groups by name.
    pub fn take(&mut self, target: &Target) -> BTreeMap<String, KnownGroup> {
        self.targets.remove(target).unwrap_or_default()
    }
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
        place: CoverageId(row.get("id").map_err(damaged)?),
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
    units.0.push(KnownUnit {
        id: UnitId(id),
        pass: Pass::from_word(&pass).ok_or_else(|| unknown(&pass))?,
        engine: Engine::from_word(&engine).ok_or_else(|| unknown(&engine))?,
        from_ms: row.get("from_ms")?,
        to_ms: row.get("to_ms")?,
        has_begun: row.get::<_, i64>("pages")? > 0,
        next_token: row.get("token")?,
        token_ms: row.get("token_ms")?,
    });
    Ok(())
}

/// What failed or was refused may go better the next time; what AWS keeps from everybody does not.
fn is_finished(status: Option<Status>, reason: Option<Reason>) -> bool {
    match status {
        Some(Status::Searched | Status::Skipped | Status::Unsearchable | Status::Accepted) => true,
        Some(Status::Partial) => reason != Some(Reason::EndlessPages),
        Some(Status::Denied | Status::Failed) | None => false,
    }
}
