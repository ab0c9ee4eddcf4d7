//! Reads sightings in the order of the reports, without loading all of them into memory.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use rusqlite::{Connection, Row, Rows};

use super::packing::unpack;
use super::record::SightingRecord;
use crate::store::row::{damaged, next_row, parse_column, unknown};
use crate::store::{RunReader, StoreError};
use dragnet_model::{AccountId, Region, StorageKind};

/// The number of unpacked chunks that are cached while sightings are read in time order; each has
/// some 64 KiB.
const MAX_CACHED_CHUNKS: usize = 256;

/// The order of the reports: copies of a record are neighbours.
const REPORT_ORDER: &str =
    "time_ms, event_account, event_region, record_id, location, account, region, event_id";
/// The order of what `collect` writes: by where an event is stored, and its log time.
const PLACE_ORDER: &str =
    "account, region, source, location, timestamp_ms, event_id, log_stream, record_id";

/// A stored sighting with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// The account that stores it.
    pub account: AccountId,
    /// The Region that stores it.
    pub region: Region,
    /// The kind of place where it is stored.
    pub source: StorageKind,
    /// The name of the log group; empty for the event history, for objects in S3 and for files.
    pub log_group: String,
    /// The bucket and the prefix of the keys of objects in S3.
    pub bucket_prefix: Option<String>,
    /// Whether the log group is out of scope and was scanned for records of accounts and Regions in
    /// scope.
    pub out_of_scope: bool,
    /// The sighting.
    pub found: SightingRecord,
}

impl RunReader {
    /// Passes all sightings to `use_rows`, ordered by event time, event account, event Region,
    /// record id, log group, account, Region and event id, so that copies of a record are
    /// neighbours.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn sightings<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut SightingRows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.sightings_where("?1 = ''", "", REPORT_ORDER, use_rows)
    }

    /// Like [`RunReader::sightings`], ordered by account, Region, kind of place, log group, log time
    /// and event id. The database is not changed.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn sightings_by_place<T, E: From<StoreError>>(
        &self,
        use_rows: impl FnOnce(&mut SightingRows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.sightings_where("?1 = ''", "", PLACE_ORDER, use_rows)
    }

    /// Like [`RunReader::sightings`], for the rows of one hunt.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn sightings_of_hunt<T, E: From<StoreError>>(
        &self,
        hunt: &str,
        use_rows: impl FnOnce(&mut SightingRows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.sightings_where(
            "EXISTS (SELECT 1 FROM json_each(hunts) WHERE value = ?1)",
            hunt,
            REPORT_ORDER,
            use_rows,
        )
    }

    fn sightings_where<T, E: From<StoreError>>(
        &self,
        condition: &str,
        value: &str,
        order: &str,
        use_rows: impl FnOnce(&mut SightingRows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(&format!(
                "SELECT sighting.*, place.account, place.region, place.source, place.location, place.elsewhere
                 FROM sighting JOIN unit ON unit.id = sighting.unit JOIN place ON place.id = unit.place
                 WHERE {condition} ORDER BY {order}",
            ))
            .map_err(StoreError::from)?;
        let rows = select.query([value]).map_err(StoreError::from)?;
        use_rows(&mut SightingRows {
            rows,
            chunks: Chunks::new(&self.connection),
        })
    }
}

/// Returns the id of the chunk that was stored last; 0 if there is none.
pub(in crate::store) fn newest_chunk(connection: &Connection) -> Result<i64, StoreError> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(id) FROM chunk", [], |row| row.get(0))?;
    Ok(newest.unwrap_or_default())
}

/// Passes the sightings in the chunks after `known_chunk` to `use_row`, in the order in which they
/// were stored. The row that was read has the columns `event_account_name` and `membership` of the
/// event account too, which are null if the account is not known.
pub(in crate::store) fn pass_new_rows(
    connection: &Connection,
    known_chunk: i64,
    use_row: &mut dyn FnMut(&Row<'_>, StoredRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let Some(first) = first_new_row(connection, known_chunk)? else {
        return Ok(());
    };
    let mut select = connection.prepare_cached(
        "SELECT sighting.*, place.account, place.region, place.source, place.location, place.elsewhere,
         account.name AS event_account_name, account.standing AS membership
         FROM sighting JOIN unit ON unit.id = sighting.unit JOIN place ON place.id = unit.place
         LEFT JOIN account ON account.id = sighting.event_account
         WHERE sighting.rowid >= ?1 ORDER BY sighting.rowid",
    )?;
    let mut rows = select.query([first])?;
    let mut chunks = Chunks::new(connection);
    while let Some(row) = rows.next()? {
        let stored = sighting_row(row, &mut chunks)?;
        use_row(row, stored)?;
    }
    Ok(())
}

