//! How long the liveness check will take, for the progress display: it follows the search.

use std::sync::Arc;

use super::history_page::compared_range;
use crate::aws::Session;
use crate::sweep::context::SweepContext;
use dragnet_model::LogGroupArn;

/// How many records one request looks for.
const RECORDS_IN_A_REQUEST: f64 = 24.0;

/// How long the event histories take, which are read side by side: two pages of each busy one.
///
/// Source: CloudTrail API, `LookupEvents`: two requests per second.
const HISTORY_SECONDS: f64 = 2.0;

const MS_IN_AN_HOUR: f64 = 3_600_000.0;

/// Adds a log group to which trails deliver.
pub(in crate::sweep) fn add_trail_group(
    shared: &SweepContext,
    group: LogGroupArn,
    session: &Arc<Session>,
) {
    let rate = shared
        .aws
        .event_quota(session, &group.target.region)
        .full_rate();
    shared.liveness.add_group(group, session, rate);
    show_expected_duration(shared);
}

/// Shows how long the check will take, as far as its account-Regions and log groups are known.
pub(in crate::sweep) fn show_expected_duration(shared: &SweepContext) {
    let Some((from_ms, to_ms)) = compared_range(shared) else {
        return;
    };
    let (targets, groups, rate) = shared.liveness.counts();
    if groups == 0 {
        return;
    }
    let hours = to_ms.saturating_sub(from_ms) as f64 / MS_IN_AN_HOUR;
    let calls = expected_calls(targets as f64 / groups as f64, hours);
    shared
        .tally
        .set_seconds_after(HISTORY_SECONDS + calls / rate);
}

/// Shows that a request of the check was answered.
pub(super) fn show_answered_request(shared: &SweepContext) {
    let (_, groups, rate) = shared.liveness.counts();
    // The log groups are compared at the same time.
    shared
        .tally
        .reduce_seconds_after(1.0 / (rate * groups.max(1) as f64));
}

/// Returns the calls that one log group takes. Records of the same hour share requests.
fn expected_calls(targets: f64, hours: f64) -> f64 {
    let records = if targets > 1.0 { 2.0 * targets } else { 1.0 };
    let shared = records / RECORDS_IN_A_REQUEST + hours.min(records);
    shared.min(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_account_regions_share_requests() {
        assert_eq!(expected_calls(1.0, 24.0), 1.0);
        assert_eq!(expected_calls(2.0, 24.0), 4.0);
        assert_eq!(expected_calls(240.0, 24.0), 44.0);
        assert_eq!(expected_calls(12.0, 1.0), 2.0);
    }
}
