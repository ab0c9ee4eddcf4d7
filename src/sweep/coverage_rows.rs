//! Writes the rows of the coverage: one for each log group, event history and folder of a bucket, and
//! one for each account or account-Region that the rows of its log groups do not describe.

use std::collections::BTreeSet;

use super::context::SweepContext;
use super::member::Member;
use crate::store::{CoverageId, CoverageRow, Entry, JournalClosed, Page, Place, RunFacts};
use dragnet_model::{Account, Coverage, LogGroup, LogKind, Outcome, Reason, Region, StorageKind};

impl SweepContext {
    /// Counts a page and writes it, after the buckets that its sightings name.
    pub(super) async fn write_page(&self, page: Page) -> Result<(), JournalClosed> {
        self.tally
            .count_page(page.events, page.bytes, page.found.number() as u64);
        if let Some(named) = self.buckets.take_new_names() {
            let mut facts = RunFacts::default();
            facts.named_buckets.set(&named);
            self.journal.write(Entry::Facts(Box::new(facts))).await?;
        }
        self.journal.write(Entry::Page(page)).await
    }

    /// Records the outcome of an account or an account-Region as a row of the coverage, and counts
    /// it if it is not covered.
    pub(super) fn record_outcome(
        &self,
        member: &Member,
        region: Option<&Region>,
        outcome: Outcome,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        self.searched
            .add_target_outcome(member.account.id, region, &outcome);
        self.update_plan(|sheet| {
            sheet.add_gap(unread_row(&member.account, region, None, &outcome));
        });
        self.write_row(CoverageRow {
            outcome: Some(outcome),
            ..self.new_row(&member.account, region)
        })
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
        let place = Some(Place::log_group(&group.name));
        let class = Some(group.class.clone());
        self.write_row(CoverageRow {
            place,
            class,
            out_of_scope,
            ..self.new_row(account, Some(region))
        })
    }

    /// Records the event history of an account-Region in scope as a row of the coverage.
    pub(super) fn record_event_history(
        &self,
        account: &Account,
        region: &Region,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        self.write_row(CoverageRow {
            place: Some(Place::event_history()),
            ..self.new_row(account, Some(region))
        })
    }

    /// Records the objects of an account-Region in a folder of a bucket as a row of the coverage.
    /// `location` is the bucket and the folder.
    pub(super) fn record_objects(
        &self,
        account: &Account,
        region: &Region,
        location: &str,
    ) -> impl Future<Output = Result<CoverageId, JournalClosed>> + Send + use<'_> {
        self.write_row(CoverageRow {
            place: Some(Place::objects(location)),
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
            place: None,
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
        self.tally.row_added(&row);
        let written = self.journal.write(Entry::CoverageRow(row));
        async move { written.await.map(|()| id) }
    }

    /// Records the outcome of a coverage row.
    pub(super) fn finish_row(
        &self,
        coverage_id: CoverageId,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), JournalClosed>> + Send {
        self.tally.row_ended(coverage_id, &outcome);
        self.journal.write(Entry::Ended {
            coverage_id,
            outcome,
        })
    }
}

/// Returns the coverage row of a plan for something that would not be read.
pub(super) fn unread_row(
    account: &Account,
    region: Option<&Region>,
    log_group: Option<&LogGroup>,
    outcome: &Outcome,
) -> Coverage {
    // What trails and flow logs deliver is not in question if the user leaves out log groups.
    let is_left_out = outcome.reason == Some(Reason::SourceNotSelected);
    Coverage {
        kinds: is_left_out.then_some(LogKind::App).into_iter().collect(),
        region: region.cloned(),
        source: log_group.map(|_| StorageKind::Logs),
        log_group: log_group.map(|group| group.name.clone()),
        class: log_group.map(|group| group.class.clone()),
        ..Coverage::unread(account.id, account.name.clone(), outcome.clone())
    }
}

/// Returns the coverage row of a plan for an event history that would not be read completely.
pub(super) fn unread_history(account: &Account, region: &Region, outcome: &Outcome) -> Coverage {
    Coverage {
        source: Some(StorageKind::History),
        kinds: BTreeSet::from([LogKind::Management]),
        ..unread_row(account, Some(region), None, outcome)
    }
}

/// Returns the coverage row of a plan for objects that would not be read completely. `kinds` are the
/// kinds of logs in the folder.
pub(super) fn unread_objects(
    account: &Account,
    region: &Region,
    location: &str,
    kinds: BTreeSet<LogKind>,
    outcome: &Outcome,
) -> Coverage {
    Coverage {
        source: Some(StorageKind::S3),
        bucket_prefix: Some(location.to_owned()),
        kinds,
        ..unread_row(account, Some(region), None, outcome)
    }
}
