//! Judges one log source: whether its records were searched, and if not, why. Pure.

use jiff::Timestamp;

use crate::sweep::delivery_lag::LATE_ARRIVAL;
use crate::sweep::log_sources::log_groups::read_decision::{Decision, decide};
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{
    Delivery, Destination, LogGroup, LogGroupArn, LogSource, ManagementEvents, Outcome, Selection,
    SourceState, SourceStatus, Status, TimeWindow,
};

/// How the search of a log group ended, as a source status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEnd {
    /// The source status.
    pub status: SourceStatus,
    /// The reason for the status.
    pub reason: String,
}

impl GroupEnd {
    /// Creates a result from a status and its reason.
    pub fn new(status: SourceStatus, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
        }
    }

    /// The result for a log group that is out of scope.
    pub fn out_of_scope() -> Self {
        Self::new(SourceStatus::Skipped, "its log group is out of scope")
    }

    /// The result for a log group that does not exist.
    pub fn not_found() -> Self {
        Self::new(SourceStatus::Failed, "its log group does not exist")
    }

    /// The expected result for a log group if `window` were swept at the time `now`.
    pub fn expected(group: &LogGroup, window: TimeWindow, now: Timestamp) -> Self {
        let (Decision::Read { outcome, .. } | Decision::Skip(outcome)) =
            decide(group, window, now, now, false);
        Self::from_outcome(&outcome, SourceStatus::Recorded)
    }

    /// The result for a log group with this coverage outcome. `read` is the status if it was read
    /// completely.
    pub fn from_outcome(outcome: &Outcome, read: SourceStatus) -> Self {
        let status = match outcome.status {
            Status::Searched => read,
            Status::Partial => SourceStatus::Partial,
            Status::Skipped => SourceStatus::Skipped,
            Status::Unsearchable => SourceStatus::Unsearchable,
            Status::Denied => SourceStatus::Denied,
            Status::Failed => SourceStatus::Failed,
            Status::Accepted => SourceStatus::Accepted,
        };
        Self::new(status, outcome.reason_text())
    }
}

/// The status of a log source, and what it proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub status: SourceStatus,
    pub reason: String,
    /// The management events that are certain to be in what was searched.
    pub management: ManagementEvents,
}

impl Judgement {
    /// Creates the judgement of a log source that proves nothing.
    fn without_proof(end: GroupEnd) -> Self {
        Self {
            status: end.status,
            reason: end.reason,
            management: ManagementEvents::default(),
        }
    }
}

/// Judges a log source for a window. `end_of` returns how the search of its log group ended.
pub(super) fn judge(
    log_source: &LogSource,
    window: TimeWindow,
    end_of: impl Fn(&LogGroupArn) -> GroupEnd,
) -> Judgement {
    let end = destination_group(log_source).map(end_of);
    judge_delivery(log_source, window, end, last_to_log_group)
}

/// Judges what a log source delivers to its bucket, for a window. `end` is how the search of the
/// objects of one account-Region ended.
pub(super) fn judge_objects(
    log_source: &LogSource,
    window: TimeWindow,
    end: &GroupEnd,
) -> Judgement {
    judge_delivery(log_source, window, Ok(end.clone()), last_to_bucket)
}

/// Whether the objects in the bucket of a log source prove everything that it records of a window, if
/// all of them are read.
pub(in crate::sweep) fn bucket_proves_window(log_source: &LogSource, window: TimeWindow) -> bool {
    let searched = GroupEnd::new(SourceStatus::Searched, "");
    judge_objects(log_source, window, &searched).status == SourceStatus::Searched
}

/// The last delivery of a log source to one of its destinations.
#[derive(Clone, Copy, Debug)]
struct LastDelivery<'d> {
    ms: Option<i64>,
    error: &'d str,
}

fn last_to_log_group(delivery: &Delivery) -> LastDelivery<'_> {
    LastDelivery {
        ms: delivery.last_ms,
        error: &delivery.error,
    }
}

fn last_to_bucket(delivery: &Delivery) -> LastDelivery<'_> {
    LastDelivery {
        ms: delivery.bucket_last_ms,
        error: &delivery.bucket_error,
    }
}

