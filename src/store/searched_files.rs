//! Files on disk: which were read, what they contain, and what of them could not be read.
//!
//! Everything about the ends of several files is one entry of the journal, and so one transaction. A
//! file is therefore read either completely or not at all, as far as a resumed run can see. The
//! records of many files share a work unit, which is written again with each entry.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{
    FileFindings, FileHour, FileRow, FileStamp, FlowHeader, Place, ReadFiles, UnitRow,
};
use super::ids::{CoverageId, UnitId};
use super::row::{parse_column, read_count, to_sql_integer, unknown};
use super::{RunReader, StoreError};
use dragnet_model::{AccountId, LogKind, Reason, Region, StorageKind, Target};

/// The files that earlier parts of a run have read.
#[derive(Debug, Default)]
pub struct KnownFiles {
    /// The version of each file that was read, by path.
    pub read: HashMap<String, FileStamp>,
    /// The paths of those of which the run says that they have changed since.
    pub changed: HashSet<String>,
    /// The coverage rows of the account-Regions.
    pub targets: BTreeMap<Target, CoverageId>,
    /// The first and the last hour with records, in milliseconds since the Unix epoch.
    pub hours: Option<(i64, i64)>,
    /// How many of the files have another content than a CloudTrail digest lists.
    pub modified: u64,
}

/// The number of files that were read, and of their records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileTotal {
    /// The files.
    pub files: u64,
    /// Their records.
    pub records: u64,
    /// Bytes of their unpacked contents.
    pub bytes: u64,
}

/// `run.db` stores this hour for records without a time.
const NO_HOUR: i64 = i64::MIN;

/// Writes which files were read, and what they contain.
pub(super) fn insert(transaction: &Connection, read: &ReadFiles) -> Result<(), StoreError> {
    insert_files(transaction, &read.files)?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO file_hour VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET records = records + excluded.records",
    )?;
    for hour in &read.hours {
        insert.execute(params![
            hour.target.account.to_string(),
            hour.target.region.as_str(),
            hour.kind.map_or("", LogKind::as_str),
            hour.hour_ms.unwrap_or(NO_HOUR),
            to_sql_integer(hour.records),
        ])?;
    }
    read.headers
        .iter()
        .try_for_each(|header| insert_header(transaction, header))
}

/// Writes the fields of a flow log.
pub(super) fn insert_header(
    transaction: &Connection,
    header: &FlowHeader,
) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT OR IGNORE INTO flow_header VALUES (?1, ?2, ?3)")?;
    insert.execute(params![
        header.content,
        to_sql_integer(header.first_record),
        header.fields
    ])?;
    Ok(())
}

fn insert_files(transaction: &Connection, files: &[FileRow]) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT OR REPLACE INTO file VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for file in files {
        insert.execute(params![
            file.path,
            to_sql_integer(file.stamp.size),
            file.stamp.modified_ns,
            to_sql_integer(file.records),
            to_sql_integer(file.bytes),
        ])?;
    }
    Ok(())
}

/// Writes the work unit of findings. If it was read to its end before, it is extended. If not, a
/// part of a file was written before its end, without the time of its records.
pub(super) fn upsert_unit(
    transaction: &Connection,
    findings: &FileFindings,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO unit (id, place, pass, from_ms, to_ms, token_ms, pages, events, bytes, sightings, read_to_end)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1)
         ON CONFLICT (id) DO UPDATE SET
             from_ms = iif(read_to_end, min(from_ms, excluded.from_ms), excluded.from_ms),
             to_ms = iif(read_to_end, max(to_ms, excluded.to_ms), excluded.to_ms),
             token = NULL, token_ms = excluded.token_ms, pages = pages + excluded.pages,
             events = events + excluded.events, bytes = bytes + excluded.bytes,
             sightings = sightings + excluded.sightings, read_to_end = 1",
    )?;
    let FileFindings { unit, page, pages } = findings;
    insert.execute(params![
        unit.id.0,
        unit.coverage_id.0,
        unit.pass.as_str(),
        unit.from_ms,
        unit.to_ms,
        page.read_at_ms,
        to_sql_integer(*pages),
        to_sql_integer(page.events),
        to_sql_integer(page.bytes),
        to_sql_integer(page.found.number()),
    ])?;
    Ok(())
}

/// Ends a work unit of a file that was read to its end. Has no effect if the unit was not written
/// before.
pub(super) fn finish_unit(transaction: &Connection, unit: &UnitRow) -> Result<(), StoreError> {
    let mut update = transaction.prepare_cached(
        "UPDATE unit SET from_ms = ?2, to_ms = ?3, token = NULL, read_to_end = 1 WHERE id = ?1",
    )?;
    update.execute(params![unit.id.0, unit.from_ms, unit.to_ms])?;
    Ok(())
}

/// Returns the work units of files that were not read to their end.
pub(super) fn unfinished_units(transaction: &Connection) -> Result<Vec<UnitId>, StoreError> {
    let mut select = transaction.prepare(
        "SELECT unit.id FROM unit JOIN place ON place.id = unit.place
         WHERE place.source = ?1 AND read_to_end = 0",
    )?;
    let units = select
        .query_map([StorageKind::File.as_str()], |row| row.get(0).map(UnitId))?
        .collect::<Result<_, _>>()?;
    Ok(units)
}

