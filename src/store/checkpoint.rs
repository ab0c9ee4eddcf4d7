//! How far a run had come when it ended early.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};

use super::StoreError;
use super::entry::{PlaceId, UnitId};
use super::reader::{damaged, parsed, unknown};
use crate::model::{Reason, Region, Status, Target};

/// The log groups that an earlier part of a run has met. A new run has met none.
#[derive(Debug, Default)]
pub struct Checkpoint {
    targets: HashMap<Target, BTreeMap<String, KnownGroup>>,
}

/// A log group that an earlier part of the run has met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGroup {
    /// Its row.
    pub place: PlaceId,
    /// Whether all was done with it that can be done.
    pub is_finished: bool,
    /// How far it was read, if that had begun.
    pub unit: Option<KnownUnit>,
}

/// How far a unit was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUnit {
    /// Its key.
    pub id: UnitId,
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
                    unit.id AS unit, pages, token, coalesce(token_ms, 0) AS token_ms
             FROM place LEFT JOIN unit ON unit.place = place.id WHERE log_group IS NOT NULL",
        )?;
        let mut rows = select.query([])?;
        let mut checkpoint = Self::default();
        while let Some(row) = rows.next()? {
            let region: Region = parsed(row, "region")?;
            let target = Target { account: parsed(row, "account")?, region };
            checkpoint.targets.entry(target).or_default().insert(row.get("log_group")?, known_group(row)?);
        }
        Ok(checkpoint)
    }

    /// Hands over what is known of a target; its log groups by name.
    pub fn take(&mut self, target: &Target) -> BTreeMap<String, KnownGroup> {
        self.targets.remove(target).unwrap_or_default()
    }
}

fn known_group(row: &Row<'_>) -> Result<KnownGroup, StoreError> {
    let status: Option<String> = row.get("status")?;
    let status = status.map(|word| Status::from_word(&word).ok_or_else(|| unknown(&word))).transpose()?;
    let reason: Option<String> = row.get("reason")?;
    let reason = reason.map(|word| Reason::from_word(&word).ok_or_else(|| unknown(&word))).transpose()?;
    let unit: Option<i64> = row.get("unit")?;
    Ok(KnownGroup {
        place: PlaceId(row.get("id").map_err(damaged)?),
        is_finished: is_finished(status, reason),
        unit: unit.map(|id| known_unit(id, row)).transpose()?,
    })
}

fn known_unit(id: i64, row: &Row<'_>) -> Result<KnownUnit, StoreError> {
    Ok(KnownUnit {
        id: UnitId(id),
        has_begun: row.get::<_, i64>("pages")? > 0,
        next_token: row.get("token")?,
        token_ms: row.get("token_ms")?,
    })
}

/// What failed or was refused may go better the next time; what AWS keeps from everybody does not.
fn is_finished(status: Option<Status>, reason: Option<Reason>) -> bool {
    match status {
        Some(Status::Searched | Status::Skipped | Status::Unsearchable | Status::Accepted) => true,
        Some(Status::Partial) => reason != Some(Reason::RepeatedToken),
        Some(Status::Denied | Status::Failed) | None => false,
    }
}
