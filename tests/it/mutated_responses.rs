//! A property of whole commands: if a response is changed by a broken server or proxy, the command
//! reports that something may be missing, or it misses nothing. `src/aws/mutated_responses.rs`
//! tries all small changes of one response; here the range makes one of them, chosen at random, in
//! the first, second or third response to an operation, once or from then on.

use dragnet::commands::{State, examine};

use crate::cases::cases;
use crate::incomplete_answers::{archive, organization, swept, watched_at};
use crate::scenario::Fault;
use crate::watch::station::{Station, WATCH};
use crate::world::{REPORT_SOURCES, World};

const SOURCES: &str = r#"
[[trails]]
name = "organization"
account = "111111111111"
home = "us-east-1"
organization = true
log_group = "/trail"
[[flow_logs]]
accounts = "111111111111"
regions = "us-east-1"
log_group = "/flows"
"#;

/// The operations of a sweep over log groups that events are read from.
const SWEEP: [&str; 10] = [
    "AssumeRole",
    "DescribeFlowLogs",
    "DescribeLogGroups",
    "DescribeRegions",
    "DescribeTrails",
    "FilterLogEvents",
    "GetCallerIdentity",
    "GetEventSelectors",
    "GetTrailStatus",
    "ListAccounts",
];
const ARCHIVE: [&str; 3] = ["DescribeLogGroups", "GetQueryResults", "StartQuery"];

/// Returns a fault that changes responses to `operation`; the case chooses which, and how.
pub(crate) fn fault(operation: &str, case: u32) -> String {
    let seed = fastrand::Rng::with_seed(u64::from(case)).u32(..);
    let after = case % 3;
    let times = if case.is_multiple_of(4) { 1 } else { 10_000 };
    Fault::incomplete(operation, "any")
        .seed(seed)
        .after(after)
        .times(times)
        .to_string()
}

async fn assert_sweeps_miss_nothing(scenario: &str, operations: &[&str], usual: u32) {
    let truth = swept(scenario).await;
    assert!(truth.is_complete && !truth.found.is_empty(), "{truth:?}");
    let mut noticed = 0;
    for operation in operations {
        for case in 0..cases(usual) {
            let fault = fault(operation, case);
            let found = swept(&format!("{scenario}{fault}")).await;
            assert!(
                !found.is_complete || found == truth,
                "{fault}: {found:?} instead of {truth:?}"
            );
            noticed += u32::from(!found.is_complete);
        }
    }
    assert!(noticed > 0, "no change was noticed");
}

#[tokio::test(start_paused = true)]
async fn sweep_misses_nothing() {
    let scenario = organization(2, 1) + SOURCES;
    assert_sweeps_miss_nothing(&scenario, &SWEEP, 3).await;
}

#[tokio::test(start_paused = true)]
async fn sweep_with_insights_misses_nothing() {
    assert_sweeps_miss_nothing(&archive(5), &ARCHIVE, 8).await;
}

/// Returns the subjects that `dragnet doctor` finds in order, or `None` if a check fails.
async fn examined(scenario: &str) -> Option<Vec<String>> {
    let world = World::from_toml(scenario);
    let reach = world.settings(&["192.0.2.1"]).reach;
    let aws = world.environment().connect(&reach, None).await.unwrap();
    let checks = examine(aws, reach, world.environment().clock()).await;
    if checks.iter().any(|check| check.status == State::Failed) {
        return None;
    }
    let ok = checks.iter().filter(|check| check.status == State::Ok);
    let subjects = ok.map(|check| format!("{:?} {:?}", check.account_id, check.region));
    Some(subjects.collect())
}

#[tokio::test(start_paused = true)]
async fn doctor_misses_nothing() {
    let scenario = organization(2, 1) + SOURCES;
    let truth = examined(&scenario).await;
    assert!(truth.is_some());
    let mut noticed = 0;
    for operation in SWEEP.iter().chain(&["StartQuery"]) {
        for case in 0..cases(2) {
            let fault = fault(operation, case);
            let found = examined(&format!("{scenario}{fault}")).await;
            assert!(
                found.is_none() || found == truth,
                "{fault}: {found:?} instead of {truth:?}"
            );
            noticed += u32::from(found.is_none());
        }
    }
    assert!(noticed > 0, "no change was noticed");
}

/// Whatever an activation misses because of a changed response, a later one alerts about it: the
/// watermark does not advance over it.
#[tokio::test(start_paused = true)]
async fn watch_misses_nothing() {
    let config = format!("{WATCH}{REPORT_SOURCES}");
    let five_minutes = std::time::Duration::from_mins(5);
    for (operation, offset) in [
        ("AssumeRole", 0),
        ("DescribeLogGroups", 1),
        ("DescribeRegions", 2),
        ("FilterLogEvents", 3),
        ("ListAccounts", 4),
    ] {
        for case in 0..cases(1) {
            let fault = fault(operation, case * 5 + offset);
            let station = Station::configured(&config);
            for (time, faults) in [
                ("13:00:00Z", ""),
                ("13:15:00Z", fault.as_str()),
                ("14:15:00Z", ""),
                ("14:30:00Z", ""),
            ] {
                station
                    .start(&watched_at(time, faults))
                    .run_for(five_minutes)
                    .await;
            }
            let messages = station.alerted_messages();
            assert!(
                messages.contains(&"late from 192.0.2.1".to_owned()),
                "{fault}: {messages:?}"
            );
        }
    }
}
