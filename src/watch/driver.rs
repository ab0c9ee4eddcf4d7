//! The driver activates each schedule when it is due, with one run at a time for each schedule.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::agenda::{Agenda, Pace};
use super::conclude::{Conclusion, FinishedRun};
use super::monitored::{first_lookback_ms, open_monitor, scope_to_containment};
use super::own_calls::OwnCalls;
use super::retention::remove_old_runs;
use super::state::{ActivationRecord, State, StateError};
use super::timing::{self, Activation};
use super::watermark::{ScopeNode, Watermark};
use crate::aws::causes;
use crate::contain::ContainmentMonitor;
use crate::settings::{ScheduleSettings, SweepSettings, WatchSettings};
use dragnet_model::time::Clock;
use dragnet_model::{Hunt, format};

/// Starts the sweep of an activation. It is a trait because the files of a run are written by a
/// module on a higher floor.
pub trait RunLauncher: fmt::Debug + Send + Sync {
    /// Sweeps the windows of an agenda and writes the files of the run.
    ///
    /// # Errors
    /// There is no run, for example because AWS cannot be reached or the disk is full. The text is
    /// for people.
    fn launch(
        &self,
        settings: SweepSettings,
        agenda: Arc<Agenda>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<FinishedRun, String>>;
}

/// Runs the schedules of a watch.
#[derive(Debug)]
pub struct Watch {
    settings: WatchSettings,
    state: State,
    clock: Clock,
    launcher: Arc<dyn RunLauncher>,
    /// Notified when the outbox may have new alerts.
    outbox: watch::Sender<()>,
}

impl Watch {
    /// Creates a watch with these settings and this state. `outbox` is notified of new alerts.
    pub fn new(
        settings: WatchSettings,
        state: State,
        clock: Clock,
        launcher: Arc<dyn RunLauncher>,
        outbox: watch::Sender<()>,
    ) -> Self {
        Self {
            settings,
            state,
            clock,
            launcher,
            outbox,
        }
    }

    /// Activates each schedule whenever it is due. When `drain` is cancelled, it returns after the
    /// current activations end. When `stop` is cancelled, they are interrupted.
    pub async fn run(self: &Arc<Self>, drain: CancellationToken, stop: CancellationToken) {
        let mut schedules = JoinSet::new();
        for number in 0..self.settings.schedules.len() {
            schedules.spawn(Arc::clone(self).run_schedule(number, drain.clone(), stop.clone()));
        }
        while schedules.join_next().await.is_some() {}
    }

    async fn run_schedule(
        self: Arc<Self>,
        number: usize,
        drain: CancellationToken,
        stop: CancellationToken,
    ) {
        let Some(schedule) = self.settings.schedules.get(number) else {
            return;
        };
        let mut next = self
            .due_activation(schedule)
            .or_else(|| timing::next_activation(schedule, self.clock.now()));
        while let Some(activation) = next {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = drain.cancelled() => return,
                () = self.wait_until(activation.at) => {}
            }
            self.activate(schedule, activation, stop.clone()).await;
            let now = self.clock.now();
            self.record_missed(schedule, activation.due, now);
            next = timing::next_activation(schedule, now.max(activation.due));
        }
    }

    /// Records how often the schedule was due after `due` and until `now`, while its activation was
    /// still running.
    fn record_missed(&self, schedule: &ScheduleSettings, due: Timestamp, now: Timestamp) {
        let missed = timing::count_missed(schedule, due, now);
        if missed == 0 {
            return;
        }
        warn!(
            schedule = schedule.name,
            missed, "skipped activations that were due while the previous one was still running"
        );
        if let Err(error) = self.state.add_skipped(&schedule.name, missed) {
            error!(
                schedule = schedule.name,
                error = causes(&error),
                "failed to store the number of skipped activations"
            );
        }
    }

