//! Runs a sweep from start to end: each account in scope becomes a task, and everything that the
//! tasks find goes to the journal.
//!
//! `sweep` connects the parts: it resolves the caller, builds the [`SweepContext`] that all tasks
//! share, lists the accounts, and spawns one task per account and one that follows remote log
//! sources. With a plan sheet, the same code lists everything and reads no events (see [`plan`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
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
use super::plan_sheet::PlanSheet;
use super::scan_cost::InsightsBudget;
use super::selector_matches::{SelectorMatches, UNMATCHED_SELECTORS};
use super::tally::Tally;
use super::window_basis::WindowBasis;
use super::{account, outcome};
use crate::aws::{Aws, CallError};
use crate::cli::settings::SweepSettings;
use crate::search::{SearchSet, SearchSetError, quoted_pattern};
use crate::store::{
    Checkpoint, CoverageId, CoverageRow, Entry, Journal, JournalClosed, KnownGroup, ORGANIZATION,
    ScopeMembership, ScopedAccount,
};
use dragnet_model::time::Clock;
use dragnet_model::{
    Account, AccountState, ApiCall, Coverage, LogGroup, LogGroupArn, LogSource, Operation,
    Organization, Outcome, Reason, Region, RunId, Status, Target,
};

/// How long calls in flight may still take after a sweep is interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// The fact that names the quotas under which AWS throttled a call: a JSON array of
/// [`SlowedRate`](dragnet_model::SlowedRate)s.
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
    /// No account is in scope, and these selectors match no account; most likely they are misspelt.
    #[error("no account matches {}; list the accounts with `dragnet list accounts`", .0.join(", "))]
    UnknownAccounts(Vec<String>),
    /// The log group patterns select no log group; most likely they are misspelt.
    #[error(
        "no log group in scope matches {}; list the log groups with `dragnet list log-groups`; coverage.csv of the run \
         has the account-Regions whose log groups could not be listed", .0.join(", ")
    )]
    UnmatchedLogGroups(Vec<String>),
    /// No active account is in scope.
    #[error("no active account is in scope; list the accounts with `dragnet list accounts`")]
    NothingInScope,
    /// There are too many indicators, or a hunt cannot run on the chosen engine.
    #[error(transparent)]
    SearchSet(#[from] SearchSetError),
    /// AWS rejected the filter pattern of the user. It would reject it for every log group.
    #[error(
        "AWS rejected the filter pattern `{pattern}`: {problem}{}",
        pattern_advice(pattern)
    )]
    FilterPattern {
        /// The pattern.
        pattern: String,
        /// AWS's message.
        problem: String,
    },
    /// The journal cannot be written, for example because the disk is full.
    #[error(transparent)]
    Journal(#[from] JournalClosed),
}

/// Returns what to type instead of a rejected pattern, in quotation marks for a shell.
fn pattern_advice(pattern: &str) -> String {
    quoted_pattern(pattern)
        .map(|quoted| quoted.replace('\'', r"'\''"))
        .map_or_else(
            || "; see \"Filter pattern syntax\" in the CloudWatch Logs user guide".to_owned(),
            |quoted| format!("; put it in quotation marks: --filter-pattern '{quoted}'"),
        )
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
    pub selector_matches: SelectorMatches,
    /// Collects what would be read. Set only if the sweep is planned and not run.
    sheet: Option<Arc<Mutex<PlanSheet>>>,
    checkpoint: Mutex<Checkpoint>,
    /// AWS's message about the filter pattern of the user, if it rejected it.
    rejected_pattern: OnceLock<String>,
}

/// Runs a sweep, or resumes one. Whatever cannot be searched becomes a row of the coverage. When
/// this returns, every entry has been sent to the journal and its last handle is dropped.
///
/// # Errors
/// Returns a [`SweepError`] if the sweep could not be run at all.
pub async fn sweep(parts: SweepParts) -> Result<(), SweepError> {
    run_sweep(parts, None).await
}

/// Plans a sweep: lists everything that it would read, without reading any events. `parts` need no
/// run directory.
///
/// # Errors
/// Returns a [`SweepError`] if the sweep could not be planned at all.
pub async fn plan(parts: SweepParts) -> Result<PlanSheet, SweepError> {
    let sheet = Arc::new(Mutex::new(PlanSheet::default()));
    run_sweep(parts, Some(Arc::clone(&sheet))).await?;
    let mut sheet = std::mem::take(&mut *sheet.lock().unwrap_or_else(PoisonError::into_inner));
    sheet.sort();
    Ok(sheet)
}

