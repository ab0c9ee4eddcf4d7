//! Random organizations, random numbers of shards, random orders, and processes that are killed at
//! random times on several machines: the merged run has the same bytes as that of one process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dragnet::commands::ShardEnd;
use fastrand::Rng;
use tokio::time::sleep;

use super::sharded::{Sharded, coverage, liveness, sources};
use crate::cases::{cases, seed};
use crate::s3::random::organization::{FROM, Organization};
use crate::s3::sweeps::IP;
use crate::world::{Run, World};

/// The end of the window. Everything in it has been delivered when the sweep starts, so that a later
/// shard finds the same.
const TO: &str = "2026-03-02T07:00:00Z";

/// What a plan does not call, so that it does not see that AWS denies it.
const READING: [&str; 2] = ["FilterLogEvents", "GetObject"];

#[tokio::test(start_paused = true)]
async fn merged_run_is_that_of_one_process() {
    let mut rng = Rng::with_seed(seed());
    let selections = ["auto", "logs", "s3", "history", "auto"];
    for (case, selection) in (0..cases(10)).zip(selections.into_iter().cycle()) {
        let organization = Organization::random(&mut rng);
        let mut rng = Rng::with_seed(rng.u64(..));
        Box::pin(check(&organization, selection, &mut rng, case)).await;
    }
}

/// Two engines run all shards at the same time, in different orders and with pauses: one commits each
/// shard, and the merged run is the same.
#[tokio::test(start_paused = true)]
async fn two_engines_on_one_store_give_the_same_result() {
    let mut rng = Rng::with_seed(seed() ^ 0x2e);
    for case in 0..cases(6) {
        let organization = Organization {
            denied: None,
            ..Organization::random(&mut rng)
        };
        let arguments = arguments("auto");
        let scenario = organization.scenario();
        let single = World::from_toml(&scenario).sweep(&arguments).await;
        let shards = rng.usize(2..=6);
        let sharded = Sharded::plan(World::from_toml(&scenario), &arguments, shards).await;
        let engines = [rng.fork(), rng.fork()];
        let [one, two] = engines.map(|rng| Box::pin(run_as_engine(&sharded, rng)));
        let (one, two) = tokio::join!(one, two);
        let context = format!("case {case}, {shards} shards: {organization:#?}");
        for index in 0..shards {
            let ends = [one[&index], two[&index]];
            let commits = ends.iter().filter(|end| **end == ShardEnd::Committed);
            assert_eq!(commits.count(), 1, "shard {index}: {ends:?}, {context}");
        }
        let (merged, missing) = sharded.merge().await;
        assert_eq!(missing, []);
        assert_same(&merged, &single, &context);
    }
}

/// Runs all shards in a random order with pauses, as one engine does on its own machines.
async fn run_as_engine(sharded: &Sharded, mut rng: Rng) -> BTreeMap<usize, ShardEnd> {
    let engine = format!("engine-{:x}", rng.u64(..));
    let mut order: Vec<usize> = (0..sharded.plan.content.shards.len()).collect();
    rng.shuffle(&mut order);
    let mut ends = BTreeMap::new();
    for index in order {
        sleep(Duration::from_millis(rng.u64(0..5_000))).await;
        ends.insert(index, sharded.run(index, &engine).await.unwrap());
    }
    ends
}

pub(super) fn arguments(selection: &str) -> [&str; 9] {
    [
        IP,
        "--from",
        FROM,
        "--to",
        TO,
        "--require",
        "management,flow",
        "--sources",
        selection,
    ]
}

pub(super) fn assert_same(merged: &Run, single: &Run, context: &str) {
    assert_eq!(coverage(merged), coverage(single), "{context}");
    assert_eq!(sources(merged), sources(single), "{context}");
    assert_eq!(liveness(merged), liveness(single), "{context}");
    for file in ["sightings.csv", "sightings.jsonl"] {
        assert_eq!(merged.file(file), single.file(file), "{file}: {context}");
    }
}

async fn check(organization: &Organization, selection: &str, rng: &mut Rng, case: u32) {
    let arguments = arguments(selection);
    let scenario = organization.scenario();
    let single = World::from_toml(&scenario).sweep(&arguments).await;
    let shards = rng.usize(1..=6);
    let world = World::from_toml(&scenario);
    let sharded = Sharded::plan(world, &arguments, shards).await;
    run_in_random_order(&sharded, rng).await;
    assert!(sharded.status().await.is_complete());
    let (merged, missing) = sharded.merge().await;
    assert_eq!(missing, []);

    let context = format!("case {case}, {shards} shards, --sources {selection}: {organization:#?}");
    let is_read_denied = organization
        .denied
        .is_some_and(|(operation, _)| READING.contains(&operation));
    if is_read_denied {
        // One process reads another source when one fails; shards leave a gap, which `dragnet
        // resume` closes.
        let set = |rows: Vec<String>| rows.into_iter().collect::<BTreeSet<_>>();
        let rows = |file: &Run| set(file.columns("sightings.csv", &["message"]));
        assert!(rows(&merged).is_subset(&rows(&single)), "{context}");
        let searched = |run| {
            let rows = sources(run).into_iter();
            set(rows.filter(|row| row.ends_with(" searched")).collect())
        };
        assert!(searched(&merged).is_subset(&searched(&single)), "{context}");
        return;
    }
    assert_same(&merged, &single, &context);
}

/// Runs all shards, each on up to three machines: all but the last are killed.
pub(super) async fn run_in_random_order(sharded: &Sharded, rng: &mut Rng) {
    let mut order: Vec<usize> = (0..sharded.plan.content.shards.len()).collect();
    rng.shuffle(&mut order);
    for index in order {
        for _ in 0..rng.usize(0..=2) {
            let machine = ["one", "two", "three"][rng.usize(0..3)];
            let after = Duration::from_millis(rng.u64(1..20_000));
            sharded.run_and_kill(index, machine, after).await;
        }
        sharded.run(index, "last").await.unwrap();
    }
}
