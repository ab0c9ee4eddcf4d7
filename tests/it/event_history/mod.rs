//! The event history as a log source: it is read where nothing else covers the management events, by
//! attribute where no match can be lost, and can be resumed at any time.

mod broken;
mod random;

use std::collections::BTreeSet;

use crate::scenario::{Behaviour, Fault, Record, ScenarioBuilder, Trail};
use crate::world::{Run, SMALL, World};

const IP: &str = "192.0.2.1";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// Returns an organization of two member accounts in two Regions without a trail, and `more`.
fn scenario(more: &str) -> String {
    ScenarioBuilder::new("history")
        .regions(&REGIONS)
        .account("222222222222", "prod")
        .account("333333333333", "dev")
        .group(["prod", "dev"], "/app")
        .with(&Behaviour::new().own_traces(false))
        .with(more)
        .toml()
}

fn world(more: &str) -> World {
    World::from_toml(&scenario(more))
}

/// Returns a call in the form of a scenario.
fn call(account: &str, region: &str, at: &str, action: &str) -> Record {
    let bob = format!("arn:aws:iam::{account}:user/bob");
    Record::new(account, region, at, bob)
        .call("s3", action)
        .ip(IP)
        .read_only(action.starts_with("List"))
}

fn denied_in_dev() -> Fault {
    Fault::denied("LookupEvents").account("333333333333")
}

/// Returns the status and reason of the event histories, after their account-Region.
fn histories(run: &Run) -> Vec<String> {
    let columns = ["source", "account_id", "region", "status", "reason"];
    run.columns("coverage.csv", &columns)
        .into_iter()
        .filter_map(|row| row.strip_prefix("history ").map(str::to_owned))
        .collect()
}

