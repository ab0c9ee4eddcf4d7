//! Reads sightings in the order of the reports, without loading all of them into memory.

use std::collections::VecDeque;

use rusqlite::{Connection, Row, Rows};

use super::messages::{MessagePosition, MessageReader, read_messages};
use super::narrow_row::{NarrowRow, RowReader};
use super::stored_row::StoredRow;
use crate::store::{RunReader, StoreError};

/// The bytes of the messages of a batch. The more, the fewer times a chunk is read whose messages are
/// far apart in the order of the query.
const BATCH_BYTES: usize = 24 << 20;

/// The maximum number of rows of a batch, which need memory beside their messages.
const MAX_BATCH_ROWS: usize = 24_576;

/// The order of the reports: copies of a record are neighbours.
const REPORT_ORDER: &str =
    "time_ms, event_account, event_region, record_id, location, account, region, event_id";
/// The order of what `collect` writes: by where an event is stored, and its log time.
const PLACE_ORDER: &str =
    "account, region, source, location, timestamp_ms, event_id, log_stream, record_id";

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
            connection: &self.connection,
            rows,
            reader: RowReader::default(),
            batch: VecDeque::new(),
            failure: None,
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
    let mut reader = RowReader::default();
    let mut messages = MessageReader::new(connection)?;
    while let Some(row) = rows.next()? {
        let NarrowRow {
            row: mut stored,
            position,
        } = reader.read(row)?;
        stored.found.message = messages.read(position)?;
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

/// The stored sightings, in the order of the query.
pub struct SightingRows<'a> {
    connection: &'a Connection,
    rows: Rows<'a>,
    reader: RowReader,
    /// The rows whose messages were read together.
    batch: VecDeque<StoredRow>,
    /// Why no row follows the batch.
    failure: Option<StoreError>,
}

impl Iterator for SightingRows<'_> {
    type Item = Result<StoredRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.is_empty() && self.failure.is_none() {
            self.failure = self.read_batch().err();
        }
        match self.batch.pop_front() {
            Some(row) => Some(Ok(row)),
            None => self.failure.take().map(Err),
        }
    }
}

impl SightingRows<'_> {
    /// Reads the next rows with their messages. After an error, the rows before it are in the batch,
    /// if their messages can be read.
    fn read_batch(&mut self) -> Result<(), StoreError> {
        let mut narrow = Vec::new();
        let failure = self.read_narrow_rows(&mut narrow).err();
        let mut wanted: Vec<(MessagePosition, usize)> = narrow
            .iter()
            .enumerate()
            .map(|(number, row)| (row.position, number))
            .collect();
        read_messages(self.connection, &mut wanted, |number, message| {
            if let Some(narrow) = narrow.get_mut(number) {
                narrow.row.found.message = message;
            }
        })?;
        self.batch
            .extend(narrow.into_iter().map(|narrow| narrow.row));
        failure.map_or(Ok(()), Err)
    }

    /// Reads rows until their messages are enough for a batch.
    fn read_narrow_rows(&mut self, narrow: &mut Vec<NarrowRow>) -> Result<(), StoreError> {
        let mut bytes = 0_usize;
        while narrow.len() < MAX_BATCH_ROWS && bytes < BATCH_BYTES {
            let Some(row) = self.rows.next()? else {
                break;
            };
            let row = self.reader.read(row)?;
            bytes = bytes.saturating_add(row.position.length);
            narrow.push(row);
        }
        Ok(())
    }
}
