//! The driver activates each schedule when it is due, with one run at a time for each schedule.

use std::fmt;
use std::path::PathBuf;
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
use super::own_calls::OwnCalls;
use super::retention::remove_old_runs;
use super::state::{ActivationRecord, State, StateError};
use super::timing::{self, Activation};
use crate::aws::causes;
use crate::cli::settings::{ScheduleSettings, SweepSettings, WatchSettings};
use crate::time::Clock;

/// Starts the sweep of an activation. It is a trait because the files of a run are written by a
/// module on a higher floor.
pub trait RunLauncher: fmt::Debug + Send + Sync {
    /// Sweeps the windows of an agenda and writes the files of the run.
    ///
    /// # Errors
    /// There is no run, for example because AWS cannot be reached or the disk is full. The text is
    /// for people.
    fn make(
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
    runs: Arc<dyn RunLauncher>,
    /// Notified when the outbox may have new alerts.
    outbox: watch::Sender<()>,
}

impl Watch {
    /// Creates a watch with these settings and this state. `outbox` is notified of new alerts.
    pub fn new(
        settings: WatchSettings,
        state: State,
        clock: Clock,
        runs: Arc<dyn RunLauncher>,
        outbox: watch::Sender<()>,
    ) -> Self {
        Self {
            settings,
            state,
            clock,
            runs,
            outbox,
        }
    }

    /// Activates each schedule whenever it is due. When `rest` is cancelled, it returns after the
    /// current activations end. When `stop` is cancelled, they are interrupted.
    pub async fn keep(self: &Arc<Self>, rest: CancellationToken, stop: CancellationToken) {
        let mut schedules = JoinSet::new();
        for number in 0..self.settings.schedules.len() {
            schedules.spawn(Arc::clone(self).keep_schedule(number, rest.clone(), stop.clone()));
        }
        while schedules.join_next().await.is_some() {}
    }

    async fn keep_schedule(
        self: Arc<Self>,
        number: usize,
        rest: CancellationToken,
        stop: CancellationToken,
    ) {
        let Some(schedule) = self.settings.schedules.get(number) else {
            return;
        };
        let mut next = self
            .due(schedule)
            .or_else(|| timing::next(schedule, self.clock.now()));
        while let Some(activation) = next {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = rest.cancelled() => return,
                () = self.wait_until(activation.at) => {}
            }
            self.activate(schedule, activation, stop.clone()).await;
            let now = self.clock.now();
            let missed = timing::missed(schedule, activation.due, now);
            if missed > 0 {
                warn!(
                    schedule = schedule.name,
                    missed, "was due while it was still running: skipped"
                );
                if let Err(error) = self.state.skipped(&schedule.name, missed) {
                    error!(
                        schedule = schedule.name,
                        error = causes(&error),
                        "what was skipped cannot be written down"
                    );
                }
            }
            next = timing::next(schedule, now.max(activation.due));
        }
    }

    /// Activates every schedule that is due, or the named schedule even if it is not due. Returns
    /// the records of the activations.
    pub async fn once(
        &self,
        name: Option<&str>,
        stop: &CancellationToken,
    ) -> Vec<Option<ActivationRecord>> {
        let mut ended = Vec::new();
        for schedule in self
            .settings
            .schedules
            .iter()
            .filter(|schedule| name.is_none_or(|name| name == schedule.name))
        {
            let now = self.clock.now();
            let due = self
                .due(schedule)
                .or_else(|| name.map(|_| Activation { due: now, at: now }));
            if let Some(activation) = due {
                ended.push(self.activate(schedule, activation, stop.clone()).await);
            }
        }
        ended
    }

