//! Judges one log source: whether its records were searched, and if not, why. Pure.

use jiff::Timestamp;

use crate::model::{
    Delivery, Destination, LogGroup, LogGroupArn, LogSource, ManagementEvents, Outcome, Selection,
    SourceState, SourceStatus, Status, TimeWindow,
};
use crate::sweep::plan::{Decision, LATE_ARRIVAL, decide};
use crate::time::rfc3339_ms;

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
    pub fn not_there() -> Self {
        Self::new(SourceStatus::Failed, "its log group is not there")
    }

    /// The expected result for a log group if `window` were swept at the time `now`.
    pub fn expected(group: &LogGroup, window: TimeWindow, now: Timestamp) -> Self {
        let (Decision::Read { outcome, .. } | Decision::Leave(outcome)) =
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
    pub kept: ManagementEvents,
}

/// Judges a log source for a window. `end_of` returns how the search of its log group ended.
pub(super) fn judge(
    recorder: &LogSource,
    window: TimeWindow,
    end_of: impl Fn(&LogGroupArn) -> GroupEnd,
) -> Judgement {
    let nothing = |GroupEnd { status, reason }| Judgement {
        status,
        reason,
        kept: ManagementEvents::default(),
    };
    let facts = match &recorder.told {
        SourceState::Known(delivery, selection) => Some((delivery, selection)),
        SourceState::Unknown => None,
        SourceState::Denied(outcome) => {
            return nothing(GroupEnd::from_outcome(outcome, SourceStatus::Failed));
        }
    };
    if let Some(end) = facts.and_then(|(delivery, _)| switched_off(delivery, window)) {
        return nothing(end);
    }
    let group = match &recorder.destination {
        Destination::LogGroup(group) => group,
        Destination::Elsewhere(place) => {
            return nothing(GroupEnd::new(SourceStatus::OnlyS3, place));
        }
    };
    let end = end_of(group);
    let Some((delivery, selection)) = facts else {
        // The state of the source is unknown. If its log group was not searched either, that
        // outcome explains more.
        let reached = matches!(end.status, SourceStatus::Searched | SourceStatus::Recorded);
        let untold = GroupEnd::new(
            SourceStatus::Failed,
            "its owner did not tell whether it is switched on",
        );
        return nothing(if reached { untold } else { end });
    };
    if let Some(end) = undelivered(recorder, delivery, window) {
        return nothing(end);
    }
    if !matches!(end.status, SourceStatus::Searched | SourceStatus::Recorded) {
        return nothing(end);
    }
    if let Some(since) = delivery
        .started_ms
        .filter(|started| *started > window.from_ms())
    {
        return nothing(GroupEnd::new(
            SourceStatus::Partial,
            format!("switched on at {}", time(since)),
        ));
    }
    let (status, reason) = if selection.is_whole() {
        (end.status, String::new())
    } else {
        (SourceStatus::Partial, left_out(selection))
    };
    Judgement {
        status,
        reason,
        kept: selection.management(),
    }
}

fn switched_off(delivery: &Delivery, window: TimeWindow) -> Option<GroupEnd> {
    // A source that was switched off after the window recorded all of it.
    let still_on = delivery.logging
        || delivery
            .stopped_ms
            .is_some_and(|stopped| stopped >= window.to_ms());
    let since = delivery
        .stopped_ms
        .map(|stopped| format!("switched off at {}", time(stopped)));
    (!still_on).then(|| {
        GroupEnd::new(
            SourceStatus::Stopped,
            since.unwrap_or_else(|| "switched off".to_owned()),
        )
    })
}

fn undelivered(recorder: &LogSource, delivery: &Delivery, window: TimeWindow) -> Option<GroupEnd> {
    let margin = i64::try_from(LATE_ARRIVAL.as_millis()).unwrap_or(i64::MAX);
    let last = delivery.last_ms.map_or_else(
        || "never delivered".to_owned(),
        |last| format!("last at {}", time(last)),
    );
    if !delivery.error.is_empty() {
        // If the last delivery is well after the window, everything in the window has arrived.
        let arrived = delivery
            .last_ms
            .is_some_and(|last| last >= window.to_ms().saturating_add(margin));
        let failing = GroupEnd::new(
            SourceStatus::Failing,
            format!("deliveries fail, {last}: {}", delivery.error),
        );
        return (!arrived).then_some(failing);
    }
    // Flow logs do not report when they last delivered.
    let tells = matches!(
        recorder.told,
        SourceState::Known(_, Selection::Events { .. })
    );
    let fresh = delivery
        .last_ms
        .is_some_and(|last| last >= window.to_ms().saturating_sub(margin));
    (tells && !fresh)
        .then(|| GroupEnd::new(SourceStatus::Stale, format!("nothing is delivered, {last}")))
}

fn left_out(selection: &Selection) -> String {
    format!("it keeps only {}", selection.text())
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), rfc3339_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SourceKind, Target};

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
            told: SourceState::Unknown,
        };
        change(&mut trail, &mut delivery, &mut selection);
        if trail.told == SourceState::Unknown {
            trail.told = SourceState::Known(delivery, selection);
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
    fn only_what_was_on_delivered_and_searched_counts() {
        let whole = judged(|_, _, _| (), &GroupEnd::new(SourceStatus::Searched, ""));
        assert!(whole.status == SourceStatus::Searched && whole.kept.is_all());
        let denied = judged(|_, _, _| (), &GroupEnd::new(SourceStatus::Denied, "no"));
        assert!(denied.status == SourceStatus::Denied && denied.kept.is_none());
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
            status(|_, delivery, _| delivery.last_ms = Some(122 * HOUR - 1)),
            SourceStatus::Stale
        );
        assert_eq!(
            status(|_, delivery, _| delivery.started_ms = Some(101 * HOUR)),
            SourceStatus::Partial
        );
        let bucket =
            |trail: &mut LogSource| trail.destination = Destination::Elsewhere("s3://b".to_owned());
        assert_eq!(status(|trail, _, _| bucket(trail)), SourceStatus::OnlyS3);
    }

    #[test]
    fn what_happened_to_it_after_the_window_does_not_matter() {
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
    fn selectors_leave_a_part() {
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
            (judgement.status, judgement.kept),
            (SourceStatus::Partial, writes)
        );
        let refused =
            |trail: &mut LogSource| trail.told = SourceState::Denied(Outcome::denied("no"));
        assert_eq!(status(|trail, _, _| refused(trail)), SourceStatus::Denied);
    }
}
