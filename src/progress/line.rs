//! Progress as lines of text: for log files, and as JSON for programs.

use std::time::Duration;

use serde::Serialize;

use super::pace::Pace;
use crate::report::{JsonText, escape};
use crate::sweep::TallySnapshot;
use dragnet_model::format::{clock_duration, count, plural};

/// One line for a log file.
pub(super) fn plain(pace: &Pace) -> String {
    format!(
        "{} {}{}{}",
        clock_duration(pace.elapsed()),
        scope(pace),
        counts(pace),
        time_left(pace),
    )
}

/// The accounts and Regions so far, with what separates them from [`counts`]; nothing if only files
/// are searched.
pub(super) fn scope(pace: &Pace) -> String {
    if is_about_files(pace.latest()) {
        return String::new();
    }
    let TallySnapshot {
        accounts_done,
        accounts_known,
        targets_done,
        targets_known,
        ..
    } = *pace.latest();
    format!("accounts {accounts_done}/{accounts_known}, Regions {targets_done}/{targets_known}, ")
}

/// Whether only files are searched, as far as is known.
pub(super) fn is_about_files(latest: &TallySnapshot) -> bool {
    latest.files_known > 0 && latest.accounts_known == 0
}

/// The files so far.
pub(super) fn files(latest: &TallySnapshot) -> String {
    format!(
        "files {}/{}",
        count(latest.files_done),
        count(latest.files_known)
    )
}

/// The estimated time that is left, if known, and what the sweep waits for.
pub(super) fn time_left(pace: &Pace) -> String {
    let Some(estimate) = pace.estimate() else {
        return String::new();
    };
    let left = clock_duration(estimate.left);
    let waiting_for = match &estimate.waiting_for {
        Some(name) => format!(", waiting for {}", escape(name)),
        None => String::new(),
    };
    format!(", ~{left} left{waiting_for}")
}

/// The work so far: log groups, events, sightings, gaps, speed.
pub(super) fn counts(pace: &Pace) -> String {
    let latest = pace.latest();
    let gaps = match latest.uncovered {
        0 => String::new(),
        gaps => format!(", {} not covered", count(gaps)),
    };
    if is_about_files(latest) {
        return format!(
            "{}, {}, {}{gaps}",
            files(latest),
            plural(latest.events, "record"),
            plural(latest.sightings, "sighting"),
        );
    }
    let files = match latest.files_known {
        0 => String::new(),
        _ => format!("{}, ", files(latest)),
    };
    format!(
        "log groups {}/{}, {files}{}, {}{gaps}, {:.0} calls/s",
        count(latest.log_groups_done),
        count(latest.log_groups_known),
        plural(latest.events, "event"),
        plural(latest.sightings, "sighting"),
        pace.calls_per_second(),
    )
}

#[derive(Serialize)]
struct Line<'a> {
    elapsed_ms: u64,
    calls_per_second: f64,
    time_left_ms: Option<u64>,
    waiting_for: Option<&'a str>,
    #[serde(flatten)]
    counts: &'a TallySnapshot,
}

/// One JSON object for a program.
pub(super) fn json(pace: &Pace) -> String {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let estimate = pace.estimate();
    let line = Line {
        elapsed_ms: milliseconds(pace.elapsed()),
        calls_per_second: pace.calls_per_second(),
        time_left_ms: estimate.map(|estimate| milliseconds(estimate.left)),
        waiting_for: estimate.and_then(|estimate| estimate.waiting_for.as_deref()),
        counts: pace.latest(),
    };
    // Numbers and texts always serialize.
    JsonText::compact(&line)
        .map(|line| line.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::sweep::{SweepProgress, WorkProgress};
    use crate::throttle::Throttling;

    #[tokio::test(start_paused = true)]
    async fn line_of_a_search_of_files_has_no_accounts() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let progress = SweepProgress {
            counts: TallySnapshot {
                files_known: 5_000,
                files_done: 1_200,
                uncovered: 2,
                events: 12_345,
                ..TallySnapshot::default()
            },
            ..SweepProgress::default()
        };
        pace.update(start + Duration::from_secs(9), &progress);
        assert_eq!(
            plain(&pace),
            "0m09s files 1,200/5,000, 12,345 records, 0 sightings, 2 not covered"
        );
    }

    /// A page a second, with 27 seconds left.
    fn pace() -> Pace {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let work = WorkProgress {
            name: "prod\u{1b} us-east-1".into(),
            age: Duration::from_secs(98),
            pages_read: 98.0,
            pages_left: 0.0,
            pages_guessed: 0.0,
            longest_unit: 0.0,
            rate: 1.0,
            full_rate: 1.0,
            throttling: Throttling::default(),
            response_time: Duration::ZERO,
        };
        let counts = TallySnapshot {
            accounts_known: 14,
            accounts_entered: 14,
            accounts_done: 2,
            targets_known: 40,
            targets_done: 39,
            log_groups_known: 1_200,
            log_groups_done: 300,
            uncovered: 2,
            events: 12_345,
            sightings: 1,
            calls: 450,
            ..TallySnapshot::default()
        };
        for (seconds, pages_left) in [(6, 30.0), (9, 27.0)] {
            let work = WorkProgress {
                pages_left,
                ..work.clone()
            };
            let progress = SweepProgress {
                counts,
                work: vec![work],
                seconds_after: 0.0,
            };
            pace.update(start + Duration::from_secs(seconds), &progress);
        }
        pace
    }

    #[tokio::test(start_paused = true)]
    async fn plain_and_json_line_have_all_counts() {
        assert_eq!(
            plain(&pace()),
            "0m09s accounts 2/14, Regions 39/40, log groups 300/1,200, 12,345 events, 1 sighting, 2 not covered, 50 calls/s, ~0m27s left, waiting for prod\\u{1b} us-east-1"
        );
        let line: serde_json::Value = serde_json::from_str(&json(&pace())).unwrap();
        assert_eq!(
            (
                line["accounts_known"].as_u64(),
                line["time_left_ms"].as_u64()
            ),
            (Some(14), Some(27_000))
        );
        assert_eq!(line["waiting_for"], "prod\u{1b} us-east-1");
    }
}
