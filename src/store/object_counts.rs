//! The objects of buckets: how many were read, and how many could not be, by reason.
//!
//! The counts of a page are in the same transaction as its sightings and its token, so a resumed run
//! knows the problems of all objects before the token.

use rusqlite::{Connection, params};

use super::StoreError;
use super::ids::UnitId;
use super::row::{read_count, to_sql_integer, unknown};
use dragnet_model::Reason;

/// The number of objects of a work unit with the same result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCount {
    /// Why they could not be read, or not completely; `None` if they were read.
    pub reason: Option<Reason>,
    /// The number of objects.
    pub objects: u64,
    /// The key of the first one. Untrusted text.
    pub first_key: String,
    /// What was found about that one. Untrusted text.
    pub detail: String,
}

/// The text in place of a reason for objects that were read.
const READ: &str = "";

/// Adds the objects of a page of a work unit.
pub(super) fn insert(
    transaction: &Connection,
    unit: UnitId,
    counts: &[ObjectCount],
) -> Result<(), StoreError> {
    for count in counts {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO object_count VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET objects = objects + excluded.objects",
        )?;
        insert.execute(params![
            unit.0,
            count.reason.map_or(READ, Reason::as_str),
            to_sql_integer(count.objects),
            count.first_key,
            count.detail,
        ])?;
    }
    Ok(())
}

/// Returns the objects of a work unit.
pub(super) fn load(connection: &Connection, unit: UnitId) -> Result<Vec<ObjectCount>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT reason, total(objects), first_key, detail FROM object_count WHERE unit = ?1
         GROUP BY reason ORDER BY reason",
    )?;
    let mut rows = select.query([unit.0])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let word: String = row.get(0)?;
        let reason = match word.as_str() {
            READ => None,
            word => Some(Reason::from_word(word).ok_or_else(|| unknown(word))?),
        };
        counts.push(ObjectCount {
            reason,
            objects: read_count(row, 1)?,
            first_key: row.get(2)?,
            detail: row.get(3)?,
        });
    }
    Ok(counts)
}
