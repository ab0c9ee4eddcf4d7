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
use super::{CommandError, Environment};
use crate::cli::settings::WatchSettings;
use crate::cli::{GlobalArguments, WatchCommand};

/// Runs a `watch` command.
pub(super) async fn watch(
    global: &GlobalArguments,
    command: &WatchCommand,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Environment::from_settings(settings, machine)?;
    let now = place.clock().now();
    let watch = WatchSettings::resolve(global, &machine.at(now))?;
    match command {
        WatchCommand::Run => Box::pin(run::run(global, machine, &place, watch)).await,
        WatchCommand::Once { name } => once::once(settings, &place, watch, name.as_deref()).await,
        WatchCommand::Status => status::status(&watch, now, settings.json, out),
        WatchCommand::Check => check::check(&watch, now, settings.json, out),
    }
}
