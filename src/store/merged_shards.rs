//! Merges the databases of the shards of a sweep into one `run.db`, as one machine would have written
//! it.
//!
//! The ids of coverage rows, work units and chunks are shifted, so that those of two shards differ. A
//! row that several shards wrote about the same account or folder is one row afterwards: shards that
//! share an account all say that it cannot be entered.

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, params};

use super::checksums::{TrackedDatabase, TrackedTransaction};
use super::evidence::insert_log_source;
use super::merged_repeats::{IS_NEW_UNIT, find_repeats, prepare_repeats};
use super::merged_slices::{IS_SLICED, SlicedPlace, complete_slices, join_slices, prepare_slices};
use super::row::damaged;
use super::{RunDir, RunFacts, StoreError, check_snapshot, schema};
use dragnet_model::{AccountId, LogSource, Reason, Region, Status};

/// The database of a shard that was committed.
#[derive(Clone, Debug)]
pub struct ShardDatabase {
    /// The number of the shard.
    pub index: usize,
    /// The file.
    pub path: PathBuf,
}

/// What a shard without a result should have searched: an account, or some of its Regions.
#[derive(Clone, Debug)]
pub struct MissingShard {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub account_name: String,
    /// The Region; `None` for the whole account.
    pub region: Option<Region>,
    /// Which shard it is, for the detail of the coverage.
    pub detail: String,
}

/// What is not in the databases of the shards, and which log groups several of them read.
#[derive(Clone, Debug, Default)]
pub struct MissingParts {
    /// What shards without a result should have searched.
    pub shards: Vec<MissingShard>,
    /// The log groups that several shards read.
    pub sliced: Vec<SlicedPlace>,
}

/// Tables that are copied as they are. A row that is there already is the same.
const PLAIN_TABLES: [&str; 4] = ["cell", "flow_header", "insights_query", "tampering"];

/// Tables whose rows belong to a work unit, which is their first column.
const TABLES_OF_UNITS: [&str; 3] = ["hour", "hunt_count", "object_count"];

/// Finds coverage rows about the same while shards are added. A run has no such index.
const INDEX_PLACES: &str =
    "CREATE INDEX merged_place ON place (account, region, source, location);";
const REMOVE_INDEX: &str = "DROP INDEX merged_place;";

/// Creates the database of a run from the databases of its shards. What a missing shard should have
/// searched becomes a gap.
///
/// # Errors
/// A database is damaged, or the new one cannot be written.
pub fn merge_shards(
    dir: &RunDir,
    facts: &RunFacts,
    shards: &[ShardDatabase],
    missing: &MissingParts,
) -> Result<(), StoreError> {
    let mut merged = schema::create(&dir.database(), &facts.texts())?;
    merged.connection().execute_batch(INDEX_PLACES)?;
    prepare_slices(merged.connection(), &missing.sliced)?;
    prepare_repeats(merged.connection())?;
    for shard in shards {
        check_snapshot(&shard.path)?;
        let path = shard.path.to_string_lossy();
        let attach = "ATTACH DATABASE ?1 AS shard";
        merged.connection().execute(attach, [&*path])?;
        let added = add_shard(&mut merged);
        merged.connection().execute("DETACH DATABASE shard", [])?;
        added?;
    }
    merged.change(|transaction| {
        complete_slices(transaction, &missing.sliced)?;
        add_missing(transaction, &missing.shards)
    })?;
    Ok(merged.connection().execute_batch(REMOVE_INDEX)?)
}

fn add_shard(merged: &mut TrackedDatabase) -> Result<(), StoreError> {
    merged.change(|transaction| {
        let shift = Shift::new(transaction)?;
        add_accounts(transaction)?;
        find_repeats(transaction)?;
        add_places(transaction, shift)?;
        join_slices(transaction, shift.rows)?;
        add_units(transaction, shift)?;
        add_sightings(transaction, shift)?;
        for table in PLAIN_TABLES {
            let copy = format!("INSERT OR IGNORE INTO main.{table} SELECT * FROM shard.{table}");
            transaction.execute(&copy, [])?;
        }
        for table in TABLES_OF_UNITS {
            copy_with_unit(transaction, table, shift)?;
        }
        copy_with_unit(transaction, "written_rows", shift)?;
        transaction.execute(
            "INSERT INTO main.call SELECT * FROM shard.call ORDER BY rowid",
            [],
        )?;
        add_log_sources(transaction)
    })
}

/// What is added to the ids of a shard.
#[derive(Clone, Copy)]
struct Shift {
    /// For coverage rows and work units, which share their ids.
    rows: i64,
    chunks: i64,
}

impl Shift {
    fn new(transaction: &Connection) -> Result<Self, StoreError> {
        let last = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(Self {
            rows: last(
                "SELECT max(coalesce((SELECT max(id) FROM main.place), 0),
                            coalesce((SELECT max(id) FROM main.unit), 0))",
            )?,
            chunks: last("SELECT coalesce(max(id), 0) FROM main.chunk")?,
        })
    }
}

/// Adds the accounts. Every shard lists all accounts of the plan.
fn add_accounts(transaction: &Connection) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT OR IGNORE INTO main.account SELECT * FROM shard.account",
        [],
    )?;
    Ok(())
}

