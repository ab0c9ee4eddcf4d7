//! Shows the progress of a sweep on stderr.
//!
//! A reporter takes a snapshot of the sweep's [`Tally`] at regular intervals. The sweep itself
//! never prints, and never waits for the reporter.

mod bar;
mod line;
mod pace;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::cli::settings::ProgressStyle;
use crate::sweep::Tally;

use bar::Bar;
use pace::Pace;

/// Shows the progress of a sweep until it is stopped.
#[derive(Debug)]
pub struct Reporter {
    stop: CancellationToken,
    showing: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts to show `tally` in this style. `out` receives the lines of the plain and JSON styles;
    /// the bar draws on the terminal.
    pub fn start(style: ProgressStyle, tally: Arc<Tally>, mut out: Box<dyn Write + Send>) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let showing = match style {
            ProgressStyle::None => None,
            ProgressStyle::Bar => {
                let mut bar = Bar::new();
                let show =
                    move |pace: &Pace, last: bool| if last { bar.clear() } else { bar.draw(pace) };
                Some(tokio::spawn(watch(
                    tally,
                    stopped,
                    Duration::from_millis(100),
                    show,
                )))
            }
            ProgressStyle::Plain => {
                let show = move |pace: &Pace, _| _ = writeln!(out, "{}", line::plain(pace));
                Some(tokio::spawn(watch(
                    tally,
                    stopped,
                    Duration::from_secs(10),
                    show,
                )))
            }
            ProgressStyle::Json => {
                let show = move |pace: &Pace, _| _ = writeln!(out, "{}", line::json(pace));
                Some(tokio::spawn(watch(
                    tally,
                    stopped,
                    Duration::from_secs(1),
                    show,
                )))
            }
        };
        Self { stop, showing }
    }

    /// Shows the last state, and stops.
    pub async fn finish(self) {
        self.stop.cancel();
        if let Some(showing) = self.showing {
            // A failure of the reporter does not affect the sweep.
            _ = showing.await;
        }
    }
}

async fn watch(
    tally: Arc<Tally>,
    stop: CancellationToken,
    every: Duration,
    mut show: impl FnMut(&Pace, bool),
) {
    let mut pace = Pace::starting(Instant::now());
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick fires immediately, when there is no progress yet.
    ticks.tick().await;
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        pace.see(Instant::now(), tally.snapshot());
        show(&pace, last);
        if last {
            return;
        }
    }
}
