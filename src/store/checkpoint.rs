//! How far an interrupted run had come.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, hash_map};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::StoreError;
use super::entry::Pass;
use super::ids::{CoverageId, UnitId};
use super::object_counts::{self, ObjectCount};
use super::row::{parse_column, read_outcome, unknown};
use super::searched_files::KnownFiles;
use dragnet_model::{
    AthenaUse, Engine, EventLookup, LogGroupArn, NamedBuckets, Outcome, Reason, Region, Status,
    StorageKind, Target,
};

/// The detail of a log group of which a truncated event was read. It is stored as a remark with the
/// first of them, so that a resumed run knows it.
pub const TRUNCATED_EVENTS: &str = "truncated events";

/// The log groups, event histories and objects that the earlier parts of a run have recorded; empty
/// for a new run.
#[derive(Debug, Default)]
pub struct Checkpoint {
    targets: HashMap<Target, BTreeMap<String, KnownGroup>>,
    histories: HashMap<Target, KnownHistory>,
    objects: HashMap<Target, BTreeMap<String, KnownObjects>>,
    files: KnownFiles,
    named_buckets: NamedBuckets,
    insights_usd: f64,
    athena: AthenaUse,
}

/// A log group that an earlier part of the run has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGroup {
    /// The id of its row in the coverage.
    pub coverage_id: CoverageId,
    /// Its outcome, if it needs no further scan when the run is resumed.
    pub finished: Option<Outcome>,
    /// Its work units.
    pub units: KnownUnits,
}

/// The event history of an account-Region that an earlier part of the run has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHistory {
    /// The id of its row in the coverage.
    pub coverage_id: CoverageId,
    /// Its outcome, if it needs no further reading when the run is resumed.
    pub finished: Option<Outcome>,
    /// Its work units: all of the search, or none if it had not started.
    pub lookups: Vec<KnownLookup>,
}

/// How far a work unit of an event history was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLookup {
    /// The id.
    pub id: UnitId,
    /// The pass to which it belongs.
    pub pass: Pass,
    /// The attribute by which it is read; `None` if all events are read.
    pub lookup: Option<EventLookup>,
    /// The first millisecond.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive.
    pub to_ms: i64,
    /// Whether any page of it was read.
    pub has_started: bool,
    /// The token of the next page; `None` if the first page is next, or if there is no next page.
    pub next_token: Option<String>,
}

/// The objects of an account-Region below a prefix, as an earlier part of the run has recorded them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownObjects {
    /// The id of its row in the coverage.
    pub coverage_id: CoverageId,
    /// Its outcome; `failed: interrupted` if it was not known yet.
    pub outcome: Outcome,
    /// Whether it needs no further reading when the run is resumed.
    pub is_finished: bool,
    /// Its work units: all of the search, or none if it had not started.
    pub spans: Vec<KnownSpan>,
}

/// How far a span of keys was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSpan {
    /// The id of its work unit.
    pub id: UnitId,
    /// The first millisecond of the delivery.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive.
    pub to_ms: i64,
    /// Whether it was read to its end.
    pub is_read: bool,
    /// The last key that was read.
    pub last_key: Option<String>,
    /// What became of its objects so far.
    pub counts: Vec<ObjectCount>,
}

/// The work units of a log group and how far they were scanned. For each pass, they cover the whole
/// window of the scan, or there are none if the pass had not started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownUnits {
    pub(super) units: Vec<KnownUnit>,
    /// Whether an earlier part of the run read a truncated event.
    pub has_truncated_events: bool,
    /// Whether pipelines had transformed some of the events that were read.
    pub found_transformed: bool,
}

/// What the detail of a log group begins with, after any other text, if pipelines transformed some of
/// its events.
pub const TRANSFORMED_MARK: &str = "transformed: ";

impl KnownUnits {
    /// Returns the engine that started to scan the log group for the search, if one did.
    pub fn engine(&self) -> Option<Engine> {
        self.units
            .iter()
            .find(|unit| unit.pass == Pass::Search)
            .map(|unit| unit.engine)
    }

    /// Whether this pass had started.
    pub fn has_started(&self, pass: Pass) -> bool {
        self.units.iter().any(|unit| unit.pass == pass)
    }

