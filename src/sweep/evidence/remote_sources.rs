//! Log sources and log groups out of scope that account-Regions in scope depend on: the
//! organization trail in the management account, or the home Region of a multi-Region trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::look_up::look_up_trail_state;
use crate::store::{Entry, JournalClosed};
use crate::sweep::context::SweepContext;
use crate::sweep::directory::member_to_enter;
use crate::sweep::host::Host;
use crate::sweep::log_sources::log_groups::delivered::Delivered;
use crate::sweep::log_sources::log_groups::remote_group::scan_remote_group;
use crate::sweep::member::{Member, Members};
use crate::sweep::region_scope::is_in_scope;
use crate::sweep::tasks::join_tasks;
use dragnet_model::{AccountId, LogGroupArn, LogSource, SourceState, StorageKind, Target};

/// How many log sources may wait until the list of accounts is complete. Each takes a few hundred
/// bytes. If the channel is full, account-Regions wait before they scan their log groups.
pub(in crate::sweep) const CHANNEL_SIZE: usize = 1_024;

/// Follows the log sources that account-Regions in scope report, each once: its owner is asked
/// about it, and its log group is scanned if it is out of scope. Ends when no account-Region can
/// report any more; without a list of accounts, at once.
pub(in crate::sweep) async fn follow_log_sources(
    shared: Arc<SweepContext>,
    mut log_sources: mpsc::Receiver<LogSource>,
    members: oneshot::Receiver<Members>,
) -> Result<(), JournalClosed> {
    // Scope membership is known only when all accounts are listed.
    let Ok(members) = members.await else {
        return Ok(());
    };
    let mut follower = Follower {
        shared,
        members,
        hosts: BTreeMap::new(),
        followed: BTreeSet::new(),
        groups: BTreeSet::new(),
    };
    let mut tasks = JoinSet::new();
    while let Some(log_source) = log_sources.recv().await {
        follower.follow(log_source, &mut tasks);
    }
    join_tasks(tasks).await
}

/// Follows what the plan of a sweep in shards found outside the scope, if it belongs to this shard.
pub(in crate::sweep) fn follow_planned(
    shared: &SweepContext,
    source_sender: &mpsc::Sender<LogSource>,
    tasks: &mut JoinSet<Result<(), JournalClosed>>,
) {
    let Some(part) = shared.part.clone() else {
        return;
    };
    let source_sender = source_sender.clone();
    // A task, because the receiver starts when all accounts are listed, and the channel is bounded.
    tasks.spawn(async move {
        for log_source in part.sources_to_follow() {
            // The receiver is dropped early if the sweep is cancelled.
            _ = source_sender.send(log_source).await;
        }
        Ok(())
    });
}

/// Scans the parts of log groups of other shards that the plan gave to this one.
pub(in crate::sweep) fn scan_slices(
    shared: &Arc<SweepContext>,
    tasks: &mut JoinSet<Result<(), JournalClosed>>,
) {
    let Some(part) = &shared.part else {
        return;
    };
    let members: Members = part
        .members
        .iter()
        .map(|member| (member.account.id, member.clone()))
        .collect();
    for group in part.slices_of_others() {
        let account = group.target.account;
        let organization = members.get(&account).and_then(Member::organization);
        let delivered = Delivered::by_group(
            &part.found.log_sources,
            &group.target,
            organization.as_ref(),
        )
        .remove(&group.name);
        let member = member_to_enter(&members, &shared.access, account);
        tasks.spawn(scan_remote_group(
            Arc::clone(shared),
            Arc::new(Host::new(account, member)),
            group.clone(),
            delivered.unwrap_or_default(),
        ));
    }
}

struct Follower {
    shared: Arc<SweepContext>,
    members: Members,
    hosts: BTreeMap<AccountId, Arc<Host>>,
    /// The names of the log sources that were reported.
    followed: BTreeSet<String>,
    /// The log groups whose scan was started.
    groups: BTreeSet<LogGroupArn>,
}

impl Follower {
    /// Starts the tasks for a log source that was not reported before.
    fn follow(&mut self, log_source: LogSource, tasks: &mut JoinSet<Result<(), JournalClosed>>) {
        if !self.followed.insert(log_source.via.clone()) {
            return;
        }
        if let Some(group) = log_source.log_group() {
            self.follow_to_group(group, &log_source, tasks);
        }
        if log_source.state == SourceState::Unknown
            && !self.is_in_scope(&log_source.home)
            && self.shared.owns(&log_source.home)
        {
            tasks.spawn(look_up_state(
                Arc::clone(&self.shared),
                self.host(log_source.home.account),
                log_source,
            ));
        }
    }

    /// Starts the scan of the log group to which a log source delivers, unless that is in scope or
    /// was started before.
    fn follow_to_group(
        &mut self,
        group: &LogGroupArn,
        log_source: &LogSource,
        tasks: &mut JoinSet<Result<(), JournalClosed>>,
    ) {
        let host = self.host(group.target.account);
        self.shared.selector_matches.mark_log_group(
            &host.account(),
            &group.target.region,
            &group.name,
        );
        if !self.needs_scan(group) || !self.groups.insert(group.clone()) {
            return;
        }
        let owner = self.members.get(&log_source.home.account);
        let organization = owner.and_then(Member::organization);
        let delivered = Delivered::from_log_source(log_source, group, organization.as_ref());
        tasks.spawn(scan_remote_group(
            Arc::clone(&self.shared),
            host,
            group.clone(),
            delivered,
        ));
    }

    /// A log group in scope is scanned with its own account-Region.
    fn needs_scan(&self, group: &LogGroupArn) -> bool {
        let settings = &self.shared.settings;
        !self.is_in_scope(&group.target)
            && self.shared.owns(&group.target)
            && settings.reach.scope.has_log_group(&group.name)
            && settings.sources.allows(StorageKind::Logs)
    }

    fn is_in_scope(&self, target: &Target) -> bool {
        self.members.get(&target.account).is_some_and(|member| {
            is_in_scope(&self.shared.settings.reach.scope, member, &target.region)
        })
    }

    fn host(&mut self, account: AccountId) -> Arc<Host> {
        let host = self.hosts.entry(account).or_insert_with(|| {
            let member = member_to_enter(&self.members, &self.shared.access, account);
            Arc::new(Host::new(account, member))
        });
        Arc::clone(host)
    }
}

/// Looks up the state of a log source in the account that owns it, and records it.
async fn look_up_state(
    shared: Arc<SweepContext>,
    host: Arc<Host>,
    log_source: LogSource,
) -> Result<(), JournalClosed> {
    let result = match host.enter(&shared).await {
        Err(outcome) => Err(outcome),
        Ok((_, session)) => {
            shared
                .unless_interrupted(async {
                    Ok(look_up_trail_state(&shared.aws, &session, log_source.clone()).await)
                })
                .await
        }
    };
    let log_source = result.unwrap_or_else(|outcome| LogSource {
        state: SourceState::Denied(outcome),
        ..log_source
    });
    shared.searched.add_log_source(&log_source);
    shared
        .journal
        .write(Entry::LogSource(Box::new(log_source)))
        .await
}
