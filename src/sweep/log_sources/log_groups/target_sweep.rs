//! Searches the log groups of one account-Region: lists them, scans those in scope, and lists them a
//! second time at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivered::Delivered;
use super::postpone::start_or_postpone;
use super::scan::Queue;
use super::scan_plan::PendingGroup;
use super::size_estimate::expected_pages;
use super::start_scan::create_queue;
use crate::aws::Pages;
use crate::store::{CoverageId, Entry, JournalClosed, KnownGroup, KnownUnits};
use crate::sweep::liveness::add_trail_group;
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use crate::sweep::region_context::RegionContext;
use dragnet_model::{LogGroup, LogGroupArn, Outcome, Reason, Status};

/// Searches the log groups of an account-Region in scope. `delivered` is what log sources deliver to
/// them, by name. Returns the outcome of the account-Region, if the rows of its log groups do not
/// describe its coverage completely.
pub(in crate::sweep) async fn sweep_log_groups(
    context: &RegionContext,
    delivered: &BTreeMap<String, Delivered>,
) -> Result<Option<Outcome>, JournalClosed> {
    if context.shared.known_sources().is_some() && delivered.is_empty() {
        // A round of following reads only what trails deliver.
        return Ok(None);
    }
    let known_groups = context.shared.known_groups(&context.target());
    for (name, known) in &known_groups {
        if let Some(outcome) = &known.finished {
            let arn = LogGroupArn::new(context.target(), name);
            context.shared.searched.add_group_outcome(&arn, outcome);
            if delivered.contains_key(name) {
                add_trail_group(&context.shared, arn, &context.session);
            }
        }
    }
    let groups = known_groups
        .into_iter()
        .map(|(name, known)| (name, ListedGroup::from_checkpoint(known)))
        .collect();
    let mut target = TargetSweep {
        context,
        delivered,
        groups,
        queue: create_queue(context),
    };
    match target.list_and_scan().await? {
        // A plan does not need the second list.
        Ok(()) if context.shared.is_plan() => Ok(None),
        Ok(()) => target.list_again().await,
        Err(outcome) => Ok(Some(outcome)),
    }
}

struct TargetSweep<'c> {
    context: &'c RegionContext,
    /// What log sources deliver to the log groups here, by name.
    delivered: &'c BTreeMap<String, Delivered>,
    /// The log groups in scope that are known so far, by name.
    groups: BTreeMap<String, ListedGroup>,
    queue: Arc<Queue>,
}

/// A log group that was listed, now or in an earlier part of the run.
struct ListedGroup {
    coverage_id: CoverageId,
    remaining: Remaining,
    /// Whether the most recent list contained it.
    is_listed: bool,
}

/// What is left to start of a log group.
enum Remaining {
    /// Nothing: it was finished, or its scan is in progress.
    Nothing,
    /// Work units that an earlier part of the run did not finish.
    Units(KnownUnits),
}

impl ListedGroup {
    /// Restores a log group of an earlier part of the run.
    fn from_checkpoint(known: KnownGroup) -> Self {
        let remaining = if known.finished.is_some() {
            Remaining::Nothing
        } else {
            Remaining::Units(known.units)
        };
        Self {
            coverage_id: known.coverage_id,
            remaining,
            is_listed: false,
        }
    }
}

