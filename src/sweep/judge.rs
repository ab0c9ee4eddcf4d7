//! The coverage as the run's own scope judges it: gaps that it accepts are told as such.
//!
//! `run.db` keeps what happened; this is a view of it. So a run that goes on asks an accepted place again,
//! and whether a gap had expired is a matter of when the run began, whenever its reports are made.

use jiff::Timestamp;

use crate::config::Scope;
use crate::model::{Account, AccountState, Coverage, Reason};
use crate::store::{RunReader, StoreError};

/// Hands the coverage of a run that began at `started` to `use_rows`: sorted by account, Region and log
/// group, with what `scope` accepts.
///
/// # Errors
/// What `use_rows` fails with; the rows fail where the database does.
pub fn judged_coverage<T, E: From<StoreError>>(
    reader: &RunReader,
    scope: &Scope,
    started: Timestamp,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Coverage, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    reader
        .coverage(|rows| use_rows(&mut rows.map(|row| row.map(|row| judged(row, scope, started)))))
}

fn judged(mut row: Coverage, scope: &Scope, started: Timestamp) -> Coverage {
    // What is not in scope is no gap.
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
