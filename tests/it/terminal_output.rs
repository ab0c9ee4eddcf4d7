//! What a sweep prints: rows, principals, next commands, and sightings as they are found.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A key that the practice organization has in use.
const KEY: &str = "AKIADEPLOYBOT2LEAKED";

fn sweep(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .args(["sweep", KEY, "--practice", "--sources", "logs"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn rows(json_lines: &str) -> Vec<Value> {
    json_lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn record_ids(rows: &[Value]) -> BTreeSet<String> {
    let ids = rows.iter().map(|row| row["record_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[test]
fn sightings_are_streamed_with_their_record_as_an_object() {
    let temp = tempfile::tempdir().unwrap();
    let output = sweep(temp.path(), &["-o", "jsonl", "-q"]);
    let streamed = rows(&text(&output.stdout));
    assert!(!streamed.is_empty(), "{}", text(&output.stderr));
    for row in &streamed {
        let record = &row["record"];
        assert_eq!(record["eventID"], row["record_id"]);
        assert!(record["userIdentity"].is_object(), "{row}");
        assert_eq!(record["sourceIPAddress"], row["source_ip"]);
        assert!(row.get("message").is_none(), "{row}");
    }
    let run = std::fs::read_dir(temp.path().join("runs")).unwrap().next();
    let file = run.unwrap().unwrap().path().join("sightings.jsonl");
    let merged = rows(&std::fs::read_to_string(file).unwrap());
    assert_eq!(record_ids(&streamed), record_ids(&merged));
    assert!(merged.iter().all(|row| row["resource"].is_string()));
}

#[test]
fn run_report_of_a_stream_is_on_stderr() {
    let temp = tempfile::tempdir().unwrap();
    let output = sweep(temp.path(), &["-o", "jsonl", "--progress", "plain"]);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("Searched for"), "{stderr}");
    assert!(!text(&output.stdout).contains("Searched for"));
}

#[test]
fn principals_and_next_commands_follow_the_sightings() {
    let temp = tempfile::tempdir().unwrap();
    let output = sweep(temp.path(), &[]);
    let stdout = text(&output.stdout);
    for part in ["Principals", "often abused", "over time", "ightings\n"] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert!(
        stdout.lines().all(|line| line.chars().count() <= 80),
        "{stdout}"
    );
    let stderr = text(&output.stderr);
    for part in [
        "Next:",
        "dragnet sweep ",
        "dragnet contain plan --from-run ",
        " --practice",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!stdout.contains("Next:"), "{stdout}");
}

#[test]
fn quiet_sweep_suggests_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let output = sweep(temp.path(), &["-q"]);
    assert!(!text(&output.stderr).contains("Next:"));
    assert!(text(&output.stdout).contains("Principals"));
}

fn list(arguments: &[&str]) -> String {
    let temp = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(temp.path())
        .env_clear()
        .env("HOME", temp.path())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn every_list_has_the_formats_and_a_query() {
    let names = list(&["hunts", "list", "--query", "[].name", "-o", "text"]);
    assert!(names.lines().any(|name| name == "root-use"), "{names}");
    let csv = list(&["hunts", "list", "-o", "csv"]);
    assert!(csv.starts_with("name,source,severity,"), "{csv}");
    assert_eq!(list(&["runs", "list", "-o", "json"]), "[]\n");
    assert_eq!(list(&["runs", "list", "-o", "text"]), "");
    let containments = list(&["contain", "list", "--practice", "--query", "containments"]);
    assert_eq!(containments, "[]\n");
    let accounts = ["list", "accounts", "--practice", "--account", "dev"];
    let query = ["--query", "Accounts[?inScope].[Id, Name]", "-o", "text"];
    assert_eq!(
        list(&[&accounts[..], &query].concat()),
        "666666666666\tdev\n"
    );
}

#[test]
fn settings_have_their_origin_and_secrets_are_hidden() {
    let temp = tempfile::tempdir().unwrap();
    let config = "[identity]\nexternal_id = \"hush-hush\"\n[scope]\nregions = [\"eu-west-1\"]\n";
    let file = temp.path().join("dragnet.toml");
    std::fs::write(&file, config).unwrap();
    let file = file.to_str().unwrap();
    let shown = list(&["config", "show", "--config", file, "-o", "json"]);
    assert!(!shown.contains("hush"), "{shown}");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let setting = |key: &str| {
        let settings = shown["settings"].as_array().unwrap();
        let found = settings.iter().find(|setting| setting["key"] == key);
        found.unwrap_or_else(|| panic!("{key}: {shown}")).clone()
    };
    assert_eq!(setting("scope.regions")["value"], "[\"eu-west-1\"]");
    assert_eq!(setting("scope.regions")["origin"], file);
    assert_eq!(setting("organization.discover")["origin"], "default");
    let options = ["config", "show", "--config", file, "--profile", "x"];
    let query = [
        "--query",
        "settings[?key=='identity.profile'].origin",
        "-o",
        "text",
    ];
    assert_eq!(list(&[&options[..], &query].concat()), "--profile\n");
    let valid = list(&["config", "check", file]);
    assert!(valid.ends_with("is valid.\n"), "{valid}");
}
