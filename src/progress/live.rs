//! Progress as a view that fills a part of the terminal and is redrawn: the counts, the account-Regions, the
//! slowest of them, and the latest sightings.
//!
//! ```text
//! 0m09s accounts 2/14, Regions 39/40
//! log groups 300/1,200, 12,345 events, 1 sighting, 50 calls/s, ~0m27s left
//!                         euc1  use1  usw2
//! prod-data               #     .     !
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};

use super::line;
use super::pace::Pace;
use super::recent_sightings::RecentSightings;
use crate::report::{cut_to_width, escape, fit_to_width};
use crate::sweep::{GridAccount, GridView, Tally, TargetState, WorkProgress};
use dragnet_model::Region;
use dragnet_model::format::{clock_duration, plural};

/// The most lines that are used, also of a higher terminal.
const MOST_LINES: usize = 40;
/// How many of the account-Regions that take longest are shown.
const MOST_SLOW: usize = 3;
/// The lines of the grid besides its accounts: the Regions, and the legend.
const GRID_FRAME: usize = 2;
const NAME_WIDTH: usize = 24;
const CELL_WIDTH: usize = 6;
/// The size of a terminal that does not say its own.
const DEFAULT_SIZE: (u16, u16) = (24, 80);

/// What only the live view shows, and where.
#[derive(Clone, Debug)]
pub struct LiveSources {
    /// The latest sightings.
    pub recent: RecentSightings,
    /// Returns the rows and the columns of the terminal.
    pub terminal_size: fn() -> Option<(u16, u16)>,
}

/// The view.
#[derive(Debug)]
pub(super) struct LiveView {
    bar: ProgressBar,
    tally: Arc<Tally>,
    sources: LiveSources,
}

