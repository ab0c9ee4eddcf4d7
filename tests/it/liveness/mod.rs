//! The liveness check: records that somebody deleted from the log group of a trail are noticed, and an
//! organization where nothing was deleted gives no alarm.

mod aws_2026;
mod call_budget;
mod earlier_runs;
mod imports;
mod log_objects;
mod random;
mod random_groups;

use crate::scenario::{Behaviour, Fault, Record, ScenarioBuilder, Trail};
use crate::world::{Run, World};

const IP: &str = "192.0.2.1";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// Returns an organization of two member accounts in two Regions with this trail.
pub(crate) fn scenario(trail: &Trail) -> ScenarioBuilder {
    ScenarioBuilder::new("liveness")
        .regions(&REGIONS)
        .account("222222222222", "prod")
        .account("333333333333", "dev")
        .with(&Behaviour::new().own_traces(false))
        .with(trail)
}

pub(crate) fn organization_trail() -> Trail {
    Trail::new("organization", "111111111111", "us-east-1")
        .organization(true)
        .log_group("/trail")
}

/// Returns a call of an account in eu-west-1.
pub(crate) fn call(account: &str, at: &str) -> Record {
    call_from(account, at, "198.51.100.1")
}

/// Returns a call from an address.
fn call_from(account: &str, at: &str, ip: &str) -> Record {
    Record::new(
        account,
        "eu-west-1",
        at,
        format!("arn:aws:iam::{account}:user/bob"),
    )
    .call("s3", "DeleteBucket")
    .ip(ip)
}

/// Returns the rows of CloudTrail in `sources.csv`, without the event histories: account, Region,
/// status and liveness.
fn trail_rows(run: &Run) -> Vec<String> {
    let columns = [
        "via",
        "event_account_id",
        "event_region",
        "status",
        "liveness",
    ];
    run.columns("sources.csv", &columns)
        .into_iter()
        .filter(|row| row.starts_with("arn:"))
        .filter_map(|row| row.split_once(' ').map(|(_, rest)| rest.to_owned()))
        .collect()
}

