//! The running watch: its connection, its schedules, and the delivery of its alerts.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::runs::SharedConnectionLauncher;
use crate::aws::{Poster, causes};
use crate::commands::connection::AUDIT_WAITING;
use crate::commands::{CommandError, Environment, SharedConnection};
use crate::settings::WatchSettings;
use crate::watch::{
    ActivationRecord, Delivery, RetryPolicy, SharedOutput, Sink, State, StateError, Tools, Watch,
};
use dragnet_model::ApiCall;

/// The parts of a running watch.
pub struct WatchRuntime {
    watch: Arc<Watch>,
    deliveries: Vec<Delivery>,
    outbox: watch::Receiver<()>,
    /// The task that records calls which belong to no run; it ends when the last caller is dropped.
    recording: JoinHandle<()>,
}

impl WatchRuntime {
    /// Connects, and creates the watch from its settings and its stored `state`. The stdout sink
    /// writes to `output`.
    ///
    /// # Errors
    /// The connection to AWS cannot be created.
    pub async fn open(
        environment: &Environment,
        settings: WatchSettings,
        state: &State,
        output: SharedOutput,
        retry_policy: RetryPolicy,
    ) -> Result<Self, CommandError> {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let recording = tokio::spawn(record_own_calls(calls, state.clone()));
        let connection =
            Arc::new(SharedConnection::open(environment, &settings.reach, audit).await?);
        let poster = Arc::new(Poster::new(environment.allows_insecure_endpoints()));
        let tools = Tools {
            aws: Arc::clone(connection.aws()),
            poster,
            output,
        };
        let delivery = |sink| {
            Delivery::new(
                state.clone(),
                Sink::new(sink, tools.clone()),
                environment.clock(),
                retry_policy,
            )
        };
        let deliveries = settings.sinks.iter().cloned().map(delivery).collect();
        let (changed, outbox) = watch::channel(());
        let launcher = Arc::new(SharedConnectionLauncher(connection));
        let watch = Arc::new(Watch::new(
            settings,
            state.clone(),
            environment.clock(),
            launcher,
            changed,
        ));
        Ok(Self {
            watch,
            deliveries,
            outbox,
            recording,
        })
    }

    /// Activates the schedules that are due, or the named one whether it is due or not, and then
    /// attempts to deliver all waiting alerts. Returns the result of each activation, `None` if it
    /// could not be stored.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub async fn run_once(
        &self,
        name: Option<&str>,
        stop: &CancellationToken,
    ) -> Result<Vec<Option<ActivationRecord>>, StateError> {
        let results = self.watch.run_once(name, stop).await;
        for delivery in &self.deliveries {
            delivery.run_once().await?;
        }
        Ok(results)
    }

    /// Activates each schedule whenever it is due, and delivers alerts. Ends when `drain` is
    /// cancelled and the running activations have ended, or when `stop` is cancelled, which
    /// interrupts them.
    pub async fn run(self, drain: CancellationToken, stop: CancellationToken) {
        let done = stop.child_token();
        let mut deliveries = JoinSet::new();
        for delivery in self.deliveries {
            deliveries.spawn(delivery.run(self.outbox.clone(), done.clone()));
        }
        drop(self.outbox);
        self.watch.run(drain, stop).await;
        done.cancel();
        while deliveries.join_next().await.is_some() {}
        drop(self.watch);
        _ = self.recording.await;
    }
}

/// Records the request ids of the watch's own calls, so that their log events are not reported as
/// findings.
async fn record_own_calls(mut calls: mpsc::Receiver<ApiCall>, state: State) {
    while let Some(call) = calls.recv().await {
        if let Err(error) = state.record_own_call(&call.request_id, call.time) {
            warn!(
                error = causes(&error),
                "failed to store the request id of a call; its log event may raise an alert"
            );
        }
    }
}
