//! A sweep from beginning to end: accounts become tasks, and all that they learn goes to the journal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::access::Access;
use super::directory::{Directory, DirectoryError, Member, Members};
use super::evidence::remote_sources;
use super::log_group_patterns::LogGroupPatterns;
use super::plan_sheet::PlanSheet;
use super::scan_cost::InsightsBudget;
use super::tally::Tally;
use super::window_basis::WindowBasis;
use super::{account, outcome};
use crate::aws::{Aws, CallError};
use crate::cli::settings::SweepSettings;
use crate::config::AccountSelector;
use crate::model::{
    Account, AccountState, ApiCall, Coverage, LogGroup, LogGroupArn, LogSource, Operation, Outcome,
    Reason, Region, RunId, Status, Target,
};
use crate::search::{SearchSet, SearchSetError};
use crate::store::{
    Checkpoint, CoverageId, CoverageRow, Entry, Journal, JournalClosed, KnownGroup,
    ScopeMembership, ScopedAccount,
};
use crate::time::Clock;

/// How long calls under way may still take when a sweep is interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// The fact that tells of the quotas of which AWS throttled a call: a JSON array of
/// [`SlowedRate`](crate::model::SlowedRate)s.
pub const SLOWED_RATES: &str = "slowed_rates";

/// What a sweep is made of.
#[derive(Debug)]
pub struct SweepParts {
    /// AWS, which tells of every call through `calls`.
    pub aws: Aws,
    /// The other end of the connection's audit.
    pub calls: mpsc::Receiver<ApiCall>,
    /// The time.
    pub clock: Clock,
    /// What to look for, when and where.
    pub settings: SweepSettings,
    /// When each log group is looked at.
    pub windows: WindowBasis,
    /// The run's name, which its sessions carry.
    pub run_id: RunId,
    /// When the run began: before now, if this goes on with one that ended early.
    pub started: Timestamp,
    /// How far an earlier part of the run came.
    pub checkpoint: Checkpoint,
    /// Where everything is written.
    pub journal: Journal,
    /// Counts for whoever shows progress.
    pub tally: Arc<Tally>,
    /// Ends the sweep early; what it did not get to is told as interrupted.
    pub cancel: CancellationToken,
}

