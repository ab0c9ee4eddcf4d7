//! Joins the tasks of a sweep, so that none of them fails without an error.

use tokio::task::{JoinError, JoinSet};

use crate::store::JournalClosed;

/// Waits for all tasks of a set, or for the first one that finds the journal closed.
pub(super) async fn join_tasks(
    mut tasks: JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    while let Some(ended) = tasks.join_next().await {
        task_result(ended)?;
    }
    Ok(())
}

/// Returns the result of a task. A panic in the task is resumed here, so that no account-Region
/// goes missing from the coverage without an error.
pub(super) fn task_result(
    ended: Result<Result<(), JournalClosed>, JoinError>,
) -> Result<(), JournalClosed> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // No single task of a set is ever aborted, and a set that is dropped is not joined.
        Err(Err(_)) => Err(JournalClosed),
    }
}
