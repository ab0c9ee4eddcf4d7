//! Counts the calls that the range received, so that tests and benchmarks can check that a client
//! stays within its quotas.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{AccountId, Region};

/// The calls of one operation in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCalls {
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: String,
    /// The account of the caller; `None` if the caller was not identified.
    pub account: Option<AccountId>,
    /// The Region of the calls; `None` if the caller was not identified.
    pub region: Option<Region>,
    /// How many calls were received.
    pub count: u64,
    /// How many of them were throttled.
    pub throttled: u64,
    /// How many of them failed for another reason.
    pub failed: u64,
    /// The largest number of calls within one second of the clock.
    pub busiest_second: u64,
}

type Place = (String, Option<(AccountId, Region)>);

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    throttled: u64,
    failed: u64,
    busiest_second: u64,
    second: i64,
    in_second: u64,
}

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered,
    Throttled,
    Failed,
}

/// The limit on counted combinations of operation, account and Region. Further ones are counted
/// together, so a client that invents operations cannot fill the memory.
const MOST_PLACES: usize = 1_000_000;
const OTHERS: &str = "(others)";

/// The call counts. Their size depends on the number of different calls, not on the number of
/// calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog(BTreeMap<Place, Tally>);

impl CallLog {
    pub(crate) fn count(
        &mut self,
        operation: &str,
        place: Option<(AccountId, Region)>,
        now: Timestamp,
        ending: Ending,
    ) {
        let full = self.0.len() >= MOST_PLACES;
        let mut key = (operation.to_owned(), place);
        if full && !self.0.contains_key(&key) {
            key = (OTHERS.to_owned(), None);
        }
        let tally = self.0.entry(key).or_default();
        if tally.second != now.as_second() {
            (tally.second, tally.in_second) = (now.as_second(), 0);
        }
        tally.in_second += 1;
        tally.busiest_second = tally.busiest_second.max(tally.in_second);
        tally.count += 1;
        match ending {
            Ending::Answered => {}
            Ending::Throttled => tally.throttled += 1,
            Ending::Failed => tally.failed += 1,
        }
    }

    /// All counts, by operation, account and Region.
    pub(crate) fn seen(&self) -> Vec<SeenCalls> {
        let seen = |((operation, place), tally): (&Place, &Tally)| SeenCalls {
            operation: operation.clone(),
            account: place.as_ref().map(|(account, _)| *account),
            region: place.as_ref().map(|(_, region)| region.clone()),
            count: tally.count,
            throttled: tally.throttled,
            failed: tally.failed,
            busiest_second: tally.busiest_second,
        };
        self.0.iter().map(seen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_place_and_knows_the_busiest_second() {
        let mut log = CallLog::default();
        let place = || {
            Some((
                "111111111111".parse().unwrap(),
                "us-east-1".parse().unwrap(),
            ))
        };
        for (second, ending) in [
            (1, Ending::Answered),
            (1, Ending::Throttled),
            (2, Ending::Failed),
        ] {
            log.count(
                "ListUsers",
                place(),
                Timestamp::from_second(second).unwrap(),
                ending,
            );
        }
        log.count("ListUsers", None, Timestamp::UNIX_EPOCH, Ending::Failed);
        let seen = log.seen();
        assert_eq!(seen.len(), 2);
        let SeenCalls {
            count,
            throttled,
            failed,
            busiest_second,
            ..
        } = seen[1];
        assert_eq!((count, throttled, failed, busiest_second), (3, 1, 1, 2));
    }
}
