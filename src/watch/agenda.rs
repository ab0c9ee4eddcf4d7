//! What one activation reads of each log group, and what it has covered when it is done. Pure.
//!
//! ```text
//!            overlap                                    overlap            lag
//!          ├────────┤                                 ├────────┤      ├────────┤
//! ─────────┼────────┼─────────── … ──────────┼────────┼────────┼──────┼────────┼──▶
//!          │    watermark               + catch_up    │   covered ahead        now
//!          └──────── caught up: the oldest ──┘        └──── fresh ────┘
//! ```
//! Windows are about when events are *stored*: of two moments, the one of which nobody outside AWS can
//! claim what he likes, and the one by which nothing is read twice that is not meant to be. An event that
//! comes later than the lag is found by the overlap. Whoever is far behind catches up in bounded steps,
//! the oldest first, and what is fresh is read all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::watermark::{ScopeNode, TimeRange, Watermark, Watermarks};
use crate::model::{Coverage, LogGroupArn, Outcome, Reason, Status, TimeWindow};
use crate::sweep::GroupWindows;

/// How windows follow the time; all in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Windows end this long before the activation begins.
    pub lag_ms: i64,
    /// Windows begin this long before what was covered ends.
    pub overlap_ms: i64,
    /// How far back the first window of a place begins.
    pub lookback_ms: i64,
    /// The most of a log group's past that one activation catches up.
    pub catch_up_ms: i64,
}

/// The agenda of one activation.
#[derive(Clone, Debug)]
pub struct Agenda {
    now_ms: i64,
    pace: Pace,
    watermarks: Watermarks,
}

/// What is read of a log group: the next of what is behind, and what is fresh. Where nothing is behind, or
/// the two meet, there is one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Portion {
    behind: Option<TimeRange>,
    fresh: TimeRange,
    /// The watermark, once all of it has been read.
    then: Watermark,
}

impl Agenda {
    /// The agenda of an activation that begins at `now_ms`.
    pub fn new(now_ms: i64, pace: Pace, watermarks: Watermarks) -> Self {
        Self {
            now_ms,
            pace,
            watermarks,
        }
    }

    /// From the earliest moment that any log group which is known is read from, or the first of one that is
    /// not, to the end of all windows.
    pub fn widest(&self) -> Option<TimeWindow> {
        let known = self.watermarks.iter().map(|(_, mark)| mark.until_ms);
        let first = known
            .fold(self.first_sight(), i64::min)
            .saturating_sub(self.pace.overlap_ms);
        TimeWindow::try_from([first, self.end()]).ok()
    }

    /// Where windows end.
    fn end(&self) -> i64 {
        self.now_ms.saturating_sub(self.pace.lag_ms)
    }

    /// Where the first window of a place begins of which nothing is known.
    fn first_sight(&self) -> i64 {
        self.end().saturating_sub(self.pace.lookback_ms)
    }

    /// The watermark that a place goes on from.
    fn begins(&self, place: &ScopeNode) -> Watermark {
        let first_sight = self.first_sight();
        match (self.watermarks.own(place), self.watermarks.of(place)) {
            (Some(own), _) => own,
            (None, Some(above)) => Watermark {
                until_ms: above.until_ms.min(first_sight),
                ahead: None,
            },
            (None, None) => Watermark {
                until_ms: first_sight,
                ahead: None,
            },
        }
    }

    fn portion(&self, place: &ScopeNode) -> Portion {
        let Pace {
            overlap_ms,
            lookback_ms,
            ..
        } = self.pace;
        // What a first look reaches back is no step too long.
        let catch_up_ms = self.pace.catch_up_ms.max(lookback_ms);
        let Watermark { until_ms, ahead } = self.begins(place);
        // A clock that was set back has nothing new: what is there is read again.
        let end = self.end();
        let overlapping = |from_ms: i64| from_ms.min(end).saturating_sub(overlap_ms);
        let whole = Portion {
            behind: None,
            fresh: TimeRange {
                from_ms: overlapping(until_ms),
                to_ms: end,
            },
            then: Watermark {
                until_ms: until_ms.max(end),
                ahead: None,
            },
        };
        // What was covered ahead is of no use where the next outage tore it off from the present.
        let ahead = ahead.filter(|ahead| end.saturating_sub(ahead.to_ms) <= catch_up_ms);
        let covered = ahead.unwrap_or_else(|| {
            let fresh = end.saturating_sub(lookback_ms);
            TimeRange {
                from_ms: fresh,
                to_ms: fresh,
            }
        });
        if ahead.is_none() && end.saturating_sub(until_ms) <= catch_up_ms {
            return whole;
        }
        let caught_up = until_ms.saturating_add(catch_up_ms).min(covered.from_ms);
        let behind = TimeRange {
            from_ms: overlapping(until_ms),
            to_ms: caught_up,
        };
        let fresh = TimeRange {
            from_ms: overlapping(covered.to_ms),
            to_ms: end,
        };
        if behind.to_ms >= fresh.from_ms {
            return whole;
        }
        let is_level = caught_up >= covered.from_ms;
        let ahead = TimeRange {
            from_ms: covered.from_ms,
            to_ms: end.max(covered.to_ms),
        };
        let then = if is_level {
            Watermark {
                until_ms: ahead.to_ms,
                ahead: None,
            }
        } else {
            Watermark {
                until_ms: caught_up,
                ahead: Some(ahead),
            }
        };
        Portion {
            behind: (behind.from_ms < behind.to_ms).then_some(behind),
            fresh,
            then,
        }
    }

