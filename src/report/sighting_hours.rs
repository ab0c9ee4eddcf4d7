//! Counts the sightings by hour, account and outcome, for the timeline of `report.html`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::SummaryWindow;
use dragnet_model::Sighting;
use dragnet_model::time::UNKNOWN_TIME_MS;

const HOUR_MS: i64 = 3_600_000;
/// The maximum number of bars. A longer window has a bar per day, week or year.
const MOST_BARS: i64 = 750;
/// The possible widths of a bar in hours, with their names.
const WIDTHS: [(i64, &str); 4] = [(1, "hour"), (24, "day"), (168, "week"), (8_760, "year")];
/// How many accounts have their own colour. The last colour is that of all others.
pub(super) const COLORS: usize = 7;

/// The sightings of one bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bar {
    /// The number of calls that succeeded, and of those that failed, by colour.
    pub(super) by_color: [[u64; 2]; COLORS],
}

impl Bar {
    /// Returns the number of all sightings.
    pub(super) fn total(&self) -> u64 {
        self.by_color.iter().flatten().sum()
    }

    /// Returns the number of failed calls.
    pub(super) fn failed(&self) -> u64 {
        self.by_color.iter().map(|[_, failed]| failed).sum()
    }
}

/// Counts sightings by bar. The number of bars is limited, whatever time an event claims.
#[derive(Clone, Debug)]
pub(super) struct SightingHours {
    from_ms: i64,
    width_hours: i64,
    /// The name of the width.
    pub(super) width: &'static str,
    /// The number of bars, including empty ones.
    pub(super) length: i64,
    /// The accounts with their own colour: untrusted text.
    pub(super) accounts: Vec<String>,
    /// The bars that are not empty, by their position.
    pub(super) bars: BTreeMap<i64, Bar>,
    /// The number of sightings at no known time, or outside the window.
    pub(super) outside: u64,
}

impl SightingHours {
    /// Creates the counts for a window. `accounts` are those with the most sightings.
    pub(super) fn new(window: &SummaryWindow, accounts: &[(&str, u64)]) -> Self {
        let from = window.from.as_millisecond();
        let to = window.to.as_millisecond();
        let bars_of = |hours: i64| {
            let width = hours * HOUR_MS;
            let first = from.div_euclid(width);
            let last = to.saturating_sub(1).max(from).div_euclid(width);
            last - first + 1
        };
        let fits = |hours: i64| bars_of(hours) <= MOST_BARS;
        let [.., longest] = WIDTHS;
        let chosen = WIDTHS.into_iter().find(|(hours, _)| fits(*hours));
        let (width_hours, width) = chosen.unwrap_or(longest);
        let named = accounts.iter().take(COLORS - 1);
        Self {
            from_ms: from.div_euclid(width_hours * HOUR_MS) * (width_hours * HOUR_MS),
            width_hours,
            width,
            length: bars_of(width_hours).min(MOST_BARS),
            accounts: named.map(|(id, _)| (*id).to_owned()).collect(),
            bars: BTreeMap::new(),
            outside: 0,
        }
    }

    /// Counts the next sighting.
    pub(super) fn add(&mut self, sighting: &Sighting) {
        let event = &sighting.details;
        let Some(position) = self.position(event.time_ms) else {
            self.outside += 1;
            return;
        };
        let mut accounts = self.accounts.iter();
        let color = accounts.position(|id| *id == event.account);
        let bar = self.bars.entry(position).or_default();
        let colors = bar.by_color.get_mut(color.unwrap_or(COLORS - 1));
        if let Some([succeeded, failed]) = colors {
            *(if event.succeeded() { succeeded } else { failed }) += 1;
        }
    }

    /// Returns the bar of an event time, or `None` if it is outside the window or not known.
    pub(super) fn position(&self, time_ms: i64) -> Option<i64> {
        if time_ms == UNKNOWN_TIME_MS || time_ms < self.from_ms {
            return None;
        }
        let position = time_ms.saturating_sub(self.from_ms) / (self.width_hours * HOUR_MS);
        (position < self.length).then_some(position)
    }

    /// Returns the start of a bar as text: `2026-03-01 12` for an hour, otherwise `2026-03-01`.
    pub(super) fn label(&self, position: i64) -> String {
        let start_ms = self.from_ms + position * self.width_hours * HOUR_MS;
        let format = if self.width_hours == 1 {
            "%Y-%m-%d %H"
        } else {
            "%Y-%m-%d"
        };
        Timestamp::from_millisecond(start_ms)
            .map(|start| start.strftime(format).to_string())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RunStatus;
    use crate::report::testing::{MARCH, sighting, summary};

    fn hours(days: i64) -> SightingHours {
        let mut window = summary(RunStatus::Complete).window;
        window.from = Timestamp::from_millisecond(MARCH + 60_000).unwrap();
        window.to = Timestamp::from_millisecond(MARCH + days * 24 * HOUR_MS).unwrap();
        SightingHours::new(&window, &[("111111111111", 9)])
    }

    #[test]
    fn long_windows_have_wider_bars() {
        let widths = [1, 31, 32, 700, 800, 20_000].map(|days| hours(days).width);
        assert_eq!(widths, ["hour", "hour", "day", "day", "week", "year"]);
        assert_eq!(hours(1).length, 24);
    }

    #[test]
    fn sightings_are_counted_by_hour_account_and_outcome() {
        let mut hours = hours(1);
        let mut found = sighting("");
        found.details.time_ms = MARCH + HOUR_MS;
        hours.add(&found);
        found.details.error_code = "AccessDenied".into();
        hours.add(&found);
        found.details.account = "unknown".into();
        hours.add(&found);
        for time_ms in [UNKNOWN_TIME_MS, i64::MAX, MARCH - 1, i64::MIN + 1] {
            found.details.time_ms = time_ms;
            hours.add(&found);
        }
        let bar = hours.bars[&1];
        assert_eq!(bar.by_color[0], [1, 1]);
        assert_eq!(bar.by_color[COLORS - 1], [0, 1]);
        assert_eq!((bar.total(), bar.failed(), hours.bars.len()), (3, 2, 1));
        assert_eq!(hours.outside, 4);
        assert_eq!(hours.label(1), "2026-03-01 13");
    }
}
