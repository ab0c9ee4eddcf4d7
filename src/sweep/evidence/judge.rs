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
    let judgement = match &log_source.state {
        SourceState::Known(delivery, selection) => {
            judge_known(log_source, delivery, selection, window, end_of)
        }
        SourceState::Unknown => Err(judge_unknown(log_source, end_of)),
        SourceState::Denied(outcome) => Err(GroupEnd::from_outcome(outcome, SourceStatus::Failed)),
    };
    judgement.unwrap_or_else(Judgement::without_proof)
}

/// Judges a log source whose state is known. Returns an error if it proves nothing.
fn judge_known(
    log_source: &LogSource,
    delivery: &Delivery,
    selection: &Selection,
    window: TimeWindow,
    end_of: impl Fn(&LogGroupArn) -> GroupEnd,
) -> Result<Judgement, GroupEnd> {
    if let Some(end) = check_logging(delivery, window) {
        return Err(end);
    }
    let end = end_of(destination_group(log_source)?);
    if let Some(end) = check_delivery(delivery, selection, window) {
        return Err(end);
    }
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
fn judge_unknown(log_source: &LogSource, end_of: impl Fn(&LogGroupArn) -> GroupEnd) -> GroupEnd {
    let end = match destination_group(log_source) {
        Ok(group) => end_of(group),
        Err(end) => return end,
    };
    // If the log group was not searched either, that outcome explains more.
    if is_searched(&end) {
        let reason = "the account that owns it did not report whether logging is on";
        GroupEnd::new(SourceStatus::Failed, reason)
    } else {
        end
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
    delivery: &Delivery,
    selection: &Selection,
    window: TimeWindow,
) -> Option<GroupEnd> {
    let margin = i64::try_from(LATE_ARRIVAL.as_millis()).unwrap_or(i64::MAX);
    let last = delivery.last_ms.map_or_else(
        || "no delivery so far".to_owned(),
        |last| format!("last delivery at {}", format_time(last)),
    );
    if !delivery.error.is_empty() {
        // If the last delivery is well after the window, everything in the window has arrived.
        let has_arrived = delivery
            .last_ms
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
    (reports_delivery && delivery.last_ms.is_none())
        .then(|| GroupEnd::new(SourceStatus::Stale, last))
}

fn describe_selection(selection: &Selection) -> String {
    format!("records only part of the events: {}", selection.text())
}

fn format_time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), rfc3339_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{SourceKind, Target};

    const HOUR: i64 = 3_600_000;

    /// Judges a trail that delivers, for the hours 100 to 124, after `change` was applied to it.
    fn judged(
        change: impl FnOnce(&mut LogSource, &mut Delivery, &mut Selection),
        end: &GroupEnd,
    ) -> Judgement {
        let home = Target {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let mut delivery = Delivery {
            logging: true,
            started_ms: Some(0),
            stopped_ms: None,
            last_ms: Some(124 * HOUR),
            error: String::new(),
        };
        let mut selection = Selection::Events {
            management: ManagementEvents::all(),
            data: std::collections::BTreeSet::new(),
        };
        let mut trail = LogSource {
            kind: SourceKind::CloudTrail,
            via: "t".to_owned(),
            destination: Destination::LogGroup(LogGroupArn::new(home.clone(), "/trail")),
            home,
            multi_region: true,
            is_organization_trail: false,
            state: SourceState::Unknown,
        };
        change(&mut trail, &mut delivery, &mut selection);
        if trail.state == SourceState::Unknown {
            trail.state = SourceState::Known(delivery, selection);
        }
        let at = |hours: i64| Timestamp::from_millisecond(hours * HOUR).unwrap();
        judge(&trail, TimeWindow::new(at(100), at(124)).unwrap(), |_| {
            end.clone()
        })
    }

    fn status(change: impl FnOnce(&mut LogSource, &mut Delivery, &mut Selection)) -> SourceStatus {
        judged(change, &GroupEnd::new(SourceStatus::Searched, "")).status
    }

    #[test]
    fn source_that_is_off_or_never_delivered_is_not_searched() {
        let whole = judged(|_, _, _| (), &GroupEnd::new(SourceStatus::Searched, ""));
        assert!(whole.status == SourceStatus::Searched && whole.management.is_all());
        let denied = judged(|_, _, _| (), &GroupEnd::new(SourceStatus::Denied, "no"));
        assert!(denied.status == SourceStatus::Denied && denied.management.is_none());
        assert_eq!(
            status(|_, delivery, _| delivery.logging = false),
            SourceStatus::Stopped
        );
        assert_eq!(
            status(|_, delivery, _| delivery.error = "no".to_owned()),
            SourceStatus::Failing
        );
        assert_eq!(
            status(|_, delivery, _| delivery.last_ms = None),
            SourceStatus::Stale
        );
        assert_eq!(
            status(|_, delivery, _| delivery.last_ms = Some(HOUR)),
            SourceStatus::Searched
        );
        assert_eq!(
            status(|_, delivery, _| delivery.started_ms = Some(101 * HOUR)),
            SourceStatus::Partial
        );
        let bucket =
            |trail: &mut LogSource| trail.destination = Destination::Other("s3://b".to_owned());
        assert_eq!(status(|trail, _, _| bucket(trail)), SourceStatus::OnlyS3);
    }

    #[test]
    fn changes_after_window_do_not_matter() {
        let later = |delivery: &mut Delivery| {
            delivery.logging = false;
            delivery.stopped_ms = Some(124 * HOUR);
        };
        assert_eq!(
            status(|_, delivery, _| later(delivery)),
            SourceStatus::Searched
        );
        let failed_later = |delivery: &mut Delivery| {
            delivery.error = "no".to_owned();
            delivery.last_ms = Some(126 * HOUR);
        };
        assert_eq!(
            status(|_, delivery, _| failed_later(delivery)),
            SourceStatus::Searched
        );
    }

    #[test]
    fn incomplete_selectors_make_source_partial() {
        let writes = ManagementEvents {
            reads: None,
            ..ManagementEvents::all()
        };
        let judgement = judged(
            |_, _, selection| {
                *selection = Selection::Events {
                    management: writes.clone(),
                    data: std::collections::BTreeSet::new(),
                };
            },
            &GroupEnd::new(SourceStatus::Searched, ""),
        );
        assert_eq!(
            (judgement.status, judgement.management),
            (SourceStatus::Partial, writes)
        );
        let refused =
            |trail: &mut LogSource| trail.state = SourceState::Denied(Outcome::denied("no"));
        assert_eq!(status(|trail, _, _| refused(trail)), SourceStatus::Denied);
    }
}
