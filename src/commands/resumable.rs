//! An interrupted or incomplete run, which can be resumed.

use std::path::Path;
use std::sync::Arc;

use super::CommandError;
use super::connection::Connection;
use super::follow_rounds::interrupted_round;
use super::interrupt::Interrupt;
use super::open_run::{OpenRun, RunDisplay};
use super::run_files::{RunFiles, open_run, read_run};
use super::run_output::RunOutput;
use super::signing::check_before_signing;
use crate::aws::Caller;
use crate::cli::UsageError;
use crate::config::Config;
use crate::geoip::GeoIp;
use crate::report::RunStatus;
use crate::settings::{ProgressStyle, SweepSettings};
use crate::store::{
    DatabaseCheck, RunDir, RunFacts, RunLock, RunReader, RunRegistry, check_database,
    refuse_changed_database,
};
use crate::sweep::{SweepError, WindowBasis};

/// An interrupted or incomplete run, locked so that no other process resumes it.
#[derive(Debug)]
pub struct Resumable {
    dir: RunDir,
    lock: RunLock,
    facts: RunFacts,
    geoip: Option<Arc<GeoIp>>,
}

impl Resumable {
    /// Opens and locks the run in a directory.
    ///
    /// # Errors
    /// There is no run, another process has locked it, it has another format, or it belongs to a
    /// watch.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let dir = open_run(path)?;
        let lock = RunLock::acquire(&dir)?;
        refuse_changed_database(&dir)?;
        let facts = RunReader::open_without_indexes(&dir)?.facts()?;
        if facts.belongs_to_watch() {
            return Err(UsageError::BelongsToWatch.into());
        }
        Ok(Self {
            dir,
            lock,
            facts,
            geoip: None,
        })
    }

    /// Sets where addresses belong, for the files of the run.
    #[must_use]
    pub(super) fn with_geoip(self, geoip: Option<Arc<GeoIp>>) -> Self {
        Self { geoip, ..self }
    }

    /// Whether the run was made on the practice range.
    ///
    /// # Errors
    /// The run does not contain this fact.
    pub fn is_practice(&self) -> Result<bool, CommandError> {
        Ok(self.facts.practice.get()?)
    }

    /// Whether the run belongs to a collection.
    pub(super) fn is_collection(&self) -> bool {
        self.facts.collects.is(&true)
    }

    /// Checks the signature of the manifest, which will be signed again.
    ///
    /// # Errors
    /// The signature is not valid.
    pub async fn check_signature(&self, config: &Config) -> Result<(), CommandError> {
        check_before_signing(&self.dir, config).await
    }

    /// Returns the settings of the run, with the secrets and the source profile of the
    /// configuration.
    ///
    /// # Errors
    /// With this configuration, the settings differ from those of the run.
    pub fn settings(&self, config: &Config) -> Result<SweepSettings, CommandError> {
        let stored = self.facts.settings.required_text()?;
        let sha256 = self.facts.settings_sha256.required_text()?;
        Ok(SweepSettings::from_stored(
            stored,
            sha256,
            config,
            self.dir.path().to_owned(),
        )?)
    }

    /// Returns the files of the run if it is complete and its files are written, so that there is
    /// nothing to resume. `registry` lists the runs of this machine.
    ///
    /// # Errors
    /// The run cannot be read.
    pub fn finished_files(&self, registry: &RunRegistry) -> Result<Option<RunFiles>, CommandError> {
        // Only a run whose files were written after the last change of its database lists it.
        let is_written = check_database(&self.dir)? == DatabaseCheck::Unchanged;
        if !self.facts.was_swept() || !is_written {
            return Ok(None);
        }
        let files = read_run(&self.dir, registry)?;
        Ok((files.summary.status == RunStatus::Complete).then_some(files))
    }

    /// Returns the directory of the run.
    pub fn directory(&self) -> &Path {
        self.dir.path()
    }

    /// Resumes the run, and writes its files.
    ///
    /// # Errors
    /// As for [`super::run_sweep`]; or the caller belongs to another account than the one that
    /// started the run.
    pub async fn resume(
        self,
        connection: Connection,
        settings: SweepSettings,
        progress: ProgressStyle,
        interrupt: impl Into<Interrupt>,
    ) -> Result<(RunOutput, Option<SweepError>), CommandError> {
        if let Some(link) = &connection.link
            && !has_account_of(&self.facts, &link.caller)?
        {
            let original = self.facts.caller_arn.required_text()?.to_owned();
            let current = link.caller.arn.to_string();
            return Err(UsageError::OtherCaller { original, current }.into());
        }
        let windows = WindowBasis::EventTime(settings.window);
        let round = interrupted_round(&self.dir, &self.facts, &settings)?;
        let run = OpenRun::resume(&connection, self.dir, self.lock, &self.facts)?.in_round(round);
        let display = RunDisplay {
            progress,
            interrupt: interrupt.into(),
            stream: None,
            geoip: self.geoip,
        };
        run.execute(connection, settings, windows, display).await
    }
}

/// Whether a caller belongs to the account that started the run. Another account may see another
/// organization.
fn has_account_of(facts: &RunFacts, caller: &Caller) -> Result<bool, CommandError> {
    let original = facts.caller_arn.get()?;
    Ok(
        (original.partition(), original.account())
            == (Some(caller.partition), Some(caller.account)),
    )
}
