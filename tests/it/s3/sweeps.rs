//! Objects in S3 as a log source: they are read where no log group has the records, or on request.

use std::collections::BTreeSet;

use crate::scenario::{Behaviour, Bucket, Fault, ObjectChange, Record, ScenarioBuilder, Trail};
use crate::world::{Run, World};

pub(crate) const IP: &str = "192.0.2.1";
/// The bucket of the trail.
pub(super) const BUCKET: &str = "cloudtrail-111111111111";
const ORGANIZATION_IN_S3: &str = include_str!("../../../config/range/s3-org.toml");

/// Returns an organization of two member accounts in two Regions, whose trail delivers to a bucket
/// alone, and `more`.
pub(super) fn scenario(more: &str) -> String {
    scenario_with(&trail(), more)
}

/// The trail of the organization.
pub(super) fn trail() -> Trail {
    Trail::new("organization", "111111111111", "us-east-1").organization(true)
}

/// Returns the same organization with another trail.
pub(super) fn scenario_with(trail: &Trail, more: &str) -> String {
    ScenarioBuilder::new("objects")
        .regions(&["eu-west-1", "us-east-1"])
        .account("222222222222", "prod")
        .account("333333333333", "dev")
        .with(&Behaviour::new().own_traces(false))
        .with(trail)
        .with(more)
        .toml()
}

/// Returns a call in prod, in the form of a scenario.
pub(super) fn call(at: &str) -> Record {
    let bob = "arn:aws:iam::222222222222:user/bob";
    Record::new("222222222222", "eu-west-1", at, bob)
        .call("s3", "DeleteBucket")
        .ip(IP)
        .raw(&format!("delivered = \"{at}\""))
}

/// Returns calls ten minutes apart, so that each is in a different object.
pub(super) fn calls(number: u32) -> String {
    (0..number)
        .map(|n| call(&format!("{}m ago", 60 + 10 * n)).to_string())
        .collect()
}

/// Returns the account-Region, status and reason of the folders of buckets.
pub(super) fn folders(run: &Run) -> Vec<String> {
    let columns = ["source", "account_id", "region", "status", "reason"];
    run.columns("coverage.csv", &columns)
        .into_iter()
        .filter_map(|row| row.strip_prefix("s3 ").map(str::to_owned))
        .collect()
}

