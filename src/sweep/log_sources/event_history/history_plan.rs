//! Plans the reading of an event history: what it can cover, by which attributes it is read, and in
//! which time ranges. Pure.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::search::SearchSet;
use crate::settings::RoundLookups;
use crate::store::Pass;
use crate::sweep::delivery_lag::shift_time;
use crate::sweep::evidence::trail_integrity;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{EventAttribute, EventLookup, Outcome, Reason, Status, Target, TimeWindow};

/// How far back the history goes.
///
/// Source: CloudTrail user guide, "Working with CloudTrail event history": the past 90 days of
/// management events.
const HISTORY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The number of time ranges that are read concurrently, if all events are read. The pages of a
/// range come one after the other, so with slow responses a single range would not use the quota.
const SLICES: i64 = 4;

/// The shortest range that is split.
const SHORTEST_SPLIT_MS: i64 = 4 * 3_600_000;

/// Something to read: the events with an attribute, or all of them, in a time range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedRead {
    pub pass: Pass,
    pub lookup: Option<EventLookup>,
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The first millisecond after the range.
    pub to_ms: i64,
}

impl PlannedRead {
    /// Whether it is to return an event of this time, unlike the reads of other time ranges.
    pub(super) fn contains(&self, event_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&event_ms)
    }
}

/// What an event history is searched for.
pub(super) struct HistorySearch<'s> {
    /// The indicators and hunts.
    pub search_set: &'s SearchSet,
    /// Whether tampering calls are searched for too.
    pub checks_integrity: bool,
    /// In a round of following, the lookups that it may make, and the account-Region.
    pub round: Option<(&'s RoundLookups, &'s Target)>,
}

impl HistorySearch<'_> {
    /// Returns the lookups that find what is searched for in these time ranges; `None` if all
    /// events are read.
    fn lookups(&self, ranges: &[(i64, i64)]) -> Option<Vec<EventLookup>> {
        let Some((round, target)) = self.round else {
            return self.search_set.event_lookups();
        };
        let lengths = ranges
            .iter()
            .map(|(from_ms, to_ms)| to_ms.abs_diff(*from_ms));
        let fewest_calls = read_everything(ranges).len() as u64;
        let lookups = round.lookups_for(target, lengths.sum(), fewest_calls)?;
        Some(lookups.to_vec())
    }
}

/// How an event history is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistoryPlan {
    pub reads: Vec<PlannedRead>,
    /// The outcome if everything is read.
    pub outcome: Outcome,
}

impl HistoryPlan {
    /// Plans the reading at the time `now`, or returns the outcome if nothing can be read.
    pub(super) fn new(
        search: &HistorySearch<'_>,
        time_filter: &TimeFilter,
        window: TimeWindow,
        now: Timestamp,
    ) -> Result<Self, Outcome> {
        let outcome = expected_outcome(search.search_set, window, now)?;
        let kept_since_ms = kept_since(now).as_millisecond();
        // Events have times in seconds. With full seconds, no event is in two ranges.
        let ranges: Vec<(i64, i64)> = time_filter
            .event_time_ranges()
            .into_iter()
            .map(|(from_ms, to_ms)| (from_ms.max(kept_since_ms), to_ms))
            .map(|(from_ms, to_ms)| (round_up_to_second(from_ms), round_up_to_second(to_ms)))
            .filter(|(from_ms, to_ms)| from_ms < to_ms)
            .collect();
        let reads = match search.lookups(&ranges) {
            None => read_everything(&ranges),
            Some(lookups) => read_lookups(lookups, &ranges, search.checks_integrity),
        };
        Ok(Self { reads, outcome })
    }

    /// The number of reads, each of which takes at least one call.
    pub(super) fn fewest_calls(&self) -> u64 {
        self.reads.len() as u64
    }
}

/// Returns the outcome of a search of `window` that ends at the time `now`, if every event is read.
/// The error is the outcome if nothing can be read.
pub(super) fn expected_outcome(
    search_set: &SearchSet,
    window: TimeWindow,
    now: Timestamp,
) -> Result<Outcome, Outcome> {
    if let Some(outcome) = unsupported_search(search_set) {
        return Err(outcome);
    }
    let outcome = window_outcome(window, kept_since(now))?;
    Ok(search_outcome(search_set, outcome))
}

/// Returns the outcome if nothing of the search can be evaluated on the events of the history.
fn unsupported_search(search_set: &SearchSet) -> Option<Outcome> {
    let detail = if search_set.has_filter_pattern() {
        "only CloudWatch Logs evaluates filter patterns"
    } else if search_set.is_passthrough_only() {
        "only Logs Insights runs passthrough queries"
    } else {
        return None;
    };
    Some(Outcome::with_reason(
        Status::Unsearchable,
        Reason::NotInEventHistory,
        detail,
    ))
}

