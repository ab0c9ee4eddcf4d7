//! Generates the faults of random worlds.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::scenario::Fault;

/// Operations with which the two engines read events. `OTHERS` are called before these.
const READS: [&str; 3] = ["FilterLogEvents", "StartQuery", "GetQueryResults"];
const OTHERS: [&str; 4] = ["DescribeLogGroups", "AssumeRole", "DescribeRegions", "*"];

/// Returns a fault in the form of a scenario.
fn fault(operation: &str, kind: &str, every: u32, times: u32, after: u32) -> String {
    let fault = match kind {
        // Longer than the client waits for a response.
        "slow" => Fault::slow(operation, 120_000),
        _ => Fault::new(operation, kind),
    };
    fault.every(every).times(times).after(after).to_string()
}

/// Transient faults: every call is retried more often than it can fail.
///
/// A server error, a broken connection, an incomplete response and one that arrives too late are
/// each retried six times, throttled calls much longer, and expired credentials once.
pub(super) fn transient() -> impl Strategy<Value = String> {
    let operation = || prop_oneof![2 => select(&READS[..]), 1 => select(&OTHERS[..])];
    let broken = select(&["server-error", "unavailable", "reset", "truncated", "slow"][..]);
    let broken = (operation(), broken, 1..3_u32, 1..4_u32, 0..6_u32);
    let throttled = (operation(), 1..3_u32, 1..20_u32, 0..6_u32);
    let expired = prop::option::weighted(0.3, 0..6_u32);
    (vec(broken, 1..3), vec(throttled, 0..2), expired).prop_map(|(broken, throttled, expired)| {
        let broken = broken.iter().map(|(operation, kind, every, times, after)| {
            fault(operation, kind, *every, *times, *after)
        });
        let throttled = throttled.iter().map(|(operation, every, times, after)| {
            fault(operation, "throttle", *every, *times, *after)
        });
        let expired = expired
            .iter()
            .map(|after| fault("FilterLogEvents", "expired-token", 1, 1, *after));
        broken.chain(throttled).chain(expired).collect()
    })
}

/// Lasting faults, so that something is not read. The sweep can still start.
pub(super) fn lasting() -> impl Strategy<Value = String> {
    // The first calls identify the caller and list the organization. Without them there is no run.
    let calls = prop_oneof![
        3 => (select(&READS[..]), 0..3_u32),
        1 => (Just("DescribeLogGroups"), 0..6_u32),
        2 => (Just("*"), 6..40_u32),
    ];
    let kinds = [
        "server-error",
        "reset",
        "truncated",
        "access-denied",
        "repeated-token",
        "delete-group",
        "expired-token",
    ];
    (calls, select(kinds.to_vec()), 40..200_u32)
        .prop_map(|((operation, after), kind, times)| fault(operation, kind, 1, times, after))
}

/// Responses so slow that one sequence of pages cannot use up the quota. Long log groups are then
/// cut into slices.
pub(super) fn slow_responses() -> String {
    Fault::slow("FilterLogEvents", 1000).to_string()
}
