//! Predicts what the event history of an account-Region would cover, with one call.

use jiff::Timestamp;

use super::history_plan::{kept_since, window_outcome};
use super::history_reader::outcome_for_error;
use crate::aws::{Aws, HistoryQuery, Session};
use crate::sweep::evidence::GroupEnd;
use dragnet_model::{Region, SourceStatus, TimeWindow};

/// Returns the expected result for an event history if `window` were swept at the time `now`.
pub async fn expected_history(
    aws: &Aws,
    session: &Session,
    region: &Region,
    window: TimeWindow,
    now: Timestamp,
) -> GroupEnd {
    let since = kept_since(now);
    let outcome = match window_outcome(window, since) {
        Ok(outcome) => outcome,
        Err(outcome) => return GroupEnd::from_outcome(&outcome, SourceStatus::Recorded),
    };
    let query = HistoryQuery {
        lookup: None,
        from_ms: window.from_ms().max(since.as_millisecond()),
        to_ms: window.to_ms(),
    };
    match aws.history_events(session, region, &query, None).await {
        Ok(_) => GroupEnd::from_outcome(&outcome, SourceStatus::Recorded),
        Err(error) => GroupEnd::from_outcome(&outcome_for_error(&error), SourceStatus::Failed),
    }
}
