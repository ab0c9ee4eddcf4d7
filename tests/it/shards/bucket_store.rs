//! The store in a bucket: conditional writes, conflicts, and several machines.

use std::sync::Arc;

use dragnet::aws::{Bucket, WriteMode};
use dragnet::cli::StoreLocation;
use dragnet::commands::{ShardEnd, ShardStore};
use dragnet::shard::PlanSize;

use super::sharded::Sharded;
use crate::scenario::{Bucket as BucketTable, Fault};
use crate::world::{REPORT_SOURCES, World, event};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::shards","arn:aws:s3:::shards/*"]}]}"#;
const ARGUMENTS: [&str; 5] = [
    "192.0.2.1",
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T10:00:00Z",
];

fn world(more: &str) -> World {
    let bucket = BucketTable::new("shards", "111111111111", "eu-west-1").policy(POLICY);
    let planted = event(
        "222222222222",
        "eu-west-1",
        "/app",
        "3h ago",
        "from 192.0.2.1",
    );
    World::small_with(&format!("{bucket}\n{planted}\n{more}")).with_config(REPORT_SOURCES)
}

async fn store(world: &World) -> ShardStore {
    let location: StoreLocation = "s3://shards/sweep-1".parse().unwrap();
    let reach = world.settings(&ARGUMENTS).reach;
    ShardStore::open(&location, world.environment(), &reach)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn shards_are_committed_to_a_bucket() {
    let conflicts = Fault::new("PutObject", "write-conflict").every(3).times(6);
    let world = world(&conflicts.to_string());
    let store = store(&world).await;
    let temp = Arc::new(tempfile::tempdir().unwrap());
    let sharded = Sharded::plan_in(world, &ARGUMENTS, PlanSize::new(3), (store, temp)).await;
    let (one, two) = tokio::join!(sharded.run(0, "one"), sharded.run(0, "two"));
    let ends = [one.unwrap(), two.unwrap()];
    assert!(ends.contains(&ShardEnd::Committed) && ends.contains(&ShardEnd::CommittedBefore));
    for index in [1, 2] {
        assert_eq!(
            sharded.run(index, "one").await.unwrap(),
            ShardEnd::Committed
        );
    }
    let (run, missing) = sharded.merge().await;
    assert_eq!(missing, []);
    assert_eq!(
        run.columns("sightings.csv", &["event_account_id"]),
        ["222222222222"]
    );
}

#[tokio::test(start_paused = true)]
async fn object_is_created_once() {
    let world = world("");
    let reach = world.settings(&ARGUMENTS).reach;
    let aws = world.environment().connect(&reach, None).await.unwrap();
    let session = Arc::clone(aws.base());
    let bucket = Bucket {
        name: "shards".into(),
        owner: None,
        region: "eu-west-1".parse().unwrap(),
        requester_pays: false,
    };
    let object = (&bucket, "a/b");
    assert_eq!(aws.read_object(&session, object).await.unwrap(), None);
    let write = |text: &'static str, mode| {
        let content = bytes::Bytes::from_static(text.as_bytes());
        aws.write_object(&session, object, content, mode)
    };
    assert!(write("one", WriteMode::Create).await.unwrap());
    assert!(!write("two", WriteMode::Create).await.unwrap());
    let read = || async { aws.read_object(&session, object).await.unwrap().unwrap() };
    assert_eq!(read().await, "one");
    assert!(write("three", WriteMode::Replace).await.unwrap());
    assert_eq!(read().await, "three");
}

#[tokio::test(start_paused = true)]
async fn missing_permission_of_the_store_is_named() {
    let objects_only = POLICY
        .replace("\"s3:*\"", "[\"s3:GetObject\",\"s3:PutObject\"]")
        .replace("\"arn:aws:s3:::shards\",", "");
    assert!(!objects_only.contains("s3:*") && objects_only.contains("shards/*"));
    let bucket = BucketTable::new("shards", "222222222222", "eu-west-1").policy(&objects_only);
    let world = World::small_with(&bucket.to_string()).with_config(REPORT_SOURCES);
    let store = store(&world).await;
    let key = dragnet::shard::ShardKey::parse(&"5a".repeat(32)).unwrap();
    // The plan does not exist, and AWS does not say so.
    let error = dragnet::commands::read_shard_plan(&store, &key).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("AWS denied GetObject of sweep-1/plan.json.zst"),
        "{error}"
    );
    assert!(error.contains("s3:ListBucket on the bucket"), "{error}");
}
