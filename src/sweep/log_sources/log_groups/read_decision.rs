//! Decides what to do with a log group: read it or leave it out, and with which outcome. Pure: the
//! same group and window always give the same result.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

use crate::sweep::delivery_lag::{DELIVERY_LAG, LATE_ARRIVAL, shift_time};
use dragnet_model::{LogGroup, LogGroupClass, Outcome, Reason, Status, TimeWindow};

/// How long events are certain to be there after their retention has ended. AWS does not delete them
/// immediately, and typically takes up to 72 hours. So a window of 30 days fits into a retention of
/// 30 days although the search takes some time.
///
/// Source: CloudWatch Logs API, `PutRetentionPolicy`.
const DELETION_DELAY: SignedDuration = SignedDuration::from_hours(1);

/// Source: CloudWatch Logs API, `PutLogEvents`: no event may be older than 14 days.
const OLDEST_EVENT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Whether a log group is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sweep) enum Decision {
    /// It is read.
    Read {
        /// Whether the server may filter. It may not where values are masked.
        narrow: bool,
        /// The outcome if every event is read.
        outcome: Outcome,
        /// The outcome if unmasked values are requested but denied.
        if_masked: Option<Outcome>,
    },
    /// It is not read, with this outcome.
    Skip(Outcome),
}

/// Decides what to do with a log group for `window`, at the time `now` of a run that started at
/// `started`. `unmask` says that unmasked values are requested.
pub(in crate::sweep) fn decide(
    group: &LogGroup,
    window: TimeWindow,
    started: Timestamp,
    now: Timestamp,
    unmask: bool,
) -> Decision {
    if group.class == LogGroupClass::Delivery {
        let class = group.class.to_string();
        return Decision::Skip(Outcome::with_reason(
            Status::Unsearchable,
            Reason::ClassNotReadable,
            class,
        ));
    }
    // An import has events of any age, so its creation proves nothing.
    if was_created_after(group, window) && !group.may_be_imported() {
        return Decision::Skip(created_after_window());
    }
    let full_read = full_read_outcome(group, window, started, now);
    let masked = masked_outcome(group);
    // Only Insights reads the class `INFREQUENT_ACCESS`, and its queries do not request unmasked
    // values, so the values stay masked there. Whether AWS unmasks values after the policy was
    // removed is not documented.
    let unmask = unmask && group.masked && !group.masked_before;
    match masked {
        Some(masked) if unmask && group.class != LogGroupClass::InfrequentAccess => {
            Decision::Read {
                narrow: false,
                outcome: full_read,
                if_masked: Some(masked),
            }
        }
        Some(masked) => Decision::Read {
            narrow: false,
            outcome: masked,
            if_masked: None,
        },
        None => Decision::Read {
            narrow: true,
            outcome: full_read,
            if_masked: None,
        },
    }
}

/// Whether a log group was created so long after the window that `PutLogEvents` accepted none of its
/// events any more.
fn was_created_after(group: &LogGroup, window: TimeWindow) -> bool {
    let last_read = shift_time(
        window.to(),
        SignedDuration::try_from(LATE_ARRIVAL).unwrap_or_default(),
    );
    group
        .created
        .is_some_and(|created| created > shift_time(last_read, OLDEST_EVENT))
}

/// The outcome of a log group that is too new to have events of the window.
fn created_after_window() -> Outcome {
    Outcome::with_reason(Status::Skipped, Reason::CreatedAfterWindow, "")
}

/// Returns the outcome if AWS refuses to query a log group because it was created after the window.
/// `None` if that proves nothing: the log group was created earlier, or an import is certain.
pub(in crate::sweep) fn outcome_if_too_new(
    group: &LogGroup,
    window: TimeWindow,
) -> Option<Outcome> {
    (was_created_after(group, window) && !group.is_named_like_import()).then(created_after_window)
}

/// Returns the outcome of a log group whose values are masked, or were once.
fn masked_outcome(group: &LogGroup) -> Option<Outcome> {
    let detail = if group.masked {
        ""
    } else if group.masked_before {
        "a data protection policy masked values in the past"
    } else {
        return None;
    };
    Some(Outcome::with_reason(
        Status::Partial,
        Reason::Masked,
        detail,
    ))
}

