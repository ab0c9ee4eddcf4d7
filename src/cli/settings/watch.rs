//! The settings of a watch: each schedule with its scope, and its sinks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{EngineChoice, GlobalArguments, ScopeArguments, UsageError};
use super::contain::journals_directory;
use super::contain_logs::containment_scope;
use super::hunts;
use super::indicators::{self, Resolved};
use super::sink::{SinkEndpoint, SinkSettings};
use super::{EngineSettings, Reach, ResolveContext, SweepSettings, load_config, required};
use crate::config::{
    AlertCondition, Config, ConfiguredDuration, Format, Hunts, Listen, RunUrl, ScanBudget,
    Schedule, Sink, TimeZoneName, Timetable, Watch, state_directory,
};
use dragnet_model::{AccountId, Hunt, Indicator, LogKind, RequiredKinds, TimeWindow, WindowEnd};

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

/// One schedule.
#[derive(Clone, Debug)]
pub struct ScheduleSettings {
    /// The name of the schedule.
    pub name: String,
    /// The times at which it is due.
    pub timetable: Timetable,
    /// The time zone of the timetable.
    pub zone: TimeZoneName,
    /// The upper bound by which activations are delayed.
    pub jitter: Option<Duration>,
    /// How long before the start of an activation its windows end, in milliseconds.
    pub lag_ms: i64,
    /// How long before the watermark windows begin, in milliseconds.
    pub overlap_ms: i64,
    /// How far back the first window of an account, a Region or a log group begins, in
    /// milliseconds.
    pub lookback_ms: i64,
    /// How much of a log group's past one activation catches up on at most, in milliseconds.
    pub catch_up_ms: i64,
    /// The condition that a row must fulfil to cause an alert.
    pub alert_when: Option<AlertCondition>,
    /// How long after an alert no further alert is sent about the same subject, in milliseconds.
    pub suppress_ms: Option<i64>,
    /// The address at which the receivers of alerts find a run.
    pub run_url: Option<RunUrl>,
    /// The names of the sinks that receive the alerts.
    pub sinks: Vec<String>,
    /// The containment to monitor, instead of a search.
    pub containment: Option<MonitoredContainment>,
    reach: Reach,
    formats: Vec<Format>,
    hunts: Vec<String>,
    catalogue: Hunts,
    indicators: Vec<String>,
    indicator_files: Vec<PathBuf>,
    working_directory: PathBuf,
}

/// The containment that a schedule monitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredContainment {
    /// The id of the containment.
    pub id: String,
    /// The directory of the containments' journals.
    pub journals: PathBuf,
}

impl WatchSettings {
    /// Resolves the settings of a watch. Indicator lists are read too, so that errors in them are
    /// found now.
    ///
    /// # Errors
    /// The arguments, the configuration or a file that it names are wrong, a secret is missing, or
    /// there is no schedule.
    pub fn resolve(
        global: &GlobalArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let sinks = config.watch.sink.clone();
        let has_run_url = config.watch.run_url.is_some();
        let settings = Self::without_secrets(global, context, config)?;
        for schedule in &settings.schedules {
            schedule.load_searches(false)?;
        }
        let sinks = sinks
            .iter()
            .map(|sink| resolve_sink(sink, has_run_url, context));
        Ok(Self {
            sinks: sinks.collect::<Result<_, _>>()?,
            ..settings
        })
    }

    /// Resolves the settings for showing the state. Neither secrets nor indicator lists are read.
    ///
    /// # Errors
    /// The arguments or the configuration are wrong, or there is no schedule.
    pub fn resolve_for_status(
        global: &GlobalArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        Self::without_secrets(global, context, load_config(global, context)?)
    }

    fn without_secrets(
        global: &GlobalArguments,
        context: &ResolveContext<'_>,
        mut config: Config,
    ) -> Result<Self, UsageError> {
        let watch = config.watch.clone();
        config.limits.quota_share = watch.quota_share(&config.limits);
        let formats = config.report.formats.clone();
        let hunts = config.hunts.clone();
        if watch.schedule.is_empty() {
            return Err(UsageError::NoSchedule);
        }
        let reach = Reach::resolve(global, &ScopeArguments::default(), config)?;
        let directory = context.working_directory;
        let mut schedules = Vec::new();
        for schedule in &watch.schedule {
            schedules.push(ScheduleSettings {
                formats: formats.clone(),
                catalogue: hunts.clone(),
                containment: monitored_containment(schedule, global, context)?,
                ..ScheduleSettings::resolve(schedule, &watch, &reach, directory)
            });
        }
        Ok(Self {
            reach,
            state_dir: state_dir(&watch, global, context)?,
            listen: watch.listen,
            keep_runs_for: watch.keep_runs_for.get(),
            keep_runs: watch.keep_runs,
            scan_budget: watch.scan_budget_gb.map(ScanBudget::bytes),
            run_url: watch.run_url,
            schedules,
            sink_names: watch
                .sink
                .iter()
                .map(|sink| sink.name.to_string())
                .collect(),
            sinks: Vec::new(),
        })
    }
}

