//! Combines the source lookups of an organization with the judgements of its log sources: the rows
//! of `sources.csv`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::judge::{GroupEnd, Judgement, judge};
use crate::config::{AcceptedGap, Scope};
use crate::model::{
    Account, AccountId, AccountState, LogGroupArn, LogSource, ManagementEvents, Outcome, Source,
    SourceKind, SourceLookup, SourceState, SourceStatus, Target, TimeWindow,
};
use crate::store::{CoverageOutcomes, RunReader, StoreError};

/// The log sources of each account-Region, and whether they were searched.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// One row per account-Region, source kind and log source, sorted by them.
    pub rows: Vec<Source>,
    /// The combined status of the CloudTrail sources of each account-Region, sorted.
    pub cells: Vec<(Target, SourceStatus)>,
}

/// Loads the sources of a run that started at `started`, and applies the accepted gaps of `scope`.
///
/// # Errors
/// Returns an error if the database cannot be read or is damaged.
pub fn sources_of_run(
    reader: &RunReader,
    scope: &Scope,
    window: TimeWindow,
    started: Timestamp,
) -> Result<Sources, StoreError> {
    let recorders = reader.recorders()?;
    let ends = reader.place_ends(
        &recorders
            .iter()
            .filter_map(LogSource::log_group)
            .cloned()
            .collect(),
    )?;
    let mut sources = sources(&reader.cells()?, &recorders, window, |group| {
        end_in_run(&ends, scope, group)
    });
    let accounts = reader.accounts()?.into_iter();
    let names: BTreeMap<AccountId, String> =
        accounts.map(|account| (account.id, account.name)).collect();
    sources.accept(|target| {
        let name = names.get(&target.account).cloned().unwrap_or_default();
        let account = Account {
            id: target.account,
            name,
            state: AccountState::Active,
        };
        scope.accepted(&account, Some(&target.region), None, started)
    });
    Ok(sources)
}

impl Sources {
    /// Marks the CloudTrail of account-Regions as accepted if it was not searched and the scope
    /// accepts that gap.
    fn accept<'a>(&mut self, gap_of: impl Fn(&Target) -> Option<&'a AcceptedGap>) {
        let mut accepted = BTreeMap::new();
        for (target, status) in self
            .cells
            .iter_mut()
            .filter(|(_, status)| !status.is_covered())
        {
            if let Some(gap) = gap_of(target) {
                *status = SourceStatus::Accepted;
                accepted.insert(target.clone(), gap);
            }
        }
        for row in self
            .rows
            .iter_mut()
            .filter(|row| row.kind == SourceKind::CloudTrail && !row.status.is_covered())
        {
            if let Some(gap) = accepted.get(&row.target) {
                row.reason = format!("{gap}; {}: {}", row.status, row.reason);
                row.status = SourceStatus::Accepted;
            }
        }
    }
}

fn end_in_run(ends: &CoverageOutcomes, scope: &Scope, group: &LogGroupArn) -> GroupEnd {
    if let Some(outcome) = ends.of_group(group) {
        return GroupEnd::from_outcome(outcome, SourceStatus::Searched);
    }
    if !scope.has_log_group(&group.name) {
        return GroupEnd::out_of_scope();
    }
    match ends
        .of_target(&group.target)
        .filter(|outcome| !outcome.is_covered())
    {
        Some(outcome) => GroupEnd::from_outcome(outcome, SourceStatus::Failed),
        None => GroupEnd::not_there(),
    }
}

