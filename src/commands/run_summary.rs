//! The summary of a run: what was searched for, what was found, and what was not covered.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::CommandError;
use crate::config::{RejectedEntries, Scope};
use crate::report::{
    AthenaSummary, CoverageTally, EvidenceTally, FileSummary, FollowSummary, HuntSummary,
    IndicatorSummary, InsightsUse, LivenessCounts, NEVER_IN_LOGS, RunStatus, SightingTally,
    Summary, SummaryWindow,
};
use crate::store::{CallCounts, FactError, RunEnding, RunFacts, RunReader, StoreError};
use crate::sweep::UnmatchedSelectors;
use dragnet_model::{AthenaUse, Reason};

/// The counts from reading the run.
pub(super) struct Counted<'a> {
    pub sightings: &'a SightingTally,
    pub coverage: &'a CoverageTally,
    pub evidence: &'a EvidenceTally,
    pub hunts: Vec<HuntSummary>,
    /// The lineage, if credentials were followed.
    pub follow: Option<FollowSummary>,
    /// The time up to which the records had been delivered.
    pub complete_until: Timestamp,
}

/// Summarizes a run from its facts, its calls and the counts.
pub(super) fn summarize(
    facts: &RunFacts,
    reader: &RunReader,
    counted: Counted<'_>,
) -> Result<Summary, CommandError> {
    let Counted {
        sightings,
        coverage,
        evidence,
        hunts,
        follow,
        complete_until,
    } = counted;
    let calls = reader.calls_by_operation()?;
    let scope: Scope = facts.scope.get_as()?;
    let insights = insights_use(reader)?;
    let required = coverage.required();
    // An account-Region without a searched log source is a gap, unless the scope does not require
    // log sources.
    let is_covered = coverage.is_complete()
        && (!scope.requires_sources() || evidence.has_required_sources(required));
    let rejected_entries: Vec<RejectedEntries> = facts.rejected_entries.get_as_or_default()?;
    // Runs of older versions do not have this fact.
    let unmatched: UnmatchedSelectors = facts.unmatched_selectors.get_as_or_default()?;
    let has_open_ends = follow.is_some_and(|follow| follow.has_gaps);
    let is_complete = is_covered
        && !has_open_ends
        && rejected_entries.is_empty()
        && unmatched.inclusions.is_empty();
    Ok(Summary {
        run_id: facts.run_id.checked_text()?.to_owned(),
        tool_version: facts.tool_version.get()?,
        status: status(facts, is_complete)?,
        started: facts.started.get()?,
        finished: facts.finished_or_started()?,
        window: SummaryWindow::new(facts.window()?, complete_until),
        changes_only: facts.changes_only.is(&true),
        required: required.clone(),
        not_required: coverage.not_required().clone(),
        indicators: indicator_summaries(facts, sightings)?,
        rejected_entries,
        unmatched_selectors: unmatched.texts(),
        not_looked_for: facts.not_looked_for.get()?,
        hunts,
        accounts: coverage.accounts(),
        targets: coverage.targets(),
        log_groups: coverage.log_groups(),
        files: file_summary(facts, reader, coverage)?,
        integrity: facts.integrity.get_if_stored()?,
        bucket_reads: facts.bucket_reads.get_or_default()?,
        liveness: facts
            .liveness
            .get_if_stored()?
            .map(|checks| LivenessCounts::from_checks(&checks)),
        follow,
        sources: evidence.sources.counts(),
        tampering: evidence.tampering.by_name().clone(),
        tampering_low: evidence.tampering.low(),
        never_in_logs: NEVER_IN_LOGS,
        sightings: sightings.total(),
        own_calls: sightings.own_calls(),
        claimed_own_calls: sightings.claimed_calls(),
        events_examined: coverage.events(),
        bytes_scanned: coverage.bytes(),
        insights,
        athena: athena_use(facts, reader)?,
        api_calls: by_operation(&calls, |counts| counts.made),
        throttled: by_operation(&calls, |counts| counts.throttled),
        // A killed run has no such fact.
        rates: facts.slowed_rates.get_or_default()?,
        assigned_accounts_only: facts.assigned_accounts_only.is(&true),
        member_roles: facts.member_roles.get_or_default()?,
        caller_arn: caller_arn(facts)?,
        scope,
    })
}

/// Returns the files on disk in numbers, if any were to be searched.
fn file_summary(
    facts: &RunFacts,
    reader: &RunReader,
    coverage: &CoverageTally,
) -> Result<Option<FileSummary>, CommandError> {
    let Some(are_alone) = facts.files_alone.get_if_stored()? else {
        return Ok(None);
    };
    let total = reader.file_total()?;
    Ok(Some(FileSummary {
        are_alone,
        read: total.files,
        records: total.records,
        bytes: total.bytes,
        not_read: coverage.files_not_read(),
        digests: facts.file_digests.get_or_default()?,
    }))
}

/// Returns the use of Insights.
fn insights_use(reader: &RunReader) -> Result<InsightsUse, StoreError> {
    let total = reader.insights_total()?;
    Ok(InsightsUse {
        queries: total.queries,
        bytes_scanned: total.bytes_scanned,
        cost_usd: total.usd,
    })
}

/// Returns the use of Athena, if it was to be used.
fn athena_use(facts: &RunFacts, reader: &RunReader) -> Result<Option<AthenaSummary>, CommandError> {
    let used: AthenaUse = facts.athena.get_or_default()?;
    if used.is_empty() {
        return Ok(None);
    }
    Ok(Some(AthenaSummary {
        queries: used.queries.len() as u64,
        bytes_scanned: used.bytes_scanned(),
        estimated_usd: used.estimated_usd(),
        cost_usd: used.cost_usd(),
        objects_ruled_out: reader.objects_with_reason(Reason::RuledOut)?,
        not_used: used.not_used,
    }))
}

/// Returns one of the counts of each operation, without those that are 0.
fn by_operation(
    calls: &BTreeMap<String, CallCounts>,
    count: fn(&CallCounts) -> u64,
) -> BTreeMap<String, u64> {
    calls
        .iter()
        .map(|(operation, counts)| (operation.clone(), count(counts)))
        .filter(|(_, number)| *number > 0)
        .collect()
}

/// Returns the ARN of the caller; empty if the run has no such fact.
fn caller_arn(facts: &RunFacts) -> Result<String, FactError> {
    match facts.caller_arn.text() {
        Some(_) => Ok(facts.caller_arn.checked_text()?.to_owned()),
        None => Ok(String::new()),
    }
}

/// Returns what was found of each indicator, including those of which nothing was found.
fn indicator_summaries(
    facts: &RunFacts,
    sightings: &SightingTally,
) -> Result<Vec<IndicatorSummary>, FactError> {
    let names = facts.indicators.get()?;
    let kinds = facts.indicator_kinds.get_or_default()?;
    let kinds = kinds
        .iter()
        .map(String::as_str)
        .chain(std::iter::repeat(""));
    let summaries = names
        .iter()
        .zip(kinds)
        .map(|(name, kind)| sightings.indicator(name, kind));
    Ok(summaries.collect())
}

/// Returns the status. A run is complete only if it ended normally and has no gap.
fn status(facts: &RunFacts, is_complete: bool) -> Result<RunStatus, FactError> {
    Ok(match facts.ended.get_if_stored()? {
        Some(RunEnding::Swept) if is_complete => RunStatus::Complete,
        Some(RunEnding::Swept) => RunStatus::Incomplete,
        Some(RunEnding::Failed) => RunStatus::Failed,
        // A killed run has no such fact.
        Some(RunEnding::Interrupted) | None => RunStatus::Interrupted,
    })
}
