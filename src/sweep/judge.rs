//! Judges the coverage of a run: what was searched completely, and which gaps are accepted.
//!
//! `run.db` stores what happened; this is a view of it. A resumed run therefore tries accepted gaps
//! again, and expiry is judged as of the start of the run, whenever its reports are made.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::evidence::{Sources, judged_sources};
use super::judgement_basis::JudgementBasis;
use super::log_sources::source_proofs::SourceProofs;
use crate::config::Scope;
use crate::store::{RunReader, StoreError};
use dragnet_model::{Account, AccountState, Coverage, Source, SourceStatus, StorageKind, Target};

/// Judges the coverage rows of a run.
#[derive(Debug)]
pub struct CoverageJudge {
    basis: JudgementBasis,
    /// The log sources, judged.
    pub sources: Sources,
    proofs: SourceProofs,
}

impl CoverageJudge {
    /// Loads what the judgement of a run depends on.
    ///
    /// # Errors
    /// The database cannot be read or is damaged.
    pub fn load(reader: &RunReader, basis: JudgementBasis) -> Result<Self, StoreError> {
        let log_sources = reader.log_sources()?;
        let sources = judged_sources(reader, &basis, &log_sources)?;
        let targets_with = |has: &dyn Fn(SourceStatus) -> bool| -> BTreeSet<Target> {
            let targets = sources.cloudtrail.iter();
            targets
                .filter(|(_, status)| has(*status))
                .map(|(target, _)| target.clone())
                .collect()
        };
        let recorded = targets_with(&|status| {
            basis.checked_trail_integrity && status == SourceStatus::Searched
        });
        let covered = targets_with(&SourceStatus::is_covered);
        let proofs = SourceProofs::load(reader, &log_sources, recorded, covered)?;
        Ok(Self {
            basis,
            sources,
            proofs,
        })
    }

    /// Returns the time up to which the records of the window had been delivered. If records were
    /// searched in a bucket, that is earlier than for log groups.
    pub fn complete_until(&self) -> Timestamp {
        let until = self.basis.complete_until();
        let is_in_bucket = |source: &Source| source.bucket_prefix.is_some();
        if self.sources.rows.iter().any(is_in_bucket) {
            until.min(self.basis.objects_complete_until())
        } else {
            until
        }
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

    fn judge(&self, row: Coverage) -> Coverage {
        let row = self.proofs.prove(row, &self.basis);
        with_accepted_gap(row, &self.basis.scope, self.basis.started)
    }
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
    // An accepted gap is about AWS, not about a copy on disk.
    if !row.outcome.is_gap() || row.source == Some(StorageKind::File) {
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