async fn run_sweep(
    parts: SweepParts,
    sheet: Option<Arc<Mutex<PlanSheet>>>,
) -> Result<(), SweepError> {
    let audit = tokio::spawn(record_calls(
        parts.calls,
        parts.journal.clone(),
        Arc::clone(&parts.tally),
    ));
    let search_set = SearchSet::new(&parts.settings.indicators, &parts.settings.hunts)?;
    let access = create_access(&parts.aws, &parts.settings, &parts.run_id, &parts.journal).await?;
    // A rejected filter pattern ends this sweep, but not what the caller may do next.
    let cancel = parts.cancel.child_token();
    let shared = Arc::new(SweepContext {
        access,
        search_set,
        budget: InsightsBudget::new(
            parts.settings.engines.max_scan_cost - parts.checkpoint.insights_usd(),
        ),
        selector_matches: SelectorMatches::new(&parts.settings.reach.scope),
        aws: parts.aws.with_cancellation(cancel.clone()),
        clock: parts.clock,
        settings: parts.settings,
        windows: parts.windows,
        started: parts.started,
        journal: parts.journal,
        tally: parts.tally,
        cancel,
        sheet,
        checkpoint: Mutex::new(parts.checkpoint),
        rejected_pattern: OnceLock::new(),
    });
    let result = sweep_accounts(&shared).await;
    let slowed_rates = serde_json::to_string(&shared.aws.slowed_rates()).unwrap_or_default();
    _ = shared
        .journal
        .write(Entry::Fact {
            key: SLOWED_RATES,
            value: slowed_rates,
        })
        .await;
    // The connection holds the last sender of `calls`. Once it is dropped, the audit task ends
    // after it has received every call.
    drop(shared);
    _ = audit.await;
    result
}

/// Resolves and records the caller, and creates the access with which it enters accounts.
async fn create_access(
    aws: &Aws,
    settings: &SweepSettings,
    run_id: &RunId,
    journal: &Journal,
) -> Result<Access, SweepError> {
    let caller = aws
        .caller()
        .await
        .map_err(|error| SweepError::Caller(Box::new(error)))?;
    journal
        .write(Entry::Fact {
            key: "caller_arn",
            value: caller.arn.to_string(),
        })
        .await?;
    let session_name = format!("dragnet-{run_id}");
    let mut operations = Operation::SWEEP.to_vec();
    operations.extend(settings.engines.unmask.then_some(Operation::Unmask));
    Ok(Access::new(
        aws,
        &caller,
        &settings.reach.identity,
        session_name,
        &operations,
    ))
}

async fn record_calls(mut calls: mpsc::Receiver<ApiCall>, journal: Journal, tally: Arc<Tally>) {
    while let Some(call) = calls.recv().await {
        tally.count_call(call.was_throttled());
        if journal.write(Entry::Call(call)).await.is_err() {
            return;
        }
    }
}

async fn sweep_accounts(shared: &Arc<SweepContext>) -> Result<(), SweepError> {
    let reach = &shared.settings.reach;
    let mut directory =
        Directory::new(&shared.aws, &shared.access, reach).with_matches(&shared.selector_matches);
    let (source_sender, source_receiver) = mpsc::channel(remote_sources::CHANNEL_SIZE);
    let (members_sender, members_receiver) = oneshot::channel();
    // If this function returns early with an error, dropping the sets aborts their tasks.
    let mut accounts = JoinSet::new();
    let mut follower = JoinSet::new();
    follower.spawn(remote_sources::follow_log_sources(
        Arc::clone(shared),
        source_receiver,
        members_receiver,
    ));
    let mut members = Members::new();
    let mut organization = None;
    loop {
        let next = tokio::select! {
            () = shared.cancel.cancelled() => break,
            next = directory.next() => next?,
        };
        let Some(member) = next else { break };
        record_organization(shared, &member, &mut organization).await?;
        members.insert(member.account.id, member.clone());
        start_account(shared, member, &source_sender, &mut accounts).await?;
    }
    drop(source_sender);
    if shared.cancel.is_cancelled() {
        // Without the complete list, remote log sources are not followed. Dropping the sender ends
        // the follower, so that no account-Region waits for it.
        drop(members_sender);
    } else {
        if accounts.is_empty() {
            return Err(shared.nothing_in_scope());
        }
        // The receiver is dropped early only if the journal is closed, which is reported below.
        _ = members_sender.send(members);
    }
    join_tasks(accounts).await?;
    join_tasks(follower).await?;
    shared.check_filter_pattern()?;
    if shared.cancel.is_cancelled() {
        return Ok(());
    }
    shared.check_log_group_patterns()?;
    Ok(shared.record_unmatched_selectors().await?)
}

