//! Combines the source lookups of an organization with the judgements of its log sources: the rows
//! of `sources.csv`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::judge::{GroupEnd, Judgement, judge, judge_objects};
use super::other_ends::{ObjectsEnd, OtherEnds};
use crate::config::Scope;
use crate::store::{RunReader, StoreError};
use crate::sweep::judgement_basis::JudgementBasis;
use crate::sweep::log_sources::source_proofs::{end_of_delivery, other_ends};
use dragnet_model::{
    Account, AccountId, AccountState, EVENT_HISTORY, Liveness, LivenessCheck, LogGroupArn, LogKind,
    LogSource, ManagementEvents, Outcome, Reason, Selection, Source, SourceKind, SourceLookup,
    SourceState, SourceStatus, Target, TimeWindow,
};

/// The log sources of each account-Region, and whether they were searched.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// One row per account-Region, source kind and log source, sorted by them.
    pub rows: Vec<Source>,
    /// The combined status of the CloudTrail sources of each account-Region, sorted.
    pub cloudtrail: Vec<(Target, SourceStatus)>,
}

/// Loads the sources of a run, and applies the accepted gaps of its scope.
///
/// # Errors
/// Returns an error if the database cannot be read or is damaged.
pub fn sources_of_run(reader: &RunReader, basis: &JudgementBasis) -> Result<Sources, StoreError> {
    judged_sources(reader, basis, &reader.log_sources()?)
}

/// Judges the log sources that were read from a run.
pub(in crate::sweep) fn judged_sources(
    reader: &RunReader,
    basis: &JudgementBasis,
    log_sources: &[LogSource],
) -> Result<Sources, StoreError> {
    let outcomes = reader.coverage_outcomes(
        &log_sources
            .iter()
            .filter_map(LogSource::log_group)
            .cloned()
            .collect(),
    )?;
    let mut sources = sources(
        &reader.source_lookups()?,
        log_sources,
        basis.window,
        &other_ends(&outcomes, basis),
        |group| end_of_delivery(&outcomes, basis, group),
    );
    let accounts = reader.accounts()?.into_iter();
    let names: BTreeMap<String, String> = accounts
        .map(|account| (account.id.to_string(), account.name))
        .collect();
    sources.accept_gaps(&names, &basis.scope, basis.started);
    Ok(sources)
}

