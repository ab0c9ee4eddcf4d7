//! Counts the sightings while their rows are read.

use std::collections::HashMap;

use super::sighting_rows::FirstAndLast;
use super::time_histogram::AccountHistograms;
use super::{IndicatorSummary, PrincipalSummaries, PrincipalTally};
use dragnet_model::time::{UNKNOWN_TIME_MS, format_ms};
use dragnet_model::{OwnCall, Sighting};

/// The maximum number of different keys. An attacker may write any number of principals into a log,
/// and they must not fill the memory.
const MOST_KEYS: usize = 10_000;

/// Counts by key.
#[derive(Clone, Debug, Default)]
pub struct TopCounts {
    counts: HashMap<String, u64>,
}

impl TopCounts {
    pub(super) fn add(&mut self, key: &str) {
        if let Some(count) = self.counts.get_mut(key) {
            *count += 1;
        } else if !key.is_empty() && self.counts.len() < MOST_KEYS {
            self.counts.insert(key.to_owned(), 1);
        }
    }

    /// Returns the `most` frequent keys, the most frequent first, equal ones by name.
    pub fn top(&self, most: usize) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self
            .counts
            .iter()
            .map(|(key, count)| (key.as_str(), *count))
            .collect();
        all.sort_by(|(key, count), (other_key, other)| other.cmp(count).then(key.cmp(other_key)));
        all.truncate(most);
        all
    }

    /// Returns the number of different keys.
    pub fn different(&self) -> usize {
        self.counts.len()
    }
}

/// The earliest and the latest event time in milliseconds since the Unix epoch; `None` if no event
/// has a known time.
#[derive(Clone, Copy, Debug, Default)]
struct EventSpan(Option<(i64, i64)>);

impl EventSpan {
    fn add(&mut self, time_ms: i64) {
        if time_ms != UNKNOWN_TIME_MS {
            let extended = self.0.map_or((time_ms, time_ms), |(first, last)| {
                (first.min(time_ms), last.max(time_ms))
            });
            self.0 = Some(extended);
        }
    }
}

/// The sightings of an indicator.
#[derive(Clone, Copy, Debug)]
struct IndicatorSightings {
    number: u64,
    span: EventSpan,
}

/// Counts sightings. All keys are untrusted text. The numbers by account, principal, address and
/// indicator, and the span, leave out Dragnet's own calls.
#[derive(Clone, Debug, Default)]
pub struct SightingTally {
    total: u64,
    own_calls: u64,
    claimed_calls: u64,
    untrusted_records: u64,
    differing_copies: u64,
    span: EventSpan,
    without_time: u64,
    by_account: TopCounts,
    by_principal: TopCounts,
    by_address: TopCounts,
    by_indicator: TopCounts,
    indicators: HashMap<String, IndicatorSightings>,
    principals: PrincipalTally,
    histograms: AccountHistograms,
    rows: FirstAndLast,
}

impl SightingTally {
    /// Counts the next sighting.
    pub fn add(&mut self, sighting: &Sighting) {
        let event = &sighting.details;
        self.total += 1;
        for indicator in &sighting.indicators {
            self.add_indicator(indicator, event.time_ms);
        }
        if sighting.own_call == OwnCall::Yes {
            self.own_calls += 1;
            return;
        }
        self.claimed_calls += u64::from(sighting.own_call == OwnCall::Claimed);
        self.untrusted_records += u64::from(event.is_cloudtrail() && !sighting.trusted);
        self.differing_copies += u64::from(sighting.copies_differ);
        self.span.add(event.time_ms);
        self.without_time += u64::from(event.time_ms == UNKNOWN_TIME_MS);
        self.by_account.add(&event.account);
        self.by_principal.add(&event.identity.arn);
        self.by_address.add(&event.source_ip);
        self.principals.add(sighting);
        self.histograms.add(&event.account, event.time_ms);
        self.rows.add(sighting);
        for indicator in &sighting.indicators {
            self.by_indicator.add(indicator);
        }
    }

    fn add_indicator(&mut self, indicator: &str, time_ms: i64) {
        if let Some(seen) = self.indicators.get_mut(indicator) {
            seen.number += 1;
            seen.span.add(time_ms);
        } else if self.indicators.len() < MOST_KEYS {
            let mut span = EventSpan::default();
            span.add(time_ms);
            let seen = IndicatorSightings { number: 1, span };
            self.indicators.insert(indicator.to_owned(), seen);
        }
    }