/// Returns the time since which the history has events.
pub(super) fn kept_since(now: Timestamp) -> Timestamp {
    shift_time(now, -HISTORY)
}

/// Returns the outcome of a window if every event is read. The error is the outcome if the history
/// has none of the window.
pub(super) fn window_outcome(
    window: TimeWindow,
    kept_since: Timestamp,
) -> Result<Outcome, Outcome> {
    if window.to() <= kept_since {
        let detail = "the history keeps 90 days, and the window is older";
        return Err(Outcome::with_reason(
            Status::Unsearchable,
            Reason::NotInEventHistory,
            detail,
        ));
    }
    if window.from() < kept_since {
        let since = rfc3339_ms(kept_since);
        let detail = format!("the history keeps 90 days; events before {since} are deleted");
        return Ok(Outcome::with_reason(
            Status::Partial,
            Reason::NotInEventHistory,
            detail,
        ));
    }
    Ok(Outcome::searched())
}

/// Returns the outcome of a search whose window is covered, if every event is read: hunts that only
/// Logs Insights evaluates are not.
fn search_outcome(search_set: &SearchSet, window: Outcome) -> Outcome {
    match search_set.passthrough_queries().first() {
        Some(query) if window.is_covered() => Outcome::with_reason(
            Status::Partial,
            Reason::NotInEventHistory,
            format!(
                "only Logs Insights runs the query of hunt {}",
                query.hunt().name
            ),
        ),
        _ => window,
    }
}

fn read_everything(ranges: &[(i64, i64)]) -> Vec<PlannedRead> {
    ranges
        .iter()
        .flat_map(|(from_ms, to_ms)| slices(*from_ms, *to_ms))
        .map(|(from_ms, to_ms)| PlannedRead {
            pass: Pass::Search,
            lookup: None,
            from_ms,
            to_ms,
        })
        .collect()
}

/// Reads everything in the time ranges of lookups.
pub(super) fn read_everything_instead(
    lookups: impl Iterator<Item = PlannedRead>,
) -> Vec<PlannedRead> {
    let ranges: BTreeSet<(i64, i64)> = lookups.map(|read| (read.from_ms, read.to_ms)).collect();
    let ranges: Vec<(i64, i64)> = ranges.into_iter().collect();
    read_everything(&ranges)
}

/// Reads the events with one of these attributes. Tampering calls are not among them, so the worst
/// kinds of them are looked up too, with a call for each.
fn read_lookups(
    lookups: Vec<EventLookup>,
    ranges: &[(i64, i64)],
    checks_integrity: bool,
) -> Vec<PlannedRead> {
    let mut passes: Vec<(Pass, EventLookup)> = lookups
        .into_iter()
        .map(|lookup| (Pass::Search, lookup))
        .collect();
    if checks_integrity {
        passes.extend(trail_integrity::looked_up_event_names().map(|name| {
            let lookup = EventLookup {
                attribute: EventAttribute::EventName,
                value: name.to_owned(),
            };
            (Pass::TrailIntegrity, lookup)
        }));
    }
    passes
        .iter()
        .flat_map(|(pass, lookup)| {
            ranges.iter().map(move |(from_ms, to_ms)| PlannedRead {
                pass: *pass,
                lookup: Some(lookup.clone()),
                from_ms: *from_ms,
                to_ms: *to_ms,
            })
        })
        .collect()
}

/// Returns the first full second at or after a time, in milliseconds.
fn round_up_to_second(ms: i64) -> i64 {
    ms.saturating_add(999)
        .div_euclid(1_000)
        .saturating_mul(1_000)
}

