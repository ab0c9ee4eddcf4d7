//! Tests outages and late arrivals: no time range is left out.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::agenda::{Agenda, Pace};
use super::testing;
use super::watermark::{ScopeNode, Watermarks};
use crate::sweep::GroupWindows;
use dragnet_model::{Coverage, LogGroupArn, Outcome, Reason, Status};

const MINUTE: i64 = 60_000;
const PACE: Pace = Pace {
    lag_ms: 15 * MINUTE,
    overlap_ms: 10 * MINUTE,
    lookback_ms: 60 * MINUTE,
    catch_up_ms: 120 * MINUTE,
};

fn group() -> LogGroupArn {
    "arn:aws:logs:eu-west-1:111111111111:log-group:/a"
        .parse()
        .unwrap()
}

/// A row of the coverage for the log group, its account-Region or its account.
fn row(level: usize, outcome: Outcome) -> Coverage {
    let LogGroupArn { target, name, .. } = group();
    let region = (level > 0).then_some(target.region.as_str());
    let log_group = (level > 1).then_some(name.as_str());
    testing::row(&target.account.to_string(), region, log_group, outcome)
}

fn failed() -> Outcome {
    Outcome::with_reason(Status::Failed, Reason::Error, "")
}

/// Consecutive activations. Times are in minutes.
struct Story {
    watermarks: Watermarks,
}

impl Story {
    fn activate(&mut self, minute: i64, level: usize, outcome: Outcome) -> Vec<(i64, i64)> {
        let agenda = Agenda::new(minute * MINUTE, PACE, self.watermarks.clone());
        let windows = agenda.windows_for(&group());
        self.watermarks
            .extend(agenda.watermarks_after(&[row(level, outcome)], true));
        windows
            .into_iter()
            .map(|window| (window.from_ms() / MINUTE, window.to_ms() / MINUTE))
            .collect()
    }
}

#[test]
fn windows_follow_the_time_and_overlap() {
    let mut story = Story {
        watermarks: Watermarks::default(),
    };
    assert_eq!(story.activate(1_000, 2, Outcome::searched()), [(915, 985)]);
    assert_eq!(
        story.activate(1_015, 2, Outcome::searched()),
        [(975, 1_000)]
    );
    assert_eq!(story.activate(1_030, 2, failed()), [(990, 1_015)]);
    assert_eq!(
        story.activate(1_045, 2, Outcome::searched()),
        [(990, 1_030)],
        "the failed time range is read again"
    );
    assert_eq!(
        story.activate(1_045, 2, Outcome::searched()),
        [(1_020, 1_030)],
        "activated twice in a minute"
    );
    assert_eq!(
        story.activate(900, 2, Outcome::searched()),
        [(875, 885)],
        "the clock was set back"
    );
    assert_eq!(
        story.activate(1_060, 2, Outcome::searched()),
        [(1_020, 1_045)]
    );
}

#[test]
fn outage_is_caught_up_in_steps_while_fresh_events_are_read() {
    let mut story = Story {
        watermarks: Watermarks::default(),
    };
    story.activate(1_000, 2, Outcome::searched());
    let read = |story: &mut Story, minute| story.activate(minute, 2, Outcome::searched());
    assert_eq!(read(&mut story, 1_500), [(975, 1_105), (1_415, 1_485)]);
    assert_eq!(read(&mut story, 1_515), [(1_095, 1_225), (1_475, 1_500)]);
    // A second outage separates the present again. The part that is behind continues where it was.
    assert_eq!(read(&mut story, 1_900), [(1_215, 1_345), (1_815, 1_885)]);
    assert_eq!(read(&mut story, 1_915), [(1_335, 1_465), (1_875, 1_900)]);
    for minute in [1_930, 1_945] {
        assert_eq!(read(&mut story, minute).len(), 2);
    }
    assert_eq!(
        read(&mut story, 1_960),
        [(1_695, 1_825), (1_920, 1_945)],
        "caught up to the range that was covered ahead"
    );
    assert_eq!(read(&mut story, 1_975), [(1_935, 1_960)]);
}

