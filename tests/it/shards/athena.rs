//! Athena in shards: each asks it about the objects of its own account-Regions, and the merged run has all queries.

use super::sharded::Sharded;
use crate::athena::{ACCOUNTS, IP, calls, results, used, world};

#[tokio::test(start_paused = true)]
async fn merged_run_has_the_queries_of_all_shards() {
    let calls = calls(60) + &calls(60).replace(ACCOUNTS[1], ACCOUNTS[0]);
    let window = [
        "--from",
        "2026-03-01T12:00:00Z",
        "--to",
        "2026-03-02T11:00:00Z",
    ];
    let arguments = [&[IP, "--sources", "athena"][..], &window].concat();
    let undivided = world("", &calls);
    let single = Box::pin(undivided.sweep(&arguments)).await;
    assert_eq!(used(&single), (108, 1), "{}", single.summary()["athena"]);

    let sharded = Box::pin(Sharded::plan(world("", &calls), &arguments, 3)).await;
    Box::pin(sharded.run_all()).await;
    let (merged, missing) = Box::pin(sharded.merge()).await;
    assert_eq!(missing, []);
    assert_eq!(results(&merged), results(&single));
    let (ruled_out, queries) = used(&merged);
    assert_eq!(ruled_out, 108, "{}", merged.summary()["athena"]);
    let started = sharded.world.range().athena_statements().len();
    assert_eq!(queries, u64::try_from(started).unwrap());
    assert!(queries >= 2, "the accounts are in different shards");
}
