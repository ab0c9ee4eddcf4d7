//! Runs a sweep from start to end: each account in scope becomes a task, and everything that the
//! tasks find goes to the journal.
//!
//! `sweep` connects the parts: it resolves the caller, builds the [`SweepContext`] that all tasks
//! share, lists the accounts, and spawns one task per account and one that follows remote log
//! sources. With a plan sheet, the same code lists everything and reads no events (see [`plan`]).

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::access::Access;
use super::account;
use super::bucket_facts::BucketFacts;
use super::context::SweepContext;
use super::deferred_targets::DeferredTargets;
use super::directory::Directory;
use super::evidence::remote_sources;
use super::file_sweep::{FileSweepParts, start_file_search};
use super::import_lists::ImportLists;
use super::linked_accounts::LinkedAccounts;
use super::listed_folders::ListedFolders;
use super::liveness::check_liveness;
use super::liveness_subjects::LivenessSubjects;
use super::log_sources::{
    finish_buckets, finish_slow_groups, plan_choices, read_central_copies, read_linked_groups,
    read_slow_groups, sweep_buckets, sweep_uncovered,
};
use super::member::{Member, Members};
use super::plan_sheet::PlanSheet;
use super::postponed_groups::PostponedGroups;
use super::scan_cost::InsightsBudget;
use super::searched_sources::SearchedSources;
use super::selector_matches::SelectorMatches;
use super::shard_part::ShardPart;
use super::sweep_error::SweepError;
use super::tally::Tally;
use super::tasks::join_tasks;
use super::window_basis::WindowBasis;
use crate::aws::Aws;
use crate::search::SearchSet;
use crate::settings::SweepSettings;
use crate::store::{
    Checkpoint, EarlierFindings, Entry, Journal, JournalClosed, RunFacts, ScopeMembership,
    ScopedAccount,
};
use dragnet_model::time::Clock;
use dragnet_model::{
    AccountState, ApiCall, LogSource, Operation, Organization, Outcome, Reason, RunId, Status,
    StorageKind,
};

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
    /// What earlier runs of this machine found.
    pub earlier: EarlierFindings,
    /// The writer of `run.db`.
    pub journal: Journal,
    /// Counters for the progress display.
    pub tally: Arc<Tally>,
    /// The part of the organization to search, if it is searched in shards.
    pub part: Option<Arc<ShardPart>>,
    /// Ends the sweep early. Everything that is not finished then is reported as interrupted.
    pub cancel: CancellationToken,
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
    fill_sheet(parts, PlanSheet::default()).await
}

/// Plans a sweep in shards: finds out more, so that not every shard has to.
///
/// # Errors
/// Returns a [`SweepError`] if the sweep could not be planned at all.
pub async fn plan_for_shards(parts: SweepParts) -> Result<PlanSheet, SweepError> {
    fill_sheet(parts, PlanSheet::for_shards()).await
}

async fn fill_sheet(parts: SweepParts, sheet: PlanSheet) -> Result<PlanSheet, SweepError> {
    let sheet = Arc::new(Mutex::new(sheet));
    run_sweep(parts, Some(Arc::clone(&sheet))).await?;
    let mut sheet = std::mem::take(&mut *sheet.lock());
    sheet.sort();
    Ok(sheet)
}

