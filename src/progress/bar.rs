//! Progress as two lines on a terminal that are redrawn.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::line;
use super::pace::Pace;

#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        // If the template is invalid, the default style of indicatif is used, which still shows the
        // bar.
        if let Ok(style) = ProgressStyle::with_template(
            "{spinner} {prefix} [{bar:24}] {percent:>3}%\n  {wide_msg}",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    pub(super) fn draw(&mut self, pace: &Pace) {
        let latest = pace.latest();
        let left = pace.estimate().map(|estimate| estimate.left);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let elapsed = left.map_or(0, |_| milliseconds(pace.elapsed()));
        let left = left.map_or(1, milliseconds);
        self.0.set_length(elapsed.saturating_add(left).max(1));
        self.0.set_position(elapsed);
        self.0.set_prefix(if line::is_about_files(latest) {
            "files on disk".to_owned()
        } else {
            format!(
                "accounts {}/{}, Regions {}/{}",
                latest.accounts_done,
                latest.accounts_known,
                latest.targets_done,
                latest.targets_known
            )
        });
        self.0
            .set_message(format!("{}{}", line::counts(pace), line::time_left(pace)));
        self.0.tick();
    }

    pub(super) fn clear(&mut self) {
        self.0.finish_and_clear();
    }
}
