//! How many calls the checks of recording take for each account-Region: at most three fixed ones.

use crate::scenario::{Behaviour, ScenarioBuilder, Trail};
use crate::world::World;

const IP: &str = "192.0.2.1";
const REGIONS: [&str; 4] = ["eu-north-1", "eu-west-1", "us-east-1", "us-west-2"];
const MEMBERS: u32 = 19;

/// The operations whose calls are counted.
const OPERATIONS: [&str; 4] = [
    "GetTrailStatus",
    "LookupEvents",
    "FilterLogEvents",
    "DescribeImportTasks",
];

/// An organization of 20 accounts in four Regions.
fn organization() -> ScenarioBuilder {
    (0..MEMBERS).fold(
        ScenarioBuilder::new("budget")
            .regions(&REGIONS)
            .with(&Behaviour::new().own_traces(false).empty_pages(false)),
        |scenario, number| {
            scenario.account(&format!("2222222222{number:02}"), &format!("m-{number}"))
        },
    )
}

/// Returns the calls of a sweep, by operation.
async fn calls(trails: &str, liveness: &str) -> [u64; 4] {
    let config = format!("[scope]\nliveness = \"{liveness}\"\n");
    let world = World::from_toml(&organization().with(trails).toml()).with_config(&config);
    let run = world
        .sweep(&[IP, "--since", "24h", "--sources", "logs"])
        .await;
    assert_eq!(run.status(), "complete");
    OPERATIONS.map(|operation| world.calls(operation))
}

/// Whether the checks add at most three calls for each account-Region.
fn is_within_budget(without: [u64; 4], with: [u64; 4]) -> bool {
    let added: u64 = with
        .iter()
        .zip(without)
        .map(|(with, without)| with.saturating_sub(without))
        .sum();
    added <= 3 * u64::from(MEMBERS + 1) * REGIONS.len() as u64
}

#[tokio::test(start_paused = true)]
async fn organization_trail_is_asked_once_in_each_region() {
    let trail = Trail::new("organization", "111111111111", "us-east-1")
        .organization(true)
        .log_group("/trail")
        .events_a_day(200)
        .to_string();
    let without = calls(&trail, "skip").await;
    let with = calls(&trail, "check").await;
    assert_eq!(without[0], 1);
    assert_eq!(with[0], 1 + 3, "once in each Region, for all accounts");
    assert!(is_within_budget(without, with), "{without:?} {with:?}");
}

/// Each account has a trail: busy account-Regions take a second page of the history, and others the state
/// of the trail.
#[tokio::test(start_paused = true)]
async fn trails_of_accounts_take_at_most_three_calls_for_each_account_region() {
    for events_a_day in [5, 200] {
        let trails: String = (0..MEMBERS)
            .map(|number| {
                let account = format!("2222222222{number:02}");
                Trail::new("own", account, "us-east-1")
                    .log_group("/own")
                    .events_a_day(events_a_day)
                    .to_string()
            })
            .chain([Trail::new("own", "111111111111", "us-east-1")
                .log_group("/own")
                .events_a_day(events_a_day)
                .to_string()])
            .collect();
        let without = calls(&trails, "skip").await;
        let with = calls(&trails, "check").await;
        assert!(is_within_budget(without, with), "{without:?} {with:?}");
        // The history shows a busy Region, so no trail is asked there.
        assert!(with[0] - without[0] <= 3 * u64::from(MEMBERS + 1));
    }
}
