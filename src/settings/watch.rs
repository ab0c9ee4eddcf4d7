//! The settings of a watch: each schedule with its scope, and its sinks.

use std::path::PathBuf;
use std::time::Duration;

use super::{Reach, ResolveContext, ScheduleSettings, SettingsError, SinkSettings};
use crate::config::{Config, Listen, RunUrl, ScanBudget, Watch};

/// The settings of a watch.
#[derive(Clone, Debug)]
pub struct WatchSettings {
    /// Identity, accounts and limits. The scope is that of each schedule.
    pub reach: Reach,
    /// The directory of watermarks and alerts.
    pub state_dir: PathBuf,
    /// The address at which health and metrics are served.
    pub listen: Listen,
    /// How long runs are kept.
    pub keep_runs_for: Duration,
    /// How many runs are kept.
    pub keep_runs: usize,
    /// How many bytes all schedules together may scan per day.
    pub scan_budget: Option<u64>,
    /// The address at which the receivers of alerts find a run.
    pub run_url: Option<RunUrl>,
    /// The schedules, at least one.
    pub schedules: Vec<ScheduleSettings>,
    /// The names of the sinks.
    pub sink_names: Vec<String>,
    /// The sinks with their secrets; none if only the state is shown.
    pub sinks: Vec<SinkSettings>,
}

impl WatchSettings {
    /// Returns the settings of a watch without its sinks. `reach` is that of all schedules without a
    /// scope of their own. Neither secrets nor indicator lists are read.
    ///
    /// # Errors
    /// There is no directory for the state.
    pub(crate) fn from_config(
        config: &Config,
        mut reach: Reach,
        practice: bool,
        context: &ResolveContext<'_>,
    ) -> Result<Self, SettingsError> {
        let watch = &config.watch;
        reach.limits.quota_share = watch.quota_share(&config.limits);
        let schedules = watch
            .schedule
            .iter()
            .map(|schedule| {
                ScheduleSettings::from_config(schedule, config, &reach, practice, context)
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            reach,
            state_dir: state_dir(watch, practice, context)?,
            listen: watch.listen,
            keep_runs_for: watch.keep_runs_for.get(),
            keep_runs: watch.keep_runs,
            scan_budget: watch.scan_budget_gb.map(ScanBudget::bytes),
            run_url: watch.run_url.clone(),
            schedules,
            sink_names: watch
                .sink
                .iter()
                .map(|sink| sink.name.to_string())
                .collect(),
            sinks: Vec::new(),
        })
    }

    /// Adds the sinks of the configuration, with their secrets. Indicator lists are read too, so
    /// that errors in them are found now.
    ///
    /// # Errors
    /// A secret is missing, or a file that the configuration names cannot be used.
    pub(crate) fn with_sinks(
        self,
        watch: &Watch,
        context: &ResolveContext<'_>,
    ) -> Result<Self, SettingsError> {
        for schedule in &self.schedules {
            schedule.check_searches()?;
        }
        let has_run_url = watch.run_url.is_some();
        let sinks = watch
            .sink
            .iter()
            .map(|sink| SinkSettings::from_config(sink, has_run_url, context))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { sinks, ..self })
    }
}

/// The practice range has its own state directory.
fn state_dir(
    watch: &Watch,
    practice: bool,
    context: &ResolveContext<'_>,
) -> Result<PathBuf, SettingsError> {
    match &watch.state_dir {
        Some(path) => Ok(context.working_directory.join(path)),
        None => context.state_directory(if practice { "practice-watch" } else { "watch" }),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use crate::settings::SinkEndpoint;
    use crate::settings::testing::resolve_watch;

    const CONFIG: &str = "[watch]\nlag = \"5m\"\nstate_dir = \"state\"\n\
        [[watch.sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://soc.example/\"\nsecret_env = \"KEY\"\n\
        [[watch.sink]]\nname = \"chat\"\nkind = \"slack\"\nurl_file = \"slack\"\n\
        [[watch.schedule]]\nname = \"feed\"\ncron = \"@hourly\"\nindicator_files = [\"feed\"]\nsinks = [\"hook\"]\n\
        lag = \"10m\"\nscope = { include_accounts = [\"prod\"] }\n\
        [[watch.schedule]]\nname = \"other\"\ncron = \"@daily\"\nindicators = [\"192.0.2.1\"]\nsinks = [\"chat\"]\n";

    #[test]
    fn schedules_override_settings_and_secrets_are_read() {
        let files = [
            ("feed", "192.0.2.7"),
            ("slack", "https://hooks.example/x\n"),
        ];
        let settings = resolve_watch(CONFIG, &files, Some("k")).unwrap();
        let [feed, other] = &settings.schedules[..] else {
            panic!("{settings:?}")
        };
        assert_eq!(
            (feed.lag_ms, other.lag_ms, other.lookback_ms),
            (600_000, 300_000, 3_600_000)
        );
        assert_eq!(
            (
                feed.reach().scope.include_accounts.len(),
                other.reach().scope.include_accounts.len()
            ),
            (1, 0)
        );
        let SinkEndpoint::Slack(url) = &settings.sinks[1].way else {
            panic!("{settings:?}")
        };
        assert_eq!(url.expose_secret(), "https://hooks.example/x");
        assert!(
            !format!("{settings:?}").contains("hooks.example"),
            "secrets are not printed"
        );
        assert!(settings.state_dir.ends_with("state"));
    }

    #[test]
    fn missing_secrets_and_invalid_files_are_named() {
        let files = [("feed", "192.0.2.7"), ("slack", "https://hooks.example/x")];
        let error = |files: &[(&str, &str)], key| resolve_watch(CONFIG, files, key).unwrap_err();
        assert!(
            error(&files, None).contains("sink `hook`: the environment variable KEY is not set")
        );
        assert!(error(&files[..1], Some("k")).contains("slack cannot be read"));
        assert!(error(&[("feed", "192.0.2.999"), files[1]], Some("k")).contains("192.0.2.999"));
    }

    #[test]
    fn placeholders_of_templates_need_a_value() {
        let with = |template: &str, more: &str| {
            let body = format!("secret_env = \"KEY\"\nbody_template = '''{template}'''\n");
            let config = CONFIG.replace("secret_env = \"KEY\"\n", &body);
            let config = config.replace("[watch]\n", &format!("[watch]\n{more}\n"));
            let files = [("feed", "192.0.2.7"), ("slack", "https://hooks.example/x")];
            resolve_watch(&config, &files, Some("k"))
        };
        assert!(with(r#"["{{secret}}"]"#, "").is_ok());
        assert!(
            with(r#"["{{run_url}}"]"#, "")
                .unwrap_err()
                .contains("set watch.run_url")
        );
        let url = "run_url = \"https://soc.example/{run}\"";
        assert!(with(r#"["{{run_url}}"]"#, url).is_ok());
    }
}