/// Splits a time range at full seconds.
fn slices(from_ms: i64, to_ms: i64) -> Vec<(i64, i64)> {
    let length = to_ms.saturating_sub(from_ms);
    if length < SHORTEST_SPLIT_MS {
        return vec![(from_ms, to_ms)];
    }
    let cut = |number: i64| {
        let ms = from_ms.saturating_add(length / SLICES * number);
        ms.div_euclid(1_000).saturating_mul(1_000)
    };
    let starts = std::iter::once(from_ms).chain((1..SLICES).map(cut));
    let ends = (1..SLICES).map(cut).chain([to_ms]);
    starts.zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{Hunt, HuntSource, Severity};

    const DAY_MS: i64 = 24 * 3_600_000;
    const NOW_MS: i64 = 1_000 * DAY_MS;

    fn hunt(query: &str) -> Hunt {
        Hunt {
            name: "h".to_owned(),
            title: String::new(),
            source: HuntSource::CloudTrail,
            severity: Severity::Low,
            techniques: Vec::new(),
            parameters: std::collections::BTreeMap::new(),
            query: query.to_owned(),
            filter_pattern: None,
        }
    }

    /// Plans a search for an address, from and until this many days ago.
    fn planned(from: i64, to: i64) -> Result<HistoryPlan, Outcome> {
        let search_set = SearchSet::new(&["192.0.2.1".parse().unwrap()], &[]).unwrap();
        plan(&search_set, from, to, true)
    }

    fn plan(
        search_set: &SearchSet,
        from: i64,
        to: i64,
        checks_integrity: bool,
    ) -> Result<HistoryPlan, Outcome> {
        let times = [NOW_MS - from * DAY_MS, NOW_MS - to * DAY_MS];
        let window = TimeWindow::try_from(times).unwrap();
        let now = Timestamp::from_millisecond(NOW_MS).unwrap();
        let time_filter = TimeFilter::EventTime(window);
        let search = HistorySearch {
            search_set,
            checks_integrity,
            round: None,
        };
        HistoryPlan::new(&search, &time_filter, window, now)
    }

    #[test]
    fn window_is_cut_at_90_days() {
        let inside = planned(90, 0).unwrap();
        assert_eq!(inside.outcome, Outcome::searched());
        assert_eq!(inside.reads.first().unwrap().from_ms, NOW_MS - 90 * DAY_MS);
        let older = planned(91, 0).unwrap();
        assert_eq!(older.outcome.status, Status::Partial);
        assert_eq!(older.outcome.reason, Some(Reason::NotInEventHistory));
        assert_eq!(older.reads, inside.reads);
        let outside = planned(92, 90).unwrap_err();
        assert_eq!(outside.status, Status::Unsearchable);
    }

    #[test]
    fn slices_are_adjacent_and_begin_at_full_seconds() {
        let parts = slices(1_500, 1_500 + DAY_MS + 1);
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[0].0, 1_500);
        assert_eq!(parts[3].1, 1_500 + DAY_MS + 1);
        for pair in parts.windows(2) {
            assert_eq!(pair[0].1, pair[1].0);
            assert_eq!(pair[1].0 % 1_000, 0);
        }
        assert_eq!(slices(0, 1_000), [(0, 1_000)]);
    }

    #[test]
    fn each_second_of_windows_is_in_one_read() {
        let search_set = SearchSet::new(&["192.0.2.1".parse().unwrap()], &[]).unwrap();
        let windows = [
            [NOW_MS - 5_800, NOW_MS - 4_700],
            [NOW_MS - 4_300, NOW_MS - 1_500],
        ];
        let windows = windows.map(|times| TimeWindow::try_from(times).unwrap());
        let time_filter = TimeFilter::LogTime(windows.to_vec());
        let window = time_filter.whole_window().unwrap();
        let now = Timestamp::from_millisecond(NOW_MS).unwrap();
        let search = HistorySearch {
            search_set: &search_set,
            checks_integrity: false,
            round: None,
        };
        let plan = HistoryPlan::new(&search, &time_filter, window, now).unwrap();
        for seconds in 0..8 {
            let event_ms = NOW_MS - seconds * 1_000;
            let reads = plan.reads.iter().filter(|read| read.contains(event_ms));
            let is_searched = time_filter.contains(event_ms, event_ms);
            assert_eq!(reads.count(), usize::from(is_searched), "{seconds}");
        }
    }

    #[test]
    fn events_that_are_deleted_before_the_end_are_a_gap() {
        let search_set = SearchSet::new(&["192.0.2.1".parse().unwrap()], &[]).unwrap();
        let times = [NOW_MS - 90 * DAY_MS, NOW_MS];
        let window = TimeWindow::try_from(times).unwrap();
        let outcome_at = |ms: i64| {
            let end = Timestamp::from_millisecond(ms).unwrap();
            expected_outcome(&search_set, window, end)
        };
        assert_eq!(outcome_at(NOW_MS), Ok(Outcome::searched()));
        let late = outcome_at(NOW_MS + 3_600_000).unwrap();
        assert_eq!(late.reason, Some(Reason::NotInEventHistory));
    }

    #[test]
    fn hunt_for_an_event_name_is_looked_up_with_tampering_calls() {
        let hunts = [hunt(r#"filter eventName = "ConsoleLogin""#)];
        let search_set = SearchSet::new(&[], &hunts).unwrap();
        let only_search = plan(&search_set, 1, 0, false).unwrap();
        assert_eq!(only_search.fewest_calls(), 1);
        let lookup = only_search.reads[0].lookup.clone().unwrap();
        assert_eq!(lookup.to_string(), "EventName=ConsoleLogin");
        let with_integrity = plan(&search_set, 1, 0, true).unwrap();
        let names = with_integrity
            .reads
            .iter()
            .filter(|read| read.pass == Pass::TrailIntegrity);
        assert_eq!(
            names.count(),
            trail_integrity::looked_up_event_names().count()
        );
    }
}
