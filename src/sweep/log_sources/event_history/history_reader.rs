//! Reads the event history of an account-Region page by page. Every event is examined, and each page
//! is written to the journal together with its sightings and the token of the next page, so a work
//! unit can be resumed at any page.

use std::sync::Arc;

use futures::future::join_all;

use super::history_plan::{PlannedRead, read_everything_instead};
use super::history_work::HistoryWork;
use crate::aws::{CallError, ErrorClass, HistoryQuery, Pages};
use crate::search::FlowLogFormats;
use crate::store::{CoverageId, Entry, JournalClosed, KnownLookup, Pass, UnitId, UnitRow};
use crate::sweep::delivery_trust::DeliveryTrust;
use crate::sweep::examine::{EventOrigin, PageOrigin, PrefilterHits, examine_page};
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use crate::sweep::region_context::RegionContext;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Outcome, Reason, Status, Target};

/// Reads the event history of one account-Region.
pub(super) struct HistoryReader<'c> {
    context: &'c RegionContext,
    target: Target,
    trust: DeliveryTrust,
    time_filter: TimeFilter,
    flow_logs: FlowLogFormats,
    work: Arc<HistoryWork>,
}

/// Why the reading of a work unit ended early.
enum ReadFailure {
    /// AWS does not accept the attribute of the lookup.
    LookupRefused(Outcome),
    Other(Outcome),
}

impl ReadFailure {
    fn into_outcome(self) -> Outcome {
        match self {
            Self::LookupRefused(outcome) | Self::Other(outcome) => outcome,
        }
    }
}

/// A work unit that is being read.
struct HistoryUnit {
    id: UnitId,
    read: PlannedRead,
    pages: Pages,
    /// Whether an earlier part of the run stored the token of the next page.
    has_stored_token: bool,
}

impl<'c> HistoryReader<'c> {
    /// Creates the reader of the events that `time_filter` selects.
    pub(super) fn new(context: &'c RegionContext, time_filter: TimeFilter) -> Self {
        Self {
            context,
            target: context.target(),
            trust: DeliveryTrust {
                is_in_scope: true,
                trails: Vec::new(),
                records_of: Some(context.member.account.id.to_string()),
            },
            time_filter,
            flow_logs: FlowLogFormats::default(),
            work: HistoryWork::show(context),
        }
    }

    /// Creates the work units of `reads`, and reads them. The inner error is the outcome of the
    /// history.
    pub(super) async fn read_all(
        &self,
        coverage_id: CoverageId,
        reads: Vec<PlannedRead>,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        let units = self.create_units(coverage_id, reads).await?;
        let planned = units
            .iter()
            .map(|unit| (unit.id, unit.read.clone()))
            .collect();
        self.read_or_replace(coverage_id, planned, units).await
    }

    /// Reads what an earlier part of the run left of its work units.
    pub(super) async fn resume(
        &self,
        coverage_id: CoverageId,
        lookups: Vec<KnownLookup>,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        // If everything is read, that replaced the lookups: a plan has one or the other.
        let reads_everything = lookups.iter().any(|known| known.lookup.is_none());
        let lookups: Vec<KnownLookup> = lookups
            .into_iter()
            .filter(|known| !reads_everything || known.lookup.is_none())
            .collect();
        let planned = lookups
            .iter()
            .map(|known| (known.id, planned_read(known)))
            .collect();
        let units = lookups.iter().filter_map(HistoryUnit::from_known).collect();
        self.read_or_replace(coverage_id, planned, units).await
    }

    async fn create_units(
        &self,
        coverage_id: CoverageId,
        reads: Vec<PlannedRead>,
    ) -> Result<Vec<HistoryUnit>, JournalClosed> {
        let journal = &self.context.shared.journal;
        let units: Vec<HistoryUnit> = reads
            .into_iter()
            .map(|read| HistoryUnit::new(journal.new_unit_id(), read))
            .collect();
        let rows = units.iter().map(|unit| unit.to_row(coverage_id)).collect();
        // Written as one entry: on resume, a search of which only some units were stored would look
        // complete.
        journal.write(Entry::Units(rows)).await?;
        Ok(units)
    }

    /// Reads work units. If AWS refuses a lookup, everything is read instead. `planned` are the work
    /// units of the whole search.
    ///
    /// Source: AWS's list of differences of the isolated partitions, as quoted in issue 18683 of
    /// hashicorp/terraform-provider-aws: event history has no filters for access keys and read-only.
    async fn read_or_replace(
        &self,
        coverage_id: CoverageId,
        planned: Vec<(UnitId, PlannedRead)>,
        units: Vec<HistoryUnit>,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        let result = self.read_units(units).await?;
        if !matches!(result, Err(ReadFailure::LookupRefused(_))) {
            return Ok(result.map_err(ReadFailure::into_outcome));
        }
        let journal = &self.context.shared.journal;
        // What the other lookups found is found again, and must not be counted twice. Their units are
        // emptied before the new ones exist, because a resumed run then ignores them.
        for (id, _) in &planned {
            journal.write(Entry::Restarted(*id)).await?;
        }
        let reads = read_everything_instead(planned.into_iter().map(|(_, read)| read));
        let units = self.create_units(coverage_id, reads).await?;
        let result = self.read_units(units).await?;
        Ok(result.map_err(ReadFailure::into_outcome))
    }

