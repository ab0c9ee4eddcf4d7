//! `dragnet watch check`: validates everything that `watch once` needs, prints the next activations,
//! and sends test alerts on request.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::time::timeout;

use crate::aws::{Poster, causes};
use crate::cli::UsageError;
use crate::commands::{CommandError, Environment};
use crate::contain::{ContainmentMonitor, Journals};
use crate::report::{Table, write_json};
use crate::settings::{ScheduleSettings, SinkEndpoint, WatchSettings};
use crate::watch::{Alert, RetryPolicy, Sink, State, StateError, Tools, next_activation};
use dragnet_model::time::rfc3339_ms;

/// The number of activations that are shown.
const SHOWN: usize = 10;
/// The exit code if a test alert was not delivered.
const UNDELIVERED: u8 = 3;

#[derive(Serialize)]
struct PlannedActivation {
    schedule: String,
    due: String,
    at: String,
    local: String,
}

/// The result of a test alert.
#[derive(Serialize)]
struct TestAlert {
    sink: String,
    delivered: bool,
    problem: String,
}

/// The output of `--send-test --json`.
#[derive(Serialize)]
struct CheckReport {
    activations: Vec<PlannedActivation>,
    test_alerts: Vec<TestAlert>,
}

/// The check of a resolved configuration. Resolving it has already validated its syntax, time zones
/// and templates, and has read the secrets.
pub(super) struct Check<'a> {
    pub environment: &'a Environment,
    pub watch: &'a WatchSettings,
    pub json: bool,
}

impl Check<'_> {
    /// Checks the configuration and prints the next activations. `send_test` sends a test alert to
    /// every sink.
    pub(super) async fn run(
        &self,
        send_test: bool,
        out: &mut dyn Write,
    ) -> Result<u8, CommandError> {
        let poster = Poster::new(self.environment.allows_insecure_endpoints());
        let problems = find_problems(self.watch, &poster);
        if !problems.is_empty() {
            return Err(UsageError::WatchCheck(problems).into());
        }
        let now = self.environment.clock().now();
        let planned = next_activations(&self.watch.schedules, now);
        if !send_test {
            if self.json {
                write_json(&planned, out)?;
            } else {
                activation_table(planned).write_text(None, out)?;
            }
            return Ok(0);
        }
        let test_alerts = self.send_test_alerts(poster, now).await?;
        let is_delivered = test_alerts.iter().all(|test| test.delivered);
        if self.json {
            let report = CheckReport {
                activations: planned,
                test_alerts,
            };
            write_json(&report, out)?;
        } else {
            activation_table(planned).write_text(None, out)?;
            writeln!(out)?;
            test_table(test_alerts).write_text(None, out)?;
        }
        Ok(if is_delivered { 0 } else { UNDELIVERED })
    }

    /// Sends a test alert to every sink, once and without the outbox.
    async fn send_test_alerts(
        &self,
        poster: Poster,
        now: Timestamp,
    ) -> Result<Vec<TestAlert>, CommandError> {
        let aws = self.environment.connect(&self.watch.reach, None).await?;
        let tools = Tools {
            aws: Arc::new(aws),
            poster: Arc::new(poster),
            output: Arc::new(Mutex::new(io::stdout())),
        };
        let alert = Alert::for_test(now, self.watch.run_url.as_ref());
        let mut results = Vec::new();
        for settings in &self.watch.sinks {
            let sink = Sink::new(settings.clone(), tools.clone());
            let limit = RetryPolicy::default().attempt_timeout;
            let problem = match timeout(limit, sink.deliver(&alert, now)).await {
                Ok(Ok(())) => String::new(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no response within {} s", limit.as_secs()),
            };
            results.push(TestAlert {
                sink: settings.name.clone(),
                delivered: problem.is_empty(),
                problem,
            });
        }
        Ok(results)
    }
}

/// Returns everything that would prevent `watch once` from searching or from delivering alerts.
fn find_problems(watch: &WatchSettings, poster: &Poster) -> Vec<String> {
    let mut problems = Vec::new();
    for schedule in &watch.schedules {
        if let Err(error) = schedule.check_lists() {
            problems.push(format!("schedule `{}`: {}", schedule.name, causes(&error)));
        }
        if let Err(error) = check_containment(schedule) {
            problems.push(causes(&error));
        }
    }
    for sink in &watch.sinks {
        let address = sink.way.url().map(ExposeSecret::expose_secret);
        if let Some(Err(error)) = address.map(|url| poster.check_address(url)) {
            problems.push(format!("sink `{}`: {error}", sink.name));
        }
        if let SinkEndpoint::File(path) = &sink.way
            && let Err(error) = check_appendable(path)
        {
            let path = path.display();
            problems.push(format!(
                "sink `{}`: {path} cannot be written: {error}",
                sink.name
            ));
        }
    }
    if let Err(error) = check_creatable(&watch.state_dir) {
        let path = watch.state_dir.display();
        problems.push(format!(
            "watch.state_dir: {path} cannot be written: {error}; make it a directory of the user who runs the watch"
        ));
    }
    match State::open_read_only(&watch.state_dir) {
        // The first activation creates it.
        Ok(_) | Err(StateError::NotCreated(_)) => {}
        Err(error) => problems.push(format!("watch.state_dir: {}", causes(&error))),
    }
    problems
}

/// Checks that the file can be appended to, without changing it.
fn check_appendable(path: &Path) -> io::Result<()> {
    if path.exists() {
        return OpenOptions::new().append(true).open(path).map(|_| ());
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    tempfile::tempfile_in(parent).map(|_| ())
}

/// Checks that files can be created in the directory, or in the nearest one above it that exists.
fn check_creatable(directory: &Path) -> io::Result<()> {
    let existing = directory.ancestors().find(|ancestor| ancestor.exists());
    tempfile::tempfile_in(existing.unwrap_or(Path::new("/"))).map(|_| ())
}

fn activation_table(planned: Vec<PlannedActivation>) -> Table {
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
    table
}

fn test_table(tests: Vec<TestAlert>) -> Table {
    let mut table = Table::new(&["sink", "test alert", "problem"]);
    for TestAlert {
        sink,
        delivered,
        problem,
    } in tests
    {
        let result = if delivered { "delivered" } else { "failed" };
        table.push(vec![sink, result.to_owned(), problem]);
    }
    table
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
