//! Accounts that neither Organizations nor the configuration lists: log sources may name them, but
//! nothing is sent to them.

use std::path::Path;

use crate::scenario::{Account, FlowLog};
use crate::survive::binary::{dragnet, ended, run_in};
use crate::survive::served::{Served, unlimited};
use crate::world::{Run, SMALL, World, event};

const IP: &str = "192.0.2.1";
const UNLISTED: &str = "666666666666";

/// Returns an organization and an account outside of it. The roles of that account trust the
/// caller, and the flow logs of a member account are delivered to it.
fn scenario() -> String {
    let outside = Account::new(UNLISTED, "unlisted").outside_organization(true);
    let flow_log = FlowLog::new("dev", "us-east-1", "/evil").destination_account(UNLISTED);
    let planted = event(
        UNLISTED,
        "us-east-1",
        "/evil",
        "1h ago",
        "2 333333333333 eni-1 192.0.2.1 planted",
    );
    format!("{SMALL}{outside}{flow_log}{planted}")
}

/// Returns the number of calls in an account.
fn calls_in(world: &World, account: &str) -> u64 {
    let calls = world.range().calls().into_iter();
    calls
        .filter(|seen| seen.account.is_some_and(|id| id.to_string() == account))
        .map(|seen| seen.count)
        .sum()
}

fn flow_log_row(run: &Run) -> String {
    let rows = run.columns(
        "sources.csv",
        &[
            "event_account_id",
            "event_region",
            "source",
            "status",
            "reason",
        ],
    );
    rows.into_iter()
        .find(|row| row.starts_with("333333333333 us-east-1 vpc-flow"))
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn log_group_of_an_unlisted_account_is_named_but_not_entered() {
    let world = World::from_toml(&scenario());
    let run = world.sweep(&[IP]).await;
    let reason = "account-not-listed: account 666666666666 is in neither the organization nor the configuration, so it was not entered";
    assert_eq!(
        flow_log_row(&run),
        format!("333333333333 us-east-1 vpc-flow denied {reason}")
    );
    assert_eq!(
        run.coverage_row(UNLISTED),
        format!("{UNLISTED} us-east-1 /evil denied {reason}")
    );
    assert_eq!(run.status(), "incomplete");
    assert_eq!(
        run.columns("sightings.csv", &["account_id"]),
        Vec::<String>::new()
    );
    assert_eq!(
        (calls_in(&world, UNLISTED), world.calls("AssumeRole")),
        (0, 3),
        "the three accounts of the organization"
    );
}

#[tokio::test(start_paused = true)]
async fn account_listed_in_the_configuration_is_entered() {
    let config = format!(
        r#"
[[accounts]]
id = "{UNLISTED}"
name = "partner"
"#
    );
    let world = World::from_toml(&scenario()).with_config(&config);
    let run = world.sweep(&[IP]).await;
    assert_eq!(
        run.coverage_row(&format!("{UNLISTED} us-east-1 /")),
        format!("{UNLISTED} us-east-1 /evil searched")
    );
    assert_eq!(run.columns("sightings.csv", &["account_id"]), [UNLISTED]);
}

#[tokio::test(start_paused = true)]
async fn callers_own_account_is_entered_without_being_listed() {
    let config = r#"
[organization]
discover = false
[[accounts]]
id = "333333333333"
"#;
    let world = World::from_toml(&scenario()).with_config(config);
    let run = world.sweep(&[IP]).await;
    assert_eq!(
        run.coverage_row("111111111111"),
        "111111111111 us-east-1 /trail searched",
        "it keeps the organization's trail"
    );
    assert_eq!(calls_in(&world, UNLISTED), 0);
}

async fn run_command(served: &Served, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = dragnet(folder);
    served.point(&mut command);
    command.args(arguments);
    ended(command).await
}

/// A trail of an account that is not listed, which delivers to a log group of that account.
const TRAIL: &str = r#"{"trailList": [{"Name": "evil", "HomeRegion": "us-east-1", "IsMultiRegionTrail": true,
    "TrailARN": "arn:aws:cloudtrail:us-east-1:666666666666:trail/evil",
    "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:666666666666:log-group:/evil:*"}]}"#;

#[tokio::test]
async fn no_command_assumes_a_role_in_an_unlisted_account() {
    let served = Served::start(&scenario(), |operation, _| {
        (operation == "DescribeTrails")
            .then(|| axum::http::Response::new(axum::body::Body::from(TRAIL)))
    })
    .await;
    let temp = tempfile::tempdir().unwrap();
    unlimited(temp.path());
    let file = temp.path().join("dragnet.toml");
    let config = std::fs::read_to_string(&file)
        .unwrap()
        .replace("sources = \"report\"", "sources = \"require\"");
    std::fs::write(
        &file,
        config
            + r#"
[identity]
external_id = "hush-external-id"
"#,
    )
    .unwrap();
    for command in [
        &["sweep", IP, "--since", "24h", "--progress", "none"][..],
        &["sources"],
        &["doctor"],
        &["list", "log-groups"],
        &[
            "contain",
            "plan",
            "--user",
            "arn:aws:iam::666666666666:user/bob",
            "--reason",
            "test",
        ],
    ] {
        let before = served.seen("AssumeRole").len();
        let (code, stderr) = run_command(&served, temp.path(), command).await;
        let assumed = served.seen("AssumeRole");
        assert!(
            assumed.len() > before || command[0] == "contain",
            "{command:?} entered accounts: {stderr}"
        );
        let in_unlisted = assumed
            .iter()
            .filter(|seen| seen.body.contains(UNLISTED))
            .count();
        assert_eq!(in_unlisted, 0, "{command:?} ended with {code:?}: {stderr}");
    }
    let run = run_in(temp.path()).unwrap();
    let sources = std::fs::read_to_string(run.join("sources.csv")).unwrap();
    let reason = "account 666666666666 is in neither the organization nor the configuration, so it was not entered";
    let trails = sources.lines().filter(|line| line.contains("trail/evil"));
    assert!(
        trails.clone().count() > 0 && trails.clone().all(|line| line.contains(reason)),
        "{sources}"
    );
}
