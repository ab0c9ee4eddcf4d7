//! JSON escapes hide nothing: a search with a filter pattern finds the same as one that reads every
//! event.

use crate::world::{World, event, record};

/// A line of an application that logs request bodies unchanged:
/// `shared/cases/indicators/escapes.toml`.
const LINE: &str = r#"{"path":"/login","body":{"host":"evi\u006c.example","ip":"192.0.2.\u0031","key":"AKIAIOSFODNN7EXAMPL\u0045"}}"#;
/// The same line as a string in JSON, and (`TWICE`) that JSON as a string again, with an escape
/// within an escape.
const QUOTED: &str = r#"{"log":"{\"body\":{\"host\":\"evi\\u006C.example\",\"ip\":\"192.0.2.\\u003\u0031\",\"key\":\"AKIAIOSFODNN7EXAMPL\\u0045\"}}"}"#;
const TWICE: &str = r#"{"a":"{\"log\":\"{\\\"host\\\":\\\"evi\\\\\u0075006c.example\\\",\\\"ip\\\":\\\"\\\\u0031\u0039\\u0032.0.2.1\\\",\\\"key\\\":\\\"\\\\u0041KIAIOSFODNN7EXAMPLE\\\"}\"}"}"#;

fn world() -> World {
    let lines = [
        ("3h ago", LINE),
        ("2h ago", QUOTED),
        ("1h ago", TWICE),
        ("1h ago", "nothing to see"),
    ];
    let events: String = lines
        .iter()
        .map(|(at, line)| event("222222222222", "us-east-1", "/app", at, line))
        .collect();
    World::small_with(&events)
}

#[tokio::test(start_paused = true)]
async fn search_with_filter_pattern_finds_escaped_spellings() {
    let world = world();
    for engine in ["filter", "insights"] {
        for indicators in [
            &["192.0.2.1"][..],
            &["192.0.2.0/24"],
            &["evil.example"],
            &["AKIAIOSFODNN7EXAMPLE"],
            &["192.0.2.1", "AKIAIOSFODNN7EXAMPLE"],
            &["192.0.2.1", "2001:db8::1"],
        ] {
            let arguments = [indicators, &["--since", "24h", "--engine", engine]].concat();
            let run = world.sweep(&arguments).await;
            let found = run.columns("sightings.csv", &["message"]);
            assert_eq!(found, [LINE, QUOTED, TWICE], "{engine}: {indicators:?}");
        }
        let regex = world
            .sweep(&[
                "192.0.2.1",
                "regex:zzz",
                "--since",
                "24h",
                "--engine",
                engine,
            ])
            .await;
        assert_eq!(
            regex.columns("sightings.csv", &["message"]).len(),
            3,
            "without a pattern"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn hunt_with_filter_pattern_finds_escaped_spellings() {
    let hidden = record(
        "e1",
        "222222222222",
        "us-east-1",
        "2026-03-02T10:00:00Z",
        "192.0.2.1",
    )
    .replace("ListBuckets", r"ListBucket\u0073");
    let world = World::small_with(&format!(
        "{}{}",
        event("222222222222", "us-east-1", "/app", "3h ago", LINE),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:01:00Z",
            &hidden
        )
    ));
    for engine in ["filter", "insights"] {
        let query = r#"filter body.ip = "192.0.2.1" | fields path"#;
        let run = world
            .sweep(&[
                "--query-string",
                query,
                "--since",
                "24h",
                "--engine",
                engine,
            ])
            .await;
        assert_eq!(
            run.columns("hunts/query-string.csv", &["path"]),
            ["/login"],
            "{engine}"
        );
        let run = world
            .sweep(&[
                "--hunt",
                "s3-list-buckets",
                "--since",
                "24h",
                "--engine",
                engine,
            ])
            .await;
        assert_eq!(
            run.columns("hunts/s3-list-buckets.csv", &["record_id"]),
            ["e1"],
            "{engine}"
        );
    }
}

/// The server still excludes events whose escapes cannot spell a character of the indicator.
#[tokio::test(start_paused = true)]
async fn events_with_unrelated_escapes_are_not_read() {
    let ordinary = [
        r#"{"html":"\u003cb\u003e \u0026 \u0027\u003d\u0022","name":"caf\u00e9 \u4e2d","color":"\u001b[0m"}"#,
        r#"{"path":"C:\\users\/x","line":"a\nb\tc"}"#,
    ];
    let events: String = ordinary
        .iter()
        .map(|line| event("222222222222", "us-east-1", "/app", "2h ago", line))
        .collect();
    let world = World::small_with(&format!(
        "{events}{}",
        event("222222222222", "us-east-1", "/app", "1h ago", LINE)
    ));
    let run = world
        .sweep(&[
            "192.0.2.1",
            "--log-group",
            "/app",
            "--since",
            "24h",
            "--engine",
            "filter",
        ])
        .await;
    assert_eq!(run.summary()["events_examined"], 1, "{}", run.summary());
}
