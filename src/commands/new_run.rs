//! A new run: its directory, and the facts that its database contains from the start.

use jiff::Timestamp;

use super::connection::Connection;
use crate::settings::SweepSettings;
use crate::store::{RunDir, RunFacts, StoreError, StoredWindowBasis};
use crate::sweep::WindowBasis;
use dragnet_model::{RunId, indicator_names};

/// The version of Dragnet, as runs and manifests have it.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A run of which only the directory exists.
pub(super) struct NewRun {
    pub dir: RunDir,
    pub run_id: RunId,
    pub started: Timestamp,
}

impl NewRun {
    /// Creates the directory of a run that starts now.
    pub(super) fn create(
        connection: &Connection,
        settings: &SweepSettings,
    ) -> Result<Self, StoreError> {
        let started = connection.clock.now();
        let run_id = RunId::new(started, fastrand::u16(..));
        let dir = RunDir::create(&settings.out_dir, &run_id)?;
        Ok(Self {
            dir,
            run_id,
            started,
        })
    }

    /// Returns the facts with which the run starts.
    pub(super) fn facts(
        &self,
        connection: &Connection,
        settings: &SweepSettings,
        windows: &WindowBasis,
    ) -> RunFacts {
        let basis = match windows {
            WindowBasis::EventTime(_) => StoredWindowBasis::EventTime,
            WindowBasis::LogTime(_) => StoredWindowBasis::LogTime,
        };
        let kinds: Vec<String> = settings
            .indicators
            .iter()
            .map(|indicator| indicator.kind().as_str().to_owned())
            .collect();
        let scope = &settings.reach.scope;
        let mut facts = RunFacts::default();
        facts.run_id.set(&self.run_id);
        facts.tool_version.set(&VERSION.to_owned());
        facts.started.set(&self.started);
        facts.practice.set(&connection.practice);
        if let Some(link) = &connection.link {
            facts.caller_arn.set(&link.caller.arn);
        }
        if let Some(files) = &settings.files {
            facts.files_alone.set(&files.are_alone);
        }
        if settings.collects {
            facts.collects.set(&true);
        }
        if settings.changes_only {
            facts.changes_only.set(&true);
        }
        if let Some(follow) = &settings.follow {
            facts.follow.set_as(follow);
        }
        facts.from.set(&settings.window.from());
        facts.to.set(&settings.window.to());
        facts.window_basis.set(&basis);
        facts.window_end.set(&settings.window_end);
        facts.trail_integrity.set(&settings.check_trail_integrity);
        facts.sources.set(&settings.sources);
        facts.required_kinds.set(&settings.required);
        facts.indicators.set(&indicator_names(&settings.indicators));
        facts.indicator_kinds.set(&kinds);
        facts.hunts.set(&settings.hunts);
        facts.not_looked_for.set(&settings.left_out);
        facts.rejected_entries.set_as(&settings.rejected);
        facts.scope.set_as(scope);
        facts
            .named_accounts_only
            .set(&scope.is_limited_to_accounts());
        facts.settings.set(&settings.to_stored());
        facts.settings_sha256.set(&settings.sha256());
        facts
    }
}
