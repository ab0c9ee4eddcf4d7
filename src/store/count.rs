//! The counts of hunts: one row for each page, hunt, event account and event Region; rows are
//! merged when they are read.
//!
//! A page only appends the partials of its own events, so nothing that grows is rewritten. A
//! million different addresses are a million entries in the rows of the pages that contain them.

use rusqlite::{Connection, Row, params};

use super::entry::CountRow;
use super::ids::UnitId;
use super::packed::{pack, unpack};
use super::row::{next_row, parse_column};
use super::{RunReader, StoreError};
use dragnet_model::{AccountId, LogGroupArn, Region, Target};
use insights_ql::Partial;

/// A row of a hunt's counts, with the log group in which its records are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCount {
    /// The log group; its name is empty for the event history, and the location for objects in S3.
    pub log_group: LogGroupArn,
    /// Whether the log group is out of scope and was scanned for records of accounts and Regions in
    /// scope.
    pub out_of_scope: bool,
    /// The counts.
    pub row: CountRow,
}

pub(super) fn insert(
    transaction: &Connection,
    unit: UnitId,
    counts: &[CountRow],
) -> Result<(), StoreError> {
    for CountRow {
        hunt,
        event_account,
        event_region,
        kind,
        partial,
    } in counts
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO hunt_count VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        insert.execute(params![
            unit.0,
            hunt,
            event_account,
            event_region,
            kind,
            pack(partial)?
        ])?;
    }
    Ok(())
}

impl RunReader {
    /// Passes the counts of a hunt to `use_rows`, ordered by event account and event Region.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn counts<T, E: From<StoreError>>(
        &self,
        hunt: &str,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<StoredCount, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT hunt, event_account, event_region, kind, partial, account, region, location, elsewhere
                 FROM hunt_count JOIN unit ON unit.id = hunt_count.unit JOIN place ON place.id = unit.place
                 WHERE hunt = ?1 ORDER BY event_account, event_region, account, region, location,
                 hunt_count.rowid",
            )
            .map_err(StoreError::from)?;
        let mut rows = select.query([hunt]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next_row(&mut rows, stored_count)
        }))
    }
}

fn stored_count(row: &Row<'_>) -> Result<StoredCount, StoreError> {
    let partial: Partial = unpack(&row.get::<_, Vec<u8>>(4)?)?;
    let account: AccountId = parse_column(row, 5)?;
    let region: Region = parse_column(row, 6)?;
    Ok(StoredCount {
        log_group: LogGroupArn::new(Target { account, region }, row.get::<_, String>(7)?),
        out_of_scope: row.get(8)?,
        row: CountRow {
            hunt: row.get(0)?,
            event_account: row.get(1)?,
            event_region: row.get(2)?,
            kind: row.get(3)?,
            partial,
        },
    })
}
