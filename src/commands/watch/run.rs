//! `dragnet watch run`: runs until it receives a signal to end.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::WatchRuntime;
use crate::aws::causes;
use crate::cli::GlobalArguments;
use crate::cli::settings::WatchSettings;
use crate::commands::host_environment::HostEnvironment;
use crate::commands::{CommandError, Environment};
use crate::config::Listen;
use crate::watch::{Health, RetryPolicy, State};

/// How long running activations and deliveries may take to end. The next start repeats what did not
/// end in time.
const LAST_WORDS: Duration = Duration::from_secs(9);

/// The signals that the process handles.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

enum Asked {
    End,
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

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}

pub(super) async fn run(
    global: &GlobalArguments,
    machine: &HostEnvironment,
    place: &Environment,
    watch: WatchSettings,
) -> Result<u8, CommandError> {
    let mut signals = Signals::listen()?;
    let state = State::open(&watch.state_dir)?;
    let stop = CancellationToken::new();
    let (in_force, told_settings) = watch::channel(Arc::new(watch));
    let health = Health::new(told_settings, state.clone(), place.clock());
    if let Listen::At(address) = in_force.borrow().listen {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| CommandError::Listen { address, source })?;
        tokio::spawn(health.clone().serve(listener, stop.clone()));
    }
    let open = async |watch: &WatchSettings| {
        let output = Arc::new(Mutex::new(io::stdout()));
        WatchRuntime::open(place, watch.clone(), &state, output, RetryPolicy::default()).await
    };
    let first = Arc::clone(&in_force.borrow());
    let mut lookout = open(&first).await?;
    loop {
        let rest = CancellationToken::new();
        let mut keeping = tokio::spawn(lookout.keep(rest.clone(), stop.clone()));
        health.set_ready(true);
        info!(
            schedules = in_force.borrow().schedules.len() as u64,
            "watching"
        );
        let mut next = None;
        // On a signal to end, stops at once. On a signal to reload, waits until running activations
        // have ended.
        loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::End => {
                        info!("ending");
                        health.set_ready(false);
                        stop.cancel();
                        if timeout(LAST_WORDS, &mut keeping).await.is_err() {
                            warn!("what was under way did not end in time");
                        }
                        return Ok(0);
                    }
                    Asked::Reload => match reload(global, machine, place, &in_force.borrow().clone()) {
                        Err(error) => error!(error = causes(&error), "the configuration is wrong: the old one stays"),
                        Ok(watch) => match open(&watch).await {
                            Err(error) => error!(error = causes(&error), "the new configuration does not connect: the old one stays"),
                            Ok(lookout) => {
                                info!("the configuration was read again");
                                next = Some((lookout, watch));
                                rest.cancel();
                            }
                        },
                    },
                },
                ended = &mut keeping => {
                    if let Err(error) = ended {
                        error!(error = causes(&error), "a schedule broke off");
                    }
                    break;
                }
            }
        }
        health.set_ready(false);
        let Some((new, watch)) = next else {
            // No schedule will be due again.
            info!("no schedule will be due any more");
            return Ok(0);
        };
        in_force.send_replace(Arc::new(watch));
        lookout = new;
    }
}

/// Reads the configuration again, except for the settings that cannot change while the process
/// runs.
fn reload(
    global: &GlobalArguments,
    machine: &HostEnvironment,
    place: &Environment,
    in_force: &WatchSettings,
) -> Result<WatchSettings, CommandError> {
    let mut watch = WatchSettings::resolve(global, &machine.at(place.clock().now()))?;
    if watch.state_dir != in_force.state_dir || watch.listen != in_force.listen {
        warn!("watch.state_dir and watch.listen are taken over at the next start");
        (watch.state_dir, watch.listen) = (in_force.state_dir.clone(), in_force.listen);
    }
    Ok(watch)
}