    fn due(&self, schedule: &ScheduleSettings) -> Option<Activation> {
        let last = match self.state.schedule(&schedule.name) {
            Ok(last) => last.and_then(|last| Timestamp::from_millisecond(last.due_ms).ok()),
            Err(error) => {
                error!(
                    schedule = schedule.name,
                    error = causes(&error),
                    "its last activation cannot be read"
                );
                None
            }
        };
        timing::due(schedule, last, self.clock.now())
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
        let activated = self.try_to_activate(schedule, activation, stop).await;
        self.outbox.send_replace(());
        match activated {
            Ok(activated) => {
                let ActivationRecord {
                    end,
                    uncovered,
                    run,
                    problem,
                    counts,
                    ..
                } = &activated;
                let sightings = counts.sightings;
                let alerts = counts.alerts;
                let end = end.as_str();
                info!(
                    schedule = name,
                    end, sightings, alerts, uncovered, run, problem, "concluded"
                );
                Some(activated)
            }
            Err(error) => {
                error!(
                    schedule = name,
                    error = causes(&error),
                    "nothing of it is written down"
                );
                None
            }
        }
    }

    async fn try_to_activate(
        &self,
        schedule: &ScheduleSettings,
        activation: Activation,
        stop: CancellationToken,
    ) -> Result<ActivationRecord, StateError> {
        let started_ms = self.clock.now_ms();
        let pace = Pace {
            lag_ms: schedule.lag_ms,
            overlap_ms: schedule.overlap_ms,
            lookback_ms: schedule.lookback_ms,
            catch_up_ms: schedule.catch_up_ms,
        };
        let agenda = Arc::new(Agenda::new(
            started_ms,
            pace,
            self.state.watermarks(&schedule.name)?,
        ));
        let sweep = self.sweep_settings(schedule, &agenda);
        let hunts = sweep
            .as_ref()
            .map(|sweep| sweep.hunts.clone())
            .unwrap_or_default();
        let run = match sweep {
            Ok(sweep) => self.runs.make(sweep, Arc::clone(&agenda), stop).await,
            Err(problem) => Err(problem),
        };
        let state = self.state.clone();
        let schedule = schedule.clone();
        let clock = self.clock.clone();
        let runs_dir = self.runs_dir();
        let keep_for = self.settings.keep_runs_for;
        let keep = self.settings.keep_runs;
        let concluded = tokio::task::spawn_blocking(move || {
            let conclusion = Conclusion {
                schedule: &schedule,
                agenda: &agenda,
                hunts: &hunts,
                due_ms: activation.due.as_millisecond(),
                started_ms,
                ended_ms: clock.now_ms(),
            };
            let activated = match &run {
                Err(problem) => conclusion.failed(&state, problem, None)?,
                Ok(run) if !run.problem.is_empty() => {
                    conclusion.failed(&state, &run.problem, Some(run))?
                }
                Ok(run) => conclusion.of_run(&state, run, &mut OwnCalls::open(&runs_dir)?)?,
            };
            // A run that cannot be removed now is tried again after the next run.
            match remove_old_runs(&runs_dir, keep_for, keep, clock.now()) {
                Ok(0) => {}
                Ok(removed) => info!(removed, "old runs were removed"),
                Err(error) => warn!(error = causes(&error), "old runs cannot be removed"),
            }
            Ok(activated)
        });
        concluded
            .await
            .map_err(|error| StateError::Damaged(error.to_string()))?
    }

    /// The settings of the sweep, or why none is made.
    fn sweep_settings(
        &self,
        schedule: &ScheduleSettings,
        agenda: &Agenda,
    ) -> Result<SweepSettings, String> {
        if let Some(budget) = self.settings.scan_budget {
            let scanned = self
                .state
                .scanned(self.clock.now_ms())
                .map_err(|error| causes(&error))?;
            if scanned >= budget {
                let scanned = crate::report::bytes(scanned);
                let budget = crate::report::bytes(budget);
                return Err(format!(
                    "{scanned} were read today, of a budget of {budget}: it goes on tomorrow (UTC)"
                ));
            }
        }
        let window = agenda.widest().ok_or("its lag reaches beyond all times")?;
        schedule
            .sweep(window, self.runs_dir())
            .map_err(|error| causes(&error))
    }

    /// The directory of the runs.
    pub fn runs_dir(&self) -> PathBuf {
        self.settings.state_dir.join("runs")
    }
}