/// Returns the account-Regions whose CloudTrail was searched.
fn covered(run: &Run) -> BTreeSet<String> {
    let columns = ["source", "status", "event_account_id", "event_region"];
    run.columns("sources.csv", &columns)
        .into_iter()
        .filter_map(|row| row.strip_prefix("cloudtrail searched ").map(str::to_owned))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn evidence_that_only_the_history_has_is_found() {
    let planted = call("222222222222", "eu-west-1", "1h ago", "DeleteBucket");
    let world = world(&planted);
    let run = world.sweep(&[IP, "--require", "management"]).await;
    assert_eq!(
        run.columns(
            "sightings.csv",
            &[
                "event_account_id",
                "event_region",
                "event_name",
                "source",
                "trusted",
                "log_group"
            ]
        ),
        ["222222222222 eu-west-1 DeleteBucket history true"]
    );
    let rows = histories(&run);
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(
        rows.iter().all(|row| row.ends_with(" searched")),
        "{rows:?}"
    );
    assert_eq!(covered(&run).len(), 6);
    assert_eq!(run.status(), "complete");
    let sources = run.columns("sources.csv", &["via", "selectors"]);
    assert!(
        sources
            .iter()
            .any(|row| row.starts_with("event history management events")),
        "{sources:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn covered_account_regions_are_not_looked_up() {
    let world = World::from_toml(SMALL);
    let run = world.sweep(&[IP, "--require", "management"]).await;
    assert_eq!(run.status(), "complete");
    assert_eq!(world.calls("LookupEvents"), 6, "one witness each");
    assert!(histories(&run).is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_uncovered_account_regions_are_looked_up() {
    let trail = Trail::new("own", "222222222222", "eu-west-1")
        .multi_region(false)
        .log_group("/trail");
    let run = world(&trail).sweep(&[IP, "--require", "management"]).await;
    let rows = histories(&run);
    assert_eq!(rows.len(), 5, "{rows:?}");
    assert!(
        !rows
            .iter()
            .any(|row| row.starts_with("222222222222 eu-west-1"))
    );
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn history_replaces_a_central_log_group_that_cannot_be_read() {
    let planted = call("222222222222", "eu-west-1", "1h ago", "DeleteBucket");
    let denied = Fault::denied("FilterLogEvents").account("111111111111");
    let no_bucket = Fault::denied("ListObjectsV2");
    let run = World::small_with(&format!("{planted}{denied}{no_bucket}"))
        .sweep(&[IP, "--require", "management"])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["event_name", "source"]),
        ["DeleteBucket history"]
    );
    assert_eq!(histories(&run).len(), 6);
    assert_eq!(covered(&run).len(), 6);
    // The log group itself stays a gap.
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn sources_choose_what_is_read() {
    let planted = call("222222222222", "eu-west-1", "1h ago", "DeleteBucket");
    let only_logs = world(&planted);
    let run = only_logs.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(only_logs.calls("LookupEvents"), 0);
    assert_eq!(run.status(), "incomplete");
    let only_history = world(&planted);
    let run = only_history.sweep(&[IP, "--sources", "history"]).await;
    assert_eq!(only_history.calls("FilterLogEvents"), 0);
    assert_eq!(only_history.calls("DescribeLogGroups"), 0);
    assert_eq!(run.columns("sightings.csv", &["source"]), ["history"]);
    let everything = ["anything", "--sources", "history", "--require", "all"];
    let run = only_history.sweep(&everything).await;
    assert_eq!(run.status(), "incomplete", "log groups were left out");
    assert!(
        run.coverage()
            .iter()
            .any(|row| row.contains("skipped source-not-selected")),
        "{:?}",
        run.coverage()
    );
}

#[tokio::test(start_paused = true)]
async fn copies_in_a_trail_and_the_history_are_one_sighting() {
    let planted = call("222222222222", "eu-west-1", "1h ago", "DeleteBucket");
    let world = World::small_with(&planted);
    let run = world.sweep(&[IP, "--sources", "logs,history"]).await;
    let columns = ["event_name", "copies", "copies_differ"];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["DeleteBucket 2 false"]
    );
}

#[tokio::test(start_paused = true)]
async fn data_events_and_older_times_stay_gaps() {
    let world = world("");
    let old = world
        .sweep(&[IP, "--since", "100d", "--require", "management"])
        .await;
    assert_eq!(old.status(), "incomplete");
    let rows = histories(&old);
    assert!(
        rows.iter()
            .all(|row| row.contains("partial not-in-event-history: the history keeps 90 days")),
        "{rows:?}"
    );
    let before = world.calls("LookupEvents");
    let window = [
        "--from",
        "2025-01-01T00:00:00Z",
        "--to",
        "2025-02-01T00:00:00Z",
    ];
    let older = world
        .sweep(&[&[IP, "--require", "management"][..], &window[..]].concat())
        .await;
    assert_eq!(older.status(), "incomplete");
    assert_eq!(world.calls("LookupEvents"), before);
    let rows = histories(&older);
    assert!(
        rows.iter()
            .all(|row| row.contains("unsearchable not-in-event-history")),
        "{rows:?}"
    );
    let kinds = older.columns("coverage.csv", &["source", "kinds"]);
    assert!(
        kinds
            .iter()
            .filter(|row| row.starts_with("history"))
            .all(|row| row == "history management"),
        "{kinds:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn refused_lookups_are_replaced_by_reading_everything() {
    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    let planted = call("222222222222", "us-east-1", "1h ago", "DeleteBucket").access_key(KEY);
    let other = call("222222222222", "us-east-1", "2h ago", "ListBuckets");
    let commercial = scenario(&format!("{planted}{other}"));
    let isolated = commercial
        .replace("eu-west-1", "us-iso-east-1")
        .replace("us-east-1", "us-iso-west-1")
        .replace("arn:aws:", "arn:aws-iso:");
    let rows = format!("fields eventName | filter userIdentity.accessKeyId = \"{KEY}\"");
    let counts = format!("filter userIdentity.accessKeyId = \"{KEY}\" | stats count(*) as calls");
    for scenario in [commercial, isolated] {
        for (query, column, expected) in [
            (rows.as_str(), "eventName", "DeleteBucket"),
            (counts.as_str(), "calls", "1"),
        ] {
            let world = World::from_toml(&scenario);
            let run = world
                .sweep(&["--query-string", query, "--require", "management"])
                .await;
            assert_eq!(run.columns("hunts/query-string.csv", &[column]), [expected]);
            let histories = histories(&run);
            assert!(
                histories.len() == 6 && histories.iter().all(|row| row.ends_with(" searched")),
                "{histories:?}"
            );
            assert_eq!(run.status(), "complete");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn denied_history_is_a_gap_with_its_reason() {
    let run = world(&denied_in_dev())
        .sweep(&[IP, "--require", "management"])
        .await;
    assert_eq!(run.status(), "incomplete");
    let rows = histories(&run);
    let denied: Vec<&String> = rows
        .iter()
        .filter(|row| row.contains(" denied access-denied: LookupEvents "))
        .collect();
    assert_eq!(denied.len(), 2, "{rows:?}");
    assert_eq!(covered(&run).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn tampering_calls_are_found_with_attribute_lookups() {
    let planted = Record::new(
        "222222222222",
        "us-east-1",
        "2h ago",
        "arn:aws:iam::222222222222:user/bob",
    )
    .call("cloudtrail", "StopLogging")
    .ip("203.0.113.9");
    let query = "filter eventName = \"DeleteBucket\"";
    let run = world(&planted)
        .sweep(&["--query-string", query, "--require", "management"])
        .await;
    assert_eq!(
        run.columns("tampering.csv", &["event_name"]),
        ["StopLogging"]
    );
    let lookups = run.summary()["api_calls"]["LookupEvents"].as_u64();
    assert!(lookups > Some(6), "{lookups:?}");
}

#[tokio::test(start_paused = true)]
async fn window_without_a_full_second_says_that_nothing_was_read() {
    let planted = call(
        "222222222222",
        "eu-west-1",
        "2026-03-02T11:00:00Z",
        "ListBuckets",
    );
    let world = world(&planted);
    let window = [
        "--from",
        "2026-03-02T11:00:00.200Z",
        "--to",
        "2026-03-02T11:00:00.800Z",
    ];
    let run = world
        .sweep(&[&[IP, "--sources", "history"][..], &window[..]].concat())
        .await;
    assert_eq!(world.calls("LookupEvents"), 0);
    let rows = histories(&run);
    assert!(
        !rows.is_empty() && rows.iter().all(|row| row.contains("nothing was read")),
        "{rows:?}"
    );
    assert!(run.columns("sightings.csv", &["event_name"]).is_empty());
}
