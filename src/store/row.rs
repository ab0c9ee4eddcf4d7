//! Reads and writes columns: the helpers that all tables share.

use rusqlite::{Row, Rows};

use super::StoreError;
use dragnet_model::{DeniedBy, Outcome, Reason, Status};

/// Reads the outcome of a row of the coverage; without one, the run was interrupted before it was
/// known.
pub(super) fn read_outcome(row: &Row<'_>) -> Result<Outcome, StoreError> {
    let Some(status) = row.get::<_, Option<String>>("status")? else {
        return Ok(Outcome::with_reason(
            Status::Failed,
            Reason::Interrupted,
            "",
        ));
    };
    let reason: Option<String> = row.get("reason")?;
    let denied_by: Option<String> = row.get("denied_by")?;
    Ok(Outcome {
        status: Status::from_word(&status).ok_or_else(|| unknown(&status))?,
        reason: reason
            .map(|word| Reason::from_word(&word).ok_or_else(|| unknown(&word)))
            .transpose()?,
        detail: row.get("detail")?,
        denied_by: denied_by
            .map(|word| DeniedBy::from_word(&word).ok_or_else(|| unknown(&word)))
            .transpose()?,
    })
}

/// Reads the next row of a query, in the form that an iterator needs.
pub(super) fn next_row<T>(
    rows: &mut Rows<'_>,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Option<Result<T, StoreError>> {
    match rows.next() {
        Ok(row) => row.map(read),
        Err(error) => Some(Err(error.into())),
    }
}

/// Reads a count: SQLite's `total` is a float, its `count` an integer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count is whole, and the range is checked"
)]
pub(super) fn read_count(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let number: f64 = row.get(column)?;
    // No count of a run comes near to 2^63. A float that is not a number is not in the range either.
    if (0.0..=LARGEST_COUNT).contains(&number) {
        Ok(number as u64)
    } else {
        Err(rusqlite::Error::IntegralValueOutOfRange(
            column,
            number as i64,
        ))
    }
}

/// 2^63, the sum of counts that overflowed.
const LARGEST_COUNT: f64 = 9_223_372_036_854_775_808.0;

pub(super) fn parse_column<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &Row<'_>,
    column: impl rusqlite::RowIndex,
) -> Result<T, StoreError> {
    row.get::<_, String>(column)?.parse().map_err(damaged)
}

pub(super) fn unknown(word: &str) -> StoreError {
    StoreError::Damaged(format!("unknown value `{word}`"))
}

pub(super) fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}

/// Converts a count to the integer type of SQLite.
pub(super) fn to_sql_integer(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
