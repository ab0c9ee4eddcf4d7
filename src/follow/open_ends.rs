//! Open ends: where the lineage may continue unseen.
//!
//! An identity is an open end if an account-Region in which it can act was not covered, if its
//! account is not searched, if nothing finds its calls, or if a limit was reached first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::identity_search::{accounts_of, indicators_of};
use super::search_planner::SearchPlanner;
use crate::lineage::{EdgeKind, Identity, Lineage, Node};
use crate::store::RoundGap;
use dragnet_model::{AccountId, SourceStatus, Target};

dragnet_model::word_enum! {
    /// Why the lineage may continue unseen. The words are those of reports.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum OpenEndKind {
        /// An account-Region in which it can act was not covered.
        NotCovered => "not-covered",
        /// The same, but the configuration accepts that gap. The run is not incomplete because of
        /// it.
        AcceptedGap => "accepted-gap",
        /// Its account is not in the scope, or not in the organization.
        OutOfScope => "out-of-scope",
        /// Its calls are not recorded under a name of its own.
        NotSearchable => "not-searchable",
        /// Anyone can assume the role.
        Anyone => "anyone",
        /// It was not searched for, because the limit of rounds was reached or the run was
        /// interrupted.
        NotSearched => "not-searched",
        /// Identities or records were left out, because there are too many.
        Limit => "limit",
    }
}

impl Serialize for OpenEndKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A place where the lineage may continue unseen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OpenEnd {
    /// The identity; empty if it is about the whole lineage.
    pub identity: String,
    /// Why it is an open end.
    pub kind: OpenEndKind,
    /// The account, if it is about one.
    pub account_id: Option<AccountId>,
    /// The Region, if it is about one.
    pub region: Option<String>,
    /// What was found, and what to do.
    pub reason: String,
}

impl OpenEnd {
    /// Whether the run is incomplete because of it.
    pub fn is_gap(&self) -> bool {
        self.kind != OpenEndKind::AcceptedGap
    }
}

/// What is known about the coverage of a run.
#[derive(Clone, Copy, Debug)]
pub struct FollowCoverage<'c> {
    /// The status of the CloudTrail of each account-Region.
    pub cloudtrail: &'c [(Target, SourceStatus)],
    /// What the rounds could not search.
    pub round_gaps: &'c [RoundGap],
    /// Whether records were left out.
    pub is_truncated: bool,
}

/// Describes the open ends that make a run incomplete, one line for each identity.
pub fn describe_gaps(open_ends: &[OpenEnd]) -> Vec<String> {
    let mut by_identity: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for open_end in open_ends.iter().filter(|open_end| open_end.is_gap()) {
        let reasons = by_identity.entry(&open_end.identity).or_default();
        reasons.push(&open_end.reason);
    }
    let described = by_identity.into_iter().filter_map(|(identity, reasons)| {
        let reason = reasons.first()?;
        let identity = if identity.is_empty() {
            "the lineage of the run"
        } else {
            identity
        };
        let more = match reasons.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more in follow.json)"),
        };
        Some(format!("{identity} may continue unseen: {reason}{more}"))
    });
    described.collect()
}

/// Finds the open ends of a lineage.
pub fn find_open_ends(
    lineage: &Lineage,
    planner: &SearchPlanner<'_>,
    coverage: FollowCoverage<'_>,
) -> Vec<OpenEnd> {
    let mut open_ends = BTreeSet::new();
    for (number, node) in lineage.nodes.iter().enumerate() {
        if !node.is_followed {
            continue;
        }
        let accounts = accounts_of(number, lineage, planner.key_accounts);
        let mut found = gaps_of_accounts(node, &accounts, planner.accounts, coverage.cloudtrail);
        if found.is_empty() {
            found.extend(gap_of_rounds(node, &accounts, planner, coverage.round_gaps));
        }
        open_ends.extend(found);
        if indicators_of(node, planner.partition).is_empty() {
            let reason = advise(&node.identity);
            open_ends.insert(open_end(node, OpenEndKind::NotSearchable, reason));
        }
        if !planner.missing_searches(number, lineage).is_empty() {
            let reason = "it was not searched for: raise the limit with --follow=ROUNDS, or \
                          continue the run with dragnet resume";
            open_ends.insert(open_end(node, OpenEndKind::NotSearched, reason));
        }
    }
    open_ends.extend(open_roles(lineage));
    if lineage.reached_limit || coverage.is_truncated {
        open_ends.insert(OpenEnd {
            identity: String::new(),
            kind: OpenEndKind::Limit,
            account_id: None,
            region: None,
            reason: format!(
                "the lineage has more than {} identities, or too many records: the others were left \
                 out; narrow the search with --follow-from or --from",
                planner.settings.max_identities
            ),
        });
    }
    open_ends.into_iter().collect()
}

