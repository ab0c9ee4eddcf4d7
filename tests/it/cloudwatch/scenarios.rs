//! Scenarios of a review of AWS in 2026, which the range did not generate.

use crate::world::World;

const MOVED: &str = include_str!("scenarios/transformed-and-centralized.toml");
const CHANNELS: &str = include_str!("scenarios/channels-without-trail.toml");

#[tokio::test(start_paused = true)]
async fn moved_records_have_the_right_account() {
    let world = World::from_toml(MOVED);
    let run = world
        .sweep(&["198.51.100.99", "--account", "222222222222"])
        .await;
    let columns = ["event_account_id", "event_name", "trusted"];
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["222222222222 CreateAccessKey true"]
    );
    let row = run.coverage_row("111111111111 us-east-1 aws-controltower/CloudTrailLogs");
    assert!(row.contains("partial transformed"), "{row}");
    let run = world.sweep(&["198.51.100.98"]).await;
    assert_eq!(
        run.columns(
            "sightings.csv",
            &["event_account_id", "account_id", "copies"]
        ),
        ["222222222222 222222222222 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn channels_count_although_there_is_no_trail() {
    let run = World::from_toml(CHANNELS)
        .sweep(&["198.51.100.99", "--sources", "logs"])
        .await;
    let rows = run.columns("sources.csv", &["source", "event_account_id", "status"]);
    let cloudtrail: Vec<&String> = rows
        .iter()
        .filter(|row| row.starts_with("cloudtrail"))
        .collect();
    assert_eq!(
        cloudtrail,
        [
            "cloudtrail 111111111111 searched",
            "cloudtrail 222222222222 searched"
        ]
    );
}
