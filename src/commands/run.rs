//! Creates a run, searches, and writes its files.

use super::CommandError;
use super::connection::Connection;
use super::interrupt::Interrupt;
use super::open_run::{OpenRun, RunDisplay};
use super::plan::refuse_over_cost;
use super::run_output::RunOutput;
use crate::settings::{ProgressStyle, SweepSettings};
use crate::sweep::{SweepError, WindowBasis};

/// Runs a sweep, merges its sightings and writes the files. If the sweep fails as a whole, its
/// files are written too and say so; the error is returned with them.
///
/// # Errors
/// The directory or the database of the run cannot be written, or Insights was requested and would
/// cost more than its limit.
pub async fn run_sweep(
    connection: Connection,
    settings: SweepSettings,
    progress: ProgressStyle,
    interrupt: impl Into<Interrupt>,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    let display = RunDisplay {
        progress,
        interrupt: interrupt.into(),
        stream: None,
        geoip: None,
    };
    Box::pin(run_displayed_sweep(connection, settings, display)).await
}

/// Runs a sweep like [`run_sweep`], shown and interrupted as `display` says.
pub(super) async fn run_displayed_sweep(
    connection: Connection,
    settings: SweepSettings,
    display: RunDisplay,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    refuse_over_cost(&connection, &settings, display.interrupt.token()).await?;
    let windows = WindowBasis::EventTime(settings.window);
    let run = OpenRun::create(&connection, &settings, &windows)?;
    run.execute(connection, settings, windows, display).await
}

/// Runs a sweep with separate windows for each log group.
///
/// # Errors
/// As for [`run_sweep`].
pub(super) async fn run_windows(
    connection: Connection,
    settings: SweepSettings,
    windows: WindowBasis,
    progress: ProgressStyle,
    interrupt: impl Into<Interrupt>,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    let run = OpenRun::create(&connection, &settings, &windows)?;
    let display = RunDisplay {
        progress,
        interrupt: interrupt.into(),
        stream: None,
        geoip: None,
    };
    run.execute(connection, settings, windows, display).await
}