/// Returns the first of the rows at the end of the table that are in a chunk after `known_chunk`.
/// Rows of a repeated scan are deleted, and then their numbers may be used again, so the number of
/// the last known row is no help.
fn first_new_row(connection: &Connection, known_chunk: i64) -> Result<Option<i64>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT rowid, chunk FROM sighting ORDER BY rowid DESC")?;
    let mut rows = select.query([])?;
    let mut first = None;
    while let Some(row) = rows.next()? {
        let chunk: i64 = row.get(1)?;
        if chunk <= known_chunk {
            break;
        }
        first = Some(row.get(0)?);
    }
    Ok(first)
}

/// The stored sightings, in the order of the reports.
pub struct SightingRows<'a> {
    rows: Rows<'a>,
    chunks: Chunks<'a>,
}

impl Iterator for SightingRows<'_> {
    type Item = Result<StoredRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunks = &mut self.chunks;
        next_row(&mut self.rows, |row| sighting_row(row, chunks))
    }
}

/// A cache of the chunks that were loaded last.
struct Chunks<'a> {
    connection: &'a Connection,
    unpacked: HashMap<i64, Rc<str>>,
    oldest_first: VecDeque<i64>,
}

impl<'a> Chunks<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            unpacked: HashMap::new(),
            oldest_first: VecDeque::new(),
        }
    }

    fn get(&mut self, id: i64) -> Result<Rc<str>, StoreError> {
        if let Some(text) = self.unpacked.get(&id) {
            return Ok(Rc::clone(text));
        }
        let mut select = self
            .connection
            .prepare_cached("SELECT messages FROM chunk WHERE id = ?1")?;
        let packed: Vec<u8> = select.query_row([id], |row| row.get(0))?;
        let text: Rc<str> = unpack(&packed)?.into();
        if self.oldest_first.len() >= MAX_CACHED_CHUNKS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.unpacked.remove(&oldest);
        }
        self.oldest_first.push_back(id);
        self.unpacked.insert(id, Rc::clone(&text));
        Ok(text)
    }
}

fn sighting_row(row: &Row<'_>, chunks: &mut Chunks<'_>) -> Result<StoredRow, StoreError> {
    let text = chunks.get(row.get("chunk")?)?;
    let offset = usize::try_from(row.get::<_, i64>("offset")?).unwrap_or(usize::MAX);
    let length = usize::try_from(row.get::<_, i64>("length")?).unwrap_or(usize::MAX);
    let message = text
        .get(offset..offset.saturating_add(length))
        .ok_or_else(|| StoreError::Damaged("a message lies outside its chunk".to_owned()))?;
    let found = SightingRecord {
        time_ms: row.get("time_ms")?,
        event_account: row.get("event_account")?,
        event_region: row.get("event_region")?,
        record_id: row.get("record_id")?,
        event_id: row.get("event_id")?,
        log_stream: row.get("log_stream")?,
        timestamp_ms: row.get("timestamp_ms")?,
        ingestion_ms: row.get("ingestion_ms")?,
        indicators: json_list(row, "indicators")?,
        hunts: json_list(row, "hunts")?,
        matched_fields: json_list(row, "matched_fields")?,
        is_trusted: row.get("trusted")?,
        message: message.to_owned(),
    };
    let source: String = row.get("source")?;
    let source = StorageKind::from_word(&source).ok_or_else(|| unknown(&source))?;
    let location: String = row.get("location")?;
    let (log_group, bucket_prefix) = match source {
        StorageKind::Logs | StorageKind::History => (location, None),
        StorageKind::S3 => (String::new(), Some(location)),
        StorageKind::File => (String::new(), None),
    };
    Ok(StoredRow {
        account: parse_column(row, "account")?,
        region: parse_column(row, "region")?,
        source,
        log_group,
        bucket_prefix,
        out_of_scope: row.get("elsewhere")?,
        found,
    })
}

fn json_list(row: &Row<'_>, column: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(damaged)
}