    /// The watermarks after a run over this agenda: of every place that the run met, or might have met if it
    /// had come so far. `rows` is its coverage as it happened, without what the configuration accepts: an
    /// accepted gap is a gap. `listed`: the list of accounts came to its end.
    pub fn after(&self, rows: &[Coverage], listed: bool) -> Vec<(ScopeNode, Watermark)> {
        let met = Met::from_coverage(rows);
        let mut after = BTreeMap::new();
        let from_here_on = |place: &ScopeNode| {
            let until_ms = self
                .watermarks
                .own(place)
                .map_or(i64::MIN, |own| own.until_ms)
                .max(self.first_sight());
            Watermark {
                until_ms,
                ahead: None,
            }
        };
        let mut keep = |place: ScopeNode, is_whole: bool| {
            let mark = if is_whole {
                from_here_on(&place)
            } else {
                self.begins(&place)
            };
            after.insert(place, mark);
        };
        keep(ScopeNode::ROOT, listed);
        for (place, is_whole) in &met.containers {
            keep(place.clone(), *is_whole);
        }
        // What could not be looked into may still hold what it held.
        let hidden = |place: &ScopeNode| {
            let mut above = place.parent();
            std::iter::from_fn(|| {
                let place = above.take()?;
                above = place.parent();
                Some(place)
            })
            .any(|place| met.containers.get(&place) == Some(&false))
        };
        let unseen = self.watermarks.iter().filter(|(place, _)| hidden(place));
        after.extend(unseen.map(|(place, mark)| (place.clone(), *mark)));
        for (place, is_read) in met.groups {
            let mark = if is_read {
                self.portion(&place).then
            } else {
                self.begins(&place)
            };
            after.insert(place, mark);
        }
        after.into_iter().collect()
    }
}

impl GroupWindows for Agenda {
    fn of(&self, group: &LogGroupArn) -> Vec<TimeWindow> {
        let Portion { behind, fresh, .. } = self.portion(&ScopeNode::group(group));
        let stretches = behind.into_iter().chain([fresh]);
        // A stretch is never empty, as long as its ends are times at all.
        stretches
            .filter_map(|TimeRange { from_ms, to_ms }| TimeWindow::try_from([from_ms, to_ms]).ok())
            .collect()
    }
}

/// The places of a run's coverage.
struct Met {
    /// Accounts and their Regions in scope, and whether all that is in them was listed.
    containers: BTreeMap<ScopeNode, bool>,
    /// Log groups, and whether all of them was read.
    groups: BTreeMap<ScopeNode, bool>,
}

impl Met {
    fn from_coverage(rows: &[Coverage]) -> Self {
        let mut met = Self {
            containers: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        for row in rows {
            let account = ScopeNode {
                account: Some(row.account),
                ..ScopeNode::ROOT
            };
            let place = ScopeNode {
                region: row.region.clone(),
                log_group: row.log_group.clone(),
                ..account.clone()
            };
            let is_group = place.log_group.is_some();
            // What no engine can read has nothing to catch up.
            if is_group && row.outcome.status != Status::Unsearchable {
                met.groups
                    .insert(place.clone(), is_read_to_its_end(&row.outcome));
            }
            // A group that is read for the records of others tells nothing of its account.
            if row.elsewhere {
                continue;
            }
            met.containers.entry(account).or_insert(true);
            let container = if is_group {
                place.parent()
            } else {
                Some(place)
            };
            let is_whole = met
                .containers
                .entry(container.unwrap_or_default())
                .or_insert(true);
            *is_whole &= is_group || row.outcome.is_covered();
        }
        let closed: BTreeSet<ScopeNode> = met
            .containers
            .iter()
            .filter(|(_, is_whole)| !**is_whole)
            .map(|(place, _)| place.clone())
            .collect();
        for (place, is_whole) in &mut met.containers {
            *is_whole &= place.parent().is_none_or(|above| !closed.contains(&above));
        }
        met
    }
}

/// Whether there is nothing left to read, however complete that makes what is known: what a mask hides or
/// retention has deleted does not come back.
fn is_read_to_its_end(outcome: &Outcome) -> bool {
    outcome.is_covered()
        || matches!(
            outcome.reason,
            Some(
                Reason::CreatedInsideWindow
                    | Reason::AppearedDuringRun
                    | Reason::RetentionInsideWindow
                    | Reason::Masked
            )
        )
}
