//! One of the runs that `dragnet runs diff` compares.

use std::path::Path;

use serde_json::{Value, json};

use super::super::CommandError;
use super::super::coverage_judge::load_coverage_judge;
use super::super::run_files::{account_names, open_run};
use crate::report::AccountNames;
use crate::store::{FactError, RunFacts, RunReader, RunRegistry, refuse_changed_database};
use crate::sweep::{CoverageJudge, MergeSource};
use dragnet_model::TimeWindow;

/// One of the two runs.
pub(super) struct ComparedRun {
    pub id: String,
    pub window: TimeWindow,
    pub names: AccountNames,
    pub facts: RunFacts,
    pub reader: RunReader,
    pub judge: CoverageJudge,
}

impl ComparedRun {
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        let dir = open_run(path)?;
        refuse_changed_database(&dir)?;
        let reader = RunReader::open_without_indexes(&dir)?;
        reader.verify()?;
        let facts = reader.facts()?;
        Ok(Self {
            id: facts.run_id.required_text()?.to_owned(),
            window: facts.window()?,
            names: account_names(&reader)?,
            judge: load_coverage_judge(&facts, &reader)?,
            facts,
            reader,
        })
    }

    pub(super) fn sightings<'r>(&'r self, registry: &'r RunRegistry) -> MergeSource<'r> {
        MergeSource {
            reader: &self.reader,
            registry,
        }
    }

    /// Returns the hunts as they are stored; null if the run has no such fact.
    pub(super) fn stored_hunts(&self) -> Result<Value, FactError> {
        self.facts.hunts.get_as_or_default()
    }

    /// Returns the required kinds as they are stored; null if the run has no such fact.
    pub(super) fn stored_required_kinds(&self) -> Result<Value, FactError> {
        self.facts.required_kinds.get_as_or_default()
    }

    /// Returns the JSON object that identifies the run.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "run_id": self.id,
            "from": self.window.from().to_string(),
            "to": self.window.to().to_string(),
        })
    }
}
