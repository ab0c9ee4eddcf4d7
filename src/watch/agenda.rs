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
use crate::sweep::GroupWindows;
use dragnet_model::{
    Coverage, EVENT_HISTORY, LogGroupArn, Outcome, Reason, Status, StorageKind, TimeWindow,
};

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
struct WindowPlan {
    catch_up: Option<TimeRange>,
    fresh: TimeRange,
    /// The watermark after both parts were read completely.
    watermark_after: Watermark,
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
    pub fn widest_window(&self) -> Option<TimeWindow> {
        let known = self
            .watermarks
            .iter()
            .map(|(_, watermark)| watermark.until_ms);
        let first = known
            .fold(self.initial_start(), i64::min)
            .saturating_sub(self.pace.overlap_ms);
        TimeWindow::try_from([first, self.end()]).ok()
    }

    /// The end of all windows.
    fn end(&self) -> i64 {
        self.now_ms.saturating_sub(self.pace.lag_ms)
    }

    /// The start of the first window of a scope node without a watermark.
    fn initial_start(&self) -> i64 {
        self.end().saturating_sub(self.pace.lookback_ms)
    }

    /// The watermark from which a scope node is read.
    fn start_watermark(&self, node: &ScopeNode) -> Watermark {
        let initial_start = self.initial_start();
        match (
            self.watermarks.own(node),
            self.watermarks.own_or_inherited(node),
        ) {
            (Some(own), _) => own,
            (None, Some(inherited)) => Watermark {
                until_ms: inherited.until_ms.min(initial_start),
                ahead: None,
            },
            (None, None) => Watermark {
                until_ms: initial_start,
                ahead: None,
            },
        }
    }

    fn plan_windows(&self, node: &ScopeNode) -> WindowPlan {
        let Watermark { until_ms, ahead } = self.start_watermark(node);
        let catch_up_ms = self.longest_catch_up_ms();
        let end = self.end();
        // What was covered ahead is discarded if a further outage separated it from the present.
        let ahead = ahead.filter(|ahead| end.saturating_sub(ahead.to_ms) <= catch_up_ms);
        if ahead.is_none() && end.saturating_sub(until_ms) <= catch_up_ms {
            return self.plan_single_window(until_ms);
        }
        let covered = ahead.unwrap_or_else(|| {
            let fresh = self.initial_start();
            TimeRange {
                from_ms: fresh,
                to_ms: fresh,
            }
        });
        self.plan_catch_up(until_ms, covered)
    }

    /// The longest time range that is caught up. The first window may be longer than one step of
    /// catching up.
    fn longest_catch_up_ms(&self) -> i64 {
        self.pace.catch_up_ms.max(self.pace.lookback_ms)
    }

    /// The start of a window that continues at `from_ms`. If the clock was set back, there is
    /// nothing new: the latest events are read again.
    fn start_with_overlap(&self, from_ms: i64) -> i64 {
        from_ms.min(self.end()).saturating_sub(self.pace.overlap_ms)
    }

    /// Plans one window from the watermark `until_ms` to the end.
    fn plan_single_window(&self, until_ms: i64) -> WindowPlan {
        let end = self.end();
        WindowPlan {
            catch_up: None,
            fresh: TimeRange {
                from_ms: self.start_with_overlap(until_ms),
                to_ms: end,
            },
            watermark_after: Watermark {
                until_ms: until_ms.max(end),
                ahead: None,
            },
        }
    }

