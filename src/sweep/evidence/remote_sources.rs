//! Log sources and log groups out of scope that account-Regions in scope depend on: the
//! organization trail in the management account, or the home Region of a multi-Region trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinSet;

use super::ask::ask_owner;
use crate::aws::Session;
use crate::config::SourcesRule;
use crate::model::{
    Account, AccountId, AccountState, LogGroup, LogGroupArn, LogGroupClass, LogSource, Outcome,
    Reason, SourceKind, SourceState, Status, Target,
};
use crate::search::FlowLogFormats;
use crate::store::{Entry, JournalClosed, KnownUnits};
use crate::sweep::directory::{Member, Members, member_to_enter};
use crate::sweep::outcome::of_error;
use crate::sweep::refusal::Refusal;
use crate::sweep::region::{Delivered, RegionContext};
use crate::sweep::region_scope::is_in_scope;
use crate::sweep::run::{SweepContext, all_of, unread};

/// How many log sources may wait until the list of accounts is complete. Each takes a few hundred
/// bytes. If the channel is full, account-Regions wait before they scan their log groups.
pub(in crate::sweep) const WAITING: usize = 1_024;

/// Follows the log sources that account-Regions in scope report, each once: its owner is asked
/// about it, and its log group is scanned if it is out of scope. Ends when no account-Region can
/// report any more; without a list of accounts, at once.
pub(in crate::sweep) async fn follow(
    shared: Arc<SweepContext>,
    mut told: mpsc::Receiver<LogSource>,
    members: oneshot::Receiver<Members>,
) -> Result<(), JournalClosed> {
    // Scope membership is known only when all accounts are listed.
    let Ok(members) = members.await else {
        return Ok(());
    };
    let mut plan = Plan {
        shared,
        members,
        hosts: BTreeMap::new(),
        followed: BTreeSet::new(),
        groups: BTreeSet::new(),
    };
    let mut tasks = JoinSet::new();
    while let Some(recorder) = told.recv().await {
        plan.follow(recorder, &mut tasks);
    }
    all_of(tasks).await
}

struct Plan {
    shared: Arc<SweepContext>,
    members: Members,
    hosts: BTreeMap<AccountId, Arc<Host>>,
    followed: BTreeSet<String>,
    groups: BTreeSet<LogGroupArn>,
}

impl Plan {
    fn follow(&mut self, recorder: LogSource, tasks: &mut JoinSet<Result<(), JournalClosed>>) {
        if !self.followed.insert(recorder.via.clone()) {
            return;
        }
        if let Some(group) = recorder
            .log_group()
            .filter(|group| self.is_to_be_read(group))
            .cloned()
            && self.groups.insert(group.clone())
        {
            let flow_logs = FlowLogFormats::by_group([&recorder])
                .remove(&group)
                .unwrap_or_default();
            let delivered = Delivered {
                trail: recorder.kind == SourceKind::CloudTrail,
                flow_logs,
            };
            tasks.spawn(read(
                Arc::clone(&self.shared),
                self.host(group.target.account),
                group,
                delivered,
            ));
        }
        if recorder.told == SourceState::Unknown && !self.is_in_scope(&recorder.home) {
            tasks.spawn(ask(
                Arc::clone(&self.shared),
                self.host(recorder.home.account),
                recorder,
            ));
        }
    }

    /// A log group in scope is scanned with its own account-Region.
    fn is_to_be_read(&self, group: &LogGroupArn) -> bool {
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

async fn ask(
    shared: Arc<SweepContext>,
    host: Arc<Host>,
    recorder: LogSource,
) -> Result<(), JournalClosed> {
    let told = match host.enter(&shared).await {
        Err(outcome) => Err(outcome),
        Ok((_, session)) => {
            shared
                .unless_interrupted(async {
                    Ok(ask_owner(&shared.aws, &session, recorder.clone()).await)
                })
                .await
        }
    };
    let told = told.unwrap_or_else(|outcome| LogSource {
        told: SourceState::Denied(outcome),
        ..recorder
    });
    shared.journal.write(Entry::LogSource(told)).await
}

async fn read(
    shared: Arc<SweepContext>,
    host: Arc<Host>,
    arn: LogGroupArn,
    delivered: Delivered,
) -> Result<(), JournalClosed> {
    shared.log_group_patterns.note(&arn.name);
    let known = shared.known_group(&arn);
    if known.as_ref().is_some_and(|known| known.is_finished) {
        return Ok(());
    }
    let region = &arn.target.region;
    let (member, session, group) = match find(&shared, &host, &arn).await {
        Ok(found) => found,
        Err(outcome) => {
            let account = host.account();
            shared.plan(|sheet| {
                sheet.leave(unread(
                    &account,
                    Some(region),
                    Some(&unseen(&arn)),
                    &outcome,
                ));
            });
            // If log sources are not required, the failure appears only in `sources.csv`, not in
            // the coverage.
            if shared.settings.reach.scope.sources == SourcesRule::Require {
                let place = match known {
                    Some(known) => known.place,
                    None => shared.group(&account, region, &unseen(&arn), true).await?,
                };
                shared.end(place, outcome).await?;
            }
            return Ok(());
        }
    };
    let (place, units) = match known {
        Some(known) => (known.place, known.units),
        None => (
            shared.group(&member.account, region, &group, true).await?,
            KnownUnits::default(),
        ),
    };
    let site = RegionContext {
        shared,
        member,
        session,
        region: region.clone(),
    };
    let queue = site.queue();
    site.begin(group, delivered, place, units, &queue).await?;
    queue.set_listing(false);
    queue.read_all().await
}

/// Enters the account of a log group and looks the log group up.
async fn find(
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
            .map_err(|error| of_error(&error))?;
        group.ok_or_else(|| {
            Outcome::because(
                Status::Failed,
                Reason::GroupGone,
                "records are delivered to it",
            )
        })
    };
    let group = shared.unless_interrupted(looked_up).await?;
    Ok((member, session, group))
}

/// Returns a log group of which only the ARN is known.
fn unseen(arn: &LogGroupArn) -> LogGroup {
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
