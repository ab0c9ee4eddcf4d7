//! Resolved settings: everything that a job needs to know before its first AWS call, as plain values.
//!
//! The settings of a watch, and those that all jobs share ([`Reach`]), are derived here from the
//! configuration, the environment and the files that the configuration names. The room of the
//! command line combines them with the arguments. So no job depends on how its settings were given.

mod athena;
mod collect;
mod contain;
mod contain_action;
mod contain_logs;
mod directory;
mod doctor;
mod engine_choice;
mod error;
mod files;
mod follow;
mod global;
mod guard_override;
mod hunts;
mod indicators;
mod jmespath_query;
mod list;
mod list_output;
mod output_format;
mod reach;
mod report;
mod required;
mod resolve_context;
mod round_lookups;
mod schedule;
mod sink;
mod sources;
mod stored;
mod sweep;
mod sweep_hunts;
mod watch;

pub use athena::AthenaSettings;
pub use collect::CollectSettings;
pub use contain::{ContainSettings, Emit, PlanSettings};
pub use contain_action::ContainAction;
pub use directory::Directory;
pub use doctor::DoctorSettings;
pub use engine_choice::EngineChoice;
pub(crate) use error::did_you_mean;
pub use error::{InvalidIndicators, SettingsError};
pub use files::FileSettings;
pub use follow::{FollowSettings, KnownSources};
pub use global::{GlobalSettings, ProgressStyle, Verbosity};
pub use guard_override::Override;
pub use hunts::HuntsSettings;
pub use jmespath_query::JmespathQuery;
pub use list::{ListSettings, Listing};
pub use list_output::ListOutput;
pub use output_format::OutputFormat;
pub use reach::Reach;
pub use report::ReportSettings;
pub use resolve_context::ResolveContext;
pub use round_lookups::RoundLookups;
pub use schedule::{MonitoredContainment, ScheduleSettings};
pub use sink::{SinkEndpoint, SinkSettings};
pub use sources::SourcesSettings;
pub use sweep::{EngineSettings, SweepSettings};
pub use watch::WatchSettings;

pub(crate) use indicators::{ResolvedIndicators, resolve_indicators};
pub(crate) use required::required_kinds;
pub(crate) use sweep_hunts::{check_hunt, load_hunts, with_unique_names};

#[cfg(test)]
pub(crate) mod testing {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Config;

    /// Calls `test` with noon of 2 March 2026, an empty environment and an empty directory.
    pub(crate) fn with_resolve_context<T>(test: impl FnOnce(&ResolveContext<'_>) -> T) -> T {
        let empty = tempfile::tempdir().unwrap();
        test(&ResolveContext {
            environment: &|_| None,
            working_directory: empty.path(),
            now: "2026-03-02T12:00:00Z".parse().unwrap(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        })
    }

    /// Resolves the settings of a watch in a directory with these files. `key` is the value of the
    /// environment variable `KEY`.
    pub(crate) fn resolve_watch(
        config: &str,
        files: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<WatchSettings, String> {
        let config = Config::from_toml(config, "x").unwrap();
        with_resolve_context(|context| {
            for (name, text) in files {
                let file = context.working_directory.join(name);
                std::fs::write(&file, text).unwrap();
                std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            }
            let environment = |name: &str| key.filter(|_| name == "KEY").map(str::to_owned);
            let context = ResolveContext {
                environment: &environment,
                ..*context
            };
            watch_settings(&config, &context).map_err(|error| error.to_string())
        })
    }

    fn watch_settings(
        config: &Config,
        context: &ResolveContext<'_>,
    ) -> Result<WatchSettings, SettingsError> {
        let reach = Reach::from_config(config, None)?;
        let settings = WatchSettings::from_config(config, reach, false, context)?;
        settings.with_sinks(&config.watch, context)
    }
}
