//! Hunts that read fields which Insights discovers in logs of Lambda and Route 53, queries that only
//! Insights can run, misspelt fields, and rejected filter patterns.

use dragnet::sweep::SweepError;
use tokio_util::sync::CancellationToken;

use crate::scenario::Group;
use crate::world::{Run, World, event};

const PROD: &str = "222222222222";

/// The lines of `cases/queries/lambda-and-route53.toml`, in log groups of the small organization.
fn world() -> World {
    let groups = ["/aws/lambda/checkout", "/route53", "/plain"]
        .map(|name| Group::new(PROD, name).region("us-east-1").to_string());
    let json = "2026-03-02T11:00:00.000Z\t8f5e1b2a-0000-4000-8000-000000000001\tINFO\t\
                {\"level\":\"info\",\"user\":\"mallory\",\"ip\":\"198.51.100.23\"}\n";
    let report = "REPORT RequestId: 8f5e1b2a-0000-4000-8000-000000000001\tDuration: 803.50 ms\t\
                  Billed Duration: 804 ms\tMemory Size: 128 MB\tMax Memory Used: 51 MB\t\n";
    let dns =
        "1.0 2026-03-02T11:08:02.130Z Z123412341234 evil.example A SERVFAIL UDP FRA6 192.168.1.1 -";
    let planted = [
        ("/aws/lambda/checkout", json),
        ("/aws/lambda/checkout", report),
        (
            "/aws/lambda/checkout",
            "START RequestId: 8f5e1b2a-0000-4000-8000-000000000001 Version: $LATEST\n",
        ),
        ("/route53", dns),
        // In other logs, Insights does not look for JSON inside of a line.
        ("/plain", "INFO {\"user\":\"mallory\",\"ip\":\"192.0.2.1\"}"),
    ]
    .map(|(group, message)| event(PROD, "us-east-1", group, "1h ago", message));
    World::small_with(&[groups.concat(), planted.concat()].concat())
}

fn hunt(run: &Run) -> serde_json::Value {
    run.summary()["hunts"][0].clone()
}

/// Returns the hunt's own columns.
fn columns(run: &Run, names: &[&str]) -> Vec<String> {
    run.columns("hunts/query-string.csv", names)
}