/// Judges every source lookup. `end_of` returns how the search of a log group ended.
pub fn sources(
    cells: &[SourceLookup],
    recorders: &[LogSource],
    window: TimeWindow,
    end_of: impl Fn(&LogGroupArn) -> GroupEnd,
) -> Sources {
    let judged = |recorder| (recorder, judge(recorder, window, &end_of));
    let by_name: BTreeMap<&str, (&LogSource, Judgement)> = recorders
        .iter()
        .map(|recorder| (recorder.via.as_str(), judged(recorder)))
        .collect();
    let everywhere = trails_of_all_regions(cells, &by_name);
    let mut sources = Sources::default();
    for cell in cells {
        let seen: Vec<&(&LogSource, Judgement)> = match &cell.answer {
            Ok(names) => names
                .iter()
                .filter_map(|name| by_name.get(name.as_str()))
                .collect(),
            // A Region that could not be queried is still recorded by the account's multi-Region
            // trails.
            Err(_) if cell.kind == SourceKind::CloudTrail => everywhere
                .get(&cell.target.account)
                .into_iter()
                .flatten()
                .filter_map(|name| by_name.get(name))
                .collect(),
            Err(_) => Vec::new(),
        };
        if cell.kind == SourceKind::CloudTrail {
            sources
                .cells
                .push((cell.target.clone(), together(&seen, cell)));
        }
        if seen.is_empty() {
            sources.rows.push(empty(cell));
        }
        sources.rows.extend(
            seen.iter()
                .map(|(recorder, judgement)| row(cell, recorder, judgement)),
        );
    }
    sources.rows.sort_by(|one, other| {
        (&one.target, one.kind, &one.via).cmp(&(&other.target, other.kind, &other.via))
    });
    sources.cells.sort();
    sources
}

/// Returns the multi-Region trails that any Region of an account reports, by account.
fn trails_of_all_regions<'a>(
    cells: &'a [SourceLookup],
    by_name: &BTreeMap<&str, (&LogSource, Judgement)>,
) -> BTreeMap<AccountId, BTreeSet<&'a str>> {
    let mut everywhere: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for cell in cells {
        let names = cell.answer.iter().flatten().map(String::as_str);
        let of_all = names.filter(|name| {
            by_name
                .get(name)
                .is_some_and(|(recorder, _)| recorder.multi_region)
        });
        everywhere
            .entry(cell.target.account)
            .or_default()
            .extend(of_all);
    }
    everywhere
}

/// Returns the combined status of the log sources of one source lookup.
fn together(seen: &[&(&LogSource, Judgement)], cell: &SourceLookup) -> SourceStatus {
    let kept = seen
        .iter()
        .fold(ManagementEvents::default(), |all, (_, judgement)| {
            all.and(judgement.kept.clone())
        });
    let best = seen.iter().map(|(_, judgement)| judgement.status).min();
    match (best, &cell.answer) {
        // Several trails that each leave something out may be complete together.
        (Some(SourceStatus::Partial), _) if kept.is_all() => SourceStatus::Searched,
        (Some(best), _) => best,
        (None, Ok(_)) => SourceStatus::NoSource,
        (None, Err(outcome)) => unanswered(outcome).status,
    }
}

fn unanswered(outcome: &Outcome) -> GroupEnd {
    GroupEnd::from_outcome(outcome, SourceStatus::Failed)
}

fn empty(cell: &SourceLookup) -> Source {
    let end = match &cell.answer {
        Ok(_) => GroupEnd::new(SourceStatus::NoSource, ""),
        Err(outcome) => unanswered(outcome),
    };
    Source {
        target: cell.target.clone(),
        kind: cell.kind,
        log_group: None,
        via: String::new(),
        logging: None,
        last_delivery_ms: None,
        delivery_error: String::new(),
        selectors: String::new(),
        status: end.status,
        reason: end.reason,
    }
}

fn row(cell: &SourceLookup, recorder: &LogSource, judgement: &Judgement) -> Source {
    let facts = match &recorder.told {
        SourceState::Known(delivery, selection) => Some((delivery, selection)),
        SourceState::Unknown | SourceState::Denied(_) => None,
    };
    Source {
        log_group: recorder.log_group().cloned(),
        via: recorder.via.clone(),
        logging: facts.map(|(delivery, _)| delivery.logging),
        last_delivery_ms: facts.and_then(|(delivery, _)| delivery.last_ms),
        delivery_error: facts
            .map(|(delivery, _)| delivery.error.clone())
            .unwrap_or_default(),
        selectors: facts
            .map(|(_, selection)| selection.text())
            .unwrap_or_default(),
        status: judgement.status,
        reason: judgement.reason.clone(),
        ..empty(cell)
    }
}