#[test]
fn new_group_starts_at_watermark_of_its_account() {
    let mut story = Story {
        watermarks: Watermarks::default(),
    };
    story.activate(
        1_000,
        1,
        Outcome::with_reason(Status::Skipped, Reason::NoLogGroups, ""),
    );
    story.activate(1_015, 0, Outcome::denied("no"));
    assert_eq!(
        story.activate(1_090, 2, Outcome::searched()),
        [(915, 1_075)],
        "since the last activation that covered the account, and its lookback"
    );
    let mut never_entered = Story {
        watermarks: Watermarks::default(),
    };
    never_entered.activate(1_000, 0, Outcome::denied("no"));
    assert_eq!(
        never_entered.activate(1_090, 2, Outcome::searched()),
        [(915, 1_075)],
        "as if the account had been entered at first"
    );
}

#[test]
fn masks_and_retention_do_not_hold_up_the_watermark() {
    for reason in [
        Reason::Masked,
        Reason::RetentionInsideWindow,
        Reason::CreatedInsideWindow,
    ] {
        let mut story = Story {
            watermarks: Watermarks::default(),
        };
        story.activate(1_000, 2, Outcome::with_reason(Status::Partial, reason, ""));
        assert_eq!(
            story.activate(1_015, 2, Outcome::searched()),
            [(975, 1_000)],
            "{reason}"
        );
    }
}

#[test]
fn what_was_not_read_holds_up_the_watermark() {
    for (status, reason) in [
        (Status::Partial, Reason::EndlessPages),
        (Status::Partial, Reason::StreamNotSearched),
        (Status::Failed, Reason::UnprovenEmpty),
    ] {
        let mut story = Story {
            watermarks: Watermarks::default(),
        };
        story.activate(1_000, 2, Outcome::with_reason(status, reason, ""));
        let next = story.activate(1_015, 2, Outcome::searched());
        assert_eq!(next[0].0, 915, "{reason}");
    }
}

#[test]
fn deleted_group_has_no_watermark() {
    let mut story = Story {
        watermarks: Watermarks::default(),
    };
    story.activate(1_000, 2, Outcome::searched());
    let agenda = Agenda::new(1_015 * MINUTE, PACE, story.watermarks.clone());
    let node = ScopeNode::group(&group());
    let has_watermark = |row| {
        agenda
            .watermarks_after(&[row], true)
            .iter()
            .any(|(covered, _)| *covered == node)
    };
    assert!(!has_watermark(row(
        1,
        Outcome::with_reason(Status::Skipped, Reason::NoLogGroups, "")
    )));
    assert!(
        has_watermark(row(1, failed())) && has_watermark(row(0, failed())),
        "the log group may still exist"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Activations follow after minutes or hours, and each may fail at the log group, its
    /// account-Region or its account. In the end every time range was read.
    #[test]
    fn no_time_range_is_left_out(steps in prop::collection::vec((1..40_i64, 0..12_usize, any::<bool>()), 1..30)) {
        let mut story = Story { watermarks: Watermarks::default() };
        let mut minute = 100_000;
        let mut read = BTreeSet::<i64>::new();
        let first = minute + if steps[0].2 { steps[0].0 * 60 } else { steps[0].0 } - 75;
        let mut record = |windows: Vec<(i64, i64)>| {
            for (from, to) in windows {
                assert!(to - from <= 2 * (120 + 10), "longer than two adjacent steps");
                read.extend(from..to);
            }
        };
        for (wait, what, outage) in steps {
            minute += if outage { wait * 60 } else { wait };
            match what {
                0..3 => { story.activate(minute, what, failed()); }
                _ => record(story.activate(minute, 2, Outcome::searched())),
            }
        }
        // However far it is behind, it catches up.
        let mut is_behind = true;
        while is_behind {
            minute += 15;
            let windows = story.activate(minute, 2, Outcome::searched());
            is_behind = windows.len() > 1;
            record(windows);
        }
        prop_assert!((first..minute - 15).all(|minute| read.contains(&minute)));
    }
}