impl Sources {
    /// Marks the CloudTrail of account-Regions as accepted if it was not searched and the scope
    /// accepts that gap at the time `at`. `names` are the names of the accounts by id.
    pub fn accept_gaps(&mut self, names: &BTreeMap<String, String>, scope: &Scope, at: Timestamp) {
        let gap_of = |target: &Target| {
            let id = target.account;
            let account = Account {
                id,
                name: names.get(&id.to_string()).cloned().unwrap_or_default(),
                state: AccountState::Active,
            };
            scope.accepted(&account, Some(&target.region), None, at)
        };
        let mut accepted = BTreeMap::new();
        for (target, status) in self
            .cloudtrail
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

/// The log sources by name, each with its judgement.
type JudgedSources<'s> = BTreeMap<&'s str, (&'s LogSource, Judgement)>;

/// Judges every source lookup. `other_ends` are the results of the event histories and of the objects
/// in S3 that were searched; `end_of` returns how the search of a log group ended.
pub fn sources(
    lookups: &[SourceLookup],
    log_sources: &[LogSource],
    window: TimeWindow,
    other_ends: &OtherEnds,
    end_of: impl Fn(&LogGroupArn) -> GroupEnd,
) -> Sources {
    let judged: JudgedSources<'_> = log_sources
        .iter()
        .map(|log_source| {
            let judgement = judge(log_source, window, &end_of);
            (log_source.via.as_str(), (log_source, judgement))
        })
        .collect();
    let multi_region_trails = multi_region_trails(lookups, &judged);
    let mut sources = Sources::default();
    for lookup in lookups {
        let found: Vec<FoundSource<'_>> = names_of(lookup, &multi_region_trails)
            .into_iter()
            .filter_map(|name| judged.get(name))
            .map(|(log_source, judgement)| {
                let here = other_ends.log_source_in(&lookup.target, log_source);
                let judged_here = here.map(|here| {
                    let judgement = judge(&here, window, &end_of);
                    (here, judgement)
                });
                let (log_source, judgement) = match judged_here {
                    Some((here, judgement)) => (Cow::Owned(here), Cow::Owned(judgement)),
                    None => (Cow::Borrowed(*log_source), Cow::Borrowed(judgement)),
                };
                FoundSource::new(log_source, &judgement, lookup, window, other_ends)
            })
            .collect();
        let history = other_ends
            .histories
            .get(&lookup.target)
            .filter(|_| lookup.kind == SourceKind::CloudTrail);
        if lookup.kind == SourceKind::CloudTrail {
            let status = combined_status(&found, lookup, history);
            sources.cloudtrail.push((lookup.target.clone(), status));
        }
        if found.is_empty() && (history.is_none() || lookup.result.is_err()) {
            sources.rows.push(row_without_source(lookup));
        }
        sources
            .rows
            .extend(history.map(|end| history_row(lookup, end)));
        sources
            .rows
            .extend(found.iter().map(|found| source_row(lookup, found)));
    }
    sources.rows.sort_by(|one, other| {
        (&one.target, one.kind, &one.via).cmp(&(&other.target, other.kind, &other.via))
    });
    sources.cloudtrail.sort();
    sources
}

/// Returns the names of the log sources that record an account-Region.
fn names_of<'a>(
    lookup: &'a SourceLookup,
    multi_region_trails: &BTreeMap<AccountId, BTreeSet<&'a str>>,
) -> Vec<&'a str> {
    match &lookup.result {
        Ok(names) => names.iter().map(String::as_str).collect(),
        // A Region that could not be queried is still recorded by the account's multi-Region trails.
        Err(_) if lookup.kind == SourceKind::CloudTrail => multi_region_trails
            .get(&lookup.target.account)
            .into_iter()
            .flatten()
            .copied()
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// A log source of an account-Region, judged by that of its destinations which proves the most.
struct FoundSource<'s> {
    log_source: Cow<'s, LogSource>,
    judgement: Judgement,
    /// The bucket and the prefix of the keys, if the judgement is that of the objects in S3.
    bucket_prefix: Option<String>,
    liveness: Option<Liveness>,
}

impl<'s> FoundSource<'s> {
    /// `judgement` is that of its log group.
    fn new(
        log_source: Cow<'s, LogSource>,
        judgement: &Judgement,
        lookup: &SourceLookup,
        window: TimeWindow,
        other_ends: &OtherEnds,
    ) -> Self {
        let check = (lookup.kind == SourceKind::CloudTrail)
            .then(|| other_ends.liveness_of(&lookup.target, &log_source))
            .flatten();
        let judgement = &with_liveness(judgement, check);
        let objects = other_ends
            .objects
            .get(&lookup.target)
            .and_then(|ends| ends.iter().find(|end| end.is_delivered_by(&log_source)));
        let judged = objects.map(|ObjectsEnd { location, end }| {
            let judgement = judge_objects(&log_source, window, end);
            (judgement, Some(location.clone()))
        });
        let (judgement, bucket_prefix) = judged
            .filter(|(in_bucket, _)| in_bucket.status < judgement.status)
            .unwrap_or_else(|| (judgement.clone(), None));
        Self {
            log_source,
            judgement,
            bucket_prefix,
            liveness: check.map(|check| check.result),
        }
    }
}

/// Returns the judgement of what a log source delivers to its log group. What was searched there
/// proves nothing about an account-Region whose records are missing.
fn with_liveness(judgement: &Judgement, check: Option<&LivenessCheck>) -> Judgement {
    let missing = check.and_then(LivenessCheck::describe_missing);
    match missing {
        Some(missing) if judgement.status <= SourceStatus::Partial => Judgement {
            status: SourceStatus::Partial,
            reason: format!("{}: {missing}", Reason::RecordsMissing),
            management: ManagementEvents::default(),
        },
        _ => judgement.clone(),
    }
}

/// Returns the multi-Region trails that any Region of an account reports, by account.
fn multi_region_trails<'a>(
    lookups: &'a [SourceLookup],
    judged: &JudgedSources<'_>,
) -> BTreeMap<AccountId, BTreeSet<&'a str>> {
    let mut trails: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for lookup in lookups {
        let names = lookup.result.iter().flatten().map(String::as_str);
        let multi_region = names.filter(|name| {
            judged
                .get(name)
                .is_some_and(|(log_source, _)| log_source.multi_region)
        });
        trails
            .entry(lookup.target.account)
            .or_default()
            .extend(multi_region);
    }
    trails
}