/// Adds the coverage rows. Of two rows without work units about the same, the one that is not covered
/// stays.
fn add_places(transaction: &Connection, shift: Shift) -> Result<(), StoreError> {
    transaction.execute_batch(&format!(
        "DELETE FROM main.place WHERE id IN (
             SELECT known.id FROM main.place AS known JOIN shard.place AS new
               ON new.account = known.account AND new.region IS known.region AND new.source IS known.source
                  AND new.location IS known.location AND new.round = known.round
             WHERE known.status = 'searched' AND new.status IS NOT 'searched' AND NOT {IS_SLICED}
               AND NOT EXISTS (SELECT 1 FROM main.unit WHERE place = known.id));",
    ))?;
    let insert = format!(
        "INSERT INTO main.place
         SELECT new.id + ?1, new.account, new.account_name, new.region, new.source, new.location, new.class,
                new.status, new.reason, new.detail, new.denied_by, new.elsewhere, new.round
         FROM shard.place AS new
         WHERE NOT {IS_SLICED}
           AND (EXISTS (
                SELECT 1 FROM shard.unit AS added
                WHERE added.place = new.id AND added.id NOT IN (SELECT unit FROM temp.repeated))
            OR NOT EXISTS (
                SELECT 1 FROM main.place AS known
                WHERE known.account = new.account AND known.region IS new.region AND known.source IS new.source
                  AND known.location IS new.location AND known.round = new.round))
         ORDER BY new.id"
    );
    transaction.execute(&insert, [shift.rows])?;
    Ok(())
}

fn add_units(transaction: &Connection, shift: Shift) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO main.unit
         SELECT id + ?1, coalesce((SELECT main_id FROM temp.joined WHERE shard_id = place), place + ?1), pass, engine, lookup, from_ms, to_ms, token, token_ms, pages, events, bytes,
                sightings, read_to_end
         FROM shard.unit WHERE id NOT IN (SELECT unit FROM temp.repeated) ORDER BY id",
        [shift.rows],
    )?;
    transaction.execute(
        "INSERT INTO main.chunk SELECT id + ?1, messages FROM shard.chunk ORDER BY id",
        [shift.chunks],
    )?;
    Ok(())
}

/// Copies a table whose first column is a work unit.
fn copy_with_unit(transaction: &Connection, table: &str, shift: Shift) -> Result<(), StoreError> {
    let select = transaction.prepare(&format!("SELECT * FROM shard.{table}"))?;
    let others: Vec<String> = select
        .column_names()
        .filter(|name| *name != "unit")
        .map(|name| format!("\"{name}\""))
        .collect();
    let others = others.join(", ");
    let copy = format!(
        "INSERT INTO main.{table} (unit, {others})
         SELECT unit + ?1, {others} FROM shard.{table} WHERE {IS_NEW_UNIT}"
    );
    transaction.execute(&copy, [shift.rows])?;
    Ok(())
}

/// Adds the sightings, whose new rows have no trigger.
fn add_sightings(transaction: &TrackedTransaction<'_>, shift: Shift) -> Result<(), StoreError> {
    let mut select = transaction.prepare(&format!(
        "SELECT time_ms, event_account, event_region, record_id, unit + ?1, event_id, log_stream, timestamp_ms,
                ingestion_ms, trusted, indicators, hunts, matched_fields, chunk + ?2, offset, length
         FROM shard.sighting WHERE {IS_NEW_UNIT} ORDER BY rowid",
    ))?;
    let columns = select.column_count();
    let mut insert = transaction.prepare_cached(
        "INSERT INTO main.sighting VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    let mut rows = select.query([shift.rows, shift.chunks])?;
    while let Some(row) = rows.next()? {
        let values = (0..columns)
            .map(|column| row.get::<_, rusqlite::types::Value>(column))
            .collect::<Result<Vec<_>, _>>()?;
        let values: Vec<&dyn rusqlite::ToSql> = values
            .iter()
            .map(|value| value as &dyn rusqlite::ToSql)
            .collect();
        transaction.insert_sighting(&mut insert, &values)?;
    }
    Ok(())
}

/// Adds the trails and flow logs. Only the shard of its owner knows the state of a trail.
fn add_log_sources(transaction: &Connection) -> Result<(), StoreError> {
    let mut select = transaction.prepare("SELECT facts FROM shard.recorder ORDER BY via")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let facts: String = row.get(0)?;
        let source: LogSource = serde_json::from_str(&facts).map_err(damaged)?;
        insert_log_source(transaction, &source)?;
    }
    Ok(())
}

/// Adds what missing shards should have searched, as gaps.
fn add_missing(transaction: &Connection, missing: &[MissingShard]) -> Result<(), StoreError> {
    for gap in missing {
        let region = gap.region.as_ref().map(Region::as_str);
        let known: Option<i64> = transaction
            .query_row(
                "SELECT id FROM place WHERE account = ?1 AND region IS ?2 AND source IS NULL",
                params![gap.account.to_string(), region],
                |row| row.get(0),
            )
            .optional()?;
        if known.is_some() {
            continue;
        }
        transaction.execute(
            "INSERT INTO place (account, account_name, region, status, reason, detail, elsewhere, round)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)",
            params![
                gap.account.to_string(),
                gap.account_name,
                region,
                Status::Failed.as_str(),
                Reason::ShardNotCommitted.as_str(),
                gap.detail,
            ],
        )?;
    }
    Ok(())
}