/// A sweep that could not be made at all. Nothing is claimed then.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The source credentials do not work.
    #[error("there is no way in with the source credentials")]
    Caller(#[source] Box<CallError>),
    /// The accounts are not known.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A selector points at nothing, most likely misspelt.
    #[error("no account is called {}; `dragnet list accounts` shows them", .0.join(", "))]
    UnknownAccounts(Vec<String>),
    /// Log group patterns that select nothing, most likely misspelt.
    #[error(
        "no log group in scope matches {}; `dragnet list log-groups` shows the names, and the run's coverage.csv the \
         account-Regions that could not be listed", .0.join(", ")
    )]
    UnmatchedLogGroups(Vec<String>),
    /// The scope leaves nothing.
    #[error("no active account is in scope; `dragnet list accounts` shows what there is")]
    NothingInScope,
    /// The indicators are too many, or a hunt is not for this engine.
    #[error(transparent)]
    SearchSet(#[from] SearchSetError),
    /// The disk does not take any more.
    #[error(transparent)]
    Journal(#[from] JournalClosed),
}

/// All that a sweep's tasks share.
#[derive(Debug)]
pub(super) struct SweepContext {
    pub aws: Aws,
    pub clock: Clock,
    pub settings: SweepSettings,
    pub windows: WindowBasis,
    pub started: Timestamp,
    pub access: Access,
    pub search_set: SearchSet,
    pub journal: Journal,
    pub tally: Arc<Tally>,
    pub cancel: CancellationToken,
    pub budget: InsightsBudget,
    pub log_group_patterns: LogGroupPatterns,
    /// Where it is noted what would be read, if nothing is.
    sheet: Option<Arc<Mutex<PlanSheet>>>,
    checkpoint: Mutex<Checkpoint>,
}

/// Makes a sweep, or goes on with one. What cannot be searched becomes a row of the coverage; when this
/// returns, every entry has been handed to the journal, and its last handle is gone.
///
/// # Errors
/// See [`SweepError`]: the sweep could not be made at all.
pub async fn sweep(parts: SweepParts) -> Result<(), SweepError> {
    carry_out(parts, None).await
}

/// Says what a sweep would do: lists all that it would read, and reads nothing. `parts` need no run.
///
/// # Errors
/// See [`SweepError`].
pub async fn plan(parts: SweepParts) -> Result<PlanSheet, SweepError> {
    let sheet = Arc::new(Mutex::new(PlanSheet::default()));
    carry_out(parts, Some(Arc::clone(&sheet))).await?;
    let mut sheet = std::mem::take(&mut *sheet.lock().unwrap_or_else(PoisonError::into_inner));
    sheet.sort();
    Ok(sheet)
}

async fn carry_out(
    parts: SweepParts,
    sheet: Option<Arc<Mutex<PlanSheet>>>,
) -> Result<(), SweepError> {
    let recording = tokio::spawn(record_calls(
        parts.calls,
        parts.journal.clone(),
        Arc::clone(&parts.tally),
    ));
    let search_set = SearchSet::new(&parts.settings.indicators, &parts.settings.hunts)?;
    let caller = parts
        .aws
        .caller()
        .await
        .map_err(|error| SweepError::Caller(Box::new(error)))?;
    parts
        .journal
        .write(Entry::Fact {
            key: "caller_arn",
            value: caller.arn.to_string(),
        })
        .await?;
    let session_name = format!("dragnet-{}", parts.run_id);
    let mut operations = Operation::SWEEP.to_vec();
    operations.extend(parts.settings.engines.unmask.then_some(Operation::Unmask));
    let shared = Arc::new(SweepContext {
        access: Access::new(
            &parts.aws,
            &caller,
            &parts.settings.reach.identity,
            session_name,
            &operations,
        ),
        search_set,
        budget: InsightsBudget::new(
            parts.settings.engines.max_scan_cost - parts.checkpoint.insights_usd(),
        ),
        log_group_patterns: LogGroupPatterns::new(&parts.settings.reach.scope),
        aws: parts.aws.with_cancellation(parts.cancel.clone()),
        clock: parts.clock,
        settings: parts.settings,
        windows: parts.windows,
        started: parts.started,
        journal: parts.journal,
        tally: parts.tally,
        cancel: parts.cancel,
        sheet,
        checkpoint: Mutex::new(parts.checkpoint),
    });
    let swept = sweep_accounts(&shared).await;
    let slowed = serde_json::to_string(&shared.aws.slowed_rates()).unwrap_or_default();
    _ = shared
        .journal
        .write(Entry::Fact {
            key: SLOWED_RATES,
            value: slowed,
        })
        .await;
    // The connection is the last that tells of calls: when it is gone, the recording has all of them.
    drop(shared);
    _ = recording.await;
    swept
}

async fn record_calls(mut calls: mpsc::Receiver<ApiCall>, journal: Journal, tally: Arc<Tally>) {
    while let Some(call) = calls.recv().await {
        tally.call(call.was_throttled());
        if journal.write(Entry::Call(call)).await.is_err() {
            return;
        }
    }
}

async fn sweep_accounts(shared: &Arc<SweepContext>) -> Result<(), SweepError> {
    let reach = &shared.settings.reach;
    let mut directory = Directory::new(&shared.aws, &shared.access, reach);
    let mut selectors = Selectors::new(&reach.scope.include_accounts);
    let (recorders, told) = mpsc::channel(remote_sources::WAITING);
    let (list_of_members, complete_list) = oneshot::channel();
    // Dropping a set, on an error, ends its tasks.
    let (mut accounts, mut following) = (JoinSet::new(), JoinSet::new());
    following.spawn(remote_sources::follow(
        Arc::clone(shared),
        told,
        complete_list,
    ));
    let mut members = Members::new();
    loop {
        let next = tokio::select! {
            () = shared.cancel.cancelled() => break,
            next = directory.next() => next?,
        };
        let Some(member) = next else { break };
        selectors.see(&member);
        members.insert(member.account.id, member.clone());
        begin(shared, member, &recorders, &mut accounts).await?;
    }
    drop(recorders);
    if shared.cancel.is_cancelled() {
        // Without a list nobody follows, and no target may wait for somebody who would.
        drop(list_of_members);
    } else {
        selectors.check()?;
        if accounts.is_empty() {
            return Err(SweepError::NothingInScope);
        }
        // Who follows has ended only if the journal is closed.
        _ = list_of_members.send(members);
    }
    all_of(accounts).await?;
    all_of(following).await?;
    shared.check_log_group_patterns()
}

async fn begin(
    shared: &Arc<SweepContext>,
    member: Member,
    recorders: &mpsc::Sender<LogSource>,
    accounts: &mut JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    let Member {
        account, standing, ..
    } = &member;
    let scoped = ScopedAccount {
        id: account.id,
        name: account.name.clone(),
        standing: *standing,
    };
    shared.journal.write(Entry::Account(scoped)).await?;
    match (standing, &account.state) {
        (ScopeMembership::InScope, _) => {
            shared.tally.account_known();
            accounts.spawn(account::sweep(
                Arc::clone(shared),
                member,
                recorders.clone(),
            ));
        }
        (ScopeMembership::NotActive, AccountState::Inactive(state)) => {
            let outcome = Outcome::because(Status::Skipped, Reason::AccountNotActive, state);
            shared.place(&member, None, outcome).await?;
        }
        (ScopeMembership::NotActive | ScopeMembership::NotAsked, _) => {}
    }
    Ok(())
}

/// Waits for all tasks of a set, or for the first that finds the journal closed.
pub(super) async fn all_of(
    mut tasks: JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    while let Some(ended) = tasks.join_next().await {
        result_of(ended)?;
    }
    Ok(())
}

/// A task's own result; a panic in it goes on here, so that no place can end in silence.
pub(super) fn result_of(
    ended: Result<Result<(), JournalClosed>, JoinError>,
) -> Result<(), JournalClosed> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // Nobody ends single tasks of a set; a set that is dropped is not waited for.
        Err(Err(_)) => Err(JournalClosed),
    }
}