fn covered(run: &Run) -> BTreeSet<String> {
    let columns = ["source", "status", "event_account_id", "event_region"];
    run.columns("sources.csv", &columns)
        .into_iter()
        .filter_map(|row| row.strip_prefix("cloudtrail searched ").map(str::to_owned))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn records_that_only_a_bucket_has_are_found() {
    let world = World::from_toml(&scenario(&call("1h ago")));
    let run = world.sweep(&[IP, "--require", "management"]).await;
    let columns = ["event_name", "source", "trusted", "account_id", "region"];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["DeleteBucket s3 true 222222222222 eu-west-1"]
    );
    let event_ids = run.columns("sightings.csv", &["event_id"]);
    assert!(
        event_ids[0].starts_with(&format!("{BUCKET}/AWSLogs/o-"))
            && event_ids[0].ends_with(".json.gz#1"),
        "{event_ids:?}"
    );
    let rows = folders(&run);
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(rows.contains(&"222222222222 eu-west-1 searched".to_owned()));
    // The other account-Regions have no folder, which proves nothing: the event history is read.
    let nothing = rows
        .iter()
        .filter(|row| row.ends_with(" skipped nothing-delivered"));
    assert_eq!(nothing.count(), 5, "{rows:?}");
    assert_eq!(covered(&run).len(), 6, "{}", run.file("sources.csv"));
    assert!(world.calls("LookupEvents") > 0);
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn every_record_of_an_organization_in_s3_is_found_once() {
    let world = World::from_toml(ORGANIZATION_IN_S3);
    let run = world
        .sweep(&["198.51.100.77", "--require", "management,flow"])
        .await;
    let records = run.columns("sightings.csv", &["record_id", "source", "copies"]);
    assert_eq!(records.len(), 15, "{records:?}");
    let unique: BTreeSet<&String> = records.iter().collect();
    assert_eq!(unique.len(), 15, "{records:?}");
    assert!(
        records.iter().any(|record| record.ends_with(" s3 1")),
        "{records:?}"
    );
    let rows = folders(&run);
    let has = |start: &str| rows.iter().any(|row| row.starts_with(start));
    assert!(
        has("999999999999 us-east-1 searched"),
        "left the organization: {rows:?}"
    );
    assert!(
        has("333333333333 us-east-1 partial unknown-layout: 1 object, the first is o-archive000/"),
        "{rows:?}"
    );
    let flows = run.columns("sources.csv", &["event_account_id", "source", "status"]);
    assert!(
        flows.contains(&"555555555555 vpc-flow searched".to_owned()),
        "{flows:?}"
    );
    assert_eq!(covered(&run).len(), 10, "{}", run.file("sources.csv"));
    assert_eq!(run.status(), "complete", "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn sources_choose_what_is_read() {
    let world = World::from_toml(&scenario(&call("1h ago")));
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(world.calls("ListObjectsV2"), 0);
    assert_eq!(run.status(), "incomplete");
    let world = World::from_toml(&scenario(&call("1h ago")));
    let run = world.sweep(&[IP, "--sources", "s3"]).await;
    assert_eq!(world.calls("LookupEvents"), 0);
    assert_eq!(world.calls("DescribeLogGroups"), 0);
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"]);
    assert_eq!(
        run.status(),
        "incomplete",
        "nothing says whether the trail records the other account-Regions"
    );
}

#[tokio::test(start_paused = true)]
async fn bucket_is_not_read_where_log_groups_have_the_records() {
    let world = World::small_with(&call("1h ago"));
    let run = world.sweep(&[IP, "--require", "management"]).await;
    assert_eq!(run.status(), "complete");
    assert_eq!(world.calls("ListObjectsV2"), 0);
    assert!(folders(&run).is_empty());
}

#[tokio::test(start_paused = true)]
async fn copies_in_a_log_group_and_a_bucket_are_one_sighting() {
    let world = World::small_with(&call("1h ago"));
    let run = world.sweep(&[IP, "--sources", "logs,s3"]).await;
    let columns = ["event_name", "copies", "copies_differ"];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["DeleteBucket 2 false"]
    );
}

#[tokio::test(start_paused = true)]
async fn bucket_may_be_in_another_region_than_its_trail() {
    let bucket = Bucket::new(BUCKET, "111111111111", "eu-west-1");
    let run = World::from_toml(&scenario(&format!("{}{bucket}", call("1h ago"))))
        .sweep(&[IP, "--require", "management"])
        .await;
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"]);
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_are_sent_again() {
    let slow_down = Fault::new("GetObject", "throttle").times(5);
    let run = World::from_toml(&scenario(&(calls(12) + &slow_down)))
        .sweep(&[IP, "--require", "management"])
        .await;
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"; 12]);
    assert_eq!(run.status(), "complete");
    assert!(run.summary()["throttled"]["GetObject"].as_u64() >= Some(1));
}

#[tokio::test(start_paused = true)]
async fn hours_without_a_digest_are_a_note() {
    let deleted = ObjectChange::new(BUCKET, "*/CloudTrail-Digest/*_20260302T03*", "delete");
    let run = World::from_toml(&scenario(&format!("{}{deleted}", call("1h ago"))))
        .sweep(&[IP, "--sources", "s3"])
        .await;
    let rows = folders(&run);
    let row = rows
        .iter()
        .find(|row| row.starts_with("222222222222 eu-west-1 "));
    let row = row.unwrap();
    assert!(
        row.starts_with("222222222222 eu-west-1 searched 1 hour without a digest, the first after 2026-03-02T02:"),
        "{row}"
    );
}

#[tokio::test(start_paused = true)]
async fn window_that_ends_within_the_margin_is_not_complete() {
    let world = World::from_toml(&scenario(&call("2h ago")));
    let window = ["--from", "2026-03-02T00:00:00Z", "--to"];
    let reason = async |to: &str| {
        let arguments = [&[IP, "--sources", "s3"][..], &window[..], &[to][..]].concat();
        let rows = folders(&world.sweep(&arguments).await);
        rows.into_iter()
            .find(|row| row.starts_with("222222222222 eu-west-1 "))
            .unwrap()
    };
    let late = reason("2026-03-02T11:30:00Z").await;
    assert!(late.contains(" partial late-delivery: "), "{late}");
    let whole = reason("2026-03-02T10:30:00Z").await;
    assert_eq!(whole, "222222222222 eu-west-1 searched");
}

#[tokio::test(start_paused = true)]
async fn objects_of_the_last_hour_are_not_claimed() {
    let world = World::from_toml(&scenario(&call("2h ago")));
    let run = world.sweep(&[IP, "--sources", "s3"]).await;
    assert_eq!(
        run.summary()["window"]["complete_until"],
        "2026-03-02T11:00:00.000Z"
    );
    // A log group has its events after a quarter of an hour.
    let run = World::small_with("").sweep(&[IP]).await;
    assert_eq!(
        run.summary()["window"]["complete_until"],
        "2026-03-02T11:45:00.000Z"
    );
}