fn resolve_sink(
    sink: &Sink,
    has_run_url: bool,
    context: &ResolveContext<'_>,
) -> Result<SinkSettings, UsageError> {
    let name = sink.name.to_string();
    let resolved = SinkEndpoint::resolve(sink.target(), context)
        .and_then(|way| way.check_template(has_run_url).map(|()| way));
    match resolved {
        Ok(way) => Ok(SinkSettings { name, way }),
        Err(problem) => Err(UsageError::Sink {
            sink: name,
            problem,
        }),
    }
}

/// The practice range has its own state directory.
fn state_dir(
    watch: &Watch,
    global: &GlobalArguments,
    context: &ResolveContext<'_>,
) -> Result<PathBuf, UsageError> {
    if let Some(path) = &watch.state_dir {
        return Ok(context.working_directory.join(path));
    }
    let state = state_directory(context.environment).ok_or(UsageError::NoStateDirectory)?;
    Ok(state.join(if global.practice {
        "practice-watch"
    } else {
        "watch"
    }))
}

/// Returns the containment that a schedule monitors, if any.
fn monitored_containment(
    schedule: &Schedule,
    global: &GlobalArguments,
    context: &ResolveContext<'_>,
) -> Result<Option<MonitoredContainment>, UsageError> {
    let Some(id) = &schedule.containment else {
        return Ok(None);
    };
    let id = id.to_string();
    let journals = journals_directory(global, context)?;
    Ok(Some(MonitoredContainment { id, journals }))
}

impl ScheduleSettings {
    fn resolve(schedule: &Schedule, watch: &Watch, reach: &Reach, directory: &Path) -> Self {
        let scope = schedule
            .scope
            .clone()
            .unwrap_or_else(|| reach.scope.clone());
        Self {
            name: schedule.name.to_string(),
            timetable: schedule.cron.clone(),
            zone: schedule.time_zone.clone(),
            jitter: watch.jitter.map(ConfiguredDuration::get),
            lag_ms: schedule.lag.unwrap_or(watch.lag).as_ms(),
            overlap_ms: schedule.overlap.unwrap_or(watch.overlap).as_ms(),
            lookback_ms: schedule.lookback.unwrap_or(watch.lookback).as_ms(),
            catch_up_ms: watch.catch_up.as_ms(),
            alert_when: schedule.alert_when.clone(),
            suppress_ms: schedule.suppress.map(ConfiguredDuration::as_ms),
            run_url: watch.run_url.clone(),
            sinks: schedule.sinks.iter().map(ToString::to_string).collect(),
            containment: None,
            reach: Reach {
                scope,
                ..reach.clone()
            },
            formats: Vec::new(),
            hunts: schedule.hunts.clone(),
            catalogue: Hunts::default(),
            indicators: schedule.indicators.clone(),
            indicator_files: schedule.indicator_files.clone(),
            working_directory: directory.to_owned(),
        }
    }

    fn load_searches(&self, strict: bool) -> Result<(Resolved, Vec<Hunt>), UsageError> {
        let indicators = indicators::resolve(
            &self.indicators,
            &self.indicator_files,
            &self.working_directory,
            strict,
        )?;
        Ok((indicators, self.load_hunts()?))
    }

    /// Checks that every entry of the schedule's indicator lists is understood.
    ///
    /// # Errors
    /// Some are not; the error names them.
    pub fn check_lists(&self) -> Result<(), UsageError> {
        self.load_searches(true).map(|_| ())
    }

    /// Returns the hunts of the schedule.
    ///
    /// # Errors
    /// A hunt can no longer be used.
    pub fn load_hunts(&self) -> Result<Vec<Hunt>, UsageError> {
        hunts::resolve_catalogue_hunts(&self.hunts, &self.catalogue)
    }

    /// Returns the identity, accounts, scope and limits of the schedule.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Returns the same schedule with the scope of a sweep for contained principals of these
    /// accounts.
    #[must_use]
    pub fn for_containment_in(&self, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        let mut schedule = self.clone();
        schedule.reach.scope = containment_scope(schedule.reach.scope, accounts);
        schedule
    }

    /// Returns the settings of a sweep for the indicators of a containment, whose run is created in
    /// `out_dir`.
    ///
    /// # Errors
    /// None is expected, because there is no list or hunt to read.
    pub fn containment_sweep(
        &self,
        indicators: Vec<Indicator>,
        window: TimeWindow,
        out_dir: PathBuf,
    ) -> Result<SweepSettings, UsageError> {
        let sweep = self.sweep(window, out_dir)?;
        Ok(SweepSettings {
            required: RequiredKinds::new([LogKind::Management]),
            indicators,
            ..sweep
        })
    }

