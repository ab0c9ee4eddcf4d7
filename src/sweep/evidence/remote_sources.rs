//! Log sources and log groups out of scope that account-Regions in scope depend on: the
//! organization trail in the management account, or the home Region of a multi-Region trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinSet;

use super::look_up::look_up_trail_state;
use crate::aws::Session;
use crate::config::SourcesRule;
use crate::search::FlowLogFormats;
use crate::store::{CoverageId, Entry, JournalClosed, KnownUnits};
use crate::sweep::directory::{Member, Members, member_to_enter};
use crate::sweep::outcome;
use crate::sweep::refusal::Refusal;
use crate::sweep::region::{Delivered, RegionContext};
use crate::sweep::region_scope::is_in_scope;
use crate::sweep::run::{SweepContext, join_tasks, unread_row};
use dragnet_model::{
    Account, AccountId, AccountState, LogGroup, LogGroupArn, LogGroupClass, LogSource, Outcome,
    Reason, SourceState, Status, Target, TrailScope,
};

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
            let account = self.host(group.target.account).account();
            let region = &group.target.region;
            self.shared
                .selector_matches
                .mark_log_group(&account, region, &group.name);
        }
        if let Some(group) = log_source
            .log_group()
            .filter(|group| self.needs_scan(group))
            .cloned()
            && self.groups.insert(group.clone())
        {
            let flow_logs = FlowLogFormats::by_group([&log_source])
                .remove(&group)
                .unwrap_or_default();
            let owner = self.members.get(&log_source.home.account);
            let organization = owner.and_then(Member::organization);
            let delivered = Delivered {
                trails: TrailScope::from_log_source(&log_source, organization.as_ref())
                    .into_iter()
                    .collect(),
                flow_logs,
            };
            tasks.spawn(scan_group(
                Arc::clone(&self.shared),
                self.host(group.target.account),
                group,
                delivered,
            ));
        }
        if log_source.state == SourceState::Unknown && !self.is_in_scope(&log_source.home) {
            tasks.spawn(look_up_state(
                Arc::clone(&self.shared),
                self.host(log_source.home.account),
                log_source,
            ));
        }
    }

    /// A log group in scope is scanned with its own account-Region.
    fn needs_scan(&self, group: &LogGroupArn) -> bool {
        !self.is_in_scope(&group.target)
            && self.shared.settings.reach.scope.has_log_group(&group.name)
    }

    fn is_in_scope(&self, target: &Target) -> bool {
        self.members.get(&target.account).is_some_and(|member| {
            is_in_scope(&self.shared.settings.reach.scope, member, &target.region)
        })
    }

    fn host(&mut self, account: AccountId) -> Arc<Host> {
        let host = self.hosts.entry(account).or_insert_with(|| {
            let member = member_to_enter(&self.members, &self.shared.access, account).map(Arc::new);
            Arc::new(Host {
                id: account,
                member,
                session: OnceCell::new(),
            })
        });
        Arc::clone(host)
    }
}

/// An account that stores records of other accounts.
struct Host {
    id: AccountId,
    /// The member to enter, or the reason why the account must not be entered.
    member: Result<Arc<Member>, Outcome>,
    session: OnceCell<Result<Arc<Session>, Outcome>>,
}

impl Host {
    /// Enters the account; the session is shared by all callers.
    async fn enter(&self, shared: &SweepContext) -> Result<(Arc<Member>, Arc<Session>), Outcome> {
        let member = self.member.clone()?;
        let enter = || async {
            let entered = shared.access.enter(&shared.aws, &member).await;
            entered
                .map(|entered| entered.session)
                .map_err(Refusal::into_outcome)
        };
        let session = shared
            .unless_interrupted(async { self.session.get_or_init(enter).await.clone() })
            .await?;
        Ok((member, session))
    }

    /// Returns the account as coverage rows name it.
    fn account(&self) -> Account {
        match &self.member {
            Ok(member) => member.account.clone(),
            Err(_) => Account {
                id: self.id,
                name: String::new(),
                state: AccountState::Active,
            },
        }
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
    shared.journal.write(Entry::LogSource(log_source)).await
}

/// Scans a log group out of scope, unless an earlier part of the run finished it.
async fn scan_group(
    shared: Arc<SweepContext>,
    host: Arc<Host>,
    arn: LogGroupArn,
    delivered: Delivered,
) -> Result<(), JournalClosed> {
    shared.selector_matches.mark_selected_log_group();
    let known = shared.known_group(&arn);
    if known.as_ref().is_some_and(|known| known.is_finished) {
        return Ok(());
    }
    let region = &arn.target.region;
    let (member, session, group) = match find_group(&shared, &host, &arn).await {
        Ok(found) => found,
        Err(outcome) => {
            let coverage_id = known.map(|known| known.coverage_id);
            return record_failure(&shared, &host.account(), &arn, coverage_id, outcome).await;
        }
    };
    let (coverage_id, units) = match known {
        Some(known) => (known.coverage_id, known.units),
        None => (
            shared
                .record_log_group(&member.account, region, &group, true)
                .await?,
            KnownUnits::default(),
        ),
    };
    let context = RegionContext {
        shared,
        member,
        session,
        region: region.clone(),
    };
    let queue = context.new_queue();
    context
        .start_scan(group, delivered, coverage_id, units, &queue)
        .await?;
    queue.set_listing(false);
    queue.read_all().await
}

/// Records that a log group out of scope cannot be scanned. `coverage_id` is its row of the
/// coverage, if an earlier part of the run wrote one.
async fn record_failure(
    shared: &SweepContext,
    account: &Account,
    arn: &LogGroupArn,
    coverage_id: Option<CoverageId>,
    outcome: Outcome,
) -> Result<(), JournalClosed> {
    let region = &arn.target.region;
    let group = unseen_group(arn);
    shared.update_plan(|sheet| {
        sheet.add_gap(unread_row(account, Some(region), Some(&group), &outcome));
    });
    // If log sources are not required, the failure appears only in `sources.csv`, not in the
    // coverage.
    if shared.settings.reach.scope.sources != SourcesRule::Require {
        return Ok(());
    }
    let coverage_id = match coverage_id {
        Some(coverage_id) => coverage_id,
        None => {
            shared
                .record_log_group(account, region, &group, true)
                .await?
        }
    };
    shared.finish_row(coverage_id, outcome).await
}

/// Enters the account of a log group and looks the log group up.
async fn find_group(
    shared: &SweepContext,
    host: &Host,
    arn: &LogGroupArn,
) -> Result<(Arc<Member>, Arc<Session>, LogGroup), Outcome> {
    let (member, session) = host.enter(shared).await?;
    let looked_up = async {
        let group = shared
            .aws
            .log_group(&session, arn)
            .await
            .map_err(|error| outcome::from_call_error(&error))?;
        group.ok_or_else(|| {
            Outcome::with_reason(
                Status::Failed,
                Reason::GroupGone,
                "a log source delivers to this log group, but it does not exist",
            )
        })
    };
    let group = shared.unless_interrupted(looked_up).await?;
    Ok((member, session, group))
}

/// Returns a log group of which only the ARN is known.
fn unseen_group(arn: &LogGroupArn) -> LogGroup {
    LogGroup {
        name: arn.name.clone(),
        class: LogGroupClass::Standard,
        stored_bytes: 0,
        retention_days: None,
        created: None,
        masked: false,
        kms_key: None,
    }
}
