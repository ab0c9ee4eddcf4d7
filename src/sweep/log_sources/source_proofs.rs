//! Proves coverage: each log source says what of its rows was searched completely, and how the
//! search of what a trail or flow log delivers ended. Pure.

use std::collections::BTreeSet;

use super::event_history::proof as event_history;
use super::files::proof::FileProof;
use super::log_groups::proof::{LogGroupProof, end_of_log_group};
use super::s3::proof::{ObjectProof, ends_of_objects};
use crate::store::{CoverageOutcomes, RunReader, StoreError};
use crate::sweep::evidence::{GroupEnd, OtherEnds};
use crate::sweep::judgement_basis::JudgementBasis;
use dragnet_model::{Coverage, LogGroupArn, LogSource, Target};

/// The proofs of all log sources of a run.
#[derive(Debug)]
pub(in crate::sweep) struct SourceProofs {
    log_groups: LogGroupProof,
    objects: ObjectProof,
    files: FileProof,
}

impl SourceProofs {
    /// Loads what the proofs depend on. `recorded` are the account-Regions whose management events
    /// were searched for tampering calls, `covered` those whose management events were searched.
    pub(in crate::sweep) fn load(
        reader: &RunReader,
        log_sources: &[LogSource],
        recorded: BTreeSet<Target>,
        covered: BTreeSet<Target>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            log_groups: LogGroupProof::load(reader, log_sources, recorded)?,
            objects: ObjectProof::new(log_sources, covered),
            files: FileProof::load(reader)?,
        })
    }

    /// Completes a coverage row: which kinds of logs it is about, and what its search proves. A row
    /// about a whole account or account-Region stays as it is.
    pub(in crate::sweep) fn prove(&self, row: Coverage, basis: &JudgementBasis) -> Coverage {
        let row = event_history::prove(self.log_groups.prove(row, basis), basis);
        self.files.prove(self.objects.prove(row, basis))
    }
}

/// Returns how the search of the log group to which a trail or flow log delivers ended.
pub(in crate::sweep) fn end_of_delivery(
    outcomes: &CoverageOutcomes,
    basis: &JudgementBasis,
    group: &LogGroupArn,
) -> GroupEnd {
    end_of_log_group(outcomes, basis, group)
}

/// Returns how the search of the event histories and of the objects in S3 ended.
pub(in crate::sweep) fn other_ends(
    outcomes: &CoverageOutcomes,
    basis: &JudgementBasis,
) -> OtherEnds {
    OtherEnds {
        histories: event_history::ends_of_histories(outcomes, basis),
        objects: ends_of_objects(outcomes, basis),
        liveness: outcomes
            .liveness()
            .iter()
            .map(|check| {
                let place = (check.target.clone(), check.log_group.clone());
                (place, check.clone())
            })
            .collect(),
        region_deliveries: outcomes
            .region_deliveries()
            .iter()
            .map(|one| ((one.via.clone(), one.region.clone()), one.clone()))
            .collect(),
    }
}
