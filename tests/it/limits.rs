//! A server that never stops throttling, or whose queries never end, is given up after a documented
//! time.

use std::time::Duration;

use tokio::time::Instant;

use crate::incomplete_answers::{archive, organization};
use crate::scenario::Fault;
use crate::world::{REPORT_SOURCES, Run, World};

/// Sweeps the organization of a scenario, and returns how long that took.
async fn timed_sweep(scenario: &str) -> (Run, World, Duration) {
    let world = World::from_toml(scenario).with_config(REPORT_SOURCES);
    let started = Instant::now();
    let run = world.sweep(&["192.0.2.1", "--since", "24h"]).await;
    (run, world, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn permanent_throttling_ends_after_a_quarter_of_an_hour() {
    let fault = Fault::new("FilterLogEvents", "throttle");
    let (run, _, elapsed) = timed_sweep(&(organization(2, 60) + &fault)).await;
    assert_eq!(run.status(), "incomplete");
    let minutes = elapsed.as_secs() / 60;
    assert!((1..=18).contains(&minutes), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn queries_that_always_time_out_end_after_a_few_hours() {
    let slow = archive(500).replace(
        "empty_pages = false",
        "empty_pages = false\ninsights_bytes_a_second = 1\ninsights_timeout_seconds = 360",
    );
    let (run, world, elapsed) = timed_sweep(&slow).await;
    assert_eq!(run.status(), "incomplete");
    // A tenth of what it takes with the timeout of AWS, which is an hour.
    assert!(elapsed <= Duration::from_mins(72), "{elapsed:?}");
    assert!(
        world.calls("StartQuery") <= 41,
        "{}",
        world.calls("StartQuery")
    );
}

#[tokio::test(start_paused = true)]
async fn too_many_queries_end_after_an_hour() {
    let fault = Fault::new("StartQuery", "limit-exceeded");
    let (run, _, elapsed) = timed_sweep(&(archive(5) + &fault)).await;
    assert_eq!(run.status(), "incomplete");
    assert!(elapsed <= Duration::from_mins(70), "{elapsed:?}");
}
