//! The runs of a watch, all made over one shared connection.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::aws::causes;
use crate::commands::SharedConnection;
use crate::commands::run::run_windows;
use crate::commands::run_output::RunOutput;
use crate::report::RunStatus;
use crate::settings::{ProgressStyle, SweepSettings};
use crate::sweep::WindowBasis;
use crate::watch::{ActivationEnd, Agenda, FinishedRun, RunLauncher};

/// Launches runs over one shared connection.
#[derive(Debug)]
pub(super) struct SharedConnectionLauncher(pub Arc<SharedConnection>);

impl RunLauncher for SharedConnectionLauncher {
    fn launch(
        &self,
        settings: SweepSettings,
        agenda: Arc<Agenda>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<FinishedRun, String>> {
        let connection = self.0.for_run();
        let registry = self.0.run_registry().clone();
        let windows = WindowBasis::LogTime(agenda);
        async move {
            let sweep = run_windows(connection, settings, windows, ProgressStyle::None, cancel);
            let output = Box::pin(sweep).await;
            let (RunOutput { directory, files }, failure) =
                output.map_err(|error| causes(&error))?;
            // The sightings are complete, so their alerts do not wait for a signature.
            if let Some(problem) = &files.signature_problem {
                tracing::error!(run = %directory.display(), %problem, "failed to sign manifest.json");
            }
            let summary = &files.summary;
            Ok(FinishedRun {
                directory,
                end: match summary.status {
                    RunStatus::Complete => ActivationEnd::Complete,
                    RunStatus::Incomplete => ActivationEnd::Incomplete,
                    RunStatus::Interrupted => ActivationEnd::Interrupted,
                    RunStatus::Failed => ActivationEnd::Failed,
                },
                problem: failure.map(|error| causes(&error)).unwrap_or_default(),
                calls: summary.api_calls.values().sum(),
                throttled: summary.throttled.values().sum(),
                bytes: summary.bytes_scanned,
                registry,
            })
        }
        .boxed()
    }
}