    /// Returns the settings of an activation's sweep, whose run is created in `out_dir`. Indicator
    /// lists and hunts are read again.
    ///
    /// # Errors
    /// An indicator list or a hunt can no longer be used.
    pub fn sweep(&self, window: TimeWindow, out_dir: PathBuf) -> Result<SweepSettings, UsageError> {
        let (
            Resolved {
                indicators,
                left_out,
                rejected,
                seen: _,
            },
            hunts,
        ) = self.load_searches(false)?;
        Ok(SweepSettings {
            reach: self.reach.clone(),
            window,
            window_end: WindowEnd::Now,
            required: required::resolve(&[], &self.reach.scope, &indicators, &hunts),
            indicators,
            hunts,
            left_out,
            rejected,
            formats: self.formats.clone(),
            out_dir,
            fail_on_sighting: false,
            // The windows of a watch overlap, so trail integrity would scan the same records
            // repeatedly.
            check_trail_integrity: false,
            // A watch runs continuously, so it only uses the engine that is free.
            engines: EngineSettings {
                choice: EngineChoice::Filter,
                max_scan_cost: 0.0,
                unmask: false,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::cli::settings::testing::with_resolve_context;

    const CONFIG: &str = "[watch]\nlag = \"5m\"\nstate_dir = \"state\"\n\
        [[watch.sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://soc.example/\"\nsecret_env = \"KEY\"\n\
        [[watch.sink]]\nname = \"chat\"\nkind = \"slack\"\nurl_file = \"slack\"\n\
        [[watch.schedule]]\nname = \"feed\"\ncron = \"@hourly\"\nindicator_files = [\"feed\"]\nsinks = [\"hook\"]\n\
        lag = \"10m\"\nscope = { include_accounts = [\"prod\"] }\n\
        [[watch.schedule]]\nname = \"other\"\ncron = \"@daily\"\nindicators = [\"192.0.2.1\"]\nsinks = [\"chat\"]\n";

    fn resolved(files: &[(&str, &str)], key: Option<&str>) -> Result<WatchSettings, String> {
        with_resolve_context(|context| {
            for (name, text) in [("dragnet.toml", CONFIG)].iter().chain(files) {
                let file = context.working_directory.join(name);
                std::fs::write(&file, text).unwrap();
                std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            }
            let environment = |name: &str| key.filter(|_| name == "KEY").map(str::to_owned);
            let context = ResolveContext {
                environment: &environment,
                ..*context
            };
            WatchSettings::resolve(&GlobalArguments::default(), &context)
                .map_err(|error| error.to_string())
        })
    }

    #[test]
    fn schedules_override_settings_and_secrets_are_read() {
        let settings = resolved(
            &[
                ("feed", "192.0.2.7"),
                ("slack", "https://hooks.example/x\n"),
            ],
            Some("k"),
        )
        .unwrap();
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
        assert!(
            resolved(&files, None)
                .unwrap_err()
                .contains("sink `hook`: the environment variable KEY is not set")
        );
        assert!(
            resolved(&files[..1], Some("k"))
                .unwrap_err()
                .contains("slack cannot be read")
        );
        assert!(
            resolved(&[("feed", "192.0.2.999"), files[1]], Some("k"))
                .unwrap_err()
                .contains("192.0.2.999")
        );
    }

    #[test]
    fn status_reads_neither_secrets_nor_lists() {
        with_resolve_context(|context| {
            let file = context.working_directory.join("dragnet.toml");
            std::fs::write(file, CONFIG).unwrap();
            let settings =
                WatchSettings::resolve_for_status(&GlobalArguments::default(), context).unwrap();
            assert_eq!(settings.sink_names, ["hook", "chat"]);
            assert_eq!((settings.schedules.len(), settings.sinks.len()), (2, 0));
        });
    }

    #[test]
    fn placeholders_of_templates_need_a_value() {
        let with = |template: &str, more: &str| {
            let body = format!("secret_env = \"KEY\"\nbody_template = '''{template}'''\n");
            let config = CONFIG.replace("secret_env = \"KEY\"\n", &body);
            let config = config.replace("[watch]\n", &format!("[watch]\n{more}\n"));
            let files = [
                ("feed", "192.0.2.7"),
                ("slack", "https://hooks.example/x"),
                ("dragnet.toml", config.as_str()),
            ];
            resolved(&files, Some("k"))
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

    #[test]
    fn indicator_files_are_read_at_each_activation() {
        let temp = tempfile::tempdir().unwrap();
        let feed = temp.path().join("feed");
        std::fs::write(&feed, "192.0.2.7").unwrap();
        let mut settings = resolved(&[("feed", "192.0.2.7"), ("slack", "x")], Some("k")).unwrap();
        settings.schedules[0].indicator_files = vec![feed.clone()];
        let window = TimeWindow::try_from([0, 1]).unwrap();
        let count_indicators = || {
            settings.schedules[0]
                .sweep(window, PathBuf::new())
                .map(|sweep| sweep.indicators.len())
        };
        assert_eq!(count_indicators().unwrap(), 1);
        std::fs::write(&feed, "192.0.2.7\n192.0.2.8").unwrap();
        assert_eq!(count_indicators().unwrap(), 2);
        std::fs::remove_file(&feed).unwrap();
        assert!(count_indicators().is_err());
    }
}