    /// Activates every schedule that is due, or the named schedule even if it is not due. Returns
    /// the records of the activations.
    pub async fn run_once(
        &self,
        name: Option<&str>,
        stop: &CancellationToken,
    ) -> Vec<Option<ActivationRecord>> {
        let mut results = Vec::new();
        for schedule in self
            .settings
            .schedules
            .iter()
            .filter(|schedule| name.is_none_or(|name| name == schedule.name))
        {
            let now = self.clock.now();
            let due = self
                .due_activation(schedule)
                .or_else(|| name.map(|_| Activation { due: now, at: now }));
            if let Some(activation) = due {
                results.push(self.activate(schedule, activation, stop.clone()).await);
            }
        }
        results
    }

    fn due_activation(&self, schedule: &ScheduleSettings) -> Option<Activation> {
        let last = match self.state.last_activation(&schedule.name) {
            Ok(last) => last.and_then(|last| Timestamp::from_millisecond(last.due_ms).ok()),
            Err(error) => {
                error!(
                    schedule = schedule.name,
                    error = causes(&error),
                    "failed to read the last activation"
                );
                None
            }
        };
        timing::due_activation(schedule, last, self.clock.now())
    }

    /// Waits in steps of at most an hour, so that a suspended host or a changed clock delays an
    /// activation by no more than that.
    async fn wait_until(&self, at: Timestamp) {
        loop {
            match self.clock.until(at) {
                Duration::ZERO => return,
                wait => tokio::time::sleep(wait.min(Duration::from_hours(1))).await,
            }
        }
    }

    /// Activates a schedule. Returns `None` if the result could not be stored; the same events are
    /// then read again.
    async fn activate(
        &self,
        schedule: &ScheduleSettings,
        activation: Activation,
        stop: CancellationToken,
    ) -> Option<ActivationRecord> {
        let name = &schedule.name;
        info!(schedule = name, due = %activation.due, "activated");
        let result = self.run_activation(schedule, activation, stop).await;
        self.outbox.send_replace(());
        match result {
            Ok(record) => {
                let ActivationRecord {
                    end,
                    uncovered,
                    run,
                    problem,
                    counts,
                    ..
                } = &record;
                let sightings = counts.sightings;
                let alerts = counts.alerts;
                let end = end.as_str();
                info!(
                    schedule = name,
                    end, sightings, alerts, uncovered, run, problem, "concluded"
                );
                Some(record)
            }
            Err(error) => {
                error!(
                    schedule = name,
                    error = causes(&error),
                    "failed to store the activation; the next one reads the same events again"
                );
                None
            }
        }
    }

    async fn run_activation(
        &self,
        schedule: &ScheduleSettings,
        activation: Activation,
        stop: CancellationToken,
    ) -> Result<ActivationRecord, StateError> {
        let started_ms = self.clock.now_ms();
        // The journal is read at each activation, so that it is that of the current containment.
        let opened = open_monitor(schedule);
        let monitor = opened.as_ref().ok().and_then(Option::as_ref);
        let schedule = scope_to_containment(schedule, monitor);
        let agenda = Arc::new(self.new_agenda(&schedule, monitor, started_ms)?);
        let sweep = match &opened {
            Ok(monitor) => self.sweep_settings(&schedule, monitor.as_ref(), &agenda),
            Err(problem) => Err(problem.clone()),
        };
        let hunts = sweep
            .as_ref()
            .map(|sweep| sweep.hunts.clone())
            .unwrap_or_default();
        let run = match sweep {
            Ok(sweep) => self.launcher.launch(sweep, Arc::clone(&agenda), stop).await,
            Err(problem) => Err(problem),
        };
        self.conclude(EndedActivation {
            schedule,
            agenda,
            monitor: opened.ok().flatten(),
            hunts,
            due_ms: activation.due.as_millisecond(),
            started_ms,
            run,
        })
        .await
    }

    fn new_agenda(
        &self,
        schedule: &ScheduleSettings,
        monitor: Option<&ContainmentMonitor>,
        started_ms: i64,
    ) -> Result<Agenda, StateError> {
        let watermarks = self.state.watermarks(&schedule.name)?;
        let is_first = watermarks.iter().next().is_none();
        let lookback_ms = match monitor {
            Some(monitor) if is_first => first_lookback_ms(schedule, monitor, started_ms),
            _ => schedule.lookback_ms,
        };
        let pace = Pace {
            lag_ms: schedule.lag_ms,
            overlap_ms: schedule.overlap_ms,
            lookback_ms,
            catch_up_ms: schedule.catch_up_ms,
        };
        let is_future = |(_, watermark): (&ScopeNode, &Watermark)| watermark.until_ms > started_ms;
        if watermarks.iter().any(is_future) {
            warn!(
                schedule = schedule.name,
                "a watermark is in the future, so the clock of this host was wrong, or is: events before it may be missed; \
                 dragnet watch status shows it"
            );
        }
        Ok(Agenda::new(started_ms, pace, watermarks))
    }

