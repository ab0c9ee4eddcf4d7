//! `dragnet watch run`: runs until it receives a signal to end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::WatchRuntime;
use crate::aws::causes;
use crate::cli::GlobalArguments;
use crate::commands::host_environment::HostEnvironment;
use crate::commands::{CommandError, Environment};
use crate::config::Listen;
use crate::settings::WatchSettings;
use crate::watch::{Health, RetryPolicy, State};

/// How long running activations and deliveries may take to end. The next start repeats what did not
/// end in time.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);

/// The signals that the process handles.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal requests.
enum Request {
    Stop,
    Reload,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop,
            _ = self.interrupt.recv() => Request::Stop,
            _ = self.hang_up.recv() => Request::Reload,
        }
    }
}

pub(super) async fn run(
    global: &GlobalArguments,
    host: &HostEnvironment,
    environment: &Environment,
    settings: WatchSettings,
) -> Result<u8, CommandError> {
    let signals = Signals::listen()?;
    let state = State::open(&settings.state_dir)?;
    let listen = settings.listen;
    let stop = CancellationToken::new();
    let (settings, settings_receiver) = watch::channel(Arc::new(settings));
    let health = Health::new(settings_receiver, state.clone(), environment.clock());
    if let Listen::At(address) = listen {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| CommandError::Listen { address, source })?;
        tokio::spawn(health.clone().serve(listener, stop.clone()));
    }
    let supervisor = Supervisor {
        global,
        host,
        environment,
        state,
        settings,
        health,
        stop,
    };
    supervisor.run(signals).await
}

/// The parts of the process that outlive a reload of the configuration.
struct Supervisor<'a> {
    global: &'a GlobalArguments,
    host: &'a HostEnvironment,
    environment: &'a Environment,
    state: State,
    /// The settings in force.
    settings: watch::Sender<Arc<WatchSettings>>,
    health: Health,
    stop: CancellationToken,
}

/// A runtime with the settings of a reloaded configuration.
struct Reloaded {
    runtime: WatchRuntime,
    settings: WatchSettings,
}

impl Supervisor<'_> {
    async fn run(&self, mut signals: Signals) -> Result<u8, CommandError> {
        let settings = Arc::clone(&self.settings.borrow());
        let mut runtime = Box::pin(self.open(&settings)).await?;
        while let Some(reloaded) = self.run_until_reload(runtime, &mut signals).await {
            self.settings.send_replace(Arc::new(reloaded.settings));
            runtime = reloaded.runtime;
        }
        Ok(0)
    }

    async fn open(&self, settings: &WatchSettings) -> Result<WatchRuntime, CommandError> {
        let output = Arc::new(Mutex::new(io::stdout()));
        WatchRuntime::open(
            self.environment,
            settings.clone(),
            &self.state,
            output,
            RetryPolicy::default(),
        )
        .await
    }

    /// Runs until the process is stopped or the configuration was reloaded. On a signal to stop,
    /// running activations are interrupted; on a signal to reload, they end first. Returns `None`
    /// if the process exits.
    async fn run_until_reload(
        &self,
        runtime: WatchRuntime,
        signals: &mut Signals,
    ) -> Option<Reloaded> {
        let drain = CancellationToken::new();
        let mut running = tokio::spawn(runtime.run(drain.clone(), self.stop.clone()));
        self.health.set_ready(true);
        info!(
            schedules = self.settings.borrow().schedules.len() as u64,
            "watching"
        );
        let mut reloaded = None;
        loop {
            tokio::select! {
                request = signals.next() => match request {
                    Request::Stop => {
                        self.shut_down(&mut running).await;
                        return None;
                    }
                    Request::Reload => {
                        if let Some(new) = self.reload().await {
                            reloaded = Some(new);
                            drain.cancel();
                        }
                    }
                },
                ended = &mut running => {
                    if let Err(error) = ended {
                        error!(error = causes(&error), "a schedule stopped unexpectedly");
                    }
                    break;
                }
            }
        }
        self.health.set_ready(false);
        if reloaded.is_none() {
            info!("no schedule will be due again: exiting");
        }
        reloaded
    }

    /// Interrupts the running activations, and waits for them.
    async fn shut_down(&self, running: &mut JoinHandle<()>) {
        info!("stopping");
        self.health.set_ready(false);
        self.stop.cancel();
        if timeout(SHUTDOWN_TIMEOUT, running).await.is_err() {
            warn!("activations or deliveries did not stop in time; the next start repeats them");
        }
    }

    /// Reads the configuration again and connects with it. If that fails, the previous
    /// configuration stays in force.
    async fn reload(&self) -> Option<Reloaded> {
        let settings = match self.reload_settings() {
            Ok(settings) => settings,
            Err(error) => {
                error!(
                    error = causes(&error),
                    "the new configuration is invalid; the previous one stays in force"
                );
                return None;
            }
        };
        match Box::pin(self.open(&settings)).await {
            Ok(runtime) => {
                info!("configuration reloaded");
                Some(Reloaded { runtime, settings })
            }
            Err(error) => {
                error!(
                    error = causes(&error),
                    "failed to connect with the new configuration; the previous one stays in force"
                );
                None
            }
        }
    }

    /// Reads the configuration again, except for the settings that cannot change while the process
    /// runs.
    fn reload_settings(&self) -> Result<WatchSettings, CommandError> {
        let current = Arc::clone(&self.settings.borrow());
        let now = self.environment.clock().now();
        let mut settings = WatchSettings::resolve(self.global, &self.host.resolve_context(now))?;
        if settings.state_dir != current.state_dir || settings.listen != current.listen {
            warn!("changes of watch.state_dir and watch.listen take effect at the next start");
            settings.state_dir.clone_from(&current.state_dir);
            settings.listen = current.listen;
        }
        Ok(settings)
    }
}
