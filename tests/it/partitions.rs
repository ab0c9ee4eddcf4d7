//! Partitions other than the commercial one: their organizations are searched like others, and the
//! services that they do not have are named.

use clap::Parser;
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{State, diagnose};
use dragnet::settings::DoctorSettings;
use dragnet_model::{Partition, PartitionGap};

use crate::scenario::ScenarioBuilder;
use crate::world::World;

/// Returns an organization in these Regions, with an organization trail in the first one.
fn world(regions: &[&str]) -> World {
    let scenario = ScenarioBuilder::new("partition")
        .regions(regions)
        .account("222222222222", "prod")
        .organization_trail(regions[0]);
    World::from_toml(&scenario.toml())
}

/// Returns the remarks of `doctor` about the partition, after checking that nothing failed.
async fn gaps_in_doctor(world: &World) -> Vec<String> {
    let parsed = Arguments::try_parse_from(["dragnet", "doctor"]).unwrap();
    let Command::Doctor(doctor) = parsed.command else {
        unreachable!()
    };
    let settings =
        world.resolve(|context| DoctorSettings::resolve(&parsed.global, &doctor, context).unwrap());
    let environment = world.environment();
    let aws = environment.connect(&settings.reach, None).await.unwrap();
    let checks = diagnose(aws, &settings, environment.clock()).await.unwrap();
    assert!(
        checks.iter().all(|check| check.status != State::Failed),
        "{checks:?}"
    );
    checks
        .into_iter()
        .map(|check| check.detail)
        .filter(|detail| detail.contains("as far as AWS's SDKs know"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn gaps_of_each_partition_are_named() {
    for (regions, partition) in [
        (&["us-east-1", "eu-west-1"][..], Partition::Aws),
        (&["cn-north-1", "cn-northwest-1"][..], Partition::AwsCn),
        (&["us-gov-west-1", "us-gov-east-1"][..], Partition::AwsUsGov),
        (&["eusc-de-east-1"][..], Partition::AwsEusc),
    ] {
        let expected: Vec<String> = partition.gaps().map(PartitionGap::sentence).collect();
        let world = world(regions);
        assert_eq!(gaps_in_doctor(&world).await, expected, "{partition}");
        let run = world.sweep(&["192.0.2.1", "--since", "1h"]).await;
        assert_eq!(run.status(), "complete", "{partition}");
    }
}
