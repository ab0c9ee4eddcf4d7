//! Counts the calls that the range received, so that tests and benchmarks can check that a client
//! stays within its quotas.

use std::collections::BTreeMap;

use jiff::Timestamp;

use dragnet_model::{AccountId, Region};

/// The calls of one operation in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCounts {
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

/// The operation, and the account-Region if the caller was identified.
type CallKey = (String, Option<(AccountId, Region)>);

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
pub(crate) enum CallOutcome {
    Succeeded,
    Throttled,
    Failed,
}

/// The limit on counted combinations of operation, account and Region. Further ones are counted
/// together, so a client that invents operations cannot exhaust memory.
const MAX_KEYS: usize = 1_000_000;
const OTHER_OPERATIONS: &str = "(others)";

/// The call counts. Their size depends on the number of different calls, not on the number of
/// calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog(BTreeMap<CallKey, Tally>);

impl CallLog {
    pub(crate) fn count(
        &mut self,
        operation: &str,
        account_region: Option<(AccountId, Region)>,
        now: Timestamp,
        outcome: CallOutcome,
    ) {
        let full = self.0.len() >= MAX_KEYS;
        let mut key = (operation.to_owned(), account_region);
        if full && !self.0.contains_key(&key) {
            key = (OTHER_OPERATIONS.to_owned(), None);
        }
        let tally = self.0.entry(key).or_default();
        if tally.second != now.as_second() {
            tally.second = now.as_second();
            tally.in_second = 0;
        }
        tally.in_second += 1;
        tally.busiest_second = tally.busiest_second.max(tally.in_second);
        tally.count += 1;
        match outcome {
            CallOutcome::Succeeded => {}
            CallOutcome::Throttled => tally.throttled += 1,
            CallOutcome::Failed => tally.failed += 1,
        }
    }

    /// All counts, by operation, account and Region.
    pub(crate) fn counts(&self) -> Vec<CallCounts> {
        let to_counts = |((operation, account_region), tally): (&CallKey, &Tally)| CallCounts {
            operation: operation.clone(),
            account: account_region.as_ref().map(|(account, _)| *account),
            region: account_region.as_ref().map(|(_, region)| region.clone()),
            count: tally.count,
            throttled: tally.throttled,
            failed: tally.failed,
            busiest_second: tally.busiest_second,
        };
        self.0.iter().map(to_counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_key_with_busiest_second() {
        let mut log = CallLog::default();
        let account_region = || {
            Some((
                "111111111111".parse().unwrap(),
                "us-east-1".parse().unwrap(),
            ))
        };
        for (second, outcome) in [
            (1, CallOutcome::Succeeded),
            (1, CallOutcome::Throttled),
            (2, CallOutcome::Failed),
        ] {
            log.count(
                "ListUsers",
                account_region(),
                Timestamp::from_second(second).unwrap(),
                outcome,
            );
        }
        log.count(
            "ListUsers",
            None,
            Timestamp::UNIX_EPOCH,
            CallOutcome::Failed,
        );
        let counts = log.counts();
        assert_eq!(counts.len(), 2);
        let CallCounts {
            count,
            throttled,
            failed,
            busiest_second,
            ..
        } = counts[1];
        assert_eq!((count, throttled, failed, busiest_second), (3, 1, 1, 2));
    }
}
