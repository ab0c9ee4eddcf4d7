//! `dragnet watch status`: shows the state of each schedule, and the alerts that wait for delivery.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};

use crate::commands::CommandError;
use crate::report::{Table, write_json};
use crate::settings::WatchSettings;
use crate::watch::{ActivationEnd, Overview, ScheduleOverview, State};
use dragnet_model::time::rfc3339_ms;

pub(super) fn status(
    watch: &WatchSettings,
    now: Timestamp,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let overview = Overview::read(watch, &State::open_read_only(&watch.state_dir)?, now)?;
    if json {
        write_json(&overview, out)?;
        return Ok(0);
    }
    schedules(&overview).write_text(None, out)?;
    writeln!(out)?;
    sinks(&overview).write_text(None, out)?;
    for line in future_watermarks(&overview) {
        writeln!(out)?;
        writeln!(out, "{line}")?;
    }
    let uncovered = uncovered(&overview);
    if !uncovered.is_empty() {
        writeln!(out)?;
        uncovered.write_text(None, out)?;
    }
    Ok(0)
}

fn schedules(overview: &Overview) -> Table {
    let mut table = Table::new(&[
        "schedule",
        "last",
        "status",
        "next",
        "covered until",
        "behind by",
        "not covered",
        "sightings",
        "alerts",
    ]);
    for schedule in &overview.schedules {
        let ScheduleOverview {
            name,
            last,
            status,
            next,
            covered_until,
            behind_seconds,
            totals,
            ..
        } = schedule;
        let ended = match status {
            None => "never activated".to_owned(),
            Some(ActivationEnd::Failed) => format!("failed: {}", schedule.problem),
            Some(end) => end.as_str().to_owned(),
        };
        let time = |at: &Option<Timestamp>| at.map(rfc3339_ms).unwrap_or_default();
        let behind =
            behind_seconds.map(|seconds| format!("{:#}", SignedDuration::from_secs(seconds)));
        table.push(vec![
            name.clone(),
            time(last),
            ended,
            time(next),
            time(covered_until),
            behind.unwrap_or_default(),
            schedule.uncovered.len().to_string(),
            totals.sightings.to_string(),
            totals.alerts.to_string(),
        ]);
    }
    table
}

/// Returns a line for each schedule whose watermark is in the future.
fn future_watermarks(overview: &Overview) -> Vec<String> {
    let schedules = overview.schedules.iter();
    let line = |schedule: &ScheduleOverview| {
        let until = rfc3339_ms(schedule.future_watermark?);
        Some(format!(
            "The watermark of schedule {} is in the future ({until}): the clock of this host was wrong, or is. Events \
             before that time may be missed; correct the clock, and sweep the time range once: dragnet sweep --since.",
            schedule.name
        ))
    };
    schedules.filter_map(line).collect()
}

fn sinks(overview: &Overview) -> Table {
    let mut table = Table::new(&["sink", "waiting", "delivered", "refused", "last error"]);
    for sink in &overview.sinks {
        let counts = [sink.waiting, sink.delivered, sink.refused].map(|count| count.to_string());
        table.push(
            [
                vec![sink.name.clone()],
                counts.to_vec(),
                vec![sink.problem.clone()],
            ]
            .concat(),
        );
    }
    table
}

fn uncovered(overview: &Overview) -> Table {
    let mut table = Table::new(&["schedule", "account", "name", "not covered since", "reason"]);
    for schedule in &overview.schedules {
        for account in &schedule.uncovered {
            let since = account.since.map(rfc3339_ms).unwrap_or_default();
            let id = account.account_id.clone();
            let name = account.account_name.clone();
            let reason = account.reason.clone();
            table.push(vec![schedule.name.clone(), id, name, since, reason]);
        }
    }
    table
}
