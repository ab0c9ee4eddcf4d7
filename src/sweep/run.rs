//! Runs a sweep from start to end: each account in scope becomes a task, and everything that the
//! tasks find goes to the journal.
//!
//! `sweep` connects the parts: it resolves the caller, builds the [`SweepContext`] that all tasks
//! share, lists the accounts, and spawns one task per account and one that follows remote log
//! sources. With a plan sheet, the same code lists everything and reads no events (see [`plan`]).

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

/// How long calls in flight may still take after a sweep is interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// The fact that names the quotas under which AWS throttled a call: a JSON array of
/// [`SlowedRate`](crate::model::SlowedRate)s.
pub const SLOWED_RATES: &str = "slowed_rates";

/// The inputs of a sweep.
#[derive(Debug)]
pub struct SweepParts {
    /// The connection to AWS. It reports every call through `calls`.
    pub aws: Aws,
    /// The receiving end of the connection's audit.
    pub calls: mpsc::Receiver<ApiCall>,
    /// The source of the current time.
    pub clock: Clock,
    /// What to search for, when and where.
    pub settings: SweepSettings,
    /// The time range that is searched in each log group.
    pub windows: WindowBasis,
    /// The id of the run, which is part of its session names.
    pub run_id: RunId,
    /// When the run started. On resume this is the start of the first part, so it is in the past.
    pub started: Timestamp,
    /// How far an earlier part of the run came.
    pub checkpoint: Checkpoint,
    /// The writer of `run.db`.
    pub journal: Journal,
    /// Counters for the progress display.
    pub tally: Arc<Tally>,
    /// Ends the sweep early. Everything that is not finished then is reported as interrupted.
    pub cancel: CancellationToken,
}

/// Why a sweep could not be run at all. Such a sweep reports no coverage.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The source credentials do not work.
    #[error("the source credentials were rejected")]
    Caller(#[source] Box<CallError>),
    /// The list of accounts is not available.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// An account selector matches no account; most likely it is misspelt.
    #[error("no account is called {}; `dragnet list accounts` shows them", .0.join(", "))]
    UnknownAccounts(Vec<String>),
    /// Log group patterns match no log group; most likely they are misspelt.
    #[error(
        "no log group in scope matches {}; `dragnet list log-groups` shows the names, and the run's coverage.csv the \
         account-Regions that could not be listed", .0.join(", ")
    )]
    UnmatchedLogGroups(Vec<String>),
    /// No active account is in scope.
    #[error("no active account is in scope; `dragnet list accounts` shows what there is")]
    NothingInScope,
    /// There are too many indicators, or a hunt cannot run on the chosen engine.
    #[error(transparent)]
    SearchSet(#[from] SearchSetError),
    /// The journal cannot be written, for example because the disk is full.
    #[error(transparent)]
    Journal(#[from] JournalClosed),
}

/// What all tasks of a sweep share.
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
    /// Collects what would be read. Set only if the sweep is planned and not run.
    sheet: Option<Arc<Mutex<PlanSheet>>>,
    checkpoint: Mutex<Checkpoint>,
}

/// Runs a sweep, or resumes one. Whatever cannot be searched becomes a row of the coverage. When
/// this returns, every entry has been sent to the journal and its last handle is dropped.
///
/// # Errors
/// Returns a [`SweepError`] if the sweep could not be run at all.
pub async fn sweep(parts: SweepParts) -> Result<(), SweepError> {
    carry_out(parts, None).await
}

/// Plans a sweep: lists everything that it would read, without reading any events. `parts` need no
/// run directory.
///
/// # Errors
/// Returns a [`SweepError`] if the sweep could not be planned at all.
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
    // The connection holds the last sender of `calls`. Once it is dropped, the recording task ends
    // after it has received every call.
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
    // If this function returns early with an error, dropping the sets aborts their tasks.
    let mut accounts = JoinSet::new();
    let mut following = JoinSet::new();
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
        // Without the complete list, remote log sources are not followed. Dropping the sender ends
        // the following task, so that no account-Region waits for it.
        drop(list_of_members);
    } else {
        selectors.check()?;
        if accounts.is_empty() {
            return Err(SweepError::NothingInScope);
        }
        // The receiver is dropped early only if the journal is closed, which is reported below.
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

/// Waits for all tasks of a set, or for the first one that finds the journal closed.
pub(super) async fn all_of(
    mut tasks: JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    while let Some(ended) = tasks.join_next().await {
        result_of(ended)?;
    }
    Ok(())
}

/// Returns the result of a task. A panic in the task is resumed here, so that no account-Region
/// goes missing from the coverage without an error.
pub(super) fn result_of(
    ended: Result<Result<(), JournalClosed>, JoinError>,
) -> Result<(), JournalClosed> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // No single task of a set is ever aborted, and a set that is dropped is not joined.
        Err(Err(_)) => Err(JournalClosed),
    }
}

impl SweepContext {
    /// Takes what an earlier part of the run recorded about an account-Region. A second call for
    /// the same account-Region returns nothing.
    pub fn known_groups(&self, target: &Target) -> BTreeMap<String, KnownGroup> {
        // A poisoned lock still guards a complete map.
        self.checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(target)
    }

    /// Takes what an earlier part of the run recorded about a log group outside the scope. A second
    /// call for the same log group returns nothing.
    pub fn known_group(&self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_group(arn)
    }

    /// Refuses a sweep if a log group pattern matches no log group. A watch continues as long as
    /// one of its patterns matches: a misspelt pattern must not hold back the alerts of the others.
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

    /// Records the outcome of an account or an account-Region as a row of the coverage, and counts
    /// it if it is not covered.
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

    /// Returns whether the sweep is only planned.
    pub fn is_plan(&self) -> bool {
        self.sheet.is_some()
    }

    /// Adds to the plan sheet if the sweep is only planned; does nothing otherwise.
    pub fn plan(&self, note: impl FnOnce(&mut PlanSheet)) {
        if let Some(sheet) = &self.sheet {
            // A poisoned lock is safe to use: no change under it is left half done.
            note(&mut sheet.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Records a log group as a row of the coverage. `elsewhere` says that it is outside the
    /// accounts and Regions in scope.
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

    /// Returns a new coverage row without an outcome.
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

    /// Records the outcome of a coverage row.
    pub fn end(
        &self,
        place: CoverageId,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), JournalClosed>> + Send {
        self.count(&outcome);
        self.journal.write(Entry::Ended { place, outcome })
    }

    /// Returns the result of `calls`, or the outcome `interrupted` if the sweep is cancelled first.
    /// After a cancellation the call in flight has five seconds to finish, and no further call is
    /// sent.
    pub fn unless_interrupted<T>(
        &self,
        calls: impl Future<Output = Result<T, Outcome>> + Send,
    ) -> impl Future<Output = Result<T, Outcome>> + Send {
        let given = self.until_given_up(calls);
        async { given.await.unwrap_or_else(|| Err(outcome::interrupted())) }
    }

    /// Returns the result of `calls`, or `None` if the sweep is cancelled and they do not finish
    /// within [`GRACE`].
    ///
    /// `calls` is boxed while it runs: thousands of tasks wait here, and without the box each would
    /// keep the size of this future for its whole life.
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

/// Returns the coverage row of a plan for something that would not be read.
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

/// The account selectors of the scope, each with whether it has matched an account.
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
