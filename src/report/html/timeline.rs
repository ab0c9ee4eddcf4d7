//! The timeline: a bar for each hour of the window, or for longer periods of a long window.

use super::lists::cut;
use crate::report::AccountNames;
use crate::report::account_names::account_with_name;
use crate::report::sighting_hours::{Bar, COLORS, SightingHours};
use dragnet_model::format::{count, plural};

/// The size of the plot, in units of its view box.
const PLOT_WIDTH: f64 = 1_000.0;
const PLOT_HEIGHT: f64 = 120.0;
/// The smallest height of a segment, so that one sighting among thousands is visible.
const LEAST_HEIGHT: f64 = 2.0;
/// How many labels the time axis has at most.
const MOST_LABELS: i64 = 8;

/// The timeline as it is drawn. Only the names of the accounts are untrusted.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) width: &'static str,
    pub(super) highest: String,
    pub(super) legend: Vec<LegendEntry>,
    pub(super) bars: Vec<DrawnBar>,
    pub(super) labels: Vec<AxisLabel>,
    pub(super) has_outside: bool,
    pub(super) outside: String,
}

#[derive(Debug)]
pub(super) struct LegendEntry {
    pub(super) color: usize,
    pub(super) account: String,
}

#[derive(Debug)]
pub(super) struct DrawnBar {
    pub(super) position: i64,
    /// The beginning of the times of its sightings.
    pub(super) start: String,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) total: String,
    pub(super) failed: String,
    pub(super) description: String,
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) color: usize,
    pub(super) outcome: &'static str,
    pub(super) y: String,
    pub(super) height: String,
}

#[derive(Debug)]
pub(super) struct AxisLabel {
    pub(super) x: String,
    pub(super) text: String,
}

impl Timeline {
    pub(super) fn new(hours: &SightingHours, names: &AccountNames) -> Self {
        let highest = hours
            .bars
            .values()
            .map(Bar::total)
            .max()
            .unwrap_or_default();
        let bars = hours.bars.iter();
        Self {
            width: hours.width,
            highest: count(highest),
            legend: legend(hours, names),
            bars: bars
                .map(|(position, bar)| DrawnBar::new(hours, *position, bar, highest))
                .collect(),
            labels: axis_labels(hours),
            has_outside: hours.outside > 0,
            outside: plural(hours.outside, "sighting"),
        }
    }
}

fn legend(hours: &SightingHours, names: &AccountNames) -> Vec<LegendEntry> {
    let accounts = hours.accounts.iter().enumerate();
    let mut legend: Vec<LegendEntry> = accounts
        .map(|(color, id)| LegendEntry {
            color,
            account: cut(&account_with_name(id, names)),
        })
        .collect();
    let others = COLORS - 1;
    let is_other = |bar: &Bar| {
        bar.by_color
            .get(others)
            .is_some_and(|counts| *counts != [0, 0])
    };
    if hours.bars.values().any(is_other) {
        legend.push(LegendEntry {
            color: others,
            account: "other accounts".to_owned(),
        });
    }
    legend
}

fn axis_labels(hours: &SightingHours) -> Vec<AxisLabel> {
    let step = ((hours.length + MOST_LABELS - 1) / MOST_LABELS).max(1);
    let mut labels = Vec::new();
    let mut position = 0;
    while position < hours.length {
        let label = hours.label(position);
        // The hour of a day: `03-01 12:00`; otherwise the whole date.
        let text = match label.split_once(' ') {
            Some((date, hour)) => {
                let day = date.split_once('-').map_or(date, |(_, day)| day);
                format!("{day} {hour}:00")
            }
            None => label.clone(),
        };
        labels.push(AxisLabel {
            x: unit(bar_x(hours, position)),
            text,
        });
        position += step;
    }
    labels
}

fn bar_x(hours: &SightingHours, position: i64) -> f64 {
    position as f64 * PLOT_WIDTH / hours.length as f64
}

/// Formats a length in units of the view box.
fn unit(length: f64) -> String {
    format!("{length:.1}")
}

impl DrawnBar {
    fn new(hours: &SightingHours, position: i64, bar: &Bar, highest: u64) -> Self {
        let start = hours.label(position);
        let width = PLOT_WIDTH / hours.length as f64;
        let total = plural(bar.total(), "sighting");
        let failed = count(bar.failed());
        let minutes = if start.contains(' ') { ":00" } else { "" };
        Self {
            position,
            x: unit(bar_x(hours, position)),
            width: unit((width * 0.9).max(0.8)),
            description: format!("{start}{minutes}: {total}, {failed} failed"),
            total: count(bar.total()),
            failed,
            start,
            segments: segments(bar, highest),
        }
    }
}

/// Stacks the segments of a bar from the bottom.
fn segments(bar: &Bar, highest: u64) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut bottom = PLOT_HEIGHT;
    for (color, counts) in bar.by_color.iter().enumerate() {
        for (number, outcome) in counts.iter().zip(["ok", "no"]) {
            if *number == 0 {
                continue;
            }
            let share = *number as f64 / highest.max(1) as f64;
            let height = (share * PLOT_HEIGHT).max(LEAST_HEIGHT);
            bottom = (bottom - height).max(0.0);
            segments.push(Segment {
                color,
                outcome,
                y: unit(bottom),
                height: unit(height),
            });
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RunStatus;
    use crate::report::testing::{MARCH, sighting, summary};

    #[test]
    fn every_hour_with_sightings_has_a_bar() {
        let window = summary(RunStatus::Complete).window;
        let mut hours = SightingHours::new(&window, &[("111111111111", 3)]);
        for (hour, error) in [(0, ""), (0, "AccessDenied"), (23, "")] {
            let mut found = sighting("");
            found.details.time_ms = MARCH + hour * 3_600_000;
            found.details.error_code = error.into();
            hours.add(&found);
        }
        let names = AccountNames::from([("111111111111".to_owned(), "prod".to_owned())]);
        let timeline = Timeline::new(&hours, &names);
        assert_eq!(timeline.highest, "2");
        let bars = timeline.bars.iter();
        let described: Vec<&str> = bars.map(|bar| bar.description.as_str()).collect();
        assert_eq!(
            described,
            [
                "2026-03-01 12:00: 2 sightings, 1 failed",
                "2026-03-02 11:00: 1 sighting, 0 failed"
            ]
        );
        let [ok, failed] = &timeline.bars[0].segments[..] else {
            panic!("{timeline:?}")
        };
        assert_eq!((ok.outcome, failed.outcome), ("ok", "no"));
        assert_eq!((ok.y.as_str(), failed.y.as_str()), ("60.0", "0.0"));
        assert_eq!(timeline.legend[0].account, "prod (111111111111)");
        assert_eq!(timeline.legend.len(), 1);
        assert_eq!(timeline.labels[0].text, "03-01 12:00");
    }
}
