//! Sweeps with Athena find what sweeps without it find, and read fewer objects.

use super::{BUCKET, CONFIG, IP, calls, results, scenario, used, world};
use crate::scenario::ObjectChange;
use crate::source_choice::plan;
use crate::world::World;

async fn read_all(world: &World, indicator: &str) -> (Vec<String>, Vec<String>) {
    results(&world.sweep(&[indicator, "--sources", "s3"]).await)
}

#[tokio::test(start_paused = true)]
async fn only_named_objects_are_read() {
    let world = world("", &calls(60));
    let run = world.sweep(&[IP, "--sources", "athena"]).await;
    let read = world.calls("GetObject");
    assert!(read < 15, "{read} objects were read");
    assert_eq!(used(&run), (54, 1), "{}", run.summary()["athena"]);
    let found = results(&run);
    assert_eq!(found.0.len(), 6, "{found:?}");
    assert_eq!(found, read_all(&world, IP).await);
    let folder = run
        .coverage()
        .into_iter()
        .find(|row| row.contains("ruled out"));
    assert!(folder.is_some_and(|row| row.contains("Athena ruled out 54 objects")));
}

#[tokio::test(start_paused = true)]
async fn objects_that_athena_skips_are_read_or_named() {
    let archived = ObjectChange::new(BUCKET, "*T*5Z_*", "archive").to_string();
    for change in [
        archived,
        ObjectChange::new(BUCKET, "*T*0Z_*", "restore").to_string(),
    ] {
        let world = world("", &(calls(60) + &change));
        let run = world.sweep(&[IP, "--sources", "athena"]).await;
        assert!(used(&run).0 > 0, "{change}");
        assert_eq!(results(&run), read_all(&world, IP).await, "{change}");
    }
}

#[tokio::test(start_paused = true)]
async fn search_that_may_match_anywhere_reads_everything() {
    let world = world("", &calls(20));
    let run = world
        .sweep(&["regex:user/b.b", "--sources", "athena"])
        .await;
    assert_eq!(world.calls("StartQueryExecution"), 0);
    let reasons = run.summary()["athena"]["not_used"].to_string();
    assert!(
        reasons.contains("a match may be in any object"),
        "{reasons}"
    );
    assert_eq!(results(&run), read_all(&world, "regex:user/b.b").await);
}

#[tokio::test(start_paused = true)]
async fn pages_of_results_are_read_to_their_end() {
    let world = world("rows_a_page = 1", &calls(60));
    let run = world.sweep(&[IP, "--sources", "athena"]).await;
    assert_eq!(results(&run).0.len(), 6);
    assert!(world.calls("GetQueryResults") >= 7);
}

#[tokio::test(start_paused = true)]
async fn few_objects_are_read_without_athena_by_default() {
    let world = world("", &calls(20));
    let run = world.sweep(&[IP, "--require", "management"]).await;
    assert_eq!(world.calls("StartQueryExecution"), 0);
    assert!(run.summary().get("athena").is_none(), "{}", run.summary());
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_the_statements_and_runs_none() {
    let world = world("", &calls(20));
    let sheet = plan(&world, &[IP, "--sources", "athena"]).await;
    let [planned] = sheet.statements() else {
        panic!("{:?}", sheet.statements());
    };
    assert!(planned.usd > 0.0);
    let start = "SELECT DISTINCT \"$path\" FROM \"dragnet\".\"trail_lines\" WHERE account IN ('222222222222') \
                 AND region IN ('eu-west-1') AND day BETWEEN '2026/03/02' AND '2026/03/02' AND (";
    assert!(
        planned.statement.starts_with(start),
        "{}",
        planned.statement
    );
    assert_eq!(world.calls("StartQueryExecution"), 0);
}

#[tokio::test(start_paused = true)]
async fn named_athena_needs_a_table() {
    let world = World::from_toml(&scenario("", ""));
    let without = world.with_config(&CONFIG.replace("trails-333333333333", "other"));
    let run = without.sweep(&[IP, "--sources", "athena"]).await;
    let reasons = run.summary()["athena"]["not_used"].to_string();
    assert!(
        reasons.contains("no table of [athena] has this bucket"),
        "{reasons}"
    );
}