/// Judges one destination of a log source. `end` is how its search ended, or the reason why it cannot
/// be searched; `last` returns the last delivery to it.
fn judge_delivery(
    log_source: &LogSource,
    window: TimeWindow,
    end: Result<GroupEnd, GroupEnd>,
    last: impl Fn(&Delivery) -> LastDelivery<'_>,
) -> Judgement {
    let judgement = match &log_source.state {
        SourceState::Known(delivery, selection) => {
            let is_off = check_logging(delivery, window).map_or(Ok(()), Err);
            let last = last(delivery);
            // A channel does not report when it last delivered.
            let arrival = if log_source.is_channel() {
                None
            } else {
                check_delivery(last, selection, window)
            };
            is_off
                .and(end)
                .and_then(|end| arrival.map_or(Ok(end), Err))
                .and_then(|end| judge_known(delivery, selection, window, end))
        }
        SourceState::Unknown => Err(judge_unknown(end)),
        SourceState::Denied(outcome) => Err(GroupEnd::from_outcome(outcome, SourceStatus::Failed)),
    };
    judgement.unwrap_or_else(Judgement::without_proof)
}

/// Judges a log source that is on and delivers, and whose state is known. Returns an error if it proves
/// nothing.
fn judge_known(
    delivery: &Delivery,
    selection: &Selection,
    window: TimeWindow,
    end: GroupEnd,
) -> Result<Judgement, GroupEnd> {
    if !is_searched(&end) {
        return Err(end);
    }
    if let Some(started) = delivery
        .started_ms
        .filter(|started| *started > window.from_ms())
    {
        let reason = format!("logging started at {}", format_time(started));
        return Err(GroupEnd::new(SourceStatus::Partial, reason));
    }
    let (status, reason) = if selection.is_whole() {
        (end.status, String::new())
    } else {
        (SourceStatus::Partial, describe_selection(selection))
    };
    Ok(Judgement {
        status,
        reason,
        management: selection.management(),
    })
}

/// Judges a log source whose state is unknown.
fn judge_unknown(end: Result<GroupEnd, GroupEnd>) -> GroupEnd {
    match end {
        // If its destination was not searched either, that outcome explains more.
        Ok(end) if is_searched(&end) => {
            let reason = "the account that owns it did not report whether logging is on";
            GroupEnd::new(SourceStatus::Failed, reason)
        }
        Ok(end) | Err(end) => end,
    }
}

fn is_searched(end: &GroupEnd) -> bool {
    matches!(end.status, SourceStatus::Searched | SourceStatus::Recorded)
}

/// Returns the log group to which a log source delivers. Returns an error if it delivers only to
/// something other than CloudWatch Logs.
fn destination_group(log_source: &LogSource) -> Result<&LogGroupArn, GroupEnd> {
    match &log_source.destination {
        Destination::LogGroup(group) => Ok(group),
        Destination::Other(destination) => Err(GroupEnd::new(SourceStatus::OnlyS3, destination)),
    }
}

/// Returns the end of a log source whose logging was off at any time in the window.
fn check_logging(delivery: &Delivery, window: TimeWindow) -> Option<GroupEnd> {
    // A source that was switched off after the window recorded all of it.
    let was_on = delivery.logging
        || delivery
            .stopped_ms
            .is_some_and(|stopped| stopped >= window.to_ms());
    if was_on {
        return None;
    }
    let reason = delivery.stopped_ms.map_or_else(
        || "logging is off".to_owned(),
        |stopped| format!("logging stopped at {}", format_time(stopped)),
    );
    Some(GroupEnd::new(SourceStatus::Stopped, reason))
}

/// Returns the end of a log source whose records did not all arrive.
fn check_delivery(
    delivery: LastDelivery<'_>,
    selection: &Selection,
    window: TimeWindow,
) -> Option<GroupEnd> {
    let margin = i64::try_from(LATE_ARRIVAL.as_millis()).unwrap_or(i64::MAX);
    let last = delivery.ms.map_or_else(
        || "no delivery so far".to_owned(),
        |last| format!("last delivery at {}", format_time(last)),
    );
    if !delivery.error.is_empty() {
        // If the last delivery is well after the window, everything in the window has arrived.
        let has_arrived = delivery
            .ms
            .is_some_and(|last| last >= window.to_ms().saturating_add(margin));
        let failing = GroupEnd::new(
            SourceStatus::Failing,
            format!("deliveries fail, {last}: {}", delivery.error),
        );
        return (!has_arrived).then_some(failing);
    }
    // Flow logs do not report when they last delivered. A trail that last delivered long ago may
    // have had nothing to deliver.
    let reports_delivery = matches!(selection, Selection::Events { .. });
    (reports_delivery && delivery.ms.is_none()).then(|| GroupEnd::new(SourceStatus::Stale, last))
}

fn describe_selection(selection: &Selection) -> String {
    format!("records only part of the events: {}", selection.text())
}

fn format_time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), rfc3339_ms)
}

#[cfg(test)]
mod tests;