    /// Removes and returns the work units of one pass.
    pub fn take(&mut self, pass: Pass) -> Vec<KnownUnit> {
        self.units
            .extract_if(.., |unit| unit.pass == pass)
            .collect()
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
            "SELECT account, region, source, location, place.id, status, reason, detail, denied_by,
                    unit.id AS unit, pass, engine, lookup, from_ms, to_ms, pages, token,
                    coalesce(token_ms, 0) AS token_ms
             FROM place LEFT JOIN unit ON unit.place = place.id
             WHERE source IS NOT NULL AND source <> 'file'
                   AND round = coalesce((SELECT CAST(value AS INTEGER) FROM fact WHERE key = 'follow_round'), 0)
             ORDER BY unit.id",
        )?;
        let mut rows = select.query([])?;
        let insights_usd =
            connection.query_row("SELECT total(usd) FROM insights_query", [], |row| {
                row.get(0)
            })?;
        let mut checkpoint = Self {
            insights_usd,
            athena: load_athena_use(connection)?,
            files: KnownFiles::load(connection)?,
            named_buckets: load_named_buckets(connection)?,
            ..Self::default()
        };
        while let Some(row) = rows.next()? {
            let region: Region = parse_column(row, "region")?;
            let target = Target {
                account: parse_column(row, "account")?,
                region,
            };
            let source: String = row.get("source")?;
            match StorageKind::from_word(&source).ok_or_else(|| unknown(&source))? {
                StorageKind::Logs => checkpoint.add_log_group(target, row)?,
                StorageKind::History => checkpoint.add_history(target, row)?,
                StorageKind::S3 => checkpoint.add_objects(target, row, connection)?,
                // Not selected here.
                StorageKind::File => {}
            }
        }
        Ok(checkpoint)
    }

    fn add_log_group(&mut self, target: Target, row: &Row<'_>) -> Result<(), StoreError> {
        let groups = self.targets.entry(target).or_default();
        let detail: String = row.get("detail")?;
        let group = match groups.entry(row.get("location")?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(KnownGroup {
                coverage_id: CoverageId(row.get("id")?),
                finished: finished_outcome(row)?,
                units: KnownUnits {
                    has_truncated_events: detail.contains(TRUNCATED_EVENTS),
                    found_transformed: detail.contains(TRANSFORMED_MARK),
                    ..KnownUnits::default()
                },
            }),
        };
        add_unit(&mut group.units, row)
    }

    fn add_history(&mut self, target: Target, row: &Row<'_>) -> Result<(), StoreError> {
        let history = match self.histories.entry(target) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(new) => new.insert(KnownHistory {
                coverage_id: CoverageId(row.get("id")?),
                finished: finished_outcome(row)?,
                lookups: Vec::new(),
            }),
        };
        history.lookups.extend(known_lookup(row)?);
        Ok(())
    }

    fn add_objects(
        &mut self,
        target: Target,
        row: &Row<'_>,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        let prefixes = self.objects.entry(target).or_default();
        let known = match prefixes.entry(row.get("location")?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let outcome = read_outcome(row)?;
                new.insert(KnownObjects {
                    coverage_id: CoverageId(row.get("id")?),
                    is_finished: is_finished(&outcome),
                    outcome,
                    spans: Vec::new(),
                })
            }
        };
        let Some(id) = row.get("unit")? else {
            return Ok(());
        };
        let id = UnitId(id);
        let (from_ms, to_ms) = time_range(row)?;
        let last_key: Option<String> = row.get("token")?;
        let has_started = row.get::<_, i64>("pages")? > 0;
        known.spans.push(KnownSpan {
            id,
            from_ms,
            to_ms,
            is_read: has_started && last_key.is_none(),
            last_key,
            counts: object_counts::load(connection, id)?,
        });
        Ok(())
    }

    /// What earlier parts of the run spent on Insights, in US dollars.
    pub fn insights_usd(&self) -> f64 {
        self.insights_usd
    }

    /// Removes and returns the buckets that sightings of earlier parts of the run name.
    pub fn take_named_buckets(&mut self) -> NamedBuckets {
        std::mem::take(&mut self.named_buckets)
    }

    /// The same, with what earlier searches of the run did with Athena.
    #[must_use]
    pub fn with_athena(self, athena: AthenaUse) -> Self {
        Self { athena, ..self }
    }

    /// The queries of Athena that earlier parts of the run started.
    pub fn athena(&self) -> &AthenaUse {
        &self.athena
    }

    /// Removes and returns the files that were read.
    pub fn take_files(&mut self) -> KnownFiles {
        std::mem::take(&mut self.files)
    }

    /// Adds files that were read.
    pub fn put_files(&mut self, files: KnownFiles) {
        self.files = files;
    }

    /// Removes and returns the state of one log group.
    pub fn take_group(&mut self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.targets.get_mut(&arn.target)?.remove(&arn.name)
    }

    /// Removes and returns the log groups of an account-Region, by name.
    pub fn take(&mut self, target: &Target) -> BTreeMap<String, KnownGroup> {
        self.targets.remove(target).unwrap_or_default()
    }

    /// Whether the event history of an account-Region was recorded.
    pub fn has_history(&self, target: &Target) -> bool {
        self.histories.contains_key(target)
    }

    /// Removes and returns the state of the objects of an account-Region below a prefix.
    pub fn take_objects(&mut self, target: &Target, location: &str) -> Option<KnownObjects> {
        self.objects.get_mut(target)?.remove(location)
    }

    /// Returns the account-Regions of which objects were recorded.
    pub fn targets_with_objects(&self) -> impl Iterator<Item = &Target> {
        self.objects.keys()
    }

    /// Removes and returns the state of the event history of an account-Region.
    pub fn take_history(&mut self, target: &Target) -> Option<KnownHistory> {
        self.histories.remove(target)
    }
}

