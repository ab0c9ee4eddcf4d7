//! The containment that a schedule monitors: its journal is read, and the sweep of the activation
//! searches for its principals in their accounts.

use crate::aws::causes;
use crate::contain::{ContainmentMonitor, Journals};
use crate::settings::ScheduleSettings;

/// Reads the containment of a schedule; `None` if it monitors none. The error is for people.
pub(super) fn open_monitor(
    schedule: &ScheduleSettings,
) -> Result<Option<ContainmentMonitor>, String> {
    let Some(containment) = &schedule.containment else {
        return Ok(None);
    };
    let journals = Journals::new(containment.journals.clone());
    ContainmentMonitor::open(&journals, &containment.id)
        .map(Some)
        .map_err(|error| causes(&error))
}

/// Returns the schedule, in the scope of the containment if it monitors one.
pub(super) fn scope_to_containment(
    schedule: &ScheduleSettings,
    monitor: Option<&ContainmentMonitor>,
) -> ScheduleSettings {
    match monitor {
        Some(monitor) => schedule.for_containment_in(monitor.accounts()),
        None => schedule.clone(),
    }
}

/// Returns how far back the first windows begin, in milliseconds: at the first change, so that no
/// call since then is left out.
pub(super) fn first_lookback_ms(
    schedule: &ScheduleSettings,
    monitor: &ContainmentMonitor,
    started_ms: i64,
) -> i64 {
    let end_ms = started_ms.saturating_sub(schedule.lag_ms);
    let since_change = monitor
        .since()
        .map(|since| end_ms.saturating_sub(since.as_millisecond()));
    since_change.unwrap_or_default().max(schedule.lookback_ms)
}
