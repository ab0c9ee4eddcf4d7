//! What is compared: the account-Regions and log groups of this process, and the log groups and the owners
//! of trails of other shards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::aws::Session;
use crate::store::ScopeMembership;
use crate::sweep::context::SweepContext;
use crate::sweep::directory::member_to_enter;
use crate::sweep::host::Host;
use crate::sweep::liveness_subjects::Subjects;
use crate::sweep::member::Members;
use crate::sweep::shard_part::ShardPart;
use dragnet_model::{AccountId, LogGroupArn, LogSource, Organization, Target};

/// Account-Regions and log groups, and how each can be read.
#[derive(Debug)]
pub(super) struct ComparedSubjects {
    pub targets: BTreeMap<Target, Arc<Session>>,
    pub groups: BTreeMap<LogGroupArn, GroupAccess>,
    /// The accounts in scope of other shards that own trails.
    owners: BTreeMap<AccountId, Arc<Host>>,
    /// The organization that listed the accounts, if one did.
    pub organization: Option<Organization>,
}

/// How a log group can be read.
#[derive(Debug)]
pub(super) enum GroupAccess {
    /// With this session.
    Entered(Arc<Session>),
    /// In this account, which is entered when that is needed: another shard searches the log group.
    OfOtherShard(Arc<Host>),
}

impl From<Subjects> for ComparedSubjects {
    fn from(subjects: Subjects) -> Self {
        let groups = subjects.groups.into_iter();
        Self {
            targets: subjects.targets,
            groups: groups
                .map(|(group, session)| (group, GroupAccess::Entered(session)))
                .collect(),
            owners: BTreeMap::new(),
            organization: subjects.organization,
        }
    }
}

impl ComparedSubjects {
    /// Adds the log groups of other shards to which trails deliver the records of this one, and the owners of
    /// these trails. Otherwise no shard would compare them: the other one knows no event history of this
    /// one, and which of its account-Regions a trail still records.
    pub(super) fn add_other_shards(
        &mut self,
        shared: &SweepContext,
        members: &Members,
        part: &ShardPart,
    ) {
        let trails = self.trails(shared);
        let needed: BTreeSet<&LogGroupArn> =
            trails.iter().filter_map(LogSource::log_group).collect();
        let mut hosts: BTreeMap<AccountId, Arc<Host>> = BTreeMap::new();
        let mut host = |account| {
            let host = hosts.entry(account).or_insert_with(|| {
                let member = member_to_enter(members, &shared.access, account);
                Arc::new(Host::new(account, member))
            });
            Arc::clone(host)
        };
        for group in part.compared_of_others() {
            if !needed.contains(group) || self.groups.contains_key(group) {
                continue;
            }
            let access = GroupAccess::OfOtherShard(host(group.target.account));
            self.groups.insert(group.clone(), access);
        }
        for trail in &trails {
            let owner = trail.home.account;
            let member = members.get(&owner);
            // One process enters the others only for what they store.
            if member.is_some_and(|member| member.membership == ScopeMembership::InScope) {
                self.owners.insert(owner, host(owner));
            }
        }
        for owner in part.asked_for_others().into_values() {
            self.owners.insert(owner, host(owner));
        }
    }

    /// Returns sessions in these accounts, as far as one process would have entered them.
    pub(super) async fn enter_accounts(
        &self,
        shared: &SweepContext,
        accounts: &BTreeSet<AccountId>,
    ) -> BTreeMap<AccountId, Arc<Session>> {
        let mut sessions: BTreeMap<AccountId, Arc<Session>> = BTreeMap::new();
        for (target, session) in &self.targets {
            let account = target.account;
            if accounts.contains(&account) {
                let session = || Arc::clone(session);
                sessions.entry(account).or_insert_with(session);
            }
        }
        for (group, access) in &self.groups {
            let account = group.target.account;
            if accounts.contains(&account)
                && !sessions.contains_key(&account)
                && let Some(session) = access.enter(shared).await
            {
                sessions.insert(account, session);
            }
        }
        for (account, host) in &self.owners {
            if accounts.contains(account)
                && !sessions.contains_key(account)
                && let Ok((_, session)) = host.enter(shared).await
            {
                sessions.insert(*account, session);
            }
        }
        sessions
    }

    /// Returns the trails that record these account-Regions.
    fn trails(&self, shared: &SweepContext) -> Vec<LogSource> {
        shared.searched.read(|found| {
            let own = found
                .lookups
                .iter()
                .filter(|lookup| self.targets.contains_key(&lookup.target));
            let names: BTreeSet<&String> = own
                .flat_map(|lookup| lookup.result.iter().flatten())
                .collect();
            let trails = names.into_iter().filter_map(|name| found.trails.get(name));
            trails.cloned().collect()
        })
    }
}

impl GroupAccess {
    /// Returns the session that reads the log group; `None` if its account cannot be entered.
    pub(super) async fn enter(&self, shared: &SweepContext) -> Option<Arc<Session>> {
        match self {
            Self::Entered(session) => Some(Arc::clone(session)),
            Self::OfOtherShard(host) => {
                let entered = host.enter(shared).await.ok();
                entered.map(|(_, session)| session)
            }
        }
    }
}
