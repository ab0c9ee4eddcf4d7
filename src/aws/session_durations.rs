//! How long the sessions of roles may be. STS does not say it, so it is learned from refusals.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// The session duration that every role allows, and the maximum in a role chain.
///
/// Source: IAM user guide, "Role chaining"; IAM API, `CreateRole`, `MaxSessionDuration` (3,600 at
/// least).
pub(super) const MIN_GRANTED: Duration = Duration::from_hours(1);

/// The session durations that are tried, in hours. A role can allow 12 at most.
const GRANTED_HOURS: [u64; 6] = [12, 8, 6, 4, 2, 1];

/// The longest session duration that each role name may allow, as learned from refusals.
#[derive(Debug, Default)]
pub(super) struct SessionDurations(Mutex<HashMap<String, Duration>>);

impl SessionDurations {
    /// Returns the longest duration that is worth requesting.
    pub(super) fn longest_duration(&self, role: &str, requested: Duration) -> Duration {
        self.0
            .lock()
            .get(role)
            .map_or(requested, |granted| requested.min(*granted))
    }

    /// Records that a duration was too long, and returns the next one to try.
    pub(super) fn record_refusal(&self, role: &str, duration: Duration) -> Duration {
        let shorter = GRANTED_HOURS
            .map(Duration::from_hours)
            .into_iter()
            .find(|shorter| *shorter < duration);
        let shorter = shorter.unwrap_or(MIN_GRANTED);
        self.0
            .lock()
            .entry(role.to_owned())
            .and_modify(|granted| *granted = shorter.min(*granted))
            .or_insert(shorter);
        shorter
    }
}