    /// Concludes an activation on a blocking thread, and then removes old runs.
    async fn conclude(&self, ended: EndedActivation) -> Result<ActivationRecord, StateError> {
        let state = self.state.clone();
        let clock = self.clock.clone();
        let runs_dir = self.runs_dir();
        let keep_for = self.settings.keep_runs_for;
        let keep = self.settings.keep_runs;
        let concluded = tokio::task::spawn_blocking(move || {
            let record = ended.conclude(&state, &runs_dir, clock.now_ms())?;
            // A run that cannot be removed now is tried again after the next run.
            match remove_old_runs(&runs_dir, keep_for, keep, clock.now()) {
                Ok(0) => {}
                Ok(removed) => info!(removed, "removed old runs"),
                Err(error) => warn!(
                    error = causes(&error),
                    "failed to remove old runs; the next activation tries again"
                ),
            }
            Ok(record)
        });
        concluded
            .await
            .map_err(|error| StateError::Damaged(error.to_string()))?
    }

    /// Returns the settings of the sweep, or why there is no sweep.
    fn sweep_settings(
        &self,
        schedule: &ScheduleSettings,
        monitor: Option<&ContainmentMonitor>,
        agenda: &Agenda,
    ) -> Result<SweepSettings, String> {
        if let Some(budget) = self.settings.scan_budget {
            let scanned = self
                .state
                .bytes_read_on_day_of(self.clock.now_ms())
                .map_err(|error| causes(&error))?;
            if scanned >= budget {
                let scanned = format::bytes(scanned);
                let budget = format::bytes(budget);
                return Err(format!(
                    "{scanned} were read today, of a budget of {budget}; reading continues tomorrow (UTC), \
                     or when watch.scan_budget_gb is raised"
                ));
            }
        }
        let window = agenda.widest_window().ok_or(
            "the window of the schedule is outside the range of valid times; reduce its lag and lookback",
        )?;
        let runs_dir = self.runs_dir();
        let sweep = match monitor {
            Some(monitor) => schedule.containment_sweep(monitor.indicators(), window, runs_dir),
            None => schedule.sweep(window, runs_dir),
        };
        sweep.map_err(|error| causes(&error))
    }

    /// The directory of the runs.
    pub fn runs_dir(&self) -> PathBuf {
        self.settings.state_dir.join("runs")
    }
}

/// An activation whose run has ended, or could not be made.
struct EndedActivation {
    schedule: ScheduleSettings,
    agenda: Arc<Agenda>,
    /// The containment that the schedule monitors.
    monitor: Option<ContainmentMonitor>,
    /// The hunts of the run.
    hunts: Vec<Hunt>,
    due_ms: i64,
    started_ms: i64,
    run: Result<FinishedRun, String>,
}

impl EndedActivation {
    fn conclude(
        &self,
        state: &State,
        runs_dir: &Path,
        ended_ms: i64,
    ) -> Result<ActivationRecord, StateError> {
        let conclusion = Conclusion {
            schedule: &self.schedule,
            agenda: &self.agenda,
            monitor: self.monitor.as_ref(),
            hunts: &self.hunts,
            due_ms: self.due_ms,
            started_ms: self.started_ms,
            ended_ms,
        };
        match &self.run {
            Err(problem) => conclusion.conclude_failed(state, problem, None),
            Ok(run) if !run.problem.is_empty() => {
                conclusion.conclude_failed(state, &run.problem, Some(run))
            }
            Ok(run) => {
                conclusion.conclude_run(state, run, &OwnCalls::open(runs_dir, &run.registry)?)
            }
        }
    }
}
