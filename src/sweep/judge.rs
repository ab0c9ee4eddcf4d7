//! Judges the coverage of a run: which log groups were searched completely, and which gaps are
//! accepted.
//!
//! `run.db` stores what happened; this is a view of it. A resumed run therefore tries accepted gaps
//! again, and expiry is judged as of the start of the run, whenever its reports are made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::evidence::trail_integrity::is_trail_log_group;
use super::evidence::{Sources, judged_sources};
use super::plan::complete_until;
use crate::config::Scope;
use crate::store::{DeletedLogGroup, RunReader, StoreError};
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{
    Account, AccountState, Coverage, LogGroupArn, LogKind, Outcome, Reason, SourceStatus, Status,
    Target, TimeWindow, WindowEnd,
};

/// The settings of a run on which the judgement of its coverage depends.
#[derive(Clone, Debug)]
pub struct JudgementBasis {
    /// The scope, with the accepted gaps.
    pub scope: Scope,
    /// The window.
    pub window: TimeWindow,
    /// How the end of the window was chosen.
    pub window_end: WindowEnd,
    /// When the run started.
    pub started: Timestamp,
    /// Whether the run searched for tampering calls.
    pub checked_trail_integrity: bool,
}

impl JudgementBasis {
    /// Returns the time up to which the records of the window had been delivered.
    pub fn complete_until(&self) -> Timestamp {
        complete_until(self.window, self.started)
    }

    /// Returns the outcome of a log group to which a log source delivers: if the user requires
    /// records that may not have been delivered yet, it is not complete.
    pub(super) fn delivered_outcome(&self, outcome: &Outcome) -> Outcome {
        let until = self.complete_until();
        let is_late = self.window_end == WindowEnd::Given && until < self.window.to();
        if !is_late || outcome.status != Status::Searched {
            return outcome.clone();
        }
        let detail = format!("records are complete up to {}", rfc3339_ms(until));
        Outcome::with_reason(Status::Partial, Reason::NotDeliveredYet, detail)
    }
}

/// Judges the coverage rows of a run.
#[derive(Debug)]
pub struct CoverageJudge {
    basis: JudgementBasis,
    /// The log sources, judged.
    pub sources: Sources,
    /// The kinds of logs in the log groups to which log sources deliver.
    kinds: BTreeMap<LogGroupArn, BTreeSet<LogKind>>,
    /// The account-Regions whose management events were searched for tampering calls.
    recorded: BTreeSet<Target>,
    deleted: BTreeSet<DeletedLogGroup>,
}

impl CoverageJudge {
    /// Loads what the judgement of a run depends on.
    ///
    /// # Errors
    /// The database cannot be read or is damaged.
    pub fn load(reader: &RunReader, basis: JudgementBasis) -> Result<Self, StoreError> {
        let log_sources = reader.log_sources()?;
        let sources = judged_sources(reader, &basis, &log_sources)?;
        let mut kinds: BTreeMap<LogGroupArn, BTreeSet<LogKind>> = BTreeMap::new();
        for log_source in &log_sources {
            if let Some(group) = log_source.log_group() {
                kinds
                    .entry(group.clone())
                    .or_default()
                    .extend(LogKind::from_log_source(log_source));
            }
        }
        let recorded = sources
            .cloudtrail
            .iter()
            .filter(|(_, status)| {
                basis.checked_trail_integrity && *status == SourceStatus::Searched
            })
            .map(|(target, _)| target.clone())
            .collect();
        Ok(Self {
            basis,
            sources,
            kinds,
            recorded,
            deleted: reader.deleted_log_groups()?,
        })
    }

    /// Returns the time up to which the records of the window had been delivered.
    pub fn complete_until(&self) -> Timestamp {
        self.basis.complete_until()
    }

    /// Passes the judged coverage to `use_rows`, sorted by account, Region and log group.
    ///
    /// # Errors
    /// Returns the error of `use_rows`. The rows are errors if the database cannot be read.
    pub fn judged_coverage<T, E: From<StoreError>>(
        &self,
        reader: &RunReader,
        use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Coverage, StoreError>>) -> Result<T, E>,
    ) -> Result<T, E> {
        reader.coverage(|rows| use_rows(&mut rows.map(|row| Ok(self.judge(row?)))))
    }

    fn judge(&self, mut row: Coverage) -> Coverage {
        if let Some(group) = log_group_arn(&row) {
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
            if row.kinds != BTreeSet::from([LogKind::App]) {
                row.outcome = self.basis.delivered_outcome(&row.outcome);
            }
        }
        with_accepted_gap(row, &self.basis.scope, self.basis.started)
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

fn log_group_arn(row: &Coverage) -> Option<LogGroupArn> {
    let target = Target {
        account: row.account,
        region: row.region.clone()?,
    };
    Some(LogGroupArn::new(target, row.log_group.as_deref()?))
}

/// Passes the coverage of a watch's run that started at `started` to `use_rows`: sorted by account,
/// Region and log group, with the gaps that `scope` accepts marked as accepted. A watch keeps its
/// own watermarks, so the delivery lag is not a gap.
///
/// # Errors
/// Returns the error of `use_rows`. The rows are errors if the database cannot be read.
pub fn watched_coverage<T, E: From<StoreError>>(
    reader: &RunReader,
    scope: &Scope,
    started: Timestamp,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Coverage, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    reader.coverage(|rows| {
        use_rows(&mut rows.map(|row| row.map(|row| with_accepted_gap(row, scope, started))))
    })
}

fn with_accepted_gap(mut row: Coverage, scope: &Scope, started: Timestamp) -> Coverage {
    // An inactive account is out of scope, so it is no gap.
    if row.outcome.is_covered() || row.outcome.reason == Some(Reason::AccountNotActive) {
        return row;
    }
    let account = Account {
        id: row.account,
        name: row.account_name.clone(),
        state: AccountState::Active,
    };
    if let Some(gap) = scope.accepted(
        &account,
        row.region.as_ref(),
        row.log_group.as_deref(),
        started,
    ) {
        row.outcome = row.outcome.accepted(&gap.to_string());
    }
    row
}
