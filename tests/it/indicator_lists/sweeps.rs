//! What a sweep, and a watch, do with entries that are not understood.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// An address and an access key of the practice organization.
const ADDRESS: &str = "198.51.100.23";

fn sweep(folder: &Path, arguments: &[&str], stdin: &str) -> (i32, Value, String) {
    let mut command = Command::cargo_bin("dragnet").unwrap();
    let scope = ["--practice", "--json", "--account", "dev", "--since", "24h"];
    let output = command
        .current_dir(folder)
        .env("HOME", folder)
        .arg("sweep")
        .args(arguments)
        .args(scope)
        .write_stdin(stdin)
        .output()
        .unwrap();
    let summary = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), summary, stderr)
}

#[test]
fn entries_that_are_not_understood_make_the_run_incomplete() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(
        temp.path().join("feed"),
        format!("{ADDRESS} - C2\nmimikatz\n"),
    )
    .unwrap();
    let (code, summary, stderr) = sweep(temp.path(), &["-i", "feed"], "");
    assert_eq!(code, 3, "{stderr}");
    assert_eq!(summary["status"], "incomplete");
    assert_eq!(summary["rejected_entries"][0]["total"], 2);
    let entry = summary["rejected_entries"][0]["entries"][0]
        .as_str()
        .unwrap();
    assert!(entry.starts_with("line 2: `mimikatz`"), "{entry}");
    assert_eq!(summary["indicators"][0]["kind"], "ip");
    assert_eq!(summary["indicators"][0]["sightings"], summary["sightings"]);
    assert!(summary["sightings"].as_u64() > Some(0));
    assert!(
        stderr.contains("Not searched for: 1 of 2 entries of feed"),
        "{stderr}"
    );
    assert!(
        !stderr.contains("dragnet resume"),
        "resuming does not change the list: {stderr}"
    );
}

#[test]
fn strict_list_with_such_an_entry_is_rejected_before_the_first_call() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("feed"), format!("{ADDRESS}\nmimikatz\n")).unwrap();
    let (code, _, stderr) = sweep(temp.path(), &["-i", "feed", "--strict"], "");
    assert_eq!(code, 2);
    assert!(stderr.contains("feed:2: `mimikatz`"), "{stderr}");
    assert!(!temp.path().join("runs").exists());
}

#[test]
fn list_is_read_from_standard_input() {
    let temp = tempfile::tempdir().unwrap();
    let (code, summary, stderr) = sweep(
        temp.path(),
        &["-i", "-"],
        "hxxp://198[.]51[.]100[.]23/\n192.0.2.200\n",
    );
    assert_eq!(code, 0, "{stderr}");
    let counts = |at: usize| summary["indicators"][at]["sightings"].as_u64().unwrap();
    assert!(counts(0) > 0 && counts(1) == 0, "{summary}");
}

#[test]
fn findings_set_the_window() {
    let temp = tempfile::tempdir().unwrap();
    let finding = serde_json::json!({
        "Type": "x", "Resource": {},
        "Service": {
            "EventFirstSeen": "2026-03-02T02:00:00Z", "EventLastSeen": "2026-03-02T04:00:00Z",
            "Action": {"AwsApiCallAction": {"RemoteIpDetails": {"IpAddressV4": ADDRESS}}},
        },
    });
    let mut command = Command::cargo_bin("dragnet").unwrap();
    let output = command
        .current_dir(temp.path())
        .env("HOME", temp.path())
        .args([
            "sweep",
            "-i",
            "-",
            "--practice",
            "--json",
            "--account",
            "dev",
        ])
        .write_stdin(finding.to_string())
        .output()
        .unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["window"]["from"], "2026-03-02T01:00:00.000Z");
    assert_eq!(summary["window"]["to"], "2026-03-02T05:00:00.000Z");
    assert_eq!(summary["indicators"][0]["value"], ADDRESS);
}

#[test]
fn same_text_of_two_kinds_is_named_with_its_kind() {
    let temp = tempfile::tempdir().unwrap();
    let (_, summary, stderr) = sweep(temp.path(), &["text:alice", "user:alice"], "");
    let values = [
        &summary["indicators"][0]["value"],
        &summary["indicators"][1]["value"],
    ];
    assert_eq!(values, ["text:alice", "user:alice"], "{stderr}");
}

#[test]
fn watch_check_is_strict() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("feed"), format!("{ADDRESS}\nmimikatz\n")).unwrap();
    let config = r#"
[watch]
state_dir = "state"
[[watch.schedule]]
name = "s"
cron = "0 * * * *"
indicator_files = ["feed"]
sinks = ["out"]
[[watch.sink]]
name = "out"
kind = "stdout"
"#;
    std::fs::write(temp.path().join("dragnet.toml"), config).unwrap();
    let mut command = Command::cargo_bin("dragnet").unwrap();
    let output = command
        .current_dir(temp.path())
        .env("HOME", temp.path())
        .args(["watch", "check"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("feed:2: `mimikatz`"), "{stderr}");
}
