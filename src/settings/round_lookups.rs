//! The attribute lookups that a round of `--follow` may make in event histories instead of reading
//! all of their events.

use std::collections::BTreeMap;

use crate::store::HistorySize;
use dragnet_model::{AccountId, EventLookup, Target};

/// Source: CloudTrail API, `LookupEvents`: 50 events at most in a page.
const EVENTS_PER_PAGE: u64 = 50;

/// The pages that a lookup is assumed to have. Most have one; those of frequent calls have more.
const PAGES_PER_LOOKUP: u64 = 2;

/// The attribute lookups of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundLookups {
    by_account: BTreeMap<AccountId, Vec<EventLookup>>,
    sizes: BTreeMap<Target, (u64, u64)>,
}

impl RoundLookups {
    /// Creates the lookups of a round. Accounts that are not in `by_account` need all events.
    /// `sizes` are those of the histories that the first search read.
    pub fn new(by_account: BTreeMap<AccountId, Vec<EventLookup>>, sizes: &[HistorySize]) -> Self {
        let sizes = sizes
            .iter()
            .map(|size| (size.target.clone(), (size.events, size.milliseconds)))
            .collect();
        Self { by_account, sizes }
    }

    /// Returns the lookups to make instead of reading `milliseconds` of the history of an
    /// account-Region; `None` if all events are needed, or cost less. Reading them takes at least
    /// `fewest_calls`.
    pub fn lookups_for(
        &self,
        target: &Target,
        milliseconds: u64,
        fewest_calls: u64,
    ) -> Option<&[EventLookup]> {
        let lookups = self.by_account.get(&target.account)?;
        let number = lookups.len() as u64;
        let is_cheaper = match self.sizes.get(target) {
            Some(size) => {
                let pages = expected_pages(*size, milliseconds).max(fewest_calls);
                number.saturating_mul(PAGES_PER_LOOKUP) < pages
            }
            // The first search could not read the history, so probably no call succeeds.
            None => number <= fewest_calls,
        };
        is_cheaper.then_some(lookups.as_slice())
    }
}

/// Returns the number of pages in a time, if it has as many events as the time that was read.
fn expected_pages((events, read_milliseconds): (u64, u64), milliseconds: u64) -> u64 {
    let events =
        u128::from(events) * u128::from(milliseconds) / u128::from(read_milliseconds.max(1));
    u64::try_from(events.div_ceil(u128::from(EVENTS_PER_PAGE))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::EventAttribute;

    const HOUR_MS: u64 = 3_600_000;

    fn target(account: &str) -> Target {
        Target {
            account: account.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        }
    }

    fn lookups(number: usize) -> Vec<EventLookup> {
        let lookup = |number: usize| EventLookup {
            attribute: EventAttribute::Username,
            value: format!("name-{number}"),
        };
        (0..number).map(lookup).collect()
    }

    fn are_used(number: usize, events: Option<u64>, hours: u64, fewest_calls: u64) -> bool {
        let target = target("111111111111");
        let sizes: Vec<HistorySize> = events
            .into_iter()
            .map(|events| HistorySize {
                target: target.clone(),
                events,
                milliseconds: 10 * HOUR_MS,
            })
            .collect();
        let by_account = BTreeMap::from([(target.account, lookups(number))]);
        let round = RoundLookups::new(by_account, &sizes);
        let used = round.lookups_for(&target, hours * HOUR_MS, fewest_calls);
        assert!(used.is_none_or(|used| used.len() == number));
        used.is_some()
    }

    #[test]
    fn lookups_are_used_only_if_they_cost_less() {
        assert!(are_used(10, Some(5_000), 10, 4), "20 of 100 pages");
        assert!(!are_used(10, Some(5_000), 2, 4), "20 of 20 pages");
        assert!(are_used(1, Some(0), 10, 4), "four ranges are read");
        assert!(!are_used(1, Some(0), 10, 1), "one range is read");
    }

    #[test]
    fn without_a_size_few_lookups_are_used() {
        assert!(are_used(4, None, 10, 4));
        assert!(!are_used(5, None, 10, 4));
    }

    #[test]
    fn other_accounts_are_read_completely() {
        let round = RoundLookups::new(BTreeMap::new(), &[]);
        assert_eq!(round.lookups_for(&target("111111111111"), 1, 1), None);
    }
}
