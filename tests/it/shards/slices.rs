//! Log groups of trails that are divided among shards by time: the merged run is that of one process,
//! and a missing slice is a gap.

use fastrand::Rng;

use super::random::{arguments, assert_same, run_in_random_order};
use super::sharded::{Sharded, coverage};
use crate::cases::{cases, seed};
use crate::s3::random::organization::Organization;
use crate::world::World;

/// A random organization in which AWS denies nothing that a plan does not see.
fn organization(rng: &mut Rng) -> Organization {
    Organization {
        denied: None,
        ..Organization::random(rng)
    }
}

#[tokio::test(start_paused = true)]
async fn slices_are_joined_as_one_process_would_have_written_them() {
    let mut rng = Rng::with_seed(seed() ^ 0x51);
    let mut sliced = 0;
    for case in 0..cases(8) {
        let organization = organization(&mut rng);
        let scenario = organization.scenario();
        let arguments = arguments("logs");
        let single = World::from_toml(&scenario).sweep(&arguments).await;
        let shards = rng.usize(2..=5);
        let world = World::from_toml(&scenario);
        let sharded = Sharded::plan_sliced(world, &arguments, shards).await;
        sliced += sharded.plan.content.sliced.len();
        run_in_random_order(&sharded, &mut rng).await;
        let (merged, missing) = sharded.merge().await;
        assert_eq!(missing, []);
        let context = format!("case {case}, {shards} shards: {organization:#?}");
        assert_same(&merged, &single, &context);
    }
    assert!(sliced > 0, "no log group was divided");
}

#[tokio::test(start_paused = true)]
async fn fractions_of_a_divided_log_group_add_up_to_its_quota() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..20 {
        let world = World::from_toml(&organization(&mut rng).scenario());
        let sharded = Sharded::plan_sliced(world, &arguments("logs"), 4).await;
        let plan = &sharded.plan.content;
        for group in &plan.sliced {
            let target = &group.group.target;
            let fractions = plan.shards.iter().map(|shard| {
                let mut own = shard.log_fractions.iter();
                own.find(|(shared, _)| shared == target)
                    .map(|(_, fraction)| *fraction)
            });
            let fractions: Vec<Option<f64>> = fractions.collect();
            let sum: f64 = fractions.iter().flatten().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{fractions:?}");
            for shard in &group.shards {
                assert!(fractions[*shard].is_some_and(|fraction| fraction > 0.0));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn missing_slice_is_a_gap_that_a_resumed_run_closes() {
    let mut rng = Rng::with_seed(7);
    let mut checked = 0;
    for _ in 0..40 {
        let scenario = organization(&mut rng).scenario();
        let arguments = arguments("logs");
        let sharded = Sharded::plan_sliced(World::from_toml(&scenario), &arguments, 3).await;
        let Some(sliced) = sharded.plan.content.sliced.first() else {
            continue;
        };
        // The first slice belongs to the owner of the account-Region, which would be a gap too.
        let left_out = *sliced.shards.last().unwrap();
        for index in (0..3).filter(|index| *index != left_out) {
            sharded.run(index, "one").await.unwrap();
        }
        let (run, missing) = sharded.merge().await;
        assert_eq!(missing.len(), 1, "{missing:?}");
        let rows = run.columns("coverage.csv", &["log_group", "status", "reason"]);
        let gap = format!("{} failed shard-not-committed: ", sliced.group.name);
        let is_gap = |row: &String| row.starts_with(&gap);
        assert!(rows.iter().any(is_gap), "{gap}: {rows:#?}");
        let resumed = sharded.world.resume(&run.outputs.directory).await.unwrap();
        let single = World::from_toml(&scenario).sweep(&arguments).await;
        assert_eq!(coverage(&resumed), coverage(&single));
        assert_eq!(resumed.file("sightings.csv"), single.file("sightings.csv"));
        checked += 1;
        if checked == 4 {
            return;
        }
    }
    assert!(checked > 0, "no log group was divided");
}
