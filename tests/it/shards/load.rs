//! Forty shards at once make hardly more calls than one process.

use dragnet::commands::ShardEnd;
use futures::future::join_all;

use super::sharded::Sharded;
use crate::scenario::Fault;
use crate::world::{REPORT_SOURCES, World};

const SHARDS: usize = 40;
/// The calls of all shards, compared with those of one process, in percent.
const MOST_PERCENT: u64 = 102;

/// The calls that were not throttled.
fn calls(world: &World) -> u64 {
    let calls = world.range().calls();
    calls.iter().map(|seen| seen.count - seen.throttled).sum()
}

/// All machines of an array job start in the same second, and AWS throttles the question who they are.
#[tokio::test(start_paused = true)]
async fn throttled_start_is_waited_for() {
    let throttled = Fault::new("GetCallerIdentity", "throttle")
        .after(1)
        .times(60);
    let world = World::small_with(&throttled.to_string()).with_config(REPORT_SOURCES);
    let arguments = ["192.0.2.1", "--since", "6h"];
    let sharded = Sharded::plan(world, &arguments, 4).await;
    let machines = ["one", "two", "three", "four"].into_iter().enumerate();
    let runs = machines.map(|(index, machine)| sharded.run(index, machine));
    for end in join_all(runs).await {
        assert_eq!(end.unwrap(), ShardEnd::Committed);
    }
    let calls = sharded.world.range().calls();
    let asked = calls
        .iter()
        .filter(|seen| seen.operation == "GetCallerIdentity");
    let throttled: u64 = asked.map(|seen| seen.throttled).sum();
    assert!(throttled >= 60, "{throttled}");
}

#[tokio::test(start_paused = true)]
async fn forty_shards_make_hardly_more_calls() {
    let org_100 = include_str!("../../../config/range/org-100.toml");
    let arguments = [
        "198.51.100.23",
        "--from",
        "2026-03-02T06:00:00Z",
        "--to",
        "2026-03-02T09:00:00Z",
    ];
    let one = World::from_toml(org_100);
    let single = one.sweep(&arguments).await;
    let sharded = Sharded::plan(World::from_toml(org_100), &arguments, SHARDS).await;
    let planned = calls(&sharded.world);
    let ends = join_all((0..SHARDS).map(|index| sharded.run(index, "one"))).await;
    assert!(ends.into_iter().all(|end| end.is_ok()));
    let made = calls(&sharded.world) - planned;
    let expected = calls(&one);
    println!("{made} calls of {SHARDS} shards, {expected} of one process, {planned} of the plan");
    assert!(
        made * 100 <= expected * MOST_PERCENT,
        "{made} calls, {expected} of one process"
    );
    let (merged, missing) = sharded.merge().await;
    assert_eq!(missing, []);
    assert_eq!(merged.file("sightings.csv"), single.file("sightings.csv"));
    // Every process asks once who it is, and the table has a low rate for that: AWS documents none.
    let throttled: Vec<_> = sharded
        .world
        .range()
        .calls()
        .into_iter()
        .filter(|seen| seen.throttled > 0 && seen.operation != "GetCallerIdentity")
        .collect();
    assert_eq!(throttled, [], "the shards stay within the quotas together");
}
