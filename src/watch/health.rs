//! Health and metrics over HTTP, for process supervisors and monitoring.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State as AxumState;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::metrics;
use super::overview::Overview;
use super::state::State;
use crate::aws::causes;
use crate::settings::WatchSettings;
use dragnet_model::time::Clock;

/// What the health endpoints read.
#[derive(Clone, Debug)]
pub struct Health {
    settings: watch::Receiver<Arc<WatchSettings>>,
    state: State,
    clock: Clock,
    is_ready: Arc<AtomicBool>,
}

impl Health {
    /// The health of a watch that is not ready yet. `settings` are the current ones.
    pub fn new(settings: watch::Receiver<Arc<WatchSettings>>, state: State, clock: Clock) -> Self {
        Self {
            settings,
            state,
            clock,
            is_ready: Arc::default(),
        }
    }

    /// Sets whether schedules are being activated.
    pub fn set_ready(&self, is_ready: bool) {
        self.is_ready.store(is_ready, Ordering::Relaxed);
    }

    /// Serves until `stop` is cancelled: `/healthz` succeeds while the process runs, `/readyz`
    /// while schedules are activated and the state can be read. `/metrics` returns the metrics.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let routes = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self);
        let served = axum::serve(listener, routes)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = served.await {
            error!(
                error = causes(&error),
                "the health and metrics server stopped"
            );
        }
    }

    fn overview(&self) -> Result<Overview, Response> {
        let settings = Arc::clone(&self.settings.borrow());
        Overview::read(&settings, &self.state, self.clock.now()).map_err(|error| {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{}\n", causes(&error)),
            )
                .into_response()
        })
    }
}

async fn readyz(AxumState(health): AxumState<Health>) -> Response {
    match health.overview() {
        Err(response) => response,
        Ok(_) if health.is_ready.load(Ordering::Relaxed) => "ready\n".into_response(),
        Ok(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: no schedules are active\n",
        )
            .into_response(),
    }
}

async fn metrics(AxumState(health): AxumState<Health>) -> Response {
    let page = |overview: Overview| {
        (
            [(CONTENT_TYPE, metrics::CONTENT_TYPE)],
            metrics::render(&overview),
        )
            .into_response()
    };
    health.overview().map_or_else(|response| response, page)
}