/// Returns the log groups in `coverage.csv`: name, status and reason.
fn group_rows(run: &Run) -> Vec<String> {
    let columns = ["log_group", "status", "reason"];
    run.columns("coverage.csv", &columns)
        .into_iter()
        .filter(|row| row.starts_with('/') || row.starts_with("aws"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn healthy_organization_gives_no_alarm() {
    let calls = call("222222222222", "3h ago").to_string() + &call("222222222222", "1h ago");
    let world = World::from_toml(&scenario(&organization_trail()).with(&calls).toml());
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "complete", "{:?}", trail_rows(&run));
    assert_eq!(
        trail_rows(&run),
        [
            "111111111111 eu-west-1 searched quiet",
            "111111111111 us-east-1 searched quiet",
            "222222222222 eu-west-1 searched confirmed",
            "222222222222 us-east-1 searched quiet",
            "333333333333 eu-west-1 searched quiet",
            "333333333333 us-east-1 searched quiet",
        ]
    );
    assert_eq!(world.calls("LookupEvents"), 6);
}

#[tokio::test(start_paused = true)]
async fn deleted_records_make_the_log_group_partial() {
    let trail = organization_trail().emptied("2h ago");
    let calls = call("222222222222", "3h ago").to_string() + &call("333333333333", "1h ago");
    let world = World::from_toml(&scenario(&trail).with(&calls).toml());
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(run.status(), "incomplete");
    let rows = trail_rows(&run);
    assert_eq!(rows[2], "222222222222 eu-west-1 partial records-missing");
    assert_eq!(rows[4], "333333333333 eu-west-1 searched confirmed");
    let groups = group_rows(&run);
    assert!(
        groups[0].starts_with(
            "/trail partial records-missing: 1 of 1 compared records of 222222222222 eu-west-1 are missing: "
        ),
        "{groups:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn event_history_is_read_where_records_are_missing() {
    let trail = organization_trail().emptied("2h ago");
    let attack = call_from("222222222222", "3h ago", IP);
    let world = World::from_toml(&scenario(&trail).with(&attack).toml());
    let run = world.sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &["event_name", "source"]),
        ["DeleteBucket history"]
    );
    assert_eq!(
        run.status(),
        "incomplete",
        "deleted records are never clean"
    );
}

#[tokio::test(start_paused = true)]
async fn region_that_stopped_delivering_is_noticed() {
    let trail = organization_trail().failing_regions(["eu-west-1"]);
    let calls = call("222222222222", "3h ago");
    let world = World::from_toml(&scenario(&trail).with(&calls).toml());
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    let rows = trail_rows(&run);
    assert_eq!(rows[2], "222222222222 eu-west-1 failing records-missing");
    // Without a call that shows it, the state of the trail in the Region does.
    assert_eq!(rows[4], "333333333333 eu-west-1 failing quiet");
    assert_eq!(rows[5], "333333333333 us-east-1 searched quiet");
}

#[tokio::test(start_paused = true)]
async fn region_that_does_not_deliver_to_the_bucket_is_not_a_quiet_one() {
    let trail = || {
        Trail::new("organization", "111111111111", "us-east-1")
            .organization(true)
            .last_delivery("1m ago")
    };
    let call = call("222222222222", "3h ago").to_string();
    for (trail, expected) in [
        (trail(), "222222222222 eu-west-1 searched"),
        (
            trail().bucket_failing_regions(["eu-west-1"]),
            "222222222222 eu-west-1 stale",
        ),
    ] {
        let world = World::from_toml(&scenario(&trail).with(&call).toml());
        let arguments = [IP, "--sources", "s3", "--require", "management"];
        let rows = trail_rows(&world.sweep(&arguments).await);
        let has_row = rows.iter().any(|row| row.starts_with(expected));
        assert!(has_row, "{expected}: {rows:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn denied_state_of_a_trail_in_other_regions_costs_no_coverage() {
    let trail = organization_trail().failing_regions(["eu-west-1"]);
    let denied = Fault::denied("GetTrailStatus").region("eu-west-1");
    let world = World::from_toml(&scenario(&trail).with(&denied).toml());
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(run.status(), "complete", "{:?}", trail_rows(&run));
}

#[tokio::test(start_paused = true)]
async fn yesterdays_role_loses_no_coverage() {
    let denied = Fault::denied("LookupEvents");
    let calls = call("222222222222", "3h ago");
    let scenario = scenario(&organization_trail()).with(&calls).with(&denied);
    let world = World::from_toml(&scenario.toml());
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "complete");
    let rows = trail_rows(&run);
    assert_eq!(rows.len(), 6);
    assert!(
        rows.iter().all(|row| row.ends_with(" searched denied")),
        "{rows:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn check_can_be_switched_off_and_is_in_the_plan() {
    let trail = organization_trail().emptied("2h ago");
    let calls = call("222222222222", "3h ago");
    let world = World::from_toml(&scenario(&trail).with(&calls).toml())
        .with_config("[scope]\nliveness = \"skip\"\n");
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "complete");
    assert_eq!(world.calls("LookupEvents"), 0);
    assert!(
        trail_rows(&run)
            .iter()
            .all(|row| row.ends_with(" searched"))
    );
}

#[tokio::test(start_paused = true)]
async fn excluded_services_and_recent_records_are_no_witnesses() {
    let trail = organization_trail()
        .excluded_sources(["s3.amazonaws.com"])
        .emptied("1m ago");
    let calls = call("222222222222", "3h ago").to_string()
        + &Record::new(
            "222222222222",
            "eu-west-1",
            "10m ago",
            "arn:aws:iam::222222222222:user/bob",
        )
        .call("ec2", "StopInstances")
        .ip("198.51.100.1")
        .to_string();
    let world = World::from_toml(&scenario(&trail).with(&calls).toml());
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    let rows = trail_rows(&run);
    assert_eq!(rows[2], "222222222222 eu-west-1 partial quiet");
}

#[tokio::test(start_paused = true)]
async fn policy_of_the_past_leaves_a_log_group_partial() {
    let group = crate::scenario::Group::new("prod", "/app")
        .region("eu-west-1")
        .past_protection("ARCHIVED");
    let world = World::from_toml(&scenario(&organization_trail()).with(&group).toml());
    let run = world.sweep(&[IP]).await;
    assert!(
        group_rows(&run).contains(
            &"/app partial masked: a data protection policy masked values in the past".to_owned()
        ),
        "{:?}",
        group_rows(&run)
    );
}
