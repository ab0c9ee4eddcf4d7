//! Which searches a round makes, and what stays open.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::lineage::{Identity, Lineage, Node};
use crate::settings::FollowSettings;
use dragnet_model::{AccountId, Indicator, SourceStatus, Target, TimeWindow};

const KEY: &str = "AKIAEVE1111111111111";
const SESSION_KEY: &str = "ASIAEVE2222222222222";
const ACCOUNT: &str = "222222222222";

/// What a plan depends on.
struct Story {
    settings: FollowSettings,
    given: Vec<Indicator>,
    progress: FollowProgress,
    accounts: BTreeSet<AccountId>,
    key_accounts: BTreeMap<String, AccountId>,
}

impl Story {
    fn new() -> Self {
        Self {
            settings: FollowSettings {
                max_rounds: 2,
                max_identities: 100,
                from_ms: None,
                addresses: false,
                known_sources: None,
                round_lookups: None,
            },
            given: vec![KEY.parse().unwrap()],
            progress: FollowProgress::default(),
            accounts: ["111111111111", ACCOUNT]
                .map(|id| id.parse().unwrap())
                .into_iter()
                .collect(),
            key_accounts: BTreeMap::new(),
        }
    }

    fn planner(&self) -> SearchPlanner<'_> {
        SearchPlanner {
            settings: &self.settings,
            window: TimeWindow::try_from([1_000, 100_000]).unwrap(),
            given: &self.given,
            progress: &self.progress,
            accounts: &self.accounts,
            key_accounts: &self.key_accounts,
            partition: "aws",
        }
    }

    fn plan(&self, lineage: &Lineage) -> Plan {
        self.planner().plan(lineage, &[])
    }

    fn open_ends(&self, lineage: &Lineage, status: SourceStatus) -> Vec<OpenEndKind> {
        let target = Target {
            account: ACCOUNT.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let coverage = FollowCoverage {
            cloudtrail: &[(target, status)],
            round_gaps: &[],
            is_truncated: false,
        };
        let open_ends = find_open_ends(lineage, &self.planner(), coverage);
        open_ends.iter().map(|open_end| open_end.kind).collect()
    }
}

fn node(identity: Identity, keys: &[&str]) -> Node {
    Node {
        identity,
        access_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        user_ids: BTreeSet::new(),
        owner: None,
        source_identity: None,
        from_ms: 5_000,
        depth: 1,
        is_start: false,
        is_followed: true,
    }
}

fn session() -> Node {
    let arn = "arn:aws:sts::222222222222:assumed-role/App/eve";
    node(Identity::from_arn(arn).unwrap(), &[SESSION_KEY])
}

fn lineage(nodes: &[Node]) -> Lineage {
    let mut lineage = Lineage::default();
    lineage.nodes = nodes.to_vec();
    lineage
}

#[test]
fn session_is_searched_in_its_account_until_the_limit() {
    let mut story = Story::new();
    let lineage = lineage(&[node(Identity::Key(KEY.to_owned()), &[KEY]), session()]);
    let Plan::Round(searches) = story.plan(&lineage) else {
        panic!("no round")
    };
    let shown: Vec<String> = searches
        .iter()
        .map(|search| format!("{} {} {}", search.indicator, search.account, search.from_ms))
        .collect();
    assert_eq!(shown.len(), 2, "the given key was searched: {shown:?}");
    assert!(shown.contains(&format!("{SESSION_KEY} {ACCOUNT} 5000")));
    story.progress.start_round(searches.clone());
    assert_eq!(story.plan(&lineage), Plan::Finished);
    story.progress.rounds.clear();
    story.progress.start_round(Vec::new());
    story.progress.start_round(Vec::new());
    assert_eq!(story.plan(&lineage), Plan::Limited(searches));
    assert_eq!(story.progress.last_number, 3, "numbers are not used twice");
    assert_eq!(
        story.open_ends(&lineage, SourceStatus::Searched),
        [OpenEndKind::NotSearched]
    );
}

#[test]
fn earlier_search_covers_only_later_times_in_the_same_account() {
    let mut story = Story::new();
    let lineage = lineage(&[session()]);
    let Plan::Round(searches) = story.plan(&lineage) else {
        panic!("no round")
    };
    for (account, from_ms, expected) in [
        (ACCOUNT, 1_000, true),
        (ACCOUNT, 6_000, false),
        ("111111111111", 1_000, false),
    ] {
        let account = account.parse().unwrap();
        let searches = searches.iter().map(|search| Search {
            account,
            from_ms,
            ..search.clone()
        });
        story.progress.rounds.clear();
        story.progress.start_round(searches.collect());
        let is_finished = story.plan(&lineage) == Plan::Finished;
        assert_eq!(is_finished, expected, "{account} {from_ms}");
    }
}

#[test]
fn gaps_and_foreign_accounts_are_open_ends() {
    let story = Story::new();
    let lineage_of = |identity| lineage(&[node(identity, &[])]);
    let outside = Identity::from_arn("arn:aws:sts::999999999999:assumed-role/App/eve").unwrap();
    assert_eq!(story.plan(&lineage_of(outside.clone())), Plan::Finished);
    assert_eq!(
        story.open_ends(&lineage_of(outside), SourceStatus::Searched),
        [OpenEndKind::OutOfScope]
    );
    let password = Identity::Credential {
        account: ACCOUNT.parse().unwrap(),
        user: "eve".to_owned(),
        id: "APKA1".to_owned(),
    };
    for (status, expected) in [
        (SourceStatus::Searched, vec![OpenEndKind::NotSearchable]),
        (
            SourceStatus::Stopped,
            vec![OpenEndKind::NotCovered, OpenEndKind::NotSearchable],
        ),
        (
            SourceStatus::Accepted,
            vec![OpenEndKind::AcceptedGap, OpenEndKind::NotSearchable],
        ),
    ] {
        let found = story.open_ends(&lineage_of(password.clone()), status);
        assert_eq!(found, expected, "{status}");
    }
}
