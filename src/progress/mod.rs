//! Shows the progress of a sweep on stderr.
//!
//! A reporter takes a snapshot of the sweep's [`Tally`] at regular intervals. The sweep itself
//! never prints, and never waits for the reporter.

mod bar;
mod line;
mod live;
mod pace;
mod recent_sightings;
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
pub use live::LiveSources;
use live::LiveView;
use pace::Pace;
pub use recent_sightings::RecentSightings;
pub use time_left::{Estimate, Estimator};

/// Shows the progress at one moment; the last time, it ends the display.
type Show = Box<dyn FnMut(&Pace, bool) + Send>;

/// Shows the progress of a sweep until it is stopped.
#[derive(Debug)]
pub struct Reporter {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts to show `tally` in this style. `out` receives the lines of the plain and JSON styles;
    /// the bar and the live view draw on the terminal. `live` is only for the latter.
    pub fn start(
        style: ProgressStyle,
        tally: Arc<Tally>,
        mut out: Box<dyn Write + Send>,
        live: LiveSources,
    ) -> Self {
        let display: Option<(Duration, Show)> = match style {
            ProgressStyle::None => None,
            ProgressStyle::Bar => Some((Duration::from_millis(100), show_bar())),
            ProgressStyle::Live => {
                let view = LiveView::new(Arc::clone(&tally), live);
                Some((Duration::from_millis(250), show_view(view)))
            }
            ProgressStyle::Plain => {
                let show = move |pace: &Pace, _: bool| _ = writeln!(out, "{}", line::plain(pace));
                Some((Duration::from_secs(10), Box::new(show)))
            }
            ProgressStyle::Json => {
                let show = move |pace: &Pace, _: bool| _ = writeln!(out, "{}", line::json(pace));
                Some((Duration::from_secs(1), Box::new(show)))
            }
        };
        let stop = CancellationToken::new();
        let task = display.map(|(period, show)| {
            tokio::spawn(show_until_stopped(tally, stop.clone(), period, show))
        });
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

fn show_bar() -> Show {
    let mut bar = Bar::new();
    Box::new(move |pace: &Pace, is_last| {
        if is_last {
            bar.clear();
        } else {
            bar.draw(pace);
        }
    })
}

fn show_view(mut view: LiveView) -> Show {
    Box::new(move |pace: &Pace, is_last| {
        if is_last {
            view.clear();
        } else {
            view.draw(pace);
        }
    })
}

async fn show_until_stopped(
    tally: Arc<Tally>,
    stop: CancellationToken,
    period: Duration,
    mut show: Show,
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
