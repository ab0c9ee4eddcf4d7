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
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let now = environment.clock().now();
    let watch = WatchSettings::resolve(global, &host.resolve_context(now))?;
    match command {
        WatchCommand::Run => Box::pin(run::run(global, host, &environment, watch)).await,
        WatchCommand::Once { name } => {
            once::once(settings, &environment, watch, name.as_deref()).await
        }
        WatchCommand::Status => status::status(&watch, now, settings.json, out),
        WatchCommand::Check => check::check(&watch, now, settings.json, out),
    }
}