/// Removes what a resumed run finds again: unfinished work units, which were reset before, and the
/// problems of files that it reads again.
pub(super) fn remove_unfinished(
    transaction: &Connection,
    units: &[UnitId],
) -> Result<(), StoreError> {
    for unit in units {
        transaction.execute("DELETE FROM unit WHERE id = ?1", [unit.0])?;
    }
    transaction.execute(
        "DELETE FROM place WHERE source = ?1 AND location <> ?2
         AND location NOT IN (SELECT path FROM file)",
        [StorageKind::File.as_str(), Place::ALL_FILES],
    )?;
    transaction.execute(
        "UPDATE place SET status = NULL, reason = NULL, detail = '' WHERE source = ?1 AND location = ?2",
        [StorageKind::File.as_str(), Place::ALL_FILES],
    )?;
    Ok(())
}

impl KnownFiles {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut known = Self::default();
        let mut select = connection.prepare("SELECT path, size, modified_ns FROM file")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let size: i64 = row.get(1)?;
            let stamp = FileStamp {
                size: u64::try_from(size).unwrap_or_default(),
                modified_ns: row.get(2)?,
            };
            known.read.insert(row.get(0)?, stamp);
        }
        let mut select = connection
            .prepare("SELECT account, region, id FROM place WHERE source = ?1 AND location = ?2")?;
        let mut rows = select.query([StorageKind::File.as_str(), Place::ALL_FILES])?;
        while let Some(row) = rows.next()? {
            let target = Target {
                account: parse_column(row, 0)?,
                region: parse_column(row, 1)?,
            };
            known.targets.insert(target, CoverageId(row.get(2)?));
        }
        let mut select =
            connection.prepare("SELECT location FROM place WHERE source = ?1 AND reason = ?2")?;
        let words = [StorageKind::File.as_str(), Reason::FileChanged.as_str()];
        let changed = select.query_map(words, |row| row.get(0))?;
        known.changed = changed.collect::<Result<_, _>>()?;
        let select = "SELECT total(1) FROM place WHERE source = ?1 AND reason = ?2
             AND location IN (SELECT path FROM file)";
        let words = [StorageKind::File.as_str(), Reason::FileModified.as_str()];
        known.modified = connection.query_row(select, words, |row| read_count(row, 0))?;
        let select = "SELECT min(hour_ms), max(hour_ms) FROM file_hour WHERE hour_ms <> ?1";
        known.hours = connection.query_row(select, [NO_HOUR], |row| {
            let first: Option<i64> = row.get(0)?;
            Ok(first.zip(row.get(1)?))
        })?;
        Ok(known)
    }
}

impl RunReader {
    /// Returns the number of files that were read, and of their records.
    ///
    /// # Errors
    /// The database fails.
    pub fn file_total(&self) -> Result<FileTotal, StoreError> {
        let select = "SELECT total(1), total(records), total(bytes) FROM file";
        let total = self.connection.query_row(select, [], |row| {
            Ok(FileTotal {
                files: read_count(row, 0)?,
                records: read_count(row, 1)?,
                bytes: read_count(row, 2)?,
            })
        })?;
        Ok(total)
    }

    /// Returns the records of the files by account-Region, kind and hour, in this order.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn file_hours(&self) -> Result<Vec<FileHour>, StoreError> {
        let mut select = self.connection.prepare(
            "SELECT account, region, kind, hour_ms, total(records) FROM file_hour
             GROUP BY account, region, kind, hour_ms ORDER BY account, region, kind, hour_ms",
        )?;
        let mut rows = select.query([])?;
        let mut hours = Vec::new();
        while let Some(row) = rows.next()? {
            let account: AccountId = parse_column(row, 0)?;
            let region: Region = parse_column(row, 1)?;
            let kind: String = row.get(2)?;
            let kind = match kind.as_str() {
                "" => None,
                word => Some(LogKind::from_word(word).ok_or_else(|| unknown(word))?),
            };
            let hour_ms: i64 = row.get(3)?;
            hours.push(FileHour {
                target: Target { account, region },
                kind,
                hour_ms: (hour_ms != NO_HOUR).then_some(hour_ms),
                records: read_count(row, 4)?,
            });
        }
        Ok(hours)
    }

    /// Returns the names of the fields of a line of a flow log. `content` is the path of the file; in an
    /// archive, with the path in it; in S3, the bucket and the key. `record` is the number of the line.
    ///
    /// # Errors
    /// The database fails.
    pub fn flow_header(&self, content: &str, record: u64) -> Result<Option<String>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT fields FROM flow_header WHERE content = ?1 AND first_record <= ?2
             ORDER BY first_record DESC LIMIT 1",
        )?;
        let fields: Option<String> = select
            .query_row(params![content, to_sql_integer(record)], |row| row.get(0))
            .optional()?;
        Ok(fields.filter(|fields| !fields.is_empty()))
    }
}

#[cfg(test)]
mod tests;
