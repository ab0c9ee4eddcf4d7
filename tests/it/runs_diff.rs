//! `dragnet runs diff` of runs over organizations that differ in known ways.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{Run, World, event};

const WINDOW: [&str; 4] = [
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T11:00:00Z",
];

const DENIED: &str = r#"
[[groups]]
accounts = ["dev"]
name = "/new"
[[scps]]
name = "deny"
targets = ["prod"]
policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*",
  "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}}]}'''
"#;

/// Returns an event with this id in the log group of `dev`.
fn line(id: u32, message: &str) -> String {
    let at = format!("{}h ago", 2 + id);
    let event = event("333333333333", "us-east-1", "/app", &at, message);
    format!("{event}event_id = \"{id:056}\"\n")
}

async fn sweep(world: &str, indicator: &str) -> Run {
    let arguments = [&[indicator], &WINDOW[..]].concat();
    World::small_with(world).sweep(&arguments).await
}

fn diff(before: &Path, after: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .args(["runs", "diff"])
        .args([before, after])
        .args(arguments)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stdout + &stderr)
}

fn json_diff(before: &Run, after: &Run) -> (Option<i32>, Value) {
    let before = &before.outputs.directory;
    let (code, text) = diff(before, &after.outputs.directory, &["-o", "json"]);
    let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (code, json)
}

/// Returns the rows of an array that have this change.
fn rows<'d>(diff: &'d Value, array: &str, change: &str) -> Vec<&'d Value> {
    let rows = diff[array].as_array().unwrap().iter();
    rows.filter(|row| row["change"] == change).collect()
}

#[tokio::test(start_paused = true)]
async fn every_sighting_and_every_gap_is_accounted_for() {
    let same = line(1, "one from 192.0.2.1");
    let before = [
        same.clone(),
        line(2, "two from 192.0.2.1"),
        line(3, "three from 192.0.2.1"),
    ];
    let after = [
        same,
        line(3, "three again from 192.0.2.1"),
        line(4, "four from 192.0.2.1"),
        DENIED.to_owned(),
    ];
    let before = sweep(&before.concat(), "192.0.2.1").await;
    let after = sweep(&after.concat(), "192.0.2.1").await;
    let (code, diff) = json_diff(&before, &after);
    assert_eq!(code, Some(5), "{diff:#}");
    let messages = |change: &str| -> Vec<&str> {
        let rows = rows(&diff, "sightings", change).into_iter();
        rows.map(|row| row["sighting"]["message"].as_str().unwrap())
            .collect()
    };
    assert_eq!(messages("new"), ["four from 192.0.2.1"]);
    assert_eq!(messages("removed"), ["two from 192.0.2.1"]);
    assert_eq!(messages("changed"), ["three again from 192.0.2.1"]);
    let changed = rows(&diff, "sightings", "changed");
    assert_eq!(changed[0]["fields"], serde_json::json!(["message"]));
    assert_eq!(changed[0]["before"]["message"], "three from 192.0.2.1");
    let count = |key: &str| diff["counts"][key].as_u64().unwrap();
    let common = count("sightings_unchanged") + count("sightings_changed");
    assert_eq!(
        before.summary()["sightings"],
        common + count("sightings_removed")
    );
    assert_eq!(
        after.summary()["sightings"],
        common + count("sightings_new")
    );

    let lost = rows(&diff, "coverage", "lost");
    assert_eq!(lost.len(), 1, "{diff:#}");
    assert_eq!(
        (
            &lost[0]["account_id"],
            &lost[0]["region"],
            &lost[0]["log_group"]
        ),
        (&"222222222222".into(), &"eu-west-1".into(), &"/app".into())
    );
    let gained = rows(&diff, "coverage", "gained");
    assert!(!gained.is_empty(), "{diff:#}");
    for row in gained {
        assert_eq!(row["log_group"], "/new");
        assert_eq!(
            (&row["before"], &row["after"]["status"]),
            (&Value::Null, &"searched".into())
        );
    }
    let denied = rows(&diff, "coverage", "changed");
    assert_eq!(denied[0]["after"]["status"], "denied", "{diff:#}");
    assert_eq!(diff["notes"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn equal_runs_have_no_difference() {
    let world = line(1, "one from 192.0.2.1") + &line(2, "two from 192.0.2.1");
    let before = sweep(&world, "192.0.2.1").await;
    let after = sweep(&world, "192.0.2.1").await;
    let (code, diff) = json_diff(&before, &after);
    assert_eq!(code, Some(0), "{diff:#}");
    assert_eq!(diff["counts"]["sightings_unchanged"], 2);
    for array in ["sightings", "coverage", "sources", "notes"] {
        assert_eq!(diff[array], serde_json::json!([]), "{array}");
    }
}

#[tokio::test(start_paused = true)]
async fn different_searches_are_noted_and_sightings_outside_a_window_are_marked() {
    let world = line(1, "one from 192.0.2.1") + &line(9, "nine from 192.0.2.1");
    let before = sweep(&world, "192.0.2.1").await;
    let arguments = ["192.0.2.1", "192.0.2.77", "--from", "2026-03-02T06:00:00Z"];
    let after = World::small_with(&world).sweep(&arguments).await;
    let before = &before.outputs.directory;
    let (code, text) = diff(before, &after.outputs.directory, &[]);
    assert_eq!(code, Some(4), "{text}");
    for part in [
        "Note: the runs searched for different indicators: 0 indicators only in ",
        "Note: the windows differ: ",
        "(outside of the other window)",
        "Sightings: 0 new, 1 removed, 0 changed, 1 unchanged.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
