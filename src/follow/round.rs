//! The rounds of a run, as `run.db` stores them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use dragnet_model::{AccountId, Indicator};

/// The rounds that a run has started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowProgress {
    /// The number of the last round that was started. Numbers are not used twice, even if the
    /// rounds start over because the run was resumed.
    pub last_number: u32,
    /// The rounds since the last search for the indicators of the run. All but the last are
    /// finished.
    pub rounds: Vec<Round>,
}

/// A search for the identities that earlier rounds added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The number, from 1.
    pub number: u32,
    /// What is searched for, where.
    pub searches: Vec<Search>,
}

/// A search for an indicator of an identity in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Search {
    /// The indicator.
    pub indicator: Indicator,
    /// The account.
    pub account: AccountId,
    /// From when, in milliseconds since the Unix epoch.
    pub from_ms: i64,
}

impl Round {
    /// The start of the search, in milliseconds since the Unix epoch.
    pub fn from_ms(&self) -> Option<i64> {
        self.searches.iter().map(|search| search.from_ms).min()
    }

    /// The accounts, sorted.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.searches.iter().map(|search| search.account).collect()
    }

    /// The indicators, each once.
    pub fn indicators(&self) -> Vec<Indicator> {
        let indicators: BTreeSet<&Indicator> = self
            .searches
            .iter()
            .map(|search| &search.indicator)
            .collect();
        indicators.into_iter().cloned().collect()
    }
}

impl FollowProgress {
    /// Whether an earlier round includes a search.
    pub fn covers(&self, wanted: &Search) -> bool {
        let mut searches = self.rounds.iter().flat_map(|round| &round.searches);
        searches.any(|search| {
            search.account == wanted.account
                && search.from_ms <= wanted.from_ms
                && search.indicator.value() == wanted.indicator.value()
        })
    }

    /// Adds a round.
    pub fn start_round(&mut self, searches: Vec<Search>) {
        self.last_number += 1;
        self.rounds.push(Round {
            number: self.last_number,
            searches,
        });
    }
}
