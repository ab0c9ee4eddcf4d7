//! `dragnet watch`: activates schedules, and shows their state.

mod check;
mod once;
mod run;
mod runs;
mod status;
mod watch_runtime;

use std::io::Write;

pub use watch_runtime::WatchRuntime;

use super::host_environment::HostEnvironment;
use super::sweep::print_field_notes;
use super::{CommandError, Environment};
use crate::cli::{GlobalArguments, WatchCommand};
use crate::settings::WatchSettings;
use dragnet_model::Hunt;

/// Runs a `watch` command.
pub(super) async fn watch(
    global: &GlobalArguments,
    command: &WatchCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let now = environment.clock().now();
    let context = host.resolve_context(now);
    let watch = if let WatchCommand::Status = command {
        WatchSettings::resolve_for_status(global, &context)?
    } else {
        WatchSettings::resolve(global, &context)?
    };
    // A service logs to a collector, and its hunts were checked with `watch check`.
    if let WatchCommand::Once { .. } | WatchCommand::Check { .. } = command {
        print_hunt_notes(&watch)?;
    }
    match command {
        WatchCommand::Run => Box::pin(run::run(global, host, &environment, watch)).await,
        WatchCommand::Once { name } => {
            Box::pin(once::once(settings, &environment, watch, name.as_deref())).await
        }
        WatchCommand::Status => status::status(&watch, now, settings.json, out),
        WatchCommand::Check { send_test } => {
            let check = check::Check {
                environment: &environment,
                watch: &watch,
                json: settings.json,
            };
            Box::pin(check.run(*send_test, out)).await
        }
    }
}

/// Prints what may be misspelt in the hunts of the schedules, each hunt once.
fn print_hunt_notes(watch: &WatchSettings) -> Result<(), CommandError> {
    let mut hunts: Vec<Hunt> = Vec::new();
    for schedule in &watch.schedules {
        for hunt in schedule.load_hunts()? {
            if !hunts.contains(&hunt) {
                hunts.push(hunt);
            }
        }
    }
    print_field_notes(&hunts);
    Ok(())
}