impl TargetSweep<'_> {
    /// Lists the log groups, and scans the new and unfinished ones while the list is still being
    /// read. The inner error is the outcome of the account-Region.
    async fn list_and_scan(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        let queue = Arc::clone(&self.queue);
        queue.set_listing(true);
        let list = async {
            let listed = self.list().await;
            queue.set_listing(false);
            listed
        };
        // Boxed, each until it completes: thousands of account-Regions wait here.
        let (listed, ()) = tokio::try_join!(Box::pin(list), Box::pin(queue.read_all()))?;
        Ok(listed)
    }

    async fn list(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        self.groups
            .values_mut()
            .for_each(|group| group.is_listed = false);
        let shared = Arc::clone(&self.context.shared);
        let mut pages = Pages::default();
        loop {
            let page = async {
                let page = shared
                    .aws
                    .log_groups(&self.context.session, &self.context.region, pages.token())
                    .await;
                page.map_err(|error| outcome_of_call_error(&error))
            };
            let (groups, next_token) = match shared.unless_interrupted(page).await {
                Ok(page) => page,
                Err(outcome) => return Ok(Err(self.with_listed_count(outcome))),
            };
            let advanced = pages.advance(groups.len(), next_token);
            for group in self.select(groups) {
                self.add_listed(group).await?;
            }
            match advanced {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(())),
                Err(endless) => {
                    let outcome =
                        outcome::from_endless_pages(Status::Failed, "DescribeLogGroups", endless);
                    return Ok(Err(self.with_listed_count(outcome)));
                }
            }
        }
    }

    /// Returns the log groups of a page that are in scope, longest first, so that a short log group
    /// does not take the permit while the others of the page are still being added.
    fn select(&self, groups: Vec<LogGroup>) -> Vec<LogGroup> {
        let shared = &self.context.shared;
        let window = shared.settings.window;
        let now = shared.clock.now();
        let matches = &shared.selector_matches;
        let account = &self.context.member.account;
        let region = &self.context.region;
        let is_round = shared.known_sources().is_some();
        let mut selected: Vec<(f64, LogGroup)> = groups
            .into_iter()
            .inspect(|group| matches.mark_log_group(account, region, &group.name))
            .filter(|group| shared.settings.reach.scope.has_log_group(&group.name))
            .filter(|group| !is_round || self.delivered.contains_key(&group.name))
            .map(|group| (expected_pages(&group, window, now), group))
            .collect();
        if !selected.is_empty() {
            matches.mark_selected_log_group();
        }
        selected.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        selected.into_iter().map(|(_, group)| group).collect()
    }

    /// Adds to the outcome how many log groups were listed. Those have coverage rows, so the row of
    /// the account-Region stands for the others.
    fn with_listed_count(&self, mut outcome: Outcome) -> Outcome {
        let listed = self.groups.values().filter(|group| group.is_listed).count();
        if listed > 0 {
            outcome.append_detail(&format!("only the first {listed} log groups were listed"));
        }
        outcome
    }

    /// Starts or resumes the scan of a listed log group, unless it is finished or in progress.
    async fn add_listed(&mut self, group: LogGroup) -> Result<(), JournalClosed> {
        let unfinished = match self.groups.get_mut(&group.name) {
            None => None,
            Some(known) => {
                known.is_listed = true;
                match std::mem::replace(&mut known.remaining, Remaining::Nothing) {
                    Remaining::Nothing => return Ok(()),
                    Remaining::Units(units) => Some((known.coverage_id, units)),
                }
            }
        };
        self.queue.wait_for_room().await;
        self.start_or_resume(group, unfinished).await
    }

    /// Starts the scan of a log group, or resumes it.
    async fn start_or_resume(
        &mut self,
        group: LogGroup,
        unfinished: Option<(CoverageId, KnownUnits)>,
    ) -> Result<(), JournalClosed> {
        let RegionContext {
            shared,
            member,
            region,
            ..
        } = self.context;
        let (coverage_id, units) = match unfinished {
            Some(unfinished) => unfinished,
            None => (
                shared
                    .record_log_group(&member.account, region, &group, false)
                    .await?,
                KnownUnits::default(),
            ),
        };
        self.groups.insert(
            group.name.clone(),
            ListedGroup {
                coverage_id,
                remaining: Remaining::Nothing,
                is_listed: true,
            },
        );
        let delivered = self.delivered.get(&group.name).cloned().unwrap_or_default();
        let pending = PendingGroup {
            group,
            delivered,
            coverage_id,
            units,
        };
        start_or_postpone(self.context, pending, &self.queue).await
    }

    /// Lists the log groups again when all of them are scanned: a group that appeared meanwhile is
    /// scanned too, and one that disappeared gets a remark. Returns the outcome of the
    /// account-Region, if the rows of its log groups do not describe its coverage completely.
    async fn list_again(&mut self) -> Result<Option<Outcome>, JournalClosed> {
        if let Err(mut outcome) = self.list_and_scan().await? {
            outcome.append_detail("log groups created or deleted during the run are not known");
            return Ok(Some(outcome));
        }
        let shared = &self.context.shared;
        for group in self.groups.values().filter(|group| !group.is_listed) {
            match group.remaining {
                Remaining::Nothing => {
                    let remark = Entry::Remark {
                        coverage_id: group.coverage_id,
                        text: "disappeared during the run".to_owned(),
                    };
                    shared.journal.write(remark).await?;
                }
                Remaining::Units(_) => {
                    let detail = "the log group no longer existed when the run was resumed";
                    let outcome = Outcome::with_reason(Status::Failed, Reason::GroupGone, detail);
                    shared.finish_row(group.coverage_id, outcome).await?;
                }
            }
        }
        let is_empty = self.groups.is_empty();
        Ok(is_empty.then(|| Outcome::with_reason(Status::Skipped, Reason::NoLogGroups, "")))
    }
}