impl LiveView {
    pub(super) fn new(tally: Arc<Tally>, sources: LiveSources) -> Self {
        tally.watch_targets();
        let bar = ProgressBar::new(0);
        // The template is valid: it has only the message.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            tally,
            sources,
        }
    }

    pub(super) fn draw(&mut self, pace: &Pace) {
        let (rows, columns) = (self.sources.terminal_size)().unwrap_or(DEFAULT_SIZE);
        let size = Size {
            rows: rows.into(),
            columns: columns.into(),
        };
        let parts = Parts {
            counts: [
                format!(
                    "{} {}",
                    clock_duration(pace.elapsed()),
                    line::scope(pace).trim_end_matches(", ")
                ),
                format!("{}{}", line::counts(pace), line::time_left(pace)),
            ],
            work: self.tally.progress().work,
            sightings: self.sources.recent.lines(),
        };
        let page = parts.lines(size, |most| self.tally.grid(most));
        self.bar.set_message(page.join("\n"));
        self.bar.tick();
    }

    pub(super) fn clear(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The size of the terminal.
#[derive(Clone, Copy, Debug)]
struct Size {
    rows: usize,
    columns: usize,
}

/// What is shown besides the grid. All texts are untrusted.
#[derive(Debug)]
struct Parts {
    counts: [String; 2],
    work: Vec<WorkProgress>,
    sightings: Vec<String>,
}

impl Parts {
    /// Returns the lines for a terminal: never more than fit, and none that would wrap. `grid`
    /// returns at most the given number of accounts.
    fn lines(self, size: Size, grid: impl FnOnce(usize) -> GridView) -> Vec<String> {
        // The cursor is in the line below.
        let height = size.rows.saturating_sub(1).min(MOST_LINES);
        let mut below = slowest(self.work);
        if !self.sightings.is_empty() {
            below.push("Latest sightings".to_owned());
            below.extend(self.sightings.iter().map(|line| format!("  {line}")));
        }
        let mut lines = Vec::from(self.counts);
        let taken = lines.len() + below.len() + GRID_FRAME;
        let accounts = height.saturating_sub(taken);
        if accounts > 0 {
            lines.extend(grid_lines(&grid(accounts), size.columns));
        }
        lines.extend(below);
        lines.truncate(height);
        let width = size.columns.saturating_sub(1);
        lines
            .iter()
            .map(|line| cut_to_width(&escape(line.trim_end()), width).into_owned())
            .collect()
    }
}

/// Returns the account-Regions with the longest time left, if any is being read.
fn slowest(mut work: Vec<WorkProgress>) -> Vec<String> {
    let time_left = |work: &WorkProgress| work.pages_left / work.rate.max(f64::MIN_POSITIVE);
    work.sort_by(|one, other| time_left(other).total_cmp(&time_left(one)));
    work.truncate(MOST_SLOW);
    let mut lines = Vec::new();
    if !work.is_empty() {
        lines.push("Slowest".to_owned());
    }
    lines.extend(work.iter().map(|work| {
        let pages = work.pages_read + work.pages_left;
        format!(
            "  {}  {}, {:.0} of about {pages:.0} pages",
            work.name,
            clock_duration(work.age),
            work.pages_read,
        )
    }));
    lines
}

/// Returns a line of Regions, a line for each account, and the legend.
fn grid_lines(grid: &GridView, columns: usize) -> Vec<String> {
    if grid.accounts.is_empty() {
        return Vec::new();
    }
    let accounts = grid.accounts.iter();
    let regions: BTreeSet<&Region> = accounts.flat_map(|one| one.regions.keys()).collect();
    let room = columns.saturating_sub(NAME_WIDTH + 1) / CELL_WIDTH;
    let shown: Vec<&Region> = regions.iter().copied().take(room).collect();
    let hidden = regions.len() - shown.len();
    let mut header = fit_to_width("", NAME_WIDTH);
    for region in &shown {
        header.push_str(&fit_to_width(&short_name(region), CELL_WIDTH));
    }
    let mut lines = vec![header];
    let accounts = grid.accounts.iter();
    lines.extend(accounts.map(|account| account_line(account, &shown)));
    let mut legend = ". being read  # done  ! not covered".to_owned();
    for (number, word) in [(grid.hidden, "account"), (hidden, "Region")] {
        if number > 0 {
            let more = plural(number as u64, word);
            legend.extend(["; ", more.as_str(), " not shown"]);
        }
    }
    lines.push(legend);
    lines
}

fn account_line(account: &GridAccount, regions: &[&Region]) -> String {
    // Escaped first, because an escape is longer than what it replaces.
    let name = escape(&account.name);
    let mut line = fit_to_width(&name, NAME_WIDTH - 1);
    line.push(if account.is_uncovered { '!' } else { ' ' });
    for region in regions {
        let state = match account.regions.get(*region) {
            None => "",
            Some(TargetState::Reading) => ".",
            Some(TargetState::Finished) => "#",
            Some(TargetState::NotCovered) => "!",
        };
        line.push_str(&fit_to_width(state, CELL_WIDTH));
    }
    line
}

/// Returns the short form of a Region's name with which the ids of its Availability Zones begin:
/// `use1`, `apse2`. Source: Amazon EC2 User Guide, "Regions and Zones", "AZ IDs".
fn short_name(region: &Region) -> String {
    let parts = region.as_str().split('-');
    parts
        .map(|part| match part {
            "north" => "n",
            "northeast" => "ne",
            "northwest" => "nw",
            "south" => "s",
            "southeast" => "se",
            "southwest" => "sw",
            "east" => "e",
            "west" => "w",
            "central" => "c",
            "gov" => "g",
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::throttle::Throttling;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    fn account(name: &str, regions: &[(&str, TargetState)]) -> GridAccount {
        let regions: BTreeMap<Region, TargetState> = regions
            .iter()
            .map(|(name, state)| (region(name), *state))
            .collect();
        GridAccount {
            name: name.to_owned(),
            regions,
            is_uncovered: false,
        }
    }

    fn work(name: &str, pages_left: f64) -> WorkProgress {
        WorkProgress {
            name: name.into(),
            age: Duration::from_secs(98),
            pages_read: 10.0,
            pages_left,
            pages_guessed: 0.0,
            longest_unit: pages_left,
            rate: 5.0,
            full_rate: 5.0,
            throttling: Throttling::default(),
            response_time: Duration::ZERO,
        }
    }

    fn parts() -> Parts {
        Parts {
            counts: ["counts".to_owned(), "more counts".to_owned()],
            work: vec![work("dev us-east-1", 2.0), work("prod us-east-1", 90.0)],
            sightings: vec!["10:00 prod StopLogging".to_owned()],
        }
    }

    fn grid() -> GridView {
        let regions = [
            ("ap-southeast-2", TargetState::Finished),
            ("us-east-1", TargetState::Reading),
            ("us-gov-west-1", TargetState::NotCovered),
        ];
        GridView {
            accounts: vec![account("prod", &regions), account("dev", &regions[..1])],
            hidden: 3,
        }
    }

    #[test]
    fn view_has_grid_slowest_and_sightings() {
        let size = Size {
            rows: 24,
            columns: 80,
        };
        assert_eq!(
            parts().lines(size, |_| grid()).join("\n"),
            "counts\n\
             more counts\n\
             \u{20}                       apse2 use1  usgw1\n\
             prod                    #     .     !\n\
             dev                     #\n\
             . being read  # done  ! not covered; 3 accounts not shown\n\
             Slowest\n\
             \u{20} prod us-east-1  1m38s, 10 of about 100 pages\n\
             \u{20} dev us-east-1  1m38s, 10 of about 12 pages\n\
             Latest sightings\n\
             \u{20} 10:00 prod StopLogging"
        );
    }

    #[test]
    fn view_fits_any_terminal() {
        for rows in 0..50 {
            for columns in [0, 1, 20, 30, 80] {
                let mut most = 0;
                let lines = parts().lines(Size { rows, columns }, |accounts| {
                    most = accounts;
                    GridView {
                        accounts: vec![
                            account("a", &[("us-east-1", TargetState::Reading)]);
                            accounts
                        ],
                        hidden: 0,
                    }
                });
                assert!(lines.len() < rows.max(1), "{rows}: {lines:?}");
                assert!(lines.len() <= MOST_LINES, "{rows}: {lines:?}");
                assert!(most <= MOST_LINES, "{rows}: {most}");
                let is_narrow = |line: &String| line.chars().count() <= columns.max(1);
                assert!(lines.iter().all(is_narrow), "{columns}: {lines:?}");
            }
        }
    }

    #[test]
    fn hostile_names_are_escaped() {
        let mut hostile = parts();
        hostile.sightings = vec!["\u{1b}[2J\u{202e}evil\nnext".to_owned()];
        hostile.work = vec![work("\u{1b}]0;title\u{7}", 1.0)];
        let name = account("\u{1b}[31mred\n", &[("us-east-1", TargetState::Reading)]);
        let view = GridView {
            accounts: vec![name],
            hidden: 0,
        };
        let size = Size {
            rows: 24,
            columns: 80,
        };
        let page = hostile.lines(size, |_| view).concat();
        assert!(!page.contains(char::is_control), "{page:?}");
        assert!(!page.contains('\u{202e}'), "{page:?}");
    }
}
