//! The files of a run that follows credentials.

use super::CommandError;
use super::follow_state::FollowState;
use crate::follow::{FollowReport, write_dot, write_mermaid};
use crate::report::{FollowSummary, ReportError, write_json};
use crate::store::{RunDir, StoreError};
use crate::sweep::{MergeSource, Sources};

/// The lineage of a run, with its report.
pub(super) struct FollowedLineage {
    pub state: FollowState,
    pub report: FollowReport,
}

impl FollowedLineage {
    /// Reads the lineage of a run; `None` if it does not follow credentials.
    pub(super) fn load(
        source: MergeSource<'_>,
        sources: &Sources,
    ) -> Result<Option<Self>, CommandError> {
        let facts = source.reader.facts()?;
        let Some(state) = FollowState::load(&facts, source)? else {
            return Ok(None);
        };
        let report = state.report(source, sources)?;
        Ok(Some(Self { state, report }))
    }

    /// Returns the numbers for the summary.
    pub(super) fn summary(&self) -> FollowSummary {
        FollowSummary {
            identities: self.report.nodes.len(),
            calls: self.report.edges.len(),
            attempts: self.report.attempts.len(),
            rounds: self.report.rounds.len(),
            open_ends: self.report.open_ends.len(),
            has_gaps: self.report.has_gaps(),
        }
    }

    /// Writes `follow.json` and the graphs, and adds their names to `files`.
    pub(super) fn write(&self, dir: &RunDir, files: &mut Vec<String>) -> Result<(), CommandError> {
        type Failure = ReportError<StoreError>;
        let report = &self.report;
        dir.write_file("follow.json", |out| {
            write_json(report, out).map_err(Failure::from)
        })?;
        dir.write_file("follow.mmd", |out| {
            write_mermaid(report, out).map_err(Failure::from)
        })?;
        dir.write_file("follow.dot", |out| {
            write_dot(report, out).map_err(Failure::from)
        })?;
        let names = ["follow.json", "follow.mmd", "follow.dot"];
        files.extend(names.map(str::to_owned));
        Ok(())
    }
}