impl SweepContext {
    /// What an earlier part of the run knew of a target; told once.
    pub fn known_groups(&self, target: &Target) -> BTreeMap<String, KnownGroup> {
        // A poisoned lock guards a whole map all the same.
        self.checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(target)
    }

    /// What an earlier part of the run knew of a log group outside the scope; told once.
    pub fn known_group(&self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_group(arn)
    }

    /// Refuses a sweep with a log group pattern that selected nothing. A watch goes on as long as one of its patterns
    /// selects something: a misspelt one must not hold back the alerts of the others.
    fn check_log_group_patterns(&self) -> Result<(), SweepError> {
        let unmatched = self.log_group_patterns.unmatched();
        if unmatched.is_empty() || self.cancel.is_cancelled() {
            return Ok(());
        }
        if matches!(self.windows, WindowBasis::LogTime(_))
            && !self.log_group_patterns.selected_nothing()
        {
            warn!(
                patterns = unmatched.join(", "),
                "log group patterns match nothing"
            );
            return Ok(());
        }
        Err(SweepError::UnmatchedLogGroups(unmatched))
    }

    /// Writes down an account or a Region. One that ends here and now is counted, too, if it is not covered.
    pub fn place(
        &self,
        member: &Member,
        region: Option<&Region>,
        outcome: Outcome,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        self.plan(|sheet| sheet.leave(unread(&member.account, region, None, &outcome)));
        self.write_place(CoverageRow {
            outcome: Some(outcome),
            ..self.row(&member.account, region)
        })
    }

    /// Whether it is only to be said what would be read.
    pub fn is_plan(&self) -> bool {
        self.sheet.is_some()
    }

