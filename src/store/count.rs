//! What hunts count: a row for each page, hunt and place where things happened, added up when it is read.
//!
//! A page appends what its own events come to, so that nothing that grows is written again; a million
//! different addresses are as many entries in the rows of the pages that have them.

use rusqlite::{Row, Transaction, params};

use super::entry::{CountRow, UnitId};
use super::packed::{pack, unpack};
use super::reader::{next, parsed};
use super::{RunReader, StoreError};
use crate::model::{AccountId, LogGroupArn, Region, Target};
use crate::query::Partial;

/// A row of what a hunt counted, with the place that its records are stored in.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCount {
    /// The log group.
    pub log_group: LogGroupArn,
    /// Whether the log group was read for other places than its own.
    pub elsewhere: bool,
    /// What was counted.
    pub row: CountRow,
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
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
    /// What a hunt counted, by the account and the Region where it happened; handed to `use_rows`.
    ///
    /// # Errors
    /// What `use_rows` fails with; the rows fail where the database does.
    pub fn counts<T, E: From<StoreError>>(
        &self,
        hunt: &str,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<StoredCount, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT hunt, event_account, event_region, kind, partial, account, region, log_group, elsewhere
                 FROM hunt_count JOIN unit ON unit.id = hunt_count.unit JOIN place ON place.id = unit.place
                 WHERE hunt = ?1 ORDER BY event_account, event_region, account, region, log_group,
                 hunt_count.rowid",
            )
            .map_err(StoreError::from)?;
        let mut rows = select.query([hunt]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next(&mut rows, stored_count)
        }))
    }
}

fn stored_count(row: &Row<'_>) -> Result<StoredCount, StoreError> {
    let partial: Partial = unpack(&row.get::<_, Vec<u8>>(4)?)?;
    let (account, region): (AccountId, Region) = (parsed(row, 5)?, parsed(row, 6)?);
    Ok(StoredCount {
        log_group: LogGroupArn::new(Target { account, region }, row.get::<_, String>(7)?),
        elsewhere: row.get(8)?,
        row: CountRow {
            hunt: row.get(0)?,
            event_account: row.get(1)?,
            event_region: row.get(2)?,
            kind: row.get(3)?,
            partial,
        },
    })
}