/// Records the organization of the first account that one lists. Reports compare the names of log
/// streams with its id.
async fn record_organization(
    shared: &SweepContext,
    member: &Member,
    recorded: &mut Option<Organization>,
) -> Result<(), JournalClosed> {
    if recorded.is_some() {
        return Ok(());
    }
    *recorded = member.organization();
    let Some(organization) = &*recorded else {
        return Ok(());
    };
    let fact = Entry::Fact {
        key: ORGANIZATION,
        value: serde_json::to_string(organization).unwrap_or_default(),
    };
    shared.journal.write(fact).await
}

/// Records an account, and starts its sweep if it is in scope.
async fn start_account(
    shared: &Arc<SweepContext>,
    member: Member,
    source_sender: &mpsc::Sender<LogSource>,
    accounts: &mut JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    let account = &member.account;
    let scoped = ScopedAccount {
        id: account.id,
        name: account.name.clone(),
        membership: member.membership,
    };
    shared.journal.write(Entry::Account(scoped)).await?;
    match (member.membership, &account.state) {
        (ScopeMembership::InScope, _) => {
            shared.tally.account_known();
            accounts.spawn(account::sweep(
                Arc::clone(shared),
                member,
                source_sender.clone(),
            ));
        }
        (ScopeMembership::NotActive, AccountState::Inactive(state)) => {
            let outcome = Outcome::with_reason(Status::Skipped, Reason::AccountNotActive, state);
            shared.record_outcome(&member, None, outcome).await?;
        }
        (ScopeMembership::NotActive | ScopeMembership::NotSelected, _) => {}
    }
    Ok(())
}

/// Waits for all tasks of a set, or for the first one that finds the journal closed.
pub(super) async fn join_tasks(
    mut tasks: JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    while let Some(ended) = tasks.join_next().await {
        task_result(ended)?;
    }
    Ok(())
}

