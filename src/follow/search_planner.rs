//! Plans the next round: what was not searched for yet, where it can be found.

use std::collections::{BTreeMap, BTreeSet};

use super::identity_search::{accounts_of, indicators_of};
use super::round::{FollowProgress, Search};
use crate::lineage::{Identity, Lineage, Node};
use crate::settings::FollowSettings;
use dragnet_model::{AccountId, Indicator, IndicatorValue, TimeWindow};

/// The longest time for which credentials of a role are valid: 12 hours.
///
/// Source: STS API, `AssumeRole` (`DurationSeconds`).
const LONGEST_SESSION_MS: i64 = 12 * 3_600_000;

/// How many addresses a round searches for. Each is searched in all accounts.
const MAX_ADDRESSES: usize = 100;

/// What the plan of a round depends on.
#[derive(Debug)]
pub struct SearchPlanner<'r> {
    /// The settings with which credentials are followed.
    pub settings: &'r FollowSettings,
    /// The window of the run.
    pub window: TimeWindow,
    /// The indicators that the first search covered in all accounts.
    pub given: &'r [Indicator],
    /// The rounds so far.
    pub progress: &'r FollowProgress,
    /// The accounts in scope.
    pub accounts: &'r BTreeSet<AccountId>,
    /// The accounts of the access keys that acted.
    pub key_accounts: &'r BTreeMap<String, AccountId>,
    /// The partition of the organization: `aws`.
    pub partition: &'r str,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing was added: the lineage is complete, as far as it was covered.
    Finished,
    /// These searches are the next round.
    Round(Vec<Search>),
    /// These searches are left, but the limit of rounds is reached.
    Limited(Vec<Search>),
}

impl SearchPlanner<'_> {
    /// Plans the next round. `addresses` are those from which the lineage acted, each with the first
    /// time.
    pub fn plan(&self, lineage: &Lineage, addresses: &[(Indicator, i64)]) -> Plan {
        let mut searches = self.identity_searches(lineage);
        if searches.is_empty() {
            // The addresses of all identities are searched for once.
            searches = self.address_searches(addresses);
        }
        if searches.is_empty() {
            return Plan::Finished;
        }
        let rounds = u32::try_from(self.progress.rounds.len()).unwrap_or(u32::MAX);
        if rounds >= self.settings.max_rounds {
            Plan::Limited(searches)
        } else {
            Plan::Round(searches)
        }
    }

    /// Returns the searches for one identity that no search covered yet.
    pub fn missing_searches(&self, number: usize, lineage: &Lineage) -> Vec<Search> {
        let Some(node) = lineage.nodes.get(number).filter(|node| node.is_followed) else {
            return Vec::new();
        };
        let mut accounts = accounts_of(number, lineage, self.key_accounts);
        if accounts.is_empty() {
            accounts.clone_from(self.accounts);
        }
        let mut searches = Vec::new();
        for indicator in indicators_of(node, self.partition) {
            let from_ms = search_start(node, &indicator).max(self.window.from_ms());
            for account in accounts.intersection(self.accounts) {
                searches.push(Search {
                    indicator: indicator.clone(),
                    account: *account,
                    from_ms,
                });
            }
        }
        searches.retain(|search| self.is_missing(search));
        searches
    }

    fn identity_searches(&self, lineage: &Lineage) -> Vec<Search> {
        let numbers = 0..lineage.nodes.len();
        let searches: BTreeSet<Search> = numbers
            .flat_map(|number| self.missing_searches(number, lineage))
            .collect();
        searches.into_iter().collect()
    }

    /// Returns the searches for addresses that no round searched for, in all accounts.
    fn address_searches(&self, addresses: &[(Indicator, i64)]) -> Vec<Search> {
        let is_new = |indicator: &Indicator| {
            let rounds = self.progress.rounds.iter();
            let mut searched = rounds.flat_map(|round| &round.searches);
            !self.is_given(indicator)
                && !searched.any(|search| search.indicator.value() == indicator.value())
        };
        let new = addresses.iter().filter(|(indicator, _)| is_new(indicator));
        new.take(MAX_ADDRESSES)
            .flat_map(|(indicator, from_ms)| {
                self.accounts.iter().map(move |account| Search {
                    indicator: indicator.clone(),
                    account: *account,
                    from_ms: *from_ms,
                })
            })
            .collect()
    }

    fn is_given(&self, indicator: &Indicator) -> bool {
        let mut given = self.given.iter();
        given.any(|given| given.value() == indicator.value())
    }

    fn is_missing(&self, search: &Search) -> bool {
        // Nothing in the window is after its end.
        search.from_ms < self.window.to_ms()
            && !self.is_given(&search.indicator)
            && !self.progress.covers(search)
    }
}

/// Returns from when to search for an identity: its creation. A session that is searched by its name
/// may share it with older sessions of others, whose keys only their `AssumeRole` shows.
fn search_start(node: &Node, indicator: &Indicator) -> i64 {
    let is_session = matches!(node.identity, Identity::Session { .. });
    if is_session && matches!(indicator.value(), IndicatorValue::Arn(_)) {
        node.from_ms.saturating_sub(LONGEST_SESSION_MS)
    } else {
        node.from_ms
    }
}
