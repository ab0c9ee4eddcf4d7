//! `dragnet watch once`: activates what is due, and ends. For cron, systemd timers and Kubernetes
//! CronJobs.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::WatchRuntime;
use crate::cli::UsageError;
use crate::commands::interrupt::token_cancelled_on_signals;
use crate::commands::{CommandError, Environment, print_note};
use crate::config::nearest;
use crate::settings::{GlobalSettings, ProgressStyle, WatchSettings};
use crate::watch::{ActivationEnd, ActivationRecord, RetryPolicy, SinkRecord, State, StateError};

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
    let sinks: Vec<String> = watch.sink_names.clone();
    let refused_before = count_refused(&state, &sinks)?;
    let output = Arc::new(Mutex::new(io::stdout()));
    let runtime =
        WatchRuntime::open(environment, watch, &state, output, RetryPolicy::default()).await?;
    let results = runtime
        .run_once(name, &token_cancelled_on_signals())
        .await?;
    if settings.progress != ProgressStyle::None {
        if results.is_empty() {
            print_note("No schedule is due.");
        }
        results
            .iter()
            .flatten()
            .for_each(|record| print_note(&describe_activation(record)));
    }
    let mut undelivered = false;
    for (sink, before) in sinks.iter().zip(refused_before) {
        let record = state.sink_record(sink)?;
        print_undelivered_alerts(sink, &record, before);
        undelivered |= record.waiting > 0 || record.refused > before;
    }
    Ok(exit_code(&results, undelivered))
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

/// Returns how many alerts each sink has refused so far.
fn count_refused(state: &State, sinks: &[String]) -> Result<Vec<u64>, StateError> {
    let records = sinks.iter().map(|sink| state.sink_record(sink));
    records
        .map(|record| Ok(record?.refused))
        .collect::<Result<_, StateError>>()
}

fn print_undelivered_alerts(sink: &str, record: &SinkRecord, refused_before: u64) {
    let refused = record.refused.saturating_sub(refused_before);
    if refused > 0 {
        print_note(&format!(
            "{refused} alerts were skipped because the sink {sink} refused them; they remain in the state directory"
        ));
    }
    if record.waiting == 0 {
        return;
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
/// `undelivered`: alerts are waiting for a sink, or were skipped.
fn exit_code(results: &[Option<ActivationRecord>], undelivered: bool) -> u8 {
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
    } else if undelivered || any(Some(ActivationEnd::Incomplete)) {
        3
    } else {
        0
    }
}