/// Returns the result of a task. A panic in the task is resumed here, so that no account-Region
/// goes missing from the coverage without an error.
pub(super) fn task_result(
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
    pub(super) fn known_groups(&self, target: &Target) -> BTreeMap<String, KnownGroup> {
        // A poisoned lock still guards a complete map.
        self.checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(target)
    }

    /// Takes what an earlier part of the run recorded about a log group outside the scope. A second
    /// call for the same log group returns nothing.
    pub(super) fn known_group(&self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_group(arn)
    }

    /// Ends the sweep if AWS rejected the filter pattern of the user. Returns whether it did.
    pub(super) fn is_pattern_rejected(&self, error: &CallError) -> bool {
        let message = error.message.to_ascii_lowercase();
        // Source: recorded messages: "Invalid filter pattern: …", "Invalid character(s) in term …".
        let is_about_pattern = error.code == "InvalidParameterException"
            && (message.contains("pattern") || message.contains(" in term"));
        if !is_about_pattern || !self.search_set.has_filter_pattern() {
            return false;
        }
        self.rejected_pattern.get_or_init(|| error.message.clone());
        self.cancel.cancel();
        true
    }

    fn check_filter_pattern(&self) -> Result<(), SweepError> {
        let mut hunts = self.search_set.hunts().iter();
        let pattern = hunts.find_map(|prepared| prepared.hunt().filter_pattern.clone());
        match (self.rejected_pattern.get(), pattern) {
            (Some(problem), Some(pattern)) => Err(SweepError::FilterPattern {
                pattern,
                problem: problem.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Returns the error for a scope without active accounts.
    fn nothing_in_scope(&self) -> SweepError {
        match self.selector_matches.unmatched_accounts() {
            unmatched if unmatched.is_empty() => SweepError::NothingInScope,
            unmatched => SweepError::UnknownAccounts(unmatched),
        }
    }

    /// Refuses a sweep if its log group patterns select nothing at all.
    fn check_log_group_patterns(&self) -> Result<(), SweepError> {
        match self.selector_matches.useless_log_groups() {
            None => Ok(()),
            Some(globs) => Err(SweepError::UnmatchedLogGroups(globs)),
        }
    }

    /// Records which selectors matched nothing, once everything in scope was listed.
    async fn record_unmatched_selectors(&self) -> Result<(), JournalClosed> {
        let unmatched = self.selector_matches.unmatched_with_gaps(self.started);
        if matches!(self.windows, WindowBasis::LogTime(_)) && !unmatched.inclusions.is_empty() {
            let selectors = unmatched.inclusions.join(", ");
            warn!(selectors, "selectors of the scope match nothing");
        }
        let value = serde_json::to_string(&unmatched).unwrap_or_default();
        self.update_plan(|sheet| sheet.set_unmatched(unmatched));
        self.journal
            .write(Entry::Fact {
                key: UNMATCHED_SELECTORS,
                value,
            })
            .await
    }

    /// Records the outcome of an account or an account-Region as a row of the coverage, and counts
    /// it if it is not covered.
    pub(super) fn record_outcome(
        &self,
        member: &Member,
        region: Option<&Region>,
        outcome: Outcome,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        self.update_plan(|sheet| {
            sheet.add_gap(unread_row(&member.account, region, None, &outcome));
        });
        self.write_row(CoverageRow {
            outcome: Some(outcome),
            ..self.new_row(&member.account, region)
        })
    }

    /// Returns whether the sweep is only planned.
    pub(super) fn is_plan(&self) -> bool {
        self.sheet.is_some()
    }

    /// Adds to the plan sheet if the sweep is only planned; does nothing otherwise.
    pub(super) fn update_plan(&self, change: impl FnOnce(&mut PlanSheet)) {
        if let Some(sheet) = &self.sheet {
            // A poisoned lock is safe to use: no change under it is left half done.
            change(&mut sheet.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Records a log group as a row of the coverage. `out_of_scope` says that it is outside the
    /// accounts and Regions in scope.
    pub(super) fn record_log_group(
        &self,
        account: &Account,
        region: &Region,
        group: &LogGroup,
        out_of_scope: bool,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        let log_group = Some(group.name.clone());
        let class = Some(group.class.clone());
        self.write_row(CoverageRow {
            log_group,
            class,
            out_of_scope,
            ..self.new_row(account, Some(region))
        })
    }

    /// Returns a new coverage row without an outcome.
    fn new_row(&self, account: &Account, region: Option<&Region>) -> CoverageRow {
        CoverageRow {
            id: self.journal.new_coverage_id(),
            account: account.id,
            account_name: account.name.clone(),
            region: region.cloned(),
            log_group: None,
            class: None,
            outcome: None,
            out_of_scope: false,
        }
    }

    fn write_row(
        &self,
        row: CoverageRow,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send {
        let id = row.id;
        if let Some(outcome) = &row.outcome {
            self.count_uncovered(outcome);
        }
        let written = self.journal.write(Entry::CoverageRow(row));
        async move { written.await.map(|()| id) }
    }

    /// Records the outcome of a coverage row.
    pub(super) fn finish_row(
        &self,
        coverage_id: CoverageId,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), JournalClosed>> + Send {
        self.count_uncovered(&outcome);
        self.journal.write(Entry::Ended {
            coverage_id,
            outcome,
        })
    }

    /// Returns the result of `calls`, or the outcome `interrupted` if the sweep is cancelled first.
    /// After a cancellation the call in flight has five seconds to finish, and no further call is
    /// sent.
    pub(super) fn unless_interrupted<T>(
        &self,
        calls: impl Future<Output = Result<T, Outcome>> + Send,
    ) -> impl Future<Output = Result<T, Outcome>> + Send {
        let result = self.run_until_cancelled(calls);
        async { result.await.unwrap_or_else(|| Err(outcome::interrupted())) }
    }

    /// Returns the result of `calls`, or `None` if the sweep is cancelled and they do not finish
    /// within [`GRACE`].
    ///
    /// `calls` is boxed while it runs: thousands of tasks wait here, and without the box each would
    /// keep the size of this future for its whole life.
    pub(super) fn run_until_cancelled<T>(
        &self,
        calls: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Option<T>> + Send {
        let mut calls = Box::pin(calls);
        async move {
            tokio::select! {
                result = &mut calls => return Some(result),
                () = self.cancel.cancelled() => {}
            }
            timeout(GRACE, calls).await.ok()
        }
    }

    fn count_uncovered(&self, outcome: &Outcome) {
        if !outcome.is_covered() && outcome.reason != Some(Reason::AccountNotActive) {
            self.tally.count_uncovered();
        }
    }
}

/// Returns the coverage row of a plan for something that would not be read.
pub(super) fn unread_row(
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