    /// Notes what would be done, if nothing is.
    pub fn plan(&self, note: impl FnOnce(&mut PlanSheet)) {
        if let Some(sheet) = &self.sheet {
            // Nothing is left half done under this lock.
            note(&mut sheet.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Writes down a log group; `elsewhere`: outside the accounts and Regions in scope.
    pub fn group(
        &self,
        account: &Account,
        region: &Region,
        group: &LogGroup,
        elsewhere: bool,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        let log_group = Some(group.name.clone());
        let class = Some(group.class.clone());
        self.write_place(CoverageRow {
            log_group,
            class,
            elsewhere,
            ..self.row(account, Some(region))
        })
    }

    /// A new row of an account or its Region that has not ended.
    fn row(&self, account: &Account, region: Option<&Region>) -> CoverageRow {
        CoverageRow {
            id: self.journal.new_place(),
            account: account.id,
            account_name: account.name.clone(),
            region: region.cloned(),
            log_group: None,
            class: None,
            outcome: None,
            elsewhere: false,
        }
    }

    fn write_place(
        &self,
        row: CoverageRow,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send {
        let id = row.id;
        if let Some(outcome) = &row.outcome {
            self.count(outcome);
        }
        let written = self.journal.write(Entry::Place(row));
        async move { written.await.map(|()| id) }
    }

    /// Writes down how a place ended.
    pub fn end(
        &self,
        place: CoverageId,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), JournalClosed>> + Send {
        self.count(&outcome);
        self.journal.write(Entry::Ended { place, outcome })
    }

    /// What `calls` give, or, if the sweep is interrupted first, how the place ends then. A call under way has a
    /// moment to end; none begins any more.
    pub fn unless_interrupted<T>(
        &self,
        calls: impl Future<Output = Result<T, Outcome>> + Send,
    ) -> impl Future<Output = Result<T, Outcome>> + Send {
        let given = self.until_given_up(calls);
        async { given.await.unwrap_or_else(|| Err(outcome::interrupted())) }
    }

    /// What `calls` give; `None` if the sweep is interrupted, and they do not end soon after.
    ///
    /// They are on the heap as long as they last: who waits for them is one of many thousands, and has other things to
    /// wait for after them.
    pub fn until_given_up<T>(
        &self,
        calls: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Option<T>> + Send {
        let mut calls = Box::pin(calls);
        async move {
            tokio::select! {
                given = &mut calls => return Some(given),
                () = self.cancel.cancelled() => {}
            }
            timeout(GRACE, calls).await.ok()
        }
    }

    fn count(&self, outcome: &Outcome) {
        if !outcome.is_covered() && outcome.reason != Some(Reason::AccountNotActive) {
            self.tally.uncovered();
        }
    }
}

/// A place of which nothing was read, for a plan.
pub(super) fn unread(
    account: &Account,
    region: Option<&Region>,
    log_group: Option<&LogGroup>,
    outcome: &Outcome,
) -> Coverage {
    Coverage {
        region: region.cloned(),
        log_group: log_group.map(|group| group.name.clone()),
        class: log_group.map(|group| group.class.clone()),
        ..Coverage::unread(account.id, account.name.clone(), outcome.clone())
    }
}

/// The accounts that were asked for, and which of them have been met.
struct Selectors<'a>(Vec<(&'a AccountSelector, bool)>);

impl<'a> Selectors<'a> {
    fn new(asked_for: &'a [AccountSelector]) -> Self {
        Self(asked_for.iter().map(|selector| (selector, false)).collect())
    }

    fn see(&mut self, member: &Member) {
        for (selector, met) in &mut self.0 {
            *met |= selector.matches(&member.account);
        }
    }

    fn check(&self) -> Result<(), SweepError> {
        let missing: Vec<String> = self
            .0
            .iter()
            .filter(|(_, met)| !met)
            .map(|(selector, _)| format!("`{selector}`"))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(SweepError::UnknownAccounts(missing))
        }
    }
}
