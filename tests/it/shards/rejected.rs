//! A result that this plan and key did not seal, or that was changed, is never a part of the run.

use std::fs;
use std::path::PathBuf;

use dragnet::shard::ShardKey;

use super::sharded::Sharded;
use crate::world::{REPORT_SOURCES, World, event};

const IP: &str = "192.0.2.1";

async fn complete() -> Sharded {
    let planted = event(
        "222222222222",
        "eu-west-1",
        "/app",
        "3h ago",
        "from 192.0.2.1",
    );
    let world = World::small_with(&planted).with_config(REPORT_SOURCES);
    let arguments = [
        IP,
        "--from",
        "2026-03-01T12:00:00Z",
        "--to",
        "2026-03-02T10:00:00Z",
    ];
    let sharded = Sharded::plan(world, &arguments, 3).await;
    sharded.run_all().await;
    sharded
}

/// The first part of the result of a shard.
fn part(sharded: &Sharded, shard: usize) -> PathBuf {
    let folder = sharded.file(&format!("shards/{shard:05}"));
    let mut folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let result = folders.find(|entry| entry.file_name().to_str().unwrap().starts_with("result-"));
    result.unwrap().path().join("00000")
}

/// Asserts that a shard is left out, and that the run says so.
async fn assert_rejected(sharded: &Sharded, shard: usize, problem: &str) {
    let status = sharded.status().await;
    let (run, missing) = sharded.merge().await;
    assert_eq!(missing.len(), 1, "{problem}: {missing:?}");
    assert_eq!(missing[0].0, shard);
    assert!(missing[0].1.contains("rejected"), "{problem}: {missing:?}");
    assert_eq!(run.status(), "incomplete", "{problem}");
    assert!(run.file("coverage.csv").contains("shard-not-committed"));
    if problem == "manifest" {
        assert_eq!(status.shards[shard].state, "rejected");
        assert!(sharded.run(shard, "two").await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn changed_results_are_rejected() {
    let sharded = complete().await;
    let commit = |shard: usize| sharded.file(&format!("shards/{shard:05}/commit.json"));
    let (run, missing) = sharded.merge().await;
    assert_eq!(missing, []);
    assert_eq!(
        run.columns("sightings.csv", &["event_account_id"]),
        ["222222222222"]
    );

    let original = fs::read(commit(0)).unwrap();
    let changed = String::from_utf8(original.clone()).unwrap();
    fs::write(commit(0), changed.replace("\"shard\":0", "\"shard\":1")).unwrap();
    assert_rejected(&sharded, 0, "manifest").await;
    // The sealed result of another shard.
    fs::copy(commit(1), commit(0)).unwrap();
    assert_rejected(&sharded, 0, "manifest").await;
    fs::write(commit(0), &original).unwrap();

    let database = part(&sharded, 2);
    let content = fs::read(&database).unwrap();
    for at in [0, content.len() / 2, content.len() - 1] {
        let mut changed = content.clone();
        changed[at] ^= 1;
        fs::write(&database, changed).unwrap();
        assert_rejected(&sharded, 2, "part").await;
    }
    fs::remove_file(&database).unwrap();
    assert_rejected(&sharded, 2, "part").await;
    fs::write(&database, content).unwrap();
    assert_eq!(sharded.merge().await.1, []);
}

#[tokio::test(start_paused = true)]
async fn results_of_another_plan_or_key_are_rejected() {
    let sharded = complete().await;
    let other = complete().await;
    let commit = "shards/00001/commit.json";
    fs::copy(other.file(commit), sharded.file(commit)).unwrap();
    assert_rejected(&sharded, 1, "manifest").await;

    let other = other.with_key(ShardKey::parse(&"00".repeat(32)).unwrap());
    let error = other.run(0, "one").await.unwrap_err();
    assert!(error.to_string().contains("plan.json.zst"), "{error}");
}
