//! Compares the sightings, the coverage and the log sources of two runs.
//!
//! Both runs are read once, in the order of their reports, like two sorted lists that are merged.
//! Only sightings that share event time, account, Region and record id are in memory together.

mod coverage;
mod event_group;
mod sightings;
mod sources;

use std::iter::Peekable;

use crate::store::StoreError;

pub use coverage::compare_coverage;
pub use sightings::compare_sightings;
pub use sources::compare_sources;

/// What only one of two runs has, or what differs between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<T> {
    /// The state in the earlier run; `None` if it has no such row.
    pub before: Option<T>,
    /// The state in the later run; `None` if it has no such row.
    pub after: Option<T>,
}

/// Rows that are read one by one.
type Rows<'r, T> = dyn Iterator<Item = Result<T, StoreError>> + 'r;

/// Returns the key of the next row, or its error.
fn peek_key<T, K>(
    rows: &mut Peekable<&mut Rows<'_, T>>,
    key: impl Fn(&T) -> K,
) -> Result<Option<K>, StoreError> {
    if let Some(Err(error)) = rows.next_if(Result::is_err) {
        return Err(error);
    }
    let next = rows.peek().and_then(|row| row.as_ref().ok());
    Ok(next.map(key))
}