fn open_end(node: &Node, kind: OpenEndKind, reason: &str) -> OpenEnd {
    OpenEnd {
        identity: node.identity.to_string(),
        kind,
        account_id: None,
        region: None,
        reason: reason.to_owned(),
    }
}

/// Returns the account-Regions of an identity that were not covered.
fn gaps_of_accounts(
    node: &Node,
    accounts: &BTreeSet<AccountId>,
    in_scope: &BTreeSet<AccountId>,
    cloudtrail: &[(Target, SourceStatus)],
) -> Vec<OpenEnd> {
    let mut found = Vec::new();
    for account in accounts {
        let of_account = |kind, region, reason: String| OpenEnd {
            account_id: Some(*account),
            region,
            ..open_end(node, kind, &reason)
        };
        if !in_scope.contains(account) {
            let reason = format!("account {account} was not searched: add it to the scope");
            found.push(of_account(OpenEndKind::OutOfScope, None, reason));
            continue;
        }
        let mut targets = cloudtrail
            .iter()
            .filter(|(target, _)| target.account == *account)
            .peekable();
        if targets.peek().is_none() {
            let reason = format!("account {account} was not searched: see coverage.csv");
            found.push(of_account(OpenEndKind::NotCovered, None, reason));
        }
        for (target, status) in targets {
            let kind = match status {
                SourceStatus::Accepted => OpenEndKind::AcceptedGap,
                covered if covered.is_covered() => continue,
                _ => OpenEndKind::NotCovered,
            };
            let region = target.region.to_string();
            let reason = format!("{account} {region}: {}", status.explanation());
            found.push(of_account(kind, Some(region), reason));
        }
    }
    found
}

/// Returns what a round that searched for an identity could not read. The log groups of one account
/// may have records of another one, so their gaps count for every account.
fn gap_of_rounds(
    node: &Node,
    accounts: &BTreeSet<AccountId>,
    planner: &SearchPlanner<'_>,
    round_gaps: &[RoundGap],
) -> Option<OpenEnd> {
    let indicators = indicators_of(node, planner.partition);
    let is_searched_in = |number: u32| {
        let mut rounds = planner.progress.rounds.iter();
        rounds.any(|round| {
            let mut searches = round.searches.iter();
            round.number == number
                && searches.any(|search| {
                    accounts.contains(&search.account) && indicators.contains(&search.indicator)
                })
        })
    };
    let gap = round_gaps.iter().find(|gap| {
        is_searched_in(gap.round) && (!gap.is_of_account_alone || accounts.contains(&gap.account))
    })?;
    let region = gap.region.as_ref().map(ToString::to_string);
    let reason = format!(
        "round {} could not search all of {} {}: {}",
        gap.round,
        gap.account,
        region.as_deref().unwrap_or("in any Region"),
        gap.outcome.reason_text()
    );
    Some(OpenEnd {
        account_id: Some(gap.account),
        region,
        ..open_end(node, OpenEndKind::NotCovered, &reason)
    })
}

/// Returns the roles that anyone can assume.
fn open_roles(lineage: &Lineage) -> impl Iterator<Item = OpenEnd> {
    lineage.edges.iter().filter_map(|edge| {
        let node = lineage.nodes.get(edge.to)?;
        let is_anyone =
            edge.kind == EdgeKind::ChangesTrust && matches!(node.identity, Identity::Resource(_));
        let reason = "its trust policy allows every account: search for role:NAME to see who did";
        is_anyone.then(|| open_end(node, OpenEndKind::Anyone, reason))
    })
}

/// Says what to do about an identity whose calls are not recorded under a name of its own.
fn advise(identity: &Identity) -> &'static str {
    match identity {
        Identity::PermissionSet { .. } => {
            "it comes from IAM Identity Center: search for the name of the user there"
        }
        Identity::Credential { .. } => "records do not show this credential: search for user:NAME",
        Identity::RootSession(_) => "the record shows no access key: search for the root ARN",
        _ => "records do not show its calls under a name of its own: review what it did",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_has_one_line_and_accepted_gaps_have_none() {
        let open_end = |identity: &str, kind, reason: &str| OpenEnd {
            identity: identity.to_owned(),
            kind,
            account_id: None,
            region: None,
            reason: reason.to_owned(),
        };
        let open_ends = [
            open_end("", OpenEndKind::Limit, "too many"),
            open_end("user a", OpenEndKind::NotCovered, "no trail in X"),
            open_end("user a", OpenEndKind::NotCovered, "no trail in Y"),
            open_end("user b", OpenEndKind::AcceptedGap, "no trail"),
        ];
        let expected = [
            "the lineage of the run may continue unseen: too many",
            "user a may continue unseen: no trail in X (and 1 more in follow.json)",
        ];
        assert_eq!(describe_gaps(&open_ends), expected);
    }
}
