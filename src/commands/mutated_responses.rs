//! A property of `list` and `sources`: if a response is changed, the command reports a gap, fails,
//! or lists everything. `tests/it/mutated_responses.rs` has the same property for the commands that
//! other crates can run.

use clap::Parser;

use super::list::list_everything;
use super::sources::survey_everything;
use crate::cli::{Arguments, Command};
use crate::commands::Environment;
use crate::settings::ResolveContext;
use dragnet_range::Scenario;

const ORGANIZATION: &str = r#"
name = "mutated"
now = "2026-03-02T12:00:00Z"
[organization]
management = "111111111111"
regions = ["eu-west-1", "us-east-1"]
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "prod"
[[users]]
account = "222222222222"
name = "eve"
groups = ["staff"]
[[user_groups]]
account = "222222222222"
name = "staff"
[[trails]]
name = "organization"
account = "111111111111"
home = "us-east-1"
multi_region = true
organization = true
log_group = "/trail"
[[flow_logs]]
accounts = "prod"
regions = "us-east-1"
log_group = "/flows"
# The event history would replace a trail whose status was changed.
[[faults]]
operation = "LookupEvents"
kind = "access-denied"
[[groups]]
accounts = "prod"
name = "/app"
count = 3
"#;

const LISTS: [(&[&str], &[&str]); 5] = [
    (&["list", "accounts"], &["ListAccounts"]),
    (&["list", "regions"], &["ListAccounts", "DescribeRegions"]),
    (
        &["list", "log-groups"],
        &["AssumeRole", "DescribeRegions", "DescribeLogGroups"],
    ),
    (
        &["list", "roles"],
        &["DescribeRegions", "GetAccountAuthorizationDetails"],
    ),
    (
        &["list", "users"],
        &["GetAccountAuthorizationDetails", "ListUsers"],
    ),
];
const SOURCES: [&str; 8] = [
    "AssumeRole",
    "DescribeFlowLogs",
    "DescribeLogGroups",
    "DescribeRegions",
    "DescribeTrails",
    "GetEventSelectors",
    "GetTrailStatus",
    "ListAccounts",
];

/// The number of changes per command and operation: a share of `PROPTEST_CASES`, 12 by default.
fn cases() -> u64 {
    u64::from(proptest::test_runner::Config::default().cases / 20)
}

/// What a command lists, and whether it reports that something may be missing.
#[derive(Debug, PartialEq)]
struct Listed {
    is_complete: bool,
    names: Vec<String>,
}

/// Runs `list` or `sources` over the organization with these faults.
async fn run(words: &[&str], faults: &str) -> Listed {
    let scenario = Scenario::from_toml(&format!("{ORGANIZATION}{faults}")).unwrap();
    let environment = Environment::for_practice(&scenario).unwrap();
    let arguments = Arguments::try_parse_from([&["dragnet"], words].concat()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let context = ResolveContext {
        environment: &|_| None,
        working_directory: directory.path(),
        now: environment.clock().now(),
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let result = match &arguments.command {
        Command::List(list) => {
            list_everything(&arguments.global, list, &context, &environment).await
        }
        Command::Sources(sources) => {
            survey_everything(&arguments.global, sources, &context, &environment).await
        }
        _ => panic!("{words:?} is not a list"),
    };
    match result {
        Ok((is_complete, names)) => Listed { is_complete, names },
        Err(_) => Listed {
            is_complete: false,
            names: Vec::new(),
        },
    }
}

async fn assert_nothing_is_missed(words: &[&str], operations: &[&str]) {
    let truth = run(words, "").await;
    assert!(truth.is_complete && !truth.names.is_empty(), "{truth:?}");
    let mut noticed = 0;
    for (number, operation) in operations.iter().enumerate() {
        for case in 0..cases() {
            let seed = fastrand::Rng::with_seed(case * 100 + number as u64).u32(..);
            let after = case % 3;
            let fault = format!(
                r#"
[[faults]]
operation = "{operation}"
kind = "incomplete"
answer = "any"
seed = {seed}
after = {after}
"#
            );
            let listed = run(words, &fault).await;
            assert!(
                !listed.is_complete || listed.names == truth.names,
                "{words:?}: {fault}: {listed:?} instead of {truth:?}"
            );
            noticed += u32::from(!listed.is_complete);
        }
    }
    assert!(noticed > 0, "{words:?}: no change was noticed");
}

#[tokio::test(start_paused = true)]
async fn list_misses_nothing() {
    for (words, operations) in LISTS {
        assert_nothing_is_missed(words, operations).await;
    }
}

#[tokio::test(start_paused = true)]
async fn sources_miss_nothing() {
    assert_nothing_is_missed(&["sources"], &SOURCES).await;
}