#[tokio::test(start_paused = true)]
async fn embedded_json_and_dns_columns_are_evaluated_by_both_engines() {
    for engine in ["filter", "insights"] {
        let world = world();
        let query = "filter user = 'mallory' | fields ip, level";
        let run = world
            .sweep(&["--query-string", query, "--engine", engine])
            .await;
        assert_eq!(
            columns(&run, &["ip", "level"]),
            ["198.51.100.23 info"],
            "{engine}"
        );
        let query = "filter responseCode=\"SERVFAIL\" | stats count(*) as n by queryName";
        let run = world
            .sweep(&["--query-string", query, "--engine", engine])
            .await;
        assert_eq!(
            columns(&run, &["queryName", "n"]),
            ["evil.example 1"],
            "{engine}"
        );
        let query = "stats count(*) as n by resolverIp | filter ispresent(resolverIp)";
        let run = world
            .sweep(&["--query-string", query, "--engine", engine])
            .await;
        assert_eq!(
            columns(&run, &["resolverIp", "n"]),
            ["192.168.1.1 1"],
            "{engine}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn generated_fields_of_lambda_run_on_insights() {
    let world = world();
    for (query, names, expected) in [
        (
            "filter @type = 'REPORT' | fields @requestId, @duration, @billedDuration | sort by @billedDuration desc",
            &["@requestId", "@duration", "@billedDuration"][..],
            "8f5e1b2a-0000-4000-8000-000000000001 803.5 804",
        ),
        (
            "filter @type = 'REPORT' and @duration > 10 | stats count(*) as n, max(@memorySize / 1000 / 1000) as mb",
            &["n", "mb"],
            "1 128",
        ),
        ("filter @type = 'START' | stats count(*) as n", &["n"], "1"),
    ] {
        let run = world.sweep(&["--query-string", query]).await;
        assert_eq!(columns(&run, names), [expected], "{query}");
        assert_eq!(hunt(&run)["as_written"], true, "{query}");
    }
    assert_eq!(
        world.calls("FilterLogEvents"),
        0,
        "no event is matched locally"
    );
}

/// Queries in public use about logs of Lambda, whose lines end with a line break.
#[tokio::test(start_paused = true)]
async fn published_queries_count_the_lines_of_lambda() {
    let world = world();
    for (query, expected) in [
        ("filter @message like /^REPORT/ | stats count(*) as n", "1"),
        (
            "filter @message like /^REPORT.*$/ | stats count(*) as n",
            "1",
        ),
        (
            "filter @message like /ms\\s*Memory/ | stats count(*) as n",
            "1",
        ),
        ("filter !ispresent(errorCode) | stats count(*) as n", "3"),
    ] {
        for engine in ["filter", "insights"] {
            let arguments = [
                "--log-group",
                "/aws/lambda/*",
                "--engine",
                engine,
                "--query-string",
                query,
            ];
            let run = world.sweep(&arguments).await;
            assert_eq!(columns(&run, &["n"]), [expected], "{engine}: {query}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn class_without_discovery_is_not_reported_as_searched() {
    let archive = Group::new("222222222222", "/aws/lambda/old")
        .region("us-east-1")
        .class("INFREQUENT_ACCESS");
    let world = World::small_with(&format!(
        "{archive}{}",
        event(
            PROD,
            "us-east-1",
            "/aws/lambda/old",
            "1h ago",
            "START RequestId: 1 Version: 2"
        )
    ));
    let groups = [
        "--log-group",
        "/aws/lambda/old",
        "--no-tamper-check",
        "--query-string",
    ];
    let run = world
        .sweep(&[&groups[..], &["filter @type = 'START'"]].concat())
        .await;
    let coverage = run.file("coverage.csv");
    assert!(
        coverage.contains("class-not-readable") && coverage.contains("reads `@type`"),
        "{coverage}"
    );
    assert_eq!(run.status(), "incomplete");
    // Fields of the event itself exist in every class, and other hunts are evaluated locally.
    let run = world
        .sweep(&[&groups[..], &["filter @message like /(?=START)S/"]].concat())
        .await;
    assert_eq!(hunt(&run)["rows"], 0, "the range has no look-ahead");
    let run = world
        .sweep(&[&groups[..], &["filter @message like 'START'"]].concat())
        .await;
    assert_eq!(hunt(&run)["rows"], 1);
}

#[tokio::test(start_paused = true)]
async fn misspelt_field_is_in_the_summary() {
    let run = world()
        .sweep(&["--query-string", "filter eventNam = 'StopLogging'"])
        .await;
    let hunt = hunt(&run);
    let note = hunt["notes"][0].as_str().unwrap();
    assert!(note.contains("did you mean `eventName`?"), "{hunt}");
}

#[tokio::test(start_paused = true)]
async fn rejected_filter_pattern_ends_the_sweep_at_once() {
    let many: Vec<String> = (0..40)
        .map(|n| {
            Group::new(PROD, format!("/g{n}"))
                .region("us-east-1")
                .to_string()
        })
        .collect();
    let world = World::small_with(&many.concat());
    let run = world
        .try_sweep(&["--filter-pattern", "192.0.2.1"], CancellationToken::new())
        .await
        .unwrap();
    let failure = run.failure.unwrap();
    assert!(
        matches!(failure, SweepError::FilterPattern { .. }),
        "{failure}"
    );
    let message = failure.to_string();
    assert!(
        message.contains("`192.0.2.1`") && message.ends_with("--filter-pattern '\"192.0.2.1\"'"),
        "{message}"
    );
    assert_eq!(
        dragnet::commands::CommandError::from(failure).exit_code(),
        2
    );
    let calls = world.calls("FilterLogEvents");
    assert!(calls < 20, "{calls} calls for one typo");
    let quoted = world.sweep(&["--filter-pattern", "\"192.0.2.1\""]).await;
    assert_eq!(quoted.status(), "complete");
}
