//! `dragnet watch once`: activates what is due, and ends. For cron, systemd timers and Kubernetes
//! CronJobs.

use std::io;
use std::sync::{Arc, Mutex};

use super::WatchRuntime;
use crate::cli::UsageError;
use crate::cli::settings::{GlobalSettings, ProgressStyle, WatchSettings};
use crate::commands::interrupt::ends_on_ctrl_c;
use crate::commands::{CommandError, Environment, print_note};
use crate::config::nearest;
use crate::watch::{ActivationEnd, ActivationRecord, RetryPolicy, State};

pub(super) async fn once(
    settings: GlobalSettings,
    place: &Environment,
    watch: WatchSettings,
    name: Option<&str>,
) -> Result<u8, CommandError> {
    if let Some(given) = name {
        let names = || {
            watch
                .schedules
                .iter()
                .map(|schedule| schedule.name.as_str())
        };
        if !names().any(|known| known == given) {
            let nearest = nearest(given, names()).map(str::to_owned);
            return Err(UsageError::UnknownSchedule {
                given: given.to_owned(),
                nearest,
            }
            .into());
        }
    }
    let state = State::open(&watch.state_dir)?;
    let sinks: Vec<String> = watch.sinks.iter().map(|sink| sink.name.clone()).collect();
    let output = Arc::new(Mutex::new(io::stdout()));
    let lookout = WatchRuntime::open(place, watch, &state, output, RetryPolicy::default()).await?;
    let ended = lookout.once(name, &ends_on_ctrl_c()).await?;
    if settings.progress != ProgressStyle::None {
        if ended.is_empty() {
            print_note("No schedule is due.");
        }
        ended
            .iter()
            .flatten()
            .for_each(|activated| print_note(&ending(activated)));
    }
    for sink in sinks {
        let record = state.sink(&sink)?;
        if record.waiting > 0 {
            let problem = if record.problem.is_empty() {
                "it was not tried"
            } else {
                &record.problem
            };
            print_note(&format!(
                "{} alerts wait for the sink {sink}: {problem}",
                record.waiting
            ));
        }
    }
    Ok(exit_code(&ended))
}

fn ending(activated: &ActivationRecord) -> String {
    let ActivationRecord {
        end,
        counts,
        uncovered,
        run,
        problem,
        ..
    } = activated;
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
fn exit_code(ended: &[Option<ActivationRecord>]) -> u8 {
    let ends = || {
        ended
            .iter()
            .map(|activated| activated.as_ref().map(|activated| activated.end))
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
