//! What earlier runs of this machine found must still be there: records, and enabled Regions.

use super::{IP, call_from, group_rows, organization_trail, scenario, trail_rows};
use crate::scenario::{Account, ScenarioBuilder};
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn record_of_an_earlier_run_that_is_gone_is_reported() {
    let state = tempfile::tempdir().unwrap();
    let attack = call_from("222222222222", "3h ago", IP);
    // Without the event history, only the earlier run knows the record.
    let denied = crate::scenario::Fault::denied("LookupEvents");
    let before = scenario(&organization_trail()).with(&attack).with(&denied);
    let world = World::from_toml(&before.toml()).with_session_directory(state.path());
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "complete");
    let emptied = organization_trail().emptied("2h ago");
    let after = scenario(&emptied)
        .now("2026-03-02T12:10:00Z")
        .with(&call_from("222222222222", "2026-03-02T09:00:00Z", IP))
        .with(&denied);
    let world = world
        .restarted_with(&after.toml())
        .with_session_directory(state.path());
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(
        trail_rows(&run)[2],
        "222222222222 eu-west-1 partial records-missing"
    );
    assert!(
        group_rows(&run)[0].contains("records-missing"),
        "{:?}",
        group_rows(&run)
    );
}

#[tokio::test(start_paused = true)]
async fn region_that_was_disabled_since_an_earlier_run_is_a_gap() {
    let state = tempfile::tempdir().unwrap();
    let organization = |now: &str, opted_in: &[&str]| {
        ScenarioBuilder::new("regions")
            .now(now)
            .opt_in_regions(&["ap-east-1"])
            .with(&Account::new("222222222222", "dev").opted_in(opted_in))
            .organization_trail("us-east-1")
            .toml()
    };
    let world = World::from_toml(&organization("2026-03-02T12:00:00Z", &["ap-east-1"]))
        .with_session_directory(state.path());
    assert_eq!(world.sweep(&[IP]).await.status(), "complete");
    let world = world
        .restarted_with(&organization("2026-03-02T13:00:00Z", &[]))
        .with_session_directory(state.path());
    let run = world.sweep(&[IP]).await;
    assert_eq!(run.status(), "incomplete");
    let rows = run.columns(
        "coverage.csv",
        &["account_id", "region", "status", "reason"],
    );
    assert!(
        rows.iter().any(|row| row
            .starts_with("222222222222 ap-east-1 unsearchable region-disabled: enabled in run ")),
        "{rows:?}"
    );
    let run = world.sweep(&[IP, "--exclude-region", "ap-east-1"]).await;
    assert_eq!(run.status(), "complete", "it is out of scope");
}