    /// Reads work units concurrently; the quota limits their calls.
    async fn read_units(
        &self,
        units: Vec<HistoryUnit>,
    ) -> Result<Result<(), ReadFailure>, JournalClosed> {
        for unit in &units {
            self.work.add(unit.id, unit.read.from_ms, unit.read.to_ms);
        }
        let results = join_all(units.into_iter().map(|unit| self.read_unit(unit))).await;
        let mut failure = Ok(());
        for result in results {
            let result = result?;
            if failure.is_ok() || matches!(result, Err(ReadFailure::LookupRefused(_))) {
                failure = result;
            }
        }
        Ok(failure)
    }

    async fn read_unit(&self, unit: HistoryUnit) -> Result<Result<(), ReadFailure>, JournalClosed> {
        let id = unit.id;
        let result = self.read_pages(unit).await;
        self.work.remove(id);
        result
    }

    /// Reads a work unit to its end, or to the first error.
    async fn read_pages(
        &self,
        mut unit: HistoryUnit,
    ) -> Result<Result<(), ReadFailure>, JournalClosed> {
        let RegionContext {
            shared,
            session,
            region,
            ..
        } = self.context;
        let query = unit.query();
        loop {
            let page = shared
                .aws
                .history_events(session, region, &query, unit.pages.token());
            let Some(page) = shared.run_until_cancelled(page).await else {
                return Ok(Err(ReadFailure::Other(outcome::interrupted())));
            };
            let mut page = match page {
                Ok(page) => page,
                // AWS does not accept the stored token any more. It does not document for how long
                // tokens are valid.
                Err(error) if unit.has_stored_token && error.class == ErrorClass::Refused => {
                    unit.pages = Pages::default();
                    unit.has_stored_token = false;
                    shared.journal.write(Entry::Restarted(unit.id)).await?;
                    continue;
                }
                Err(error) => return Ok(Err(unit.failure_for_error(&error))),
            };
            unit.has_stored_token = false;
            let times = page.events.iter().map(|event| event.timestamp_ms);
            self.work.record_page(unit.id, times);
            let held = page.events.len();
            // A response has all events of the seconds at both ends, which the next range has too.
            page.events
                .retain(|event| unit.read.contains(event.timestamp_ms));
            let page = examine_page(
                &self.page_origin(),
                unit.read.pass,
                unit.id,
                unit.hits(),
                page,
            );
            let advanced = unit.pages.advance(held, page.next_token.clone());
            shared.write_page(page).await?;
            match advanced {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(())),
                Err(endless) => {
                    let outcome =
                        outcome::from_endless_pages(Status::Partial, "LookupEvents", endless);
                    return Ok(Err(ReadFailure::Other(outcome)));
                }
            }
        }
    }

    fn page_origin(&self) -> PageOrigin<'_> {
        let shared = &self.context.shared;
        PageOrigin {
            shared,
            event: EventOrigin {
                search_set: &shared.search_set,
                scope: &shared.settings.reach.scope,
                stored: &self.target,
                log_name: "",
                trust: &self.trust,
                time_filter: &self.time_filter,
                flow_logs: &self.flow_logs,
            },
            receives_trail: true,
        }
    }
}

impl HistoryUnit {
    fn new(id: UnitId, read: PlannedRead) -> Self {
        Self {
            id,
            read,
            pages: Pages::default(),
            has_stored_token: false,
        }
    }

    /// Restores a work unit of an earlier part of the run; returns `None` if it was read completely.
    fn from_known(known: &KnownLookup) -> Option<Self> {
        if known.has_started && known.next_token.is_none() {
            return None;
        }
        let has_stored_token = known.next_token.is_some();
        Some(Self {
            id: known.id,
            read: planned_read(known),
            pages: known
                .next_token
                .clone()
                .map(Pages::from)
                .unwrap_or_default(),
            has_stored_token,
        })
    }

    fn to_row(&self, coverage_id: CoverageId) -> UnitRow {
        UnitRow {
            id: self.id,
            coverage_id,
            pass: self.read.pass,
            engine: None,
            lookup: self.read.lookup.clone(),
            from_ms: self.read.from_ms,
            to_ms: self.read.to_ms,
        }
    }

    fn query(&self) -> HistoryQuery {
        HistoryQuery {
            lookup: self.read.lookup.clone(),
            from_ms: self.read.from_ms,
            to_ms: self.read.to_ms,
        }
    }

    /// Source: CloudTrail API, `LookupEvents`, "Errors".
    fn failure_for_error(&self, error: &CallError) -> ReadFailure {
        let outcome = outcome_for_error(error);
        if self.read.lookup.is_some() && error.code == "InvalidLookupAttributesException" {
            ReadFailure::LookupRefused(outcome)
        } else {
            ReadFailure::Other(outcome)
        }
    }

    fn hits(&self) -> PrefilterHits {
        let are_all = self.read.lookup.is_none();
        PrefilterHits {
            are_all,
            has_tampering: are_all || self.read.pass == Pass::TrailIntegrity,
        }
    }
}

fn planned_read(known: &KnownLookup) -> PlannedRead {
    PlannedRead {
        pass: known.pass,
        lookup: known.lookup.clone(),
        from_ms: known.from_ms,
        to_ms: known.to_ms,
    }
}

/// Returns the outcome after a call failed and was not retried any more.
///
/// Source: CloudTrail API, `LookupEvents`, "Errors": `UnsupportedOperationException` and
/// `OperationNotPermittedException` mean that the operation is not supported or not permitted.
pub(super) fn outcome_for_error(error: &CallError) -> Outcome {
    match error.code.as_str() {
        "UnsupportedOperationException"
        | "OperationNotPermittedException"
        | "UnknownOperationException" => Outcome::with_reason(
            Status::Unsearchable,
            Reason::EventHistoryUnavailable,
            error.to_string(),
        ),
        _ => outcome_of_call_error(error),
    }
}
