//! `dragnet watch once`: activates what is due, and ends. For cron, systemd timers and Kubernetes
//! CronJobs.

use std::io;
use std::sync::{Arc, Mutex};

use super::WatchRuntime;
use crate::cli::UsageError;
use crate::cli::settings::{GlobalSettings, ProgressStyle, WatchSettings};
use crate::commands::interrupt::token_cancelled_on_ctrl_c;
use crate::commands::{CommandError, Environment, print_note};
use crate::config::nearest;
use crate::watch::{ActivationEnd, ActivationRecord, RetryPolicy, State, StateError};

pub(super) async fn once(
    settings: GlobalSettings,
    environment: &Environment,
    watch: WatchSettings,
    name: Option<&str>,
) -> Result<u8, CommandError> {
    if let Some(name) = name {
        check_schedule_exists(&watch, name)?;
    }
    let state = State::open(&watch.state_dir)?;
    let sinks: Vec<String> = watch.sinks.iter().map(|sink| sink.name.clone()).collect();
    let output = Arc::new(Mutex::new(io::stdout()));
    let runtime =
        WatchRuntime::open(environment, watch, &state, output, RetryPolicy::default()).await?;
    let results = runtime.run_once(name, &token_cancelled_on_ctrl_c()).await?;
    if settings.progress != ProgressStyle::None {
        if results.is_empty() {
            print_note("No schedule is due.");
        }
        results
            .iter()
            .flatten()
            .for_each(|record| print_note(&describe_activation(record)));
    }
    for sink in sinks {
        print_waiting_alerts(&state, &sink)?;
    }
    Ok(exit_code(&results))
}

fn check_schedule_exists(watch: &WatchSettings, name: &str) -> Result<(), UsageError> {
    let names = || {
        watch
            .schedules
            .iter()
            .map(|schedule| schedule.name.as_str())
    };
    if names().any(|known| known == name) {
        return Ok(());
    }
    let nearest = nearest(name, names()).map(str::to_owned);
    Err(UsageError::UnknownSchedule {
        given: name.to_owned(),
        nearest,
    })
}

fn print_waiting_alerts(state: &State, sink: &str) -> Result<(), StateError> {
    let record = state.sink_record(sink)?;
    if record.waiting == 0 {
        return Ok(());
    }
    let problem = if record.problem.is_empty() {
        "no delivery was attempted"
    } else {
        &record.problem
    };
    print_note(&format!(
        "{} alerts are waiting for the sink {sink}: {problem}",
        record.waiting
    ));
    Ok(())
}

fn describe_activation(record: &ActivationRecord) -> String {
    let ActivationRecord {
        end,
        counts,
        uncovered,
        run,
        problem,
        ..
    } = record;
    let sightings = counts.sightings;
    let alerts = counts.alerts;
    let because = if problem.is_empty() {
        String::new()
    } else {
        format!(": {problem}")
    };
    let run = if run.is_empty() {
        String::new()
    } else {
        format!("; {run}")
    };
    format!(
        "{}{because}: {sightings} new sightings, {alerts} alerts, {uncovered} accounts not covered{run}",
        end.as_str()
    )
}

/// Returns the exit code. Of several activations, the one with the worst result decides.
fn exit_code(results: &[Option<ActivationRecord>]) -> u8 {
    let ends = || {
        results
            .iter()
            .map(|record| record.as_ref().map(|record| record.end))
    };
    let any = |end: Option<ActivationEnd>| ends().any(|one| one == end);
    if any(None) || any(Some(ActivationEnd::Failed)) {
        1
    } else if any(Some(ActivationEnd::Interrupted)) {
        130
    } else if any(Some(ActivationEnd::Incomplete)) {
        3
    } else {
        0
    }
}
