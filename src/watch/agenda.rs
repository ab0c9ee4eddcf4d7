//! Computes what one activation reads of each log group, and the watermarks after it. It does no
//! I/O.
//!
//! ```text
//!            overlap                                    overlap            lag
//!          ├────────┤                                 ├────────┤      ├────────┤
//! ─────────┼────────┼─────────── … ──────────┼────────┼────────┼──────┼────────┼──▶
//!          │    watermark               + catch_up    │   covered ahead        now
//!          └──────── caught up: the oldest ──┘        └──── fresh ────┘
//! ```
//! Windows follow log time, the timestamp with which CloudWatch Logs stores an event. Event times
//! can be forged and arrive out of order; with log time, nothing is read twice unintentionally. The
//! overlap finds events that arrive later than the lag. A log group that is far behind catches up
//! in bounded steps, the oldest first, while fresh events are read too.

use std::collections::{BTreeMap, BTreeSet};

use super::watermark::{ScopeNode, TimeRange, Watermark, Watermarks};
use crate::model::{Coverage, LogGroupArn, Outcome, Reason, Status, TimeWindow};
use crate::sweep::GroupWindows;

/// The parameters of the windows, all in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time between the end of the windows and the start of the activation.
    pub lag_ms: i64,
    /// How far windows reach back before the watermark.
    pub overlap_ms: i64,
    /// How far back the first window of a scope node starts.
    pub lookback_ms: i64,
    /// The longest time range of a log group that one activation catches up.
    pub catch_up_ms: i64,
}

/// The agenda of one activation.
#[derive(Clone, Debug)]
pub struct Agenda {
    now_ms: i64,
    pace: Pace,
    watermarks: Watermarks,
}

/// The windows of one log group: the next part of what is behind, and the fresh part. If nothing is
/// behind, or the two meet, there is only one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Portion {
    behind: Option<TimeRange>,
    fresh: TimeRange,
    /// The watermark after both parts were read completely.
    then: Watermark,
}

impl Agenda {
    /// Creates the agenda of an activation that starts at `now_ms`.
    pub fn new(now_ms: i64, pace: Pace, watermarks: Watermarks) -> Self {
        Self {
            now_ms,
            pace,
            watermarks,
        }
    }

    /// Returns a window that contains all windows of this activation, of known and of new log
    /// groups.
    pub fn widest(&self) -> Option<TimeWindow> {
        let known = self.watermarks.iter().map(|(_, mark)| mark.until_ms);
        let first = known
            .fold(self.first_sight(), i64::min)
            .saturating_sub(self.pace.overlap_ms);
        TimeWindow::try_from([first, self.end()]).ok()
    }

    /// The end of all windows.
    fn end(&self) -> i64 {
        self.now_ms.saturating_sub(self.pace.lag_ms)
    }

    /// The start of the first window of a scope node without a watermark.
    fn first_sight(&self) -> i64 {
        self.end().saturating_sub(self.pace.lookback_ms)
    }

    /// The watermark from which a scope node is read.
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
        // The first window may be longer than one step of catching up.
        let catch_up_ms = self.pace.catch_up_ms.max(lookback_ms);
        let Watermark { until_ms, ahead } = self.begins(place);
        // If the clock was set back, there is nothing new: the latest events are read again.
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
        // What was covered ahead is discarded if a further outage separated it from the present.
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

    /// Returns the watermarks after a run over this agenda. They include every scope node in the
    /// coverage of the run, and every known node below a parent that could not be listed.
    ///
    /// `rows` is the coverage before accepted gaps are applied, because an accepted gap was not
    /// read either. `listed` means that the list of accounts was complete.
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
        // A parent that could not be listed may still contain its known log groups.
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
        // Windows are not empty, except if their ends are outside the valid range of times.
        stretches
            .filter_map(|TimeRange { from_ms, to_ms }| TimeWindow::try_from([from_ms, to_ms]).ok())
            .collect()
    }
}

/// The scope nodes in the coverage of a run.
struct Met {
    /// Accounts and account-Regions in scope, and whether their content was listed completely.
    containers: BTreeMap<ScopeNode, bool>,
    /// Log groups, and whether they were read completely.
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
            // A log group that no engine can read has nothing to catch up.
            if is_group && row.outcome.status != Status::Unsearchable {
                met.groups
                    .insert(place.clone(), is_read_to_its_end(&row.outcome));
            }
            // A log group outside the scope, which is read for the records of other accounts, does
            // not say anything about its own account.
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

/// Whether nothing is left to read. Gaps that reading again cannot close, such as masked or expired
/// events, count as read.
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
