//! What was asked of the range, and how often: for tests and benchmarks that hold a client to its quotas.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{AccountId, Region};

/// The calls of one operation in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCalls {
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: String,
    /// The account that they acted in; `None` where the caller was not known.
    pub account: Option<AccountId>,
    /// The Region that they went to; `None` where the caller was not known.
    pub region: Option<Region>,
    /// How many came in.
    pub count: u64,
    /// How many of them were told to slow down.
    pub throttled: u64,
    /// How many of them failed otherwise.
    pub failed: u64,
    /// The most that came in within one second of the clock.
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

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered,
    Throttled,
    Failed,
}

/// Beyond this many different calls, new ones are counted together: whoever invents operations fills no memory.
const MOST_PLACES: usize = 1_000_000;
const OTHERS: &str = "(others)";

/// The counts; as many as there are different calls, not as there are calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog(BTreeMap<Place, Tally>);

impl CallLog {
    /// Counts a call.
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

    /// Everything that was counted, by operation, account and Region.
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
