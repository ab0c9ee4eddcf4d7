//! The settings of a schedule of a watch, and of the sweeps that it makes.

use std::path::PathBuf;
use std::time::Duration;

use super::contain_logs::containment_scope;
use super::indicators::{ResolvedIndicators, resolve_indicators};
use super::required::required_kinds;
use super::sweep_hunts::load_watch_hunts;
use super::{EngineChoice, EngineSettings, Reach, ResolveContext, SettingsError, SweepSettings};
use crate::config::{
    AlertCondition, Config, ConfiguredDuration, Format, Hunts, RunUrl, Schedule, TimeZoneName,
    Timetable,
};
use dragnet_model::{
    AccountId, Hunt, Indicator, LogKind, RequiredKinds, SourceSelection, TimeWindow, WindowEnd,
};

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

impl MonitoredContainment {
    /// Returns the containment that a schedule monitors, if any.
    fn from_schedule(
        schedule: &Schedule,
        practice: bool,
        context: &ResolveContext<'_>,
    ) -> Result<Option<Self>, SettingsError> {
        let Some(id) = &schedule.containment else {
            return Ok(None);
        };
        let id = id.to_string();
        let journals = context.journals_directory(practice)?;
        Ok(Some(Self { id, journals }))
    }
}

impl ScheduleSettings {
    /// Returns the settings of a schedule. Its own scope replaces that of `reach`.
    pub(super) fn from_config(
        schedule: &Schedule,
        config: &Config,
        reach: &Reach,
        practice: bool,
        context: &ResolveContext<'_>,
    ) -> Result<Self, SettingsError> {
        let watch = &config.watch;
        let scope = schedule
            .scope
            .clone()
            .unwrap_or_else(|| reach.scope.clone());
        Ok(Self {
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
            containment: MonitoredContainment::from_schedule(schedule, practice, context)?,
            reach: Reach {
                scope,
                ..reach.clone()
            },
            formats: config.report.formats.clone(),
            hunts: schedule.hunts.clone(),
            catalogue: config.hunts.clone(),
            indicators: schedule.indicators.clone(),
            indicator_files: schedule.indicator_files.clone(),
            working_directory: context.working_directory.to_owned(),
        })
    }

    fn load_searches(
        &self,
        strict: bool,
    ) -> Result<(ResolvedIndicators, Vec<Hunt>), SettingsError> {
        let indicators = resolve_indicators(
            &self.indicators,
            &self.indicator_files,
            &self.working_directory,
            strict,
        )?;
        Ok((indicators, self.load_hunts()?))
    }

    /// Checks that the schedule's indicator lists and hunts can be used.
    ///
    /// # Errors
    /// One cannot; the error names it.
    pub(crate) fn check_searches(&self) -> Result<(), SettingsError> {
        self.load_searches(false).map(|_| ())
    }

    /// Checks that every entry of the schedule's indicator lists is understood.
    ///
    /// # Errors
    /// Some are not; the error names them.
    pub fn check_lists(&self) -> Result<(), SettingsError> {
        self.load_searches(true).map(|_| ())
    }

    /// Returns the hunts of the schedule.
    ///
    /// # Errors
    /// A hunt can no longer be used.
    pub fn load_hunts(&self) -> Result<Vec<Hunt>, SettingsError> {
        load_watch_hunts(&self.hunts, &self.catalogue)
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
    ) -> Result<SweepSettings, SettingsError> {
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
    pub fn sweep(
        &self,
        window: TimeWindow,
        out_dir: PathBuf,
    ) -> Result<SweepSettings, SettingsError> {
        let (
            ResolvedIndicators {
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
            required: required_kinds(&self.reach.scope, &indicators, &hunts),
            sources: SourceSelection::default(),
            files: None,
            collects: false,
            follow: None,
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
            verify_integrity: false,
            athena: None,
            changes_only: false,
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
    use super::*;
    use crate::settings::testing::resolve_watch;

    #[test]
    fn indicator_files_are_read_at_each_activation() {
        let temp = tempfile::tempdir().unwrap();
        let feed = temp.path().join("feed");
        std::fs::write(&feed, "192.0.2.7").unwrap();
        let config = format!(
            "[watch]\nstate_dir = \"state\"\n[[watch.sink]]\nname = \"out\"\nkind = \"stdout\"\n\
             [[watch.schedule]]\nname = \"s\"\ncron = \"@hourly\"\nindicator_files = ['{}']\nsinks = [\"out\"]\n",
            feed.display()
        );
        let settings = resolve_watch(&config, &[], None).unwrap();
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
