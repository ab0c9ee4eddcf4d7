//! What the search of log groups proves: which kinds of logs a log group has, whether it was
//! searched completely, and how the search of a trail's or flow log's log group ended. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Scope;
use crate::store::{CoverageOutcomes, DeletedLogGroup, RunReader, StoreError};
use crate::sweep::evidence::GroupEnd;
use crate::sweep::evidence::trail_integrity::is_trail_log_group;
use crate::sweep::judgement_basis::JudgementBasis;
use dragnet_model::{
    Coverage, LogGroupArn, LogKind, LogSource, Outcome, Reason, SourceStatus, Status, StorageKind,
    Target,
};

/// How many account-Regions with missing records the row of a log group names. `sources.csv` names
/// all.
const MOST_EXAMPLES: usize = 3;

/// What is known about the log groups of a run.
#[derive(Debug)]
pub(in crate::sweep) struct LogGroupProof {
    /// The kinds of logs in the log groups to which log sources deliver.
    kinds: BTreeMap<LogGroupArn, BTreeSet<LogKind>>,
    /// The account-Regions whose management events were searched for tampering calls.
    recorded: BTreeSet<Target>,
    deleted: BTreeSet<DeletedLogGroup>,
    /// The records that are missing in log groups, one line for each account-Region.
    missing: BTreeMap<LogGroupArn, Vec<String>>,
}

impl LogGroupProof {
    /// Loads what the proof depends on.
    pub(in crate::sweep) fn load(
        reader: &RunReader,
        log_sources: &[LogSource],
        recorded: BTreeSet<Target>,
    ) -> Result<Self, StoreError> {
        let mut kinds: BTreeMap<LogGroupArn, BTreeSet<LogKind>> = BTreeMap::new();
        for log_source in log_sources {
            if let Some(group) = log_source.log_group() {
                kinds
                    .entry(group.clone())
                    .or_default()
                    .extend(LogKind::from_log_source(log_source));
            }
        }
        let mut missing: BTreeMap<LogGroupArn, Vec<String>> = BTreeMap::new();
        for check in reader.liveness_checks()? {
            if let Some(line) = check.describe_missing() {
                missing.entry(check.log_group).or_default().push(line);
            }
        }
        Ok(Self {
            missing,
            kinds,
            recorded,
            deleted: reader.deleted_log_groups()?,
        })
    }

    /// Completes the coverage row of a log group, or of an account-Region whose log groups the user
    /// left out. Other rows stay as they are.
    pub(in crate::sweep) fn prove(&self, mut row: Coverage, basis: &JudgementBasis) -> Coverage {
        let Some(group) = log_group_arn(&row) else {
            if row.outcome.reason == Some(Reason::SourceNotSelected) {
                row.kinds = kinds_left_out(&basis.scope);
            }
            return row;
        };
        row.kinds = self.kinds_of(&group);
        // The records of a trail cannot say whether their own log group was deleted.
        let is_of_trail = [LogKind::Management, LogKind::Data]
            .iter()
            .any(|kind| row.kinds.contains(kind));
        if !is_of_trail && self.has_no_predecessor(&group, &row.outcome) {
            let detail =
                "created inside the window; no earlier log group of its name was deleted in it";
            row.outcome = Outcome {
                detail: detail.to_owned(),
                ..Outcome::searched()
            };
        }
        if let Some(lines) = self.missing.get(&group)
            && row.outcome.status == Status::Searched
        {
            row.outcome =
                Outcome::with_reason(Status::Partial, Reason::RecordsMissing, examples(lines));
        }
        if row.kinds != BTreeSet::from([LogKind::App]) {
            row.outcome = basis.delivered_outcome(&row.outcome);
        }
        row
    }

    fn kinds_of(&self, group: &LogGroupArn) -> BTreeSet<LogKind> {
        match self.kinds.get(group) {
            Some(kinds) if !kinds.is_empty() => kinds.clone(),
            // A trail that was deleted may have delivered here.
            _ if is_trail_log_group(&group.name) => {
                BTreeSet::from([LogKind::Management, LogKind::Data])
            }
            _ => BTreeSet::from([LogKind::App]),
        }
    }

    /// Whether a log group that was created inside the window had no predecessor of its name in the
    /// window: all calls of its account-Region were searched, and none deleted one.
    fn has_no_predecessor(&self, group: &LogGroupArn, outcome: &Outcome) -> bool {
        let created_inside = outcome.status == Status::Partial
            && outcome.reason == Some(Reason::CreatedInsideWindow);
        created_inside && self.recorded.contains(&group.target) && !self.was_deleted(group)
    }

    fn was_deleted(&self, group: &LogGroupArn) -> bool {
        let account = group.target.account.to_string();
        self.deleted.iter().any(|deleted| {
            deleted.account == account
                && deleted.region == group.target.region.as_str()
                && (deleted.name == group.name || deleted.name.is_empty())
        })
    }
}

/// Returns the first lines, and how many there are.
fn examples(lines: &[String]) -> String {
    let first = lines.iter().take(MOST_EXAMPLES).cloned();
    let text = first.collect::<Vec<_>>().join("; ");
    match lines.len().saturating_sub(MOST_EXAMPLES) {
        0 => text,
        more => format!("{text}; and of {more} more account-Regions"),
    }
}

/// Returns the kinds of logs that are missing if log groups are left out. Management events are judged
/// with the event history and, like all that trails and flow logs deliver, with the log sources, if
/// these are required.
fn kinds_left_out(scope: &Scope) -> BTreeSet<LogKind> {
    if scope.requires_sources() {
        BTreeSet::from([LogKind::App])
    } else {
        BTreeSet::from([LogKind::App, LogKind::Data, LogKind::Flow])
    }
}

fn log_group_arn(row: &Coverage) -> Option<LogGroupArn> {
    let target = Target {
        account: row.account,
        region: row.region.clone()?,
    };
    Some(LogGroupArn::new(target, row.log_group.as_deref()?))
}

/// Returns how the search of a log group to which a log source delivers ended.
pub(in crate::sweep) fn end_of_log_group(
    outcomes: &CoverageOutcomes,
    basis: &JudgementBasis,
    group: &LogGroupArn,
) -> GroupEnd {
    if !basis.sources.allows(StorageKind::Logs) {
        let reason = Reason::SourceNotSelected.explanation();
        return GroupEnd::new(SourceStatus::Skipped, reason);
    }
    if let Some(outcome) = outcomes.group_outcome(group) {
        let outcome = basis.delivered_outcome(outcome);
        return GroupEnd::from_outcome(&outcome, SourceStatus::Searched);
    }
    if !basis.scope.has_log_group(&group.name) {
        return GroupEnd::out_of_scope();
    }
    match outcomes
        .target_outcome(&group.target)
        .filter(|outcome| !outcome.is_covered())
    {
        Some(outcome) => GroupEnd::from_outcome(outcome, SourceStatus::Failed),
        None => GroupEnd::not_found(),
    }
}