/// Returns the outcome if every event is read, masking aside: retention or a late creation may
/// leave part of the window uncovered. Masking takes precedence because it may hide more.
fn full_read_outcome(
    group: &LogGroup,
    window: TimeWindow,
    started: Timestamp,
    now: Timestamp,
) -> Outcome {
    let kept_since = group
        .retention_days
        .map(|days| shift_time(now, SignedDuration::from_hours(-24 * i64::from(days))));
    let first_needed = shift_time(window.from(), DELETION_DELAY);
    if let Some(since) = kept_since.filter(|since| *since > first_needed) {
        let days = group.retention_days.unwrap_or_default();
        // To the hour, so that all log groups with the same retention have one reason.
        let since = since
            .round(
                TimestampRound::new()
                    .smallest(Unit::Hour)
                    .mode(RoundMode::Ceil),
            )
            .unwrap_or(since);
        let policy = group
            .retention_policy
            .as_ref()
            .map(|name| format!(" by account policy {name}"))
            .unwrap_or_default();
        let detail = format!(
            "retention is {days} days{policy}; events before {} are deleted",
            since.strftime("%Y-%m-%dT%H:%MZ")
        );
        Outcome::with_reason(Status::Partial, Reason::RetentionInsideWindow, detail)
    } else if group.is_named_like_import() || was_created_after(group, window) {
        // The import has all events of the window that the event data store had. Another log group
        // that is so new has none.
        Outcome::searched()
    } else if let Some(created) = group.created.filter(|created| *created > window.from()) {
        let reason = if created > shift_time(started, -DELIVERY_LAG) {
            Reason::AppearedDuringRun
        } else {
            Reason::CreatedInsideWindow
        };
        Outcome::with_reason(
            Status::Partial,
            reason,
            format!("created at {}", dragnet_model::time::rfc3339_ms(created)),
        )
    } else {
        Outcome::searched()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Decides about a log group for 2 March 2026, at noon of the 3rd.
    fn decision(change: impl FnOnce(&mut LogGroup)) -> Decision {
        let mut group = LogGroup {
            name: "/app".to_owned(),
            class: LogGroupClass::Standard,
            stored_bytes: 0,
            retention_days: None,
            created: Some(timestamp("2025-01-01T00:00:00Z")),
            masked: false,
            masked_before: false,
            retention_policy: None,
            kms_key: None,
        };
        change(&mut group);
        let window = TimeWindow::new(
            timestamp("2026-03-02T00:00:00Z"),
            timestamp("2026-03-03T00:00:00Z"),
        )
        .unwrap();
        decide(
            &group,
            window,
            timestamp("2026-03-03T11:00:00Z"),
            timestamp("2026-03-03T12:00:00Z"),
            false,
        )
    }

    fn outcome_of(change: impl FnOnce(&mut LogGroup)) -> (Status, Option<Reason>) {
        match decision(change) {
            Decision::Read { outcome, .. } | Decision::Skip(outcome) => {
                (outcome.status, outcome.reason)
            }
        }
    }

    #[test]
    fn group_without_stored_bytes_is_read() {
        assert_eq!(
            decision(|_| ()),
            Decision::Read {
                narrow: true,
                outcome: Outcome::searched(),
                if_masked: None
            }
        );
    }

    #[test]
    fn only_creation_after_window_proves_absence() {
        let created =
            |text: &'static str| outcome_of(|group| group.created = Some(timestamp(text)));
        assert_eq!(
            created("2026-03-02T10:00:00Z"),
            (Status::Partial, Some(Reason::CreatedInsideWindow))
        );
        for during in ["2026-03-03T10:45:01Z", "2026-03-03T11:30:00Z"] {
            assert_eq!(
                created(during),
                (Status::Partial, Some(Reason::AppearedDuringRun))
            );
        }
        assert_eq!(
            created("2026-03-17T02:00:00Z"),
            (Status::Partial, Some(Reason::AppearedDuringRun))
        );
        assert_eq!(
            created("2026-03-17T02:00:01Z"),
            (Status::Skipped, Some(Reason::CreatedAfterWindow))
        );
    }

    #[test]
    fn creation_proves_nothing_about_imports() {
        let created_late = |change: fn(&mut LogGroup)| {
            outcome_of(|group| {
                group.created = Some(timestamp("2026-06-01T00:00:00Z"));
                change(group);
            })
        };
        let skipped = (Status::Skipped, Some(Reason::CreatedAfterWindow));
        assert_eq!(created_late(|_| ()), skipped);
        let read = (Status::Searched, None);
        assert_eq!(
            created_late(|group| "aws/cloudtrail/f1d45bff".clone_into(&mut group.name)),
            read
        );
        assert_eq!(
            created_late(|group| group.class = LogGroupClass::InfrequentAccess),
            read
        );
        let inside = outcome_of(|group| {
            group.created = Some(timestamp("2026-03-02T10:00:00Z"));
            "aws/cloudtrail/f1d45bff".clone_into(&mut group.name);
        });
        assert_eq!(inside, read);
    }

    #[test]
    fn earlier_data_protection_policy_makes_group_partial() {
        assert_eq!(
            outcome_of(|group| group.masked_before = true),
            (Status::Partial, Some(Reason::Masked))
        );
    }

    #[test]
    fn groups_with_the_same_retention_have_one_reason() {
        let group = LogGroup {
            name: "/app".to_owned(),
            class: LogGroupClass::Standard,
            stored_bytes: 0,
            retention_days: Some(14),
            created: None,
            masked: false,
            masked_before: false,
            retention_policy: None,
            kms_key: None,
        };
        let from = timestamp("2026-02-01T00:00:00Z");
        let window = TimeWindow::new(from, timestamp("2026-03-01T12:00:00Z")).unwrap();
        let detail = |read_at: &str| {
            let now = timestamp(read_at);
            full_read_outcome(&group, window, now, now).detail
        };
        let by_policy = LogGroup {
            retention_policy: Some("short".to_owned()),
            ..group.clone()
        };
        let now = timestamp("2026-03-02T12:00:00Z");
        assert_eq!(
            full_read_outcome(&by_policy, window, now, now).detail,
            "retention is 14 days by account policy short; events before 2026-02-16T12:00Z are deleted"
        );
        let first = detail("2026-03-02T12:00:00.004Z");
        assert_eq!(
            first,
            "retention is 14 days; events before 2026-02-16T13:00Z are deleted"
        );
        assert_eq!(first, detail("2026-03-02T12:59:59Z"));
    }

    #[test]
    fn retention_or_masking_makes_group_partial() {
        assert_eq!(
            outcome_of(|g| g.retention_days = Some(1)),
            (Status::Partial, Some(Reason::RetentionInsideWindow))
        );
        assert_eq!(
            outcome_of(|g| g.retention_days = Some(3)),
            (Status::Searched, None)
        );
        let Decision::Read {
            narrow, outcome, ..
        } = decision(|g| g.masked = true)
        else {
            panic!("skipped")
        };
        assert_eq!((narrow, outcome.reason), (false, Some(Reason::Masked)));
    }

    #[test]
    fn delivery_class_is_unsearchable() {
        let unsearchable = (Status::Unsearchable, Some(Reason::ClassNotReadable));
        assert_eq!(
            outcome_of(|g| g.class = LogGroupClass::Delivery),
            unsearchable
        );
        assert_eq!(
            outcome_of(|g| g.class = LogGroupClass::Unknown("NEW".to_owned())).0,
            Status::Searched,
            "an unknown class is tried"
        );
    }

    #[test]
    fn unmasked_group_is_searched() {
        let group = LogGroup {
            name: "/app".to_owned(),
            class: LogGroupClass::Standard,
            stored_bytes: 0,
            retention_days: None,
            created: Some(timestamp("2025-01-01T00:00:00Z")),
            masked: true,
            masked_before: false,
            retention_policy: None,
            kms_key: None,
        };
        let window = TimeWindow::new(
            timestamp("2026-03-02T00:00:00Z"),
            timestamp("2026-03-03T00:00:00Z"),
        )
        .unwrap();
        let now = timestamp("2026-03-03T12:00:00Z");
        let Decision::Read {
            outcome, if_masked, ..
        } = decide(&group, window, now, now, true)
        else {
            panic!("skipped")
        };
        assert_eq!(
            (outcome.status, if_masked.unwrap().reason),
            (Status::Searched, Some(Reason::Masked))
        );
    }
}
