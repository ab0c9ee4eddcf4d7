//! The rows of passthrough queries.

use rusqlite::{Connection, Row, params};

use super::entry::{PassthroughRow, PassthroughRows};
use super::ids::UnitId;
use super::packed::{pack, unpack};
use super::row::{next_row, parse_column};
use super::{RunReader, StoreError};
use dragnet_model::{AccountId, LogGroupArn, Region, Target};

/// The rows of one log group.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRows {
    /// The log group.
    pub log_group: LogGroupArn,
    /// The rows, in the order of the query.
    pub rows: Vec<PassthroughRow>,
}

pub(super) fn insert(
    transaction: &Connection,
    passthrough_rows: &PassthroughRows,
) -> Result<(), StoreError> {
    let PassthroughRows {
        unit: UnitId(unit),
        hunt,
        rows,
    } = passthrough_rows;
    let packed = pack(rows)?;
    transaction
        .prepare_cached("INSERT INTO written_rows VALUES (?1, ?2, ?3)")?
        .execute(params![unit, hunt, packed])?;
    Ok(())
}

impl RunReader {
    /// Passes the rows of a passthrough query to `use_rows`, ordered by account, Region and log
    /// group.
    ///
    /// # Errors
    /// `use_rows` fails. The iterator yields an error if the database fails.
    pub fn passthrough_rows<T, E: From<StoreError>>(
        &self,
        hunt: &str,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<StoredRows, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT account, region, location, rows
                 FROM written_rows JOIN unit ON unit.id = written_rows.unit JOIN place ON place.id = unit.place
                 WHERE hunt = ?1 ORDER BY account, region, location, written_rows.rowid",
            )
            .map_err(StoreError::from)?;
        let mut rows = select.query([hunt]).map_err(StoreError::from)?;
        use_rows(&mut std::iter::from_fn(move || {
            next_row(&mut rows, stored_rows)
        }))
    }
}

fn stored_rows(row: &Row<'_>) -> Result<StoredRows, StoreError> {
    let account: AccountId = parse_column(row, 0)?;
    let region: Region = parse_column(row, 1)?;
    let log_group = LogGroupArn::new(Target { account, region }, row.get::<_, String>(2)?);
    Ok(StoredRows {
        log_group,
        rows: unpack(&row.get::<_, Vec<u8>>(3)?)?,
    })
}
