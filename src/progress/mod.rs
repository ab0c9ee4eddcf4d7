//! Shows the progress of a sweep on stderr.
//!
//! A reporter takes a snapshot of the sweep's [`Tally`] at regular intervals. The sweep itself
//! never prints, and never waits for the reporter.

mod bar;
mod line;
mod pace;
mod time_left;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::settings::ProgressStyle;
use crate::sweep::Tally;

use bar::Bar;
use pace::Pace;
pub use time_left::{Estimate, Estimator};

/// Shows the progress of a sweep until it is stopped.
#[derive(Debug)]
pub struct Reporter {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts to show `tally` in this style. `out` receives the lines of the plain and JSON styles;
    /// the bar draws on the terminal.
    pub fn start(style: ProgressStyle, tally: Arc<Tally>, mut out: Box<dyn Write + Send>) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = match style {
            ProgressStyle::None => None,
            ProgressStyle::Bar => {
                let mut bar = Bar::new();
                let show = move |pace: &Pace, is_last: bool| {
                    if is_last { bar.clear() } else { bar.draw(pace) }
                };
                Some(tokio::spawn(show_until_stopped(
                    tally,
                    stopped,
                    Duration::from_millis(100),
                    show,
                )))
            }
            ProgressStyle::Plain => {
                let show = move |pace: &Pace, _| _ = writeln!(out, "{}", line::plain(pace));
                Some(tokio::spawn(show_until_stopped(
                    tally,
                    stopped,
                    Duration::from_secs(10),
                    show,
                )))
            }
            ProgressStyle::Json => {
                let show = move |pace: &Pace, _| _ = writeln!(out, "{}", line::json(pace));
                Some(tokio::spawn(show_until_stopped(
                    tally,
                    stopped,
                    Duration::from_secs(1),
                    show,
                )))
            }
        };
        Self { stop, task }
    }

    /// Shows the last state, and stops.
    pub async fn finish(self) {
        self.stop.cancel();
        if let Some(task) = self.task {
            // A failure of the reporter does not affect the sweep.
            _ = task.await;
        }
    }
}

async fn show_until_stopped(
    tally: Arc<Tally>,
    stop: CancellationToken,
    period: Duration,
    mut show: impl FnMut(&Pace, bool),
) {
    let mut pace = Pace::new(Instant::now());
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick fires immediately, when there is no progress yet.
    ticks.tick().await;
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        pace.update(Instant::now(), &tally.progress());
        show(&pace, is_last);
        if is_last {
            return;
        }
    }
}