    /// Plans one step of catching up from the watermark `until_ms`, and the fresh window after
    /// `covered`, the range that was covered ahead.
    fn plan_catch_up(&self, until_ms: i64, covered: TimeRange) -> WindowPlan {
        let end = self.end();
        let caught_up = until_ms
            .saturating_add(self.longest_catch_up_ms())
            .min(covered.from_ms);
        let catch_up = TimeRange {
            from_ms: self.start_with_overlap(until_ms),
            to_ms: caught_up,
        };
        let fresh = TimeRange {
            from_ms: self.start_with_overlap(covered.to_ms),
            to_ms: end,
        };
        if catch_up.to_ms >= fresh.from_ms {
            return self.plan_single_window(until_ms);
        }
        let ahead = TimeRange {
            from_ms: covered.from_ms,
            to_ms: end.max(covered.to_ms),
        };
        let watermark_after = if caught_up >= covered.from_ms {
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
        WindowPlan {
            catch_up: (catch_up.from_ms < catch_up.to_ms).then_some(catch_up),
            fresh,
            watermark_after,
        }
    }

    /// Returns the watermarks after a run over this agenda. They include every scope node in the
    /// coverage of the run, and every known node below a parent that could not be listed.
    ///
    /// `rows` is the coverage before accepted gaps are applied, because an accepted gap was not
    /// read either. `is_listed` means that the list of accounts was complete.
    pub fn watermarks_after(
        &self,
        rows: &[Coverage],
        is_listed: bool,
    ) -> Vec<(ScopeNode, Watermark)> {
        let coverage = NodeCoverage::from_rows(rows);
        let mut after = BTreeMap::new();
        after.insert(
            ScopeNode::ROOT,
            self.container_watermark(&ScopeNode::ROOT, is_listed),
        );
        for (node, is_complete) in &coverage.containers {
            after.insert(node.clone(), self.container_watermark(node, *is_complete));
        }
        // A parent that could not be listed may still contain its known log groups.
        let unlisted = self
            .watermarks
            .iter()
            .filter(|(node, _)| coverage.is_below_unlisted(node));
        after.extend(unlisted.map(|(node, watermark)| (node.clone(), *watermark)));
        for (node, is_read) in coverage.groups {
            let watermark = if is_read {
                self.plan_windows(&node).watermark_after
            } else {
                self.start_watermark(&node)
            };
            after.insert(node, watermark);
        }
        after.into_iter().collect()
    }

    /// The watermark of a scope node that contains others. It advances if the content of the node
    /// was listed completely.
    fn container_watermark(&self, node: &ScopeNode, is_complete: bool) -> Watermark {
        if !is_complete {
            return self.start_watermark(node);
        }
        let until_ms = self
            .watermarks
            .own(node)
            .map_or(i64::MIN, |own| own.until_ms)
            .max(self.initial_start());
        Watermark {
            until_ms,
            ahead: None,
        }
    }
}

impl GroupWindows for Agenda {
    fn windows_for(&self, group: &LogGroupArn) -> Vec<TimeWindow> {
        let WindowPlan {
            catch_up, fresh, ..
        } = self.plan_windows(&ScopeNode::group(group));
        let ranges = catch_up.into_iter().chain([fresh]);
        // Windows are not empty, except if their ends are outside the valid range of times.
        ranges
            .filter_map(|TimeRange { from_ms, to_ms }| TimeWindow::try_from([from_ms, to_ms]).ok())
            .collect()
    }
}

/// The scope nodes in the coverage of a run.
struct NodeCoverage {
    /// Accounts and account-Regions in scope, and whether their content was listed completely.
    containers: BTreeMap<ScopeNode, bool>,
    /// Log groups, and whether they were read completely.
    groups: BTreeMap<ScopeNode, bool>,
}

impl NodeCoverage {
    fn from_rows(rows: &[Coverage]) -> Self {
        let mut coverage = Self {
            containers: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        for row in rows {
            coverage.add(row);
        }
        let unlisted: BTreeSet<ScopeNode> = coverage
            .containers
            .iter()
            .filter(|(_, is_complete)| !**is_complete)
            .map(|(node, _)| node.clone())
            .collect();
        for (node, is_complete) in &mut coverage.containers {
            *is_complete &= node
                .parent()
                .is_none_or(|parent| !unlisted.contains(&parent));
        }
        coverage
    }

    fn add(&mut self, row: &Coverage) {
        let account = ScopeNode {
            account: Some(row.account),
            ..ScopeNode::ROOT
        };
        let log_group = match row.source {
            // The name under which the sweep asks for its windows. No log group can have it in the
            // state of a watch, where event histories and folders of buckets are nodes like log groups.
            Some(StorageKind::History) => Some(EVENT_HISTORY.to_owned()),
            Some(StorageKind::S3) => row
                .bucket_prefix
                .as_ref()
                .map(|location| format!("s3://{location}")),
            Some(StorageKind::Logs | StorageKind::File) | None => row.log_group.clone(),
        };
        let node = ScopeNode {
            region: row.region.clone(),
            log_group,
            ..account.clone()
        };
        let is_group = node.log_group.is_some();
        // A log group that no engine can read has nothing to catch up.
        if is_group && row.outcome.status != Status::Unsearchable {
            self.groups
                .insert(node.clone(), is_fully_read(&row.outcome));
        }
        // A log group outside the scope, which is read for the records of other accounts, does not
        // say anything about its own account.
        if row.out_of_scope {
            return;
        }
        self.containers.entry(account).or_insert(true);
        let container = if is_group { node.parent() } else { Some(node) };
        let is_complete = self
            .containers
            .entry(container.unwrap_or_default())
            .or_insert(true);
        *is_complete &= is_group || row.outcome.is_covered();
    }

    /// Whether an ancestor of the node could not be listed completely.
    fn is_below_unlisted(&self, node: &ScopeNode) -> bool {
        std::iter::successors(node.parent(), ScopeNode::parent)
            .any(|ancestor| self.containers.get(&ancestor) == Some(&false))
    }
}

/// Whether nothing is left to read. Gaps that reading again cannot close, such as masked or expired
/// events, count as read.
fn is_fully_read(outcome: &Outcome) -> bool {
    outcome.is_covered()
        || matches!(
            outcome.reason,
            Some(
                Reason::CreatedInsideWindow
                    | Reason::AppearedDuringRun
                    | Reason::RetentionInsideWindow
                    | Reason::Masked
                    | Reason::NotInEventHistory
                    | Reason::ObjectArchived
                    | Reason::ObjectUnreadable
                    | Reason::ObjectGone
                    | Reason::UnknownLayout
                    | Reason::Parquet
            )
        )
}