fn load_named_buckets(connection: &Connection) -> Result<NamedBuckets, StoreError> {
    let select = "SELECT value FROM fact WHERE key = 'named_buckets'";
    let text: Option<String> = connection
        .query_row(select, [], |row| row.get(0))
        .optional()?;
    let Some(text) = text else {
        return Ok(NamedBuckets::default());
    };
    serde_json::from_str(&text)
        .map_err(|error| StoreError::Damaged(format!("named_buckets: {error}")))
}

/// Returns the first id that no coverage row and no work unit has.
pub(super) fn next_id(connection: &Connection) -> Result<i64, StoreError> {
    let last_id = "SELECT max(coalesce((SELECT max(id) FROM place), 0), coalesce((SELECT max(id) FROM unit), 0))";
    let last_id: i64 = connection.query_row(last_id, [], |row| row.get(0))?;
    last_id
        .checked_add(1)
        .ok_or_else(|| StoreError::Damaged(format!("id {last_id} is too large")))
}

/// Returns the outcome of a row if a retry is useless.
fn finished_outcome(row: &Row<'_>) -> Result<Option<Outcome>, StoreError> {
    let outcome = read_outcome(row)?;
    Ok(is_finished(&outcome).then_some(outcome))
}

fn add_unit(units: &mut KnownUnits, row: &Row<'_>) -> Result<(), StoreError> {
    let Some(id) = row.get("unit")? else {
        return Ok(());
    };
    let engine: String = row.get("engine")?;
    let pass: String = row.get("pass")?;
    let (from_ms, to_ms) = time_range(row)?;
    units.units.push(KnownUnit {
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

fn known_lookup(row: &Row<'_>) -> Result<Option<KnownLookup>, StoreError> {
    let Some(id) = row.get("unit")? else {
        return Ok(None);
    };
    let pass: String = row.get("pass")?;
    let lookup: Option<String> = row.get("lookup")?;
    let lookup = lookup
        .map(|text| EventLookup::parse(&text).ok_or_else(|| unknown(&text)))
        .transpose()?;
    let (from_ms, to_ms) = time_range(row)?;
    Ok(Some(KnownLookup {
        id: UnitId(id),
        pass: Pass::from_word(&pass).ok_or_else(|| unknown(&pass))?,
        lookup,
        from_ms,
        to_ms,
        has_started: row.get::<_, i64>("pages")? > 0,
        next_token: row.get("token")?,
    }))
}

/// Reads the time range of a work unit, with which the scan calculates.
fn time_range(row: &Row<'_>) -> Result<(i64, i64), StoreError> {
    let from_ms: i64 = row.get("from_ms")?;
    let to_ms: i64 = row.get("to_ms")?;
    let is_valid = |ms| Timestamp::from_millisecond(ms).is_ok();
    if is_valid(from_ms) && is_valid(to_ms) && from_ms <= to_ms {
        return Ok((from_ms, to_ms));
    }
    Err(StoreError::Damaged(format!(
        "a work unit is from {from_ms} to {to_ms} milliseconds"
    )))
}

/// Whether a retry is useless. What failed or was denied may succeed the next time; what cannot be
/// searched at all will not.
fn is_finished(outcome: &Outcome) -> bool {
    match outcome.status {
        Status::Searched | Status::Skipped | Status::Unsearchable | Status::Accepted => true,
        Status::Partial => !matches!(
            outcome.reason,
            Some(Reason::EndlessPages | Reason::StreamNotSearched | Reason::NotVerified)
        ),
        Status::Denied | Status::Failed => false,
    }
}

/// Loads the queries of Athena. A damaged fact counts as none: its queries are started again.
fn load_athena_use(connection: &Connection) -> Result<AthenaUse, StoreError> {
    let mut select = connection.prepare("SELECT value FROM fact WHERE key = 'athena'")?;
    let mut rows = select.query([])?;
    let text: Option<String> = match rows.next()? {
        Some(row) => row.get(0)?,
        None => None,
    };
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}