/// Returns the combined status of the log sources of one source lookup. `history` is the result of
/// the event history, if that was searched: it counts if anything of it could be read.
fn combined_status(
    found: &[FoundSource<'_>],
    lookup: &SourceLookup,
    history: Option<&GroupEnd>,
) -> SourceStatus {
    let history = history
        .map(|end| end.status)
        .filter(|status| *status <= SourceStatus::Partial);
    let management = found
        .iter()
        .fold(ManagementEvents::default(), |all, found| {
            all.combined_with(found.judgement.management.clone())
        });
    let best = found
        .iter()
        .map(|found| found.judgement.status)
        .chain(history)
        .min();
    match (best, &lookup.result) {
        // Several trails that each leave something out may be complete together.
        (Some(SourceStatus::Partial), _) if management.is_all() => SourceStatus::Searched,
        (Some(best), _) => best,
        (None, Ok(_)) => SourceStatus::NoSource,
        (None, Err(outcome)) => end_of_failed_lookup(outcome).status,
    }
}

fn end_of_failed_lookup(outcome: &Outcome) -> GroupEnd {
    GroupEnd::from_outcome(outcome, SourceStatus::Failed)
}

fn row_without_source(lookup: &SourceLookup) -> Source {
    let end = match &lookup.result {
        Ok(_) => GroupEnd::new(SourceStatus::NoSource, ""),
        Err(outcome) => end_of_failed_lookup(outcome),
    };
    Source {
        target: lookup.target.clone(),
        kind: lookup.kind,
        log_group: None,
        bucket_prefix: None,
        via: String::new(),
        logging: None,
        last_delivery_ms: None,
        delivery_error: String::new(),
        selectors: String::new(),
        records_data_events: false,
        status: end.status,
        reason: end.reason,
        liveness: None,
    }
}

/// The row of the event history of an account-Region. It has all management events, whatever trails
/// select.
fn history_row(lookup: &SourceLookup, end: &GroupEnd) -> Source {
    let selection = Selection::Events {
        management: ManagementEvents::all(),
        data: BTreeSet::new(),
        objects: Vec::new(),
    };
    Source {
        via: EVENT_HISTORY.to_owned(),
        selectors: selection.text(),
        status: end.status,
        reason: end.reason.clone(),
        ..row_without_source(lookup)
    }
}

fn source_row(lookup: &SourceLookup, found: &FoundSource<'_>) -> Source {
    let FoundSource {
        log_source,
        judgement,
        bucket_prefix,
        liveness,
    } = found;
    let known = match &log_source.state {
        SourceState::Known(delivery, selection) => Some((delivery, selection)),
        SourceState::Unknown | SourceState::Denied(_) => None,
    };
    let is_in_bucket = bucket_prefix.is_some();
    Source {
        log_group: log_source.log_group().filter(|_| !is_in_bucket).cloned(),
        bucket_prefix: bucket_prefix.clone(),
        via: log_source.via.clone(),
        logging: known.map(|(delivery, _)| delivery.logging),
        last_delivery_ms: known.and_then(|(delivery, _)| {
            if is_in_bucket {
                delivery.bucket_last_ms
            } else {
                delivery.last_ms
            }
        }),
        delivery_error: known
            .map(|(delivery, _)| {
                if is_in_bucket {
                    delivery.bucket_error.clone()
                } else {
                    delivery.error.clone()
                }
            })
            .unwrap_or_default(),
        selectors: known
            .map(|(_, selection)| selection.text())
            .unwrap_or_default(),
        records_data_events: LogKind::from_log_source(log_source).contains(&LogKind::Data),
        status: judgement.status,
        reason: judgement.reason.clone(),
        liveness: *liveness,
        ..row_without_source(lookup)
    }
}
