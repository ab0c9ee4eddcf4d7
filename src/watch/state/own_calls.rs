//! Stores calls of the watch that belong to no run: `GetCallerIdentity`, the MFA session, and
//! alerts to SNS and EventBridge.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{State, StateError};

/// For how long a call may still appear in CloudTrail logs. Usually it appears within 15 minutes. A
/// log group that is far behind contains events that are at most as old as CloudWatch Logs accepts.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(14 * 24);

impl State {
    /// Stores the request id of a call made at `at`, and deletes old ones.
    ///
    /// # Errors
    /// The database fails.
    pub fn record_own_call(&self, request_id: &str, at: Timestamp) -> Result<(), StateError> {
        if request_id.is_empty() {
            return Ok(());
        }
        let long_ago = at
            .saturating_sub(REMEMBERED)
            .unwrap_or(Timestamp::MIN)
            .as_millisecond();
        self.change(|transaction| {
            let insert = "INSERT OR REPLACE INTO own_call (request_id, at_ms) VALUES (?1, ?2)";
            transaction.execute(insert, params![request_id, at.as_millisecond()])?;
            transaction.execute("DELETE FROM own_call WHERE at_ms < ?1", [long_ago])?;
            Ok(())
        })
    }
}

/// Whether a request is one of these calls.
pub(in crate::watch) fn is_own_call(
    transaction: &Transaction<'_>,
    request_id: &str,
) -> Result<bool, StateError> {
    let mut select = transaction.prepare_cached("SELECT 1 FROM own_call WHERE request_id = ?1")?;
    Ok(select
        .query_row([request_id], |_| Ok(()))
        .optional()?
        .is_some())
}