    /// Returns the sightings of an indicator, by its name: the rows of `sightings.csv`.
    pub fn indicator(&self, name: &str, kind: &str) -> IndicatorSummary {
        let seen = self.indicators.get(name);
        let span = seen.and_then(|seen| seen.span.0);
        IndicatorSummary {
            value: name.to_owned(),
            kind: kind.to_owned(),
            sightings: seen.map_or(0, |seen| seen.number),
            first_seen: span.map(|(first, _)| format_ms(first)),
            last_seen: span.map(|(_, last)| format_ms(last)),
        }
    }

    /// Returns the number of all sightings.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns how many of them only look like calls of Dragnet.
    pub fn claimed_calls(&self) -> u64 {
        self.claimed_calls
    }

    /// Returns how many of them look like CloudTrail records, but no trail delivered them.
    pub fn untrusted_records(&self) -> u64 {
        self.untrusted_records
    }

    /// Returns how many of them have the id of another record, but say something else.
    pub fn differing_copies(&self) -> u64 {
        self.differing_copies
    }

    /// Returns how many of them are calls of Dragnet itself.
    pub fn own_calls(&self) -> u64 {
        self.own_calls
    }

    /// Returns the number of sightings that are not calls of Dragnet itself.
    pub fn findings(&self) -> u64 {
        self.total - self.own_calls
    }

    /// Returns the earliest and the latest event time of these, in milliseconds since the Unix
    /// epoch; `None` if none has a known time.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        self.span.0
    }

    /// Returns how many of these have no known time.
    pub fn without_time(&self) -> u64 {
        self.without_time
    }

    /// Returns the summaries of their principals.
    pub fn principals(&self) -> PrincipalSummaries {
        self.principals.summaries()
    }

    /// Returns when they happened in each account.
    pub(super) fn histograms(&self) -> &AccountHistograms {
        &self.histograms
    }

    /// Returns the first and the last of them.
    pub(super) fn rows(&self) -> &FirstAndLast {
        &self.rows
    }

    /// Returns the counts by event account.
    pub fn by_account(&self) -> &TopCounts {
        &self.by_account
    }

    /// Returns the counts by the ARN of the principal.
    pub fn by_principal(&self) -> &TopCounts {
        &self.by_principal
    }

    /// Returns the counts by source address.
    pub fn by_address(&self) -> &TopCounts {
        &self.by_address
    }

    /// Returns the counts by indicator.
    pub fn by_indicator(&self) -> &TopCounts {
        &self.by_indicator
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::sighting;

    #[test]
    fn most_frequent_keys_come_first() {
        let mut tally = SightingTally::default();
        for address in ["192.0.2.2", "192.0.2.9", "192.0.2.2", ""] {
            let mut sighting = sighting("");
            sighting.details.source_ip = address.into();
            tally.add(&sighting);
        }
        assert_eq!(tally.total(), 4);
        assert_eq!(
            tally.by_address().top(9),
            [("192.0.2.2", 2), ("192.0.2.9", 1)]
        );
        assert_eq!(tally.by_address().top(1).len(), 1);
        assert_eq!(
            tally.by_indicator().top(9),
            [("192.0.2.1", 4), ("alice", 4)]
        );
    }

    #[test]
    fn unknown_times_are_in_no_span() {
        let mut tally = SightingTally::default();
        for time_ms in [UNKNOWN_TIME_MS, 5_000, UNKNOWN_TIME_MS, 7_000] {
            let mut sighting = sighting("");
            sighting.details.time_ms = time_ms;
            tally.add(&sighting);
        }
        assert_eq!(tally.span_ms(), Some((5_000, 7_000)));
        assert_eq!(tally.without_time(), 2);
        let alice = tally.indicator("alice", "user");
        assert_eq!(alice.first_seen, Some(format_ms(5_000)));
        assert_eq!(alice.sightings, 4);
    }

    #[test]
    fn own_calls_are_counted_separately() {
        let mut tally = SightingTally::default();
        for own_call in [OwnCall::Yes, OwnCall::Claimed, OwnCall::No] {
            tally.add(&Sighting {
                own_call,
                ..sighting("")
            });
        }
        assert_eq!(
            (tally.total(), tally.own_calls(), tally.claimed_calls()),
            (3, 1, 1)
        );
        assert_eq!(tally.findings(), 2);
        assert_eq!(tally.by_address().top(9), [("192.0.2.1", 2)]);
        assert_eq!(tally.indicator("alice", "user").sightings, 3);
    }
}
