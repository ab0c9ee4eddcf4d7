//! Reads the rows of sightings without their messages. What many rows have in common is read once.

use std::collections::HashMap;

use rusqlite::Row;

use super::messages::MessagePosition;
use super::record::SightingRecord;
use super::stored_row::StoredRow;
use crate::store::StoreError;
use crate::store::row::{damaged, parse_column, unknown};
use dragnet_model::{AccountId, Region, StorageKind};

/// The maximum number of work units, and of lists, that are kept.
const MAX_KEPT: usize = 8_192;

/// A row whose message is not read yet.
pub(super) struct NarrowRow {
    pub row: StoredRow,
    pub position: MessagePosition,
}

/// Where the sightings of a work unit are stored.
#[derive(Clone)]
struct Place {
    account: AccountId,
    region: Region,
    source: StorageKind,
    log_group: String,
    bucket_prefix: Option<String>,
    out_of_scope: bool,
}

/// Reads rows with the columns of the table, in its order, and then the columns `account`, `region`,
/// `source`, `location` and `elsewhere` of the place.
#[derive(Default)]
pub(super) struct RowReader {
    places: HashMap<i64, Place>,
    lists: HashMap<String, Vec<String>>,
}

impl RowReader {
    pub(super) fn read(&mut self, row: &Row<'_>) -> Result<NarrowRow, StoreError> {
        let Place {
            account,
            region,
            source,
            log_group,
            bucket_prefix,
            out_of_scope,
        } = self.place(row)?;
        let found = SightingRecord {
            time_ms: row.get(0)?,
            event_account: row.get(1)?,
            event_region: row.get(2)?,
            record_id: row.get(3)?,
            event_id: row.get(5)?,
            log_stream: row.get(6)?,
            timestamp_ms: row.get(7)?,
            ingestion_ms: row.get(8)?,
            is_trusted: row.get(9)?,
            indicators: self.list(row, 10)?,
            hunts: self.list(row, 11)?,
            matched_fields: self.list(row, 12)?,
            message: String::new(),
        };
        Ok(NarrowRow {
            position: MessagePosition {
                chunk: row.get(13)?,
                offset: usize::try_from(row.get::<_, i64>(14)?).unwrap_or(usize::MAX),
                length: usize::try_from(row.get::<_, i64>(15)?).unwrap_or(usize::MAX),
            },
            row: StoredRow {
                account,
                region,
                source,
                log_group,
                bucket_prefix,
                out_of_scope,
                found,
            },
        })
    }

    fn place(&mut self, row: &Row<'_>) -> Result<Place, StoreError> {
        let unit: i64 = row.get(4)?;
        if let Some(place) = self.places.get(&unit) {
            return Ok(place.clone());
        }
        let place = read_place(row)?;
        if self.places.len() >= MAX_KEPT {
            self.places.clear();
        }
        self.places.insert(unit, place.clone());
        Ok(place)
    }

    /// Reads a column with a JSON array of texts. Most rows have one of a few.
    fn list(&mut self, row: &Row<'_>, column: usize) -> Result<Vec<String>, StoreError> {
        let json = row.get_ref(column)?.as_str().map_err(damaged)?;
        if let Some(list) = self.lists.get(json) {
            return Ok(list.clone());
        }
        let list: Vec<String> = serde_json::from_str(json).map_err(damaged)?;
        if self.lists.len() >= MAX_KEPT {
            self.lists.clear();
        }
        self.lists.insert(json.to_owned(), list.clone());
        Ok(list)
    }
}

fn read_place(row: &Row<'_>) -> Result<Place, StoreError> {
    let source: String = row.get(18)?;
    let source = StorageKind::from_word(&source).ok_or_else(|| unknown(&source))?;
    let location: String = row.get(19)?;
    let (log_group, bucket_prefix) = match source {
        StorageKind::Logs | StorageKind::History => (location, None),
        StorageKind::S3 => (String::new(), Some(location)),
        StorageKind::File => (String::new(), None),
    };
    Ok(Place {
        account: parse_column(row, 16)?,
        region: parse_column(row, 17)?,
        source,
        log_group,
        bucket_prefix,
        out_of_scope: row.get(20)?,
    })
}
