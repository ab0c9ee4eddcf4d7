//! Loads the judge of a stored run's coverage.

use super::CommandError;
use crate::store::{RunFacts, RunReader};
use crate::sweep::{CoverageJudge, JudgementBasis};

/// Loads what the judgement of the run's coverage and log sources depends on.
pub(super) fn load_coverage_judge(
    facts: &RunFacts,
    reader: &RunReader,
) -> Result<CoverageJudge, CommandError> {
    let basis = JudgementBasis {
        scope: facts.scope.get_as()?,
        sources: facts.sources.get_or_default()?,
        window: facts.window()?,
        window_end: facts.window_end.get_or_default()?,
        started: facts.started.get()?,
        checked_trail_integrity: facts.trail_integrity.get_or_default()?,
    };
    Ok(CoverageJudge::load(reader, basis)?)
}
