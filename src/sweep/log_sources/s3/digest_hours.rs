//! Hours without a digest, according to a list of the digests alone. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::sweep::delivery_lag::shift_time;
use dragnet_model::TimeWindow;
use dragnet_model::format::plural;
use dragnet_model::time::rfc3339_ms;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How much longer than an hour the time between two digests may be.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// How long after a time its digest must be there: the hour of the digest may only begin at that time, and
/// the digest is delivered up to an hour after its end. Log files are given an hour too
/// ([`crate::sweep::LATE_OBJECTS`]).
pub(super) const LATE_DIGESTS: SignedDuration = SignedDuration::from_hours(2);

/// How much earlier and later than the window the ends of digests are needed: the digest of its last
/// minute can end an hour later, and the one before the window shows whether that of its first minute is
/// missing.
pub(super) const DIGESTS_AROUND: SignedDuration = HOUR;

/// Describes the hours of a window for which there is no digest, if any. `digests` are the names and the
/// ends of the digests from an hour before the window on, and `started` is the time of the list: times that
/// are less than [`LATE_DIGESTS`] before it need not have a digest yet. That a digest is missing proves
/// nothing about the log files: validation may have been off.
///
/// The digests of each trail are a separate chain. Before its first digest, the trail may not have
/// existed, so those hours only count if no trail has a digest for them.
///
/// Source: CloudTrail user guide, "CloudTrail digest file structure": each hour, a digest is
/// delivered, also if there was no activity.
pub(super) fn describe_hours_without_digest(
    digests: &[(String, Timestamp)],
    window: TimeWindow,
    started: Timestamp,
) -> Option<String> {
    let due = shift_time(started, -LATE_DIGESTS);
    let last = shift_time(window.to(), DIGESTS_AROUND).min(due);
    let mut chains: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for (trail, end) in digests {
        chains.entry(trail).or_default().push(*end);
    }
    let first = chains.values().flatten().min().copied();
    // All hours before the first digest, if the window begins before them.
    let start = shift_time(window.from(), -HOUR);
    let mut gaps = vec![(start, first.map_or(last, |end| shift_time(end, -HOUR)))];
    for ends in chains.values_mut() {
        ends.sort();
        let following = ends.iter().skip(1).map(|end| shift_time(*end, -HOUR));
        gaps.extend(ends.iter().copied().zip(following.chain([last])));
    }
    let gaps: Vec<(Timestamp, Timestamp)> = gaps
        .into_iter()
        .filter(|(from, to)| to.duration_since(*from) > TOLERANCE)
        .map(|(from, to)| (from.max(window.from()), to.min(window.to()).min(due)))
        .filter(|(from, to)| from < to)
        .collect();
    let since = rfc3339_ms(gaps.iter().map(|(from, _)| *from).min()?);
    let hours = gaps.iter().map(|(from, to)| count_hours(*from, *to)).sum();
    let hours = plural(hours, "hour");
    Some(format!("{hours} without a digest, the first after {since}"))
}

/// Returns in how many hours there should be a digest, at least one.
fn count_hours(from: Timestamp, to: Timestamp) -> u64 {
    let seconds = (to.duration_since(from) - TOLERANCE).as_secs();
    let hours = seconds.max(1).saturating_add(HOUR.as_secs() - 1) / HOUR.as_secs();
    u64::try_from(hours).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    /// The digests of a trail that end in these hours, each at a minute.
    fn chain(trail: &str, hours: std::ops::Range<i64>, minute: i64) -> Vec<(String, Timestamp)> {
        hours
            .map(|hour| (trail.to_owned(), at(hour * 60 + minute)))
            .collect()
    }

    /// Describes the hours of a day.
    fn describe(digests: &[(String, Timestamp)], started: i64) -> Option<String> {
        let window = TimeWindow::new(at(0), at(24 * 60)).unwrap();
        describe_hours_without_digest(digests, window, at(started))
    }

    /// Describes the hours of a day if the digests of some of them are missing.
    fn describe_without(minute: i64, missing: &[i64]) -> Option<String> {
        let mut digests = chain("t", 0..26, minute);
        digests.retain(|(_, end)| !missing.iter().any(|hour| *end == at(hour * 60 + minute)));
        describe(&digests, 40 * 60)
    }

    #[test]
    fn hours_between_digests_are_counted() {
        for minute in [0, 5, 17, 59] {
            assert_eq!(describe_without(minute, &[]), None, "{minute}");
        }
        assert_eq!(
            describe_without(17, &[5, 6]).unwrap(),
            "2 hours without a digest, the first after 1970-01-01T04:17:00.000Z"
        );
        let two_gaps = describe_without(17, &[5, 9]).unwrap();
        assert!(two_gaps.starts_with("2 hours without"), "{two_gaps}");
        let none = describe(&[], 40 * 60).unwrap();
        assert!(none.starts_with("24 hours without"), "{none}");
    }

    /// A gap of a few minutes in the window is noticed as well: the digest before or after the window shows
    /// that it is a whole digest.
    #[test]
    fn first_and_last_hour_of_the_window_count() {
        for (minute, missing, since) in [
            (5, 0, "T00:00:00.000Z"),
            (5, 24, "T23:05:00.000Z"),
            (55, 24, "T23:55:00.000Z"),
            (55, 0, "T00:00:00.000Z"),
        ] {
            let found = describe_without(minute, &[missing]).unwrap_or_default();
            let start = "1 hour without a digest, the first after 1970-01-01";
            assert_eq!(found, format!("{start}{since}"), "{minute} {missing}");
        }
        // They are about hours before and after the window.
        assert_eq!(describe_without(0, &[0]), None);
        assert_eq!(describe_without(5, &[25]), None);
    }

    #[test]
    fn digests_that_may_come_later_are_not_missed() {
        for last_end in [557, 600] {
            let digests: Vec<(String, Timestamp)> = (0..20)
                .map(|hours| ("t".to_owned(), at(last_end - 60 * hours)))
                .collect();
            // The next digest ends an hour later, and comes up to an hour after that.
            assert_eq!(describe(&digests, last_end + 119), None);
            assert_eq!(describe(&digests, last_end + 120), None);
            assert!(describe(&digests, last_end + 131).is_some());
        }
        // Nothing can be there yet.
        assert_eq!(describe(&[], 120), None);
    }

    #[test]
    fn each_trail_has_a_chain() {
        let whole = chain("a", -1..26, 17);
        // It was created in the afternoon.
        let new = chain("b", 15..26, 42);
        assert_eq!(describe(&[whole.clone(), new].concat(), 40 * 60), None);
        let mut cut = chain("b", -1..26, 42);
        cut.retain(|(_, end)| *end != at(5 * 60 + 42));
        let found = describe(&[whole.clone(), cut].concat(), 40 * 60).unwrap();
        assert!(found.starts_with("1 hour without a digest, the first after 1970-01-01T04:42"));
        let stopped = chain("b", -1..10, 42);
        let found = describe(&[whole, stopped].concat(), 40 * 60).unwrap();
        assert!(found.starts_with("15 hours without a digest, the first after 1970-01-01T09:42"));
    }
}
