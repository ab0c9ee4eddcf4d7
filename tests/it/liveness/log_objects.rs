//! Truncated OTLP events, of which another call returns the rest.

use super::{group_rows, organization_trail, scenario};
use crate::cases::{cases, seed};
use crate::scenario::{Fault, Role};
use crate::world::World;
use fastrand::Rng;

const TEXT: &str = "exfil.example";

/// Returns an event that has the beginning of the text of its body, with what `GetLogObject` returns.
fn truncated_event(group: &str, object: &str) -> String {
    format!(
        r#"
[[events]]
account = "222222222222"
region = "eu-west-1"
group = "{group}"
at = "3h ago"
message = '{{"body":{{"text":"begin of"}}}}'
[events.object]
path = ["body", "text"]
text = '{object}'
"#
    )
}

fn world(more: &str) -> World {
    World::from_toml(&scenario(&organization_trail()).with(more).toml())
}

/// Searches for the text and returns the log groups of sightings.
async fn found(world: &World, engine: &str) -> (Vec<String>, Vec<String>) {
    let search = format!("text:{TEXT}");
    let run = world.sweep(&[&search, "--engine", engine]).await;
    let found = run.columns("sightings.csv", &["log_group"]);
    (found, group_rows(&run))
}

#[tokio::test(start_paused = true)]
async fn rest_of_an_event_is_searched_with_both_engines() {
    for object in [
        "begin of a prompt for exfil.example",
        " a prompt for exfil.example",
        r#""begin of a prompt for exfil.example""#,
    ] {
        let world = world(&truncated_event("/otel", object));
        for engine in ["filter", "insights"] {
            let (found, rows) = found(&world, engine).await;
            assert_eq!(found, ["/otel"], "{engine} {object}");
            let is_searched = rows.iter().any(|row| row.trim_end() == "/otel searched");
            assert!(is_searched, "{rows:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn group_without_a_readable_rest_is_partial() {
    let event = truncated_event("/otel", "begin of exfil.example");
    let faults = [
        Fault::denied("GetLogObject"),
        Fault::new("GetLogObject", "truncated"),
        Fault::new("GetLogObject", "server-error"),
    ];
    for fault in faults {
        let world = world(&(event.clone() + &fault.to_string()));
        let (found, rows) = found(&world, "filter").await;
        assert!(found.is_empty());
        assert!(
            rows.iter().any(|row| row.starts_with(
                "/otel partial truncated-events: truncated events: 1; the rest was not read: "
            )),
            "{fault}: {rows:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_limited_number_of_objects_is_read() {
    let events: String = (0..105)
        .map(|number| truncated_event("/otel", &format!("begin of {number}")))
        .collect();
    let world = world(&events);
    let (_, rows) = found(&world, "filter").await;
    // Throttled calls are repeated.
    let calls = world.range().calls();
    let answered = calls
        .iter()
        .filter(|seen| seen.operation == "GetLogObject")
        .map(|seen| seen.count - seen.throttled);
    assert_eq!(answered.sum::<u64>(), 100);
    let expected =
        "/otel partial truncated-events: truncated events: 5; the rest was not read: more than 100";
    assert!(rows.iter().any(|row| row.starts_with(expected)), "{rows:?}");
}

/// The role of an earlier version does not allow to read what is stored apart from events, nor to list
/// imports.
#[tokio::test(start_paused = true)]
async fn yesterdays_role_has_the_same_coverage() {
    let role = Role::new("DragnetRead").allow([
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListTrails",
        "cloudtrail:LookupEvents",
        "ec2:DescribeFlowLogs",
        "ec2:DescribeRegions",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
        "logs:GetQueryResults",
        "logs:StartQuery",
        "logs:StopQuery",
    ]);
    let event = truncated_event("/otel", "begin of exfil.example");
    let world = world(&(role.to_string() + &event));
    let (_, rows) = found(&world, "filter").await;
    let partial: Vec<&String> = rows
        .iter()
        .filter(|row| row.contains(" partial "))
        .collect();
    assert_eq!(partial.len(), 1, "{rows:?}");
    assert!(partial[0].starts_with("/otel partial truncated-events: truncated events: 1"));
}

/// Whatever is stored apart from events, and wherever it is cut: a group that is searched has all matches.
#[tokio::test(start_paused = true)]
async fn searched_groups_have_every_match_of_random_events() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(5) {
        let mut events = String::new();
        let mut expected = Vec::new();
        for number in 0..rng.usize(1..6) {
            let group = format!("/otel-{number}");
            let has_match = rng.bool();
            let filler = "x".repeat(rng.usize(0..200_000));
            let word = if has_match { TEXT } else { "nothing" };
            let begin = if rng.bool() { "begin of" } else { "" };
            events += &truncated_event(&group, &format!("{begin} {filler} {word}"));
            if has_match {
                expected.push(group);
            }
        }
        let world = world(&events);
        let (mut found, rows) = found(&world, "filter").await;
        found.sort();
        assert_eq!(found, expected);
        assert!(rows.iter().all(|row| !row.contains("partial")), "{rows:?}");
    }
}
