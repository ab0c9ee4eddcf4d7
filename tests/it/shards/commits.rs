//! A shard is committed once, and what is not committed is a gap.

use std::time::Duration;

use dragnet::commands::ShardEnd;
use dragnet_model::{AccountId, Region};

use super::sharded::Sharded;
use crate::scenario::Fault;
use crate::world::{REPORT_SOURCES, World, event};

const IP: &str = "192.0.2.1";
const WINDOW: [&str; 5] = [
    IP,
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T10:00:00Z",
];

/// Where an event is planted.
const PLANTED: [(&str, &str); 2] = [("222222222222", "eu-west-1"), ("333333333333", "us-east-1")];

fn world() -> World {
    world_with("")
}

/// The same organization with more tables.
fn world_with(more: &str) -> World {
    let planted = PLANTED
        .map(|(account, region)| event(account, region, "/app", "3h ago", &format!("from {IP}")));
    let tables = format!("{}\n{more}", planted.join("\n"));
    World::small_with(&tables).with_config(REPORT_SOURCES)
}

#[tokio::test(start_paused = true)]
async fn of_two_runners_of_a_shard_one_commits() {
    let sharded = Sharded::plan(world(), &WINDOW, 3).await;
    let (one, two) = tokio::join!(sharded.run(1, "one"), sharded.run(1, "two"));
    let mut ends = [one.unwrap(), two.unwrap()];
    ends.sort_by_key(|end| *end == ShardEnd::CommittedBefore);
    assert_eq!(ends, [ShardEnd::Committed, ShardEnd::CommittedBefore]);
    let calls = sharded.world.range().calls().len();
    assert_eq!(
        sharded.run(1, "three").await.unwrap(),
        ShardEnd::CommittedBefore
    );
    assert_eq!(
        sharded.world.range().calls().len(),
        calls,
        "a committed shard makes no call"
    );
}

/// Returns the shard that searches an account-Region.
fn owner(sharded: &Sharded, (account, region): (&str, &str)) -> usize {
    let account: AccountId = account.parse().unwrap();
    let region: Region = region.parse().unwrap();
    let mut shards = sharded.plan.content.shards.iter();
    shards
        .position(|shard| {
            let part = shard.accounts.get(&account);
            part.is_some_and(|part| part.contains(&region))
        })
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn shard_without_a_commit_is_a_gap() {
    // A shard takes time, else it ends before it is killed.
    let slow = Fault::slow("FilterLogEvents", 3_000);
    let sharded = Sharded::plan(world_with(&slow.to_string()), &WINDOW, 3).await;
    let left_out = owner(&sharded, PLANTED[0]);
    for index in (0..3).filter(|index| *index != left_out) {
        sharded.run(index, "one").await.unwrap();
    }
    // It may have had a checkpoint, and did not end.
    let after = Duration::from_secs(2);
    let has_ended = sharded.run_and_kill(left_out, "one", after).await;
    assert!(!has_ended);
    let status = sharded.status().await;
    assert!(!status.is_complete());
    assert_ne!(status.shards[left_out].state, "committed");
    let (run, missing) = sharded.merge().await;
    let indexes: Vec<usize> = missing.iter().map(|(index, _)| *index).collect();
    assert_eq!(indexes, [left_out], "{missing:?}");
    assert_eq!(run.status(), "incomplete");
    let rows = run.coverage();
    let is_gap =
        |row: &String| row.starts_with(PLANTED[0].0) && row.contains("failed shard-not-committed");
    assert!(rows.iter().any(is_gap), "{rows:#?}");
    let found = PLANTED
        .into_iter()
        .filter(|target| owner(&sharded, *target) != left_out);
    let found: Vec<String> = found.map(|target| target.0.to_owned()).collect();
    assert_eq!(run.columns("sightings.csv", &["event_account_id"]), found);

    // The user can resume the merged run on one machine, or run the shard and merge again.
    let resumed = sharded.world.resume(&run.outputs.directory).await.unwrap();
    let mut accounts = resumed.columns("sightings.csv", &["event_account_id"]);
    accounts.sort();
    assert_eq!(accounts, PLANTED.map(|target| target.0));
    let rows = resumed.coverage();
    assert!(!rows.iter().any(is_gap), "{rows:#?}");
    sharded.run(left_out, "two").await.unwrap();
    let (complete, missing) = sharded.merge().await;
    assert_eq!(missing, []);
    assert_eq!(
        complete.file("sightings.csv"),
        resumed.file("sightings.csv")
    );
}

#[tokio::test(start_paused = true)]
async fn plan_has_no_secret_and_is_made_once() {
    let config = format!("{REPORT_SOURCES}[identity]\nexternal_id = \"hush-hush\"\n");
    let sharded = Sharded::plan(world().with_config(&config), &WINDOW, 2).await;
    let packed = std::fs::read(sharded.file("plan.json.zst")).unwrap();
    let text = zstd::stream::decode_all(packed.as_slice()).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("hush") && text.contains("settings_sha256"));
    let error = sharded.run(0, "one").await.unwrap_err().to_string();
    assert!(
        error.contains("setting"),
        "without the external id: {error}"
    );

    let settings = sharded.world.settings(&WINDOW);
    let environment = sharded.world.environment();
    let connection = dragnet::commands::Connection::open(environment, &settings.reach).await;
    let connection = connection.unwrap();
    let again = dragnet::commands::create_shard_plan(
        &connection,
        &settings,
        dragnet::shard::PlanSize::new(2),
        (&sharded.store, &sharded.key),
        tokio_util::sync::CancellationToken::new(),
    );
    let error = Box::pin(again).await.unwrap_err().to_string();
    assert!(error.contains("already has a plan"), "{error}");
}
