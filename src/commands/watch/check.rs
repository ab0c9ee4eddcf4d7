//! `dragnet watch check`: validates the configuration, and prints the next activations.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::settings::{ScheduleSettings, WatchSettings};
use crate::commands::CommandError;
use crate::contain::{ContainmentMonitor, Journals};
use crate::report::{Table, write_json};
use crate::time::rfc3339_ms;
use crate::watch::next_activation;

/// The number of activations that are shown.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct PlannedActivation {
    schedule: String,
    due: String,
    at: String,
    local: String,
}

/// Prints the next activations. The configuration itself has been validated by resolving the
/// settings.
pub(super) fn check(
    watch: &WatchSettings,
    now: Timestamp,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    for schedule in &watch.schedules {
        schedule.check_lists()?;
        check_containment(schedule)?;
    }
    let planned = next_activations(&watch.schedules, now);
    if json {
        write_json(&planned, out)?;
        return Ok(0);
    }
    let mut table = Table::new(&["at", "schedule", "due", "local time"]);
    for PlannedActivation {
        schedule,
        due,
        at,
        local,
    } in planned
    {
        table.push(vec![at, schedule, due, local]);
    }
    table.write_text(None, out)?;
    Ok(0)
}

/// Checks that the containment that a schedule monitors exists and is in place.
fn check_containment(schedule: &ScheduleSettings) -> Result<(), CommandError> {
    let Some(containment) = &schedule.containment else {
        return Ok(());
    };
    let journals = Journals::new(containment.journals.clone());
    match ContainmentMonitor::open(&journals, &containment.id) {
        Ok(_) => Ok(()),
        Err(source) => Err(CommandError::Monitor {
            schedule: schedule.name.clone(),
            id: containment.id.clone(),
            source,
        }),
    }
}

/// Returns the next activations of all schedules, ordered by time.
fn next_activations(schedules: &[ScheduleSettings], now: Timestamp) -> Vec<PlannedActivation> {
    let mut all = Vec::new();
    for schedule in schedules {
        let mut after = now;
        for _ in 0..SHOWN {
            let Some(activation) = next_activation(schedule, after) else {
                break;
            };
            after = activation.due;
            let local = activation
                .due
                .to_zoned(schedule.zone.zone())
                .strftime("%a %F %T %Z")
                .to_string();
            let due = rfc3339_ms(activation.due);
            let at = rfc3339_ms(activation.at);
            all.push(PlannedActivation {
                schedule: schedule.name.clone(),
                due,
                at,
                local,
            });
        }
    }
    all.sort_by(|one, other| (&one.at, &one.schedule).cmp(&(&other.at, &other.schedule)));
    all.truncate(SHOWN);
    all
}