async fn run_sweep(
    mut parts: SweepParts,
    sheet: Option<Arc<Mutex<PlanSheet>>>,
) -> Result<(), SweepError> {
    let mut files = file_parts(&mut parts);
    let audit = tokio::spawn(record_calls(
        parts.calls,
        parts.journal.clone(),
        Arc::clone(&parts.tally),
    ));
    let search_set = SearchSet::new(&parts.settings.indicators, &parts.settings.hunts)?
        .with_changes_only(parts.settings.changes_only);
    let access = create_access(&parts.aws, &parts.settings, &parts.run_id, &parts.journal).await?;
    // A rejected filter pattern ends this sweep, but not what the caller may do next.
    let cancel = parts.cancel.child_token();
    // A plan reads no files.
    let file_tasks = if sheet.is_some() {
        JoinSet::new()
    } else {
        start_file_search(&mut files)?
    };
    let file_cancel = files.cancel.clone();
    drop(files);
    let shared = Arc::new(SweepContext {
        access,
        search_set,
        budget: InsightsBudget::new(
            parts.settings.engines.max_scan_cost
                - parts.checkpoint.insights_usd()
                - parts.checkpoint.athena().cost_usd(),
        ),
        selector_matches: SelectorMatches::new(&parts.settings.reach.scope),
        searched: SearchedSources::new(parts.settings.reach.scope.is_limited_to_accounts()),
        imports: ImportLists::default(),
        linked: LinkedAccounts::default(),
        deferred: DeferredTargets::default(),
        postponed: PostponedGroups::default(),
        listed_folders: ListedFolders::default(),
        buckets: BucketFacts::new(parts.checkpoint.take_named_buckets()),
        liveness: LivenessSubjects::default(),
        aws: parts.aws.with_cancellation(cancel.clone()),
        clock: parts.clock,
        settings: parts.settings,
        windows: parts.windows,
        started: parts.started,
        earlier: parts.earlier,
        journal: parts.journal,
        tally: parts.tally,
        cancel,
        part: parts.part,
        sheet,
        checkpoint: Mutex::new(parts.checkpoint),
        rejected_pattern: OnceLock::new(),
    });
    let result = sweep_accounts(&shared).await;
    if result.is_err() {
        file_cancel.cancel();
    }
    let result = result.and(join_tasks(file_tasks).await.map_err(SweepError::from));
    let mut facts = RunFacts::default();
    facts.slowed_rates.set(&shared.aws.slowed_rates());
    let roles_used = shared.access.roles_used();
    if !roles_used.is_empty() {
        facts.member_roles.set(&roles_used);
    }
    _ = shared.journal.write(Entry::Facts(Box::new(facts))).await;
    // The connection holds the last sender of `calls`. Once it is dropped, the audit task ends
    // after it has received every call.
    drop(shared);
    _ = audit.await;
    result
}

/// Returns the inputs of the search of files that is a step of the sweep.
fn file_parts(parts: &mut SweepParts) -> FileSweepParts {
    let mut checkpoint = Checkpoint::default();
    checkpoint.put_files(parts.checkpoint.take_files());
    FileSweepParts {
        clock: parts.clock.clone(),
        settings: parts.settings.clone(),
        checkpoint,
        journal: parts.journal.clone(),
        tally: Arc::clone(&parts.tally),
        cancel: parts.cancel.child_token(),
    }
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
    let mut facts = RunFacts::default();
    facts.caller_arn.set(&caller.arn);
    journal.write(Entry::Facts(Box::new(facts))).await?;
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
    if let Some(part) = &shared.part {
        shared.searched.add_planned(part);
        directory = directory.with_planned(part.members.clone());
    }
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
    remote_sources::follow_planned(shared, &source_sender, &mut accounts);
    remote_sources::scan_slices(shared, &mut accounts);
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
    if directory.lists_assigned_only() {
        let mut facts = RunFacts::default();
        facts.assigned_accounts_only.set(&true);
        shared.update_plan(PlanSheet::set_assigned_accounts_only);
        shared.journal.write(Entry::Facts(Box::new(facts))).await?;
    }
    drop(source_sender);
    if shared.cancel.is_cancelled() {
        // Without the complete list, remote log sources are not followed. Dropping the sender ends
        // the follower, so that no account-Region waits for it.
        drop(members_sender);
    } else {
        if accounts.is_empty() && shared.part.is_none() {
            return Err(nothing_in_scope(shared));
        }
        // The receiver is dropped early only if the journal is closed, which is reported below.
        _ = members_sender.send(members.clone());
    }
    join_tasks(accounts).await?;
    join_tasks(follower).await?;
    read_remaining(shared, members).await?;
    check_filter_pattern(shared)?;
    // A shard does not see the whole organization; the plan has checked its selectors.
    if shared.cancel.is_cancelled() || shared.part.is_some() {
        return Ok(());
    }
    check_log_group_patterns(shared)?;
    Ok(record_unmatched_selectors(shared).await?)
}

