//! Applies the accepted gaps of the scope to the coverage of a run.
//!
//! `run.db` stores what happened; this is a view of it. A resumed run therefore tries accepted gaps
//! again, and expiry is judged as of the start of the run, whenever its reports are made.

use jiff::Timestamp;

use crate::config::Scope;
use crate::model::{Account, AccountState, Coverage, Reason};
use crate::store::{RunReader, StoreError};

/// Passes the coverage of a run that started at `started` to `use_rows`: sorted by account, Region
/// and log group, with the gaps that `scope` accepts marked as accepted.
///
/// # Errors
/// Returns the error of `use_rows`. The rows are errors if the database cannot be read.
pub fn judged_coverage<T, E: From<StoreError>>(
    reader: &RunReader,
    scope: &Scope,
    started: Timestamp,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Coverage, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    reader.coverage(|rows| {
        use_rows(&mut rows.map(|row| row.map(|row| with_accepted_gap(row, scope, started))))
    })
}

fn with_accepted_gap(mut row: Coverage, scope: &Scope, started: Timestamp) -> Coverage {
    // An inactive account is out of scope, so it is no gap.
    if row.outcome.is_covered() || row.outcome.reason == Some(Reason::AccountNotActive) {
        return row;
    }
    let account = Account {
        id: row.account,
        name: row.account_name.clone(),
        state: AccountState::Active,
    };
    if let Some(gap) = scope.accepted(
        &account,
        row.region.as_ref(),
        row.log_group.as_deref(),
        started,
    ) {
        row.outcome = row.outcome.accepted(&gap.to_string());
    }
    row
}
