//! How a log group can be read, what that takes, and which records it is certain to have.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::read_decision::{Decision, decide};
use super::size_estimate::pages_of;
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_lag::shift_time;
use crate::sweep::scan_cost::scan_cost;
use crate::sweep::source_choice::{ReadMethod, ReadSource, ReadTime};
use dragnet_model::{LogGroup, LogGroupClass, Reason, Region};

/// Whether a log group is read.
pub(super) fn is_read(shared: &SweepContext, group: &LogGroup) -> bool {
    matches!(read_decision(shared, group), Decision::Read { .. })
}

/// Returns how a log group can be read, one source for each engine that `--engine auto` would use.
/// `filter_time` is how long the filter engine takes.
pub(super) fn group_sources(
    region: &Region,
    group: &LogGroup,
    bytes: f64,
    filter_time: Duration,
) -> Vec<ReadSource> {
    let filter = ReadSource {
        method: ReadMethod::Filter,
        location: group.name.clone(),
        calls: Some(pages_of(bytes).ceil()),
        time: ReadTime::AtQuota(filter_time),
        usd: Some(0.0),
    };
    let insights = ReadSource {
        method: ReadMethod::Insights,
        location: group.name.clone(),
        calls: None,
        time: ReadTime::Short,
        usd: Some(scan_cost(region, bytes)),
    };
    match group.class {
        LogGroupClass::Standard => vec![filter, insights],
        LogGroupClass::InfrequentAccess => vec![insights],
        LogGroupClass::Delivery => Vec::new(),
        LogGroupClass::Unknown(_) => vec![filter],
    }
}

/// Returns the time since which a log group has every event, in milliseconds since the Unix epoch;
/// `None` if that is not certain of any event.
pub(in crate::sweep) fn complete_since(shared: &SweepContext, group: &LogGroup) -> Option<i64> {
    let Decision::Read { outcome, .. } = read_decision(shared, group) else {
        return None;
    };
    let from_ms = shared.settings.window.from_ms();
    if outcome.is_covered() {
        return Some(from_ms);
    }
    if outcome.reason == Some(Reason::Masked) {
        return None;
    }
    let now = shared.clock.now();
    let kept_since = group
        .retention_days
        .map(|days| shift_time(now, SignedDuration::from_hours(-24 * i64::from(days))));
    [group.created, kept_since]
        .into_iter()
        .flatten()
        .map(Timestamp::as_millisecond)
        .max()
        .map(|since_ms| since_ms.max(from_ms))
}

fn read_decision(shared: &SweepContext, group: &LogGroup) -> Decision {
    let unmask = shared.settings.engines.unmask;
    let window = shared.settings.window;
    decide(group, window, shared.started, shared.clock.now(), unmask)
}