/// Reads what waited until all account-Regions were listed: log groups for which their buckets may
/// be read instead, then what other sources have of what is not covered. A later step depends on
/// what an earlier one covered.
async fn read_remaining(shared: &Arc<SweepContext>, members: Members) -> Result<(), JournalClosed> {
    if shared.cancel.is_cancelled() {
        return Ok(());
    }
    // Boxed: each future is as large as the largest of its steps.
    Box::pin(read_linked_groups(shared)).await?;
    Box::pin(read_central_copies(shared, &members)).await?;
    let waiting = Box::pin(read_slow_groups(shared, &members)).await?;
    if !shared.cancel.is_cancelled() {
        Box::pin(sweep_buckets(shared, members.clone())).await?;
    }
    if !shared.cancel.is_cancelled() {
        Box::pin(finish_slow_groups(shared, waiting)).await?;
    }
    if !shared.cancel.is_cancelled() {
        // Before the event histories: they are read where records are missing.
        Box::pin(check_liveness(shared, &members)).await?;
    }
    if !shared.cancel.is_cancelled() {
        sweep_uncovered(shared).await?;
    }
    if !shared.cancel.is_cancelled() {
        Box::pin(finish_buckets(shared, members)).await?;
    }
    plan_choices(shared);
    shared.update_plan(|sheet| {
        let access_logs = shared.buckets.access_logs().into_values().collect();
        sheet.set_found(shared.searched.to_discovered(access_logs));
    });
    Ok(())
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
    let mut facts = RunFacts::default();
    facts.organization.set(organization);
    shared.journal.write(Entry::Facts(Box::new(facts))).await
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
    shared.update_plan(|sheet| sheet.add_member(member.clone()));
    let part = shared.part.as_ref();
    if part.is_some_and(|part| !part.enters(account.id)) {
        return Ok(());
    }
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

/// Returns an error if AWS rejected the filter pattern of the user.
fn check_filter_pattern(shared: &SweepContext) -> Result<(), SweepError> {
    let mut hunts = shared.search_set.hunts().iter();
    let pattern = hunts.find_map(|prepared| prepared.hunt().filter_pattern.clone());
    match (shared.rejected_pattern.get(), pattern) {
        (Some(problem), Some(pattern)) => Err(SweepError::FilterPattern {
            pattern,
            problem: problem.clone(),
        }),
        _ => Ok(()),
    }
}

/// Returns the error for a scope without active accounts.
fn nothing_in_scope(shared: &SweepContext) -> SweepError {
    match shared.selector_matches.unmatched_accounts() {
        unmatched if unmatched.is_empty() => SweepError::NothingInScope,
        unmatched => SweepError::UnknownAccounts(unmatched),
    }
}

/// Refuses a sweep if its log group patterns select nothing at all.
fn check_log_group_patterns(shared: &SweepContext) -> Result<(), SweepError> {
    let is_round = shared.known_sources().is_some();
    if is_round || !shared.settings.sources.allows(StorageKind::Logs) {
        // Not all log groups were listed, or none.
        return Ok(());
    }
    match shared.selector_matches.useless_log_groups() {
        None => Ok(()),
        Some(globs) => Err(SweepError::UnmatchedLogGroups(globs)),
    }
}

/// Records which selectors matched nothing, once everything in scope was listed.
async fn record_unmatched_selectors(shared: &SweepContext) -> Result<(), JournalClosed> {
    let unmatched = shared.selector_matches.unmatched_with_gaps(shared.started);
    if matches!(shared.windows, WindowBasis::LogTime(_)) && !unmatched.inclusions.is_empty() {
        let selectors = unmatched.inclusions.join(", ");
        warn!(selectors, "selectors of the scope match nothing");
    }
    let mut facts = RunFacts::default();
    facts.unmatched_selectors.set_as(&unmatched);
    shared.update_plan(|sheet| sheet.set_unmatched(unmatched));
    shared.journal.write(Entry::Facts(Box::new(facts))).await
}
