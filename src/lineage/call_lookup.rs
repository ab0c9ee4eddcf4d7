//! Finds the row of the lineage table for an event.

use super::access_calls::ACCESS_CALLS;
use super::call::{LINEAGE_CALLS, LineageCall, NewIdentity, UNLISTED};

impl LineageCall {
    /// Finds the row of an event. Without a row, an event whose `message` may have new credentials
    /// is read like those that issue them.
    pub fn find(event_source: &str, event_name: &str, message: &str) -> Option<Self> {
        let service = event_source.strip_suffix(".amazonaws.com")?;
        // Lambda adds the version of its API: `CreateFunction20150331`.
        let name = if service == "lambda" {
            event_name
                .split(|c: char| c.is_ascii_digit())
                .next()
                .unwrap_or_default()
        } else {
            event_name
        };
        let mut rows = LINEAGE_CALLS.iter().chain(ACCESS_CALLS);
        let listed = rows.find(|call| call.service == service && call.event_name == name);
        let may_issue =
            || message.contains("\"credentials\"") && message.contains("\"accessKeyId\"");
        listed.copied().or_else(|| may_issue().then_some(UNLISTED))
    }
}

/// Returns the names of the calls in the table that may issue credentials for a session of a role,
/// and of those whose actor is not the identity that CloudTrail names. Some may repeat.
pub(crate) fn session_issuing_calls() -> impl Iterator<Item = &'static str> {
    LINEAGE_CALLS
        .iter()
        .chain(ACCESS_CALLS)
        .filter(|call| {
            matches!(
                call.new_identity,
                NewIdentity::AssumedRole | NewIdentity::Credentials | NewIdentity::SwitchedRole
            )
        })
        .map(|call| call.event_name)
}
