//! What goes wrong with Athena costs time, never a record.

use super::{CONFIG, IP, calls, results, scenario, used, world};
use crate::scenario::Fault;
use crate::world::{Run, World};

/// Sweeps with Athena, and asserts that the result is that of reading all objects.
async fn sweep(world: &World, more: &[&str]) -> Run {
    let arguments = [&[IP, "--sources", "athena"], more].concat();
    let run = world.sweep(&arguments).await;
    let expected = world.sweep(&[IP, "--sources", "s3"]).await;
    assert_eq!(results(&run), results(&expected));
    assert_eq!(results(&run).0.len(), 6);
    run
}

fn reasons(run: &Run) -> String {
    run.summary()["athena"]["not_used"].to_string()
}

#[tokio::test(start_paused = true)]
async fn cost_above_the_limit_is_not_spent() {
    let world = world("", &calls(60));
    let run = sweep(&world, &["--max-scan-cost", "0.00001"]).await;
    assert_eq!(world.calls("StartQueryExecution"), 0);
    assert!(
        reasons(&run).contains("--max-scan-cost"),
        "{}",
        reasons(&run)
    );
}

#[tokio::test(start_paused = true)]
async fn denied_calls_and_missing_tables_are_named() {
    for (fault, config, reason) in [
        (
            Fault::denied("StartQueryExecution").to_string(),
            CONFIG.to_owned(),
            "AccessDenied",
        ),
        (
            String::new(),
            CONFIG.replace("\"trail_lines\"", "\"other\""),
            "TABLE_NOT_FOUND",
        ),
        (
            String::new(),
            CONFIG.replace("workgroup = \"dragnet\"", "workgroup = \"x\""),
            "WorkGroup",
        ),
        (
            Fault::denied("GetQueryExecution").to_string(),
            CONFIG.to_owned(),
            "AccessDenied",
        ),
        (
            Fault::denied("GetQueryResults").to_string(),
            CONFIG.to_owned(),
            "AccessDenied",
        ),
    ] {
        let scenario = scenario("", &(calls(60) + &fault));
        let world = World::from_toml(&scenario).with_config(&config);
        let run = sweep(&world, &[]).await;
        assert!(
            reasons(&run).contains(reason),
            "{reason}: {}",
            reasons(&run)
        );
        assert_eq!(used(&run).0, 0, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn disabled_workgroup_is_named() {
    let world = world("disabled = true", &calls(60));
    let run = sweep(&world, &[]).await;
    assert!(reasons(&run).contains("is disabled"), "{}", reasons(&run));
}

#[tokio::test(start_paused = true)]
async fn query_that_takes_too_long_is_cut_into_days() {
    let world = world("most_days = 1", &calls(400));
    let arguments = [IP, "--sources", "athena", "--since", "2d"];
    let run = world.sweep(&arguments).await;
    let (ruled_out, queries) = used(&run);
    assert!(
        queries > 3 && ruled_out > 200,
        "{queries} queries, {ruled_out} ruled out"
    );
    let expected = world.sweep(&[IP, "--sources", "s3", "--since", "2d"]).await;
    assert_eq!(results(&run), results(&expected));
}

#[tokio::test(start_paused = true)]
async fn bytes_cutoff_of_the_workgroup_ends_in_reading_all() {
    let world = world("bytes_cutoff = 100", &calls(60));
    let run = sweep(&world, &[]).await;
    assert!(
        reasons(&run).contains("Bytes scanned limit"),
        "{}",
        reasons(&run)
    );
    assert_eq!(used(&run).0, 0);
}

#[tokio::test(start_paused = true)]
async fn line_that_is_too_long_ends_in_reading_all() {
    let text = scenario("", &calls(60))
        .replace("[[athena_tables]]", "[[athena_tables]]\nlongest_line = 10");
    let world = World::from_toml(&text).with_config(CONFIG);
    let run = sweep(&world, &[]).await;
    assert!(reasons(&run).contains("Line too long"), "{}", reasons(&run));
}

#[tokio::test(start_paused = true)]
async fn too_many_queries_are_waited_for() {
    let throttled = Fault::new("StartQueryExecution", "throttle").times(3);
    let world = world("", &(calls(60) + &throttled));
    let run = sweep(&world, &[]).await;
    assert_eq!(used(&run), (54, 1), "{}", run.summary()["athena"]);
    assert_eq!(world.calls("StartQueryExecution"), 4);
}

/// A second trail, whose bucket has a table of its own.
const COPIES: &str = r#"
[[buckets]]
name = "copies-333333333333"
account = "333333333333"
region = "eu-west-1"
[[trails]]
name = "copies"
account = "222222222222"
home = "eu-west-1"
validation = false
bucket = "copies-333333333333"
[[athena_tables]]
account = "333333333333"
region = "eu-west-1"
database = "dragnet"
name = "copies_lines"
template = "s3://copies-333333333333/AWSLogs/${account}/CloudTrail/${region}/${day}"
"#;
const COPIES_TABLE: &str = r#"
[[athena.tables]]
name = "copies_lines"
logs = "CloudTrail"
location = "s3://copies-333333333333/AWSLogs/"
"#;

/// The account may run one query, and two buckets need one each: the second waits for the first.
#[tokio::test(start_paused = true)]
async fn queries_wait_for_each_other_at_the_limit_of_the_account() {
    let text = scenario("concurrent = 1\nseconds = 60", &(calls(60) + COPIES));
    let world = World::from_toml(&text).with_config(&format!("{CONFIG}{COPIES_TABLE}"));
    let run = Box::pin(world.sweep(&[IP, "--sources", "athena"])).await;
    let expected = Box::pin(world.sweep(&[IP, "--sources", "s3"])).await;
    assert_eq!(results(&run), results(&expected));
    assert_eq!(used(&run), (2 * 54, 2), "{}", run.summary()["athena"]);
    assert_eq!(reasons(&run), "null");
    assert!(world.calls("StartQueryExecution") > 2, "none was refused");
}

#[tokio::test(start_paused = true)]
async fn cost_is_reported_with_its_estimate() {
    let world = world("", &calls(60));
    let run = sweep(&world, &[]).await;
    let athena = &run.summary()["athena"];
    assert!(athena["cost_usd"].as_f64().unwrap() > 0.0, "{athena}");
    assert!(
        athena["estimated_usd"].as_f64() >= athena["cost_usd"].as_f64(),
        "{athena}"
    );
    assert!(athena["bytes_scanned"].as_u64().unwrap() > 0, "{athena}");
}
