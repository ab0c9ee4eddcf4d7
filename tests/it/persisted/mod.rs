//! Names and files that outlive a version: names that scripts read, and files that an older Dragnet
//! left on disk.
//!
//! The snapshots freeze every name that a script, a schedule or a configuration relies on. A name
//! may be added, but a change to an existing line breaks a user's script. The files in `1bd0458`
//! were written by the commit with that id.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use dragnet::config::{Config, HuntTemplate};
use dragnet_range::Scenario;
use regex::Regex;
use serde_json::Value;

use crate::survive::binary::{dragnet, run_in};

/// JSON objects whose keys are data, not names.
const MAPS: [&str; 13] = [
    "api_calls",
    "member_roles",
    "throttled",
    "tampering",
    "statuses",
    "parameters",
    "columns",
    "row",
    "context",
    "reasons",
    "labels",
    "PolicyDocument",
    "AssumeRolePolicyDocument",
];

/// Collects the paths of all keys of a JSON value, such as `hunts[].name`.
fn key_paths(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let is_map = MAPS.contains(&path.rsplit('.').next().unwrap_or_default());
            for (key, value) in object {
                let key = if is_map { "*" } else { key };
                let path = if path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{path}.{key}")
                };
                paths.insert(path.clone());
                key_paths(value, &path, paths);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| key_paths(item, &format!("{path}[]"), paths)),
        _ => {}
    }
}

fn json_names(text: &str) -> String {
    let mut paths = BTreeSet::new();
    // The text has one value, or one value per line.
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        key_paths(&value.unwrap(), "", &mut paths);
    }
    paths.into_iter().fold(String::new(), |mut all, path| {
        writeln!(all, "  {path}").unwrap();
        all
    })
}

async fn stdout(directory: &Path, arguments: &[&str]) -> String {
    let output = dragnet(directory)
        .args(arguments)
        .stdout(Stdio::piped())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn names_in_the_files_of_a_run() {
    let temp = tempfile::tempdir().unwrap();
    let sweep = [
        "sweep",
        "198.51.100.23",
        "--practice",
        "--account",
        "dev",
        "-q",
        "--format",
        "csv,jsonl,json,html,md,security-ir,ocsf,timesketch,stix,parquet",
        "--hunt",
        "iam-access-denied",
        "--hunt",
        "vpc-rejects-by-source",
    ];
    dragnet(temp.path()).args(sweep).status().await.unwrap();
    let run = run_in(temp.path()).unwrap();
    let mut names = String::new();
    for file in files_below(&run) {
        writeln!(names, "{}", file.strip_prefix(&run).unwrap().display()).unwrap();
        let extension = file.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("csv") => {
                let header = csv::Reader::from_path(&file)
                    .unwrap()
                    .headers()
                    .unwrap()
                    .clone();
                header
                    .iter()
                    .for_each(|column| writeln!(names, "  {column}").unwrap());
            }
            Some("json" | "jsonl") => {
                names.push_str(&json_names(&std::fs::read_to_string(&file).unwrap()));
            }
            _ => {}
        }
    }
    insta::assert_snapshot!(names);
}

#[tokio::test]
async fn names_in_what_commands_print_as_json() {
    let temp = tempfile::tempdir().unwrap();
    let mut names = String::new();
    for arguments in [
        "list accounts",
        "list regions",
        "list log-groups",
        "list roles",
        "list users",
        "list groups",
        "sources",
        "doctor",
        "hunts list",
        "runs list",
        "range show",
    ] {
        let words: Vec<&str> = arguments
            .split(' ')
            .chain(["--practice", "--json"])
            .collect();
        if arguments == "runs list" {
            dragnet(temp.path())
                .args(["sweep", "x", "--practice", "--account", "dev", "-q"])
                .status()
                .await
                .unwrap();
        }
        writeln!(
            names,
            "{arguments}\n{}",
            json_names(&stdout(temp.path(), &words).await)
        )
        .unwrap();
    }
    insta::assert_snapshot!(names);
}

const WATCH: &str = r#"
[watch]
state_dir = "state"
[[watch.sink]]
name = "file"
kind = "file"
path = "alerts.jsonl"
[[watch.schedule]]
name = "denied"
cron = "*/15 * * * *"
hunts = ["iam-access-denied"]
indicators = ["198.51.100.23"]
lookback = "24h"
sinks = ["file"]
"#;

#[tokio::test]
async fn names_in_alerts_and_in_the_state_of_a_watch() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("dragnet.toml"), WATCH).unwrap();
    let watch = |arguments: &[&'static str]| {
        [
            &["watch"],
            arguments,
            &["--practice", "--config", "dragnet.toml"],
        ]
        .concat()
    };
    dragnet(temp.path())
        .args(watch(&["once", "denied"]))
        .status()
        .await
        .unwrap();
    let alerts = std::fs::read_to_string(temp.path().join("alerts.jsonl")).unwrap();
    let status = stdout(temp.path(), &watch(&["status", "--json"])).await;
    insta::assert_snapshot!(format!(
        "alerts\n{}watch status\n{}",
        json_names(&alerts),
        json_names(&status)
    ));
}

/// Returns the keys that serde expects, from its error about an unknown key.
fn expected_keys(error: &str) -> String {
    let keys = error
        .split_once("expected")
        .map_or(error, |(_, keys)| keys.trim());
    let keys = keys.trim_start_matches("one of ").replace('`', "");
    format!(
        "  {}\n",
        keys.lines()
            .next()
            .unwrap_or_default()
            .replace(", ", "\n  ")
    )
}

#[test]
fn keys_of_configuration_scenarios_and_hunts() {
    let mut names = String::new();
    for (table, before) in [
        ("", ""),
        ("[identity]", ""),
        ("[organization]", ""),
        ("[scope]", ""),
        ("[[scope.accepted_gap]]", ""),
        ("[limits]", ""),
        ("[athena]", ""),
        ("[[athena.tables]]", ""),
        ("[report]", ""),
        ("[contain]", ""),
        ("[hunts]", ""),
        ("[watch]", ""),
        ("[[watch.schedule]]", ""),
        ("[[watch.sink]]", ""),
        ("[[accounts]]", ""),
    ] {
        let error = toml::from_str::<Config>(&format!("{before}{table}\nzzz = 1")).unwrap_err();
        writeln!(
            names,
            "dragnet.toml {table}\n{}",
            expected_keys(error.message())
        )
        .unwrap();
    }
    let error = toml::from_str::<HuntTemplate>("zzz = 1").unwrap_err();
    writeln!(names, "hunt\n{}", expected_keys(error.message())).unwrap();
    for table in [
        "",
        "[organization]",
        "[[accounts]]",
        "[[trails]]",
        "[[groups]]",
        "[[events]]",
        "[[records]]",
        "[[flow_logs]]",
        "[behaviour]",
        "[[scps]]",
        "[[users]]",
        "[[roles]]",
        "[[load]]",
        "[[athena_workgroups]]",
        "[[athena_tables]]",
    ] {
        let error = Scenario::from_toml(&format!("{table}\nzzz = 1")).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        // The last line is the message; the line before it points at the key.
        let message = cause.lines().last().unwrap_or_default();
        writeln!(names, "scenario {table}\n{}", expected_keys(message)).unwrap();
    }
    insta::assert_snapshot!(names);
}

#[test]
fn environment_variables() {
    let literal =
        Regex::new(r#""((?:DRAGNET|AWS|XDG)_[A-Z_]+|HOME|NO_COLOR|NO_PROXY|HTTPS_PROXY)""#)
            .unwrap();
    let mut names = BTreeSet::new();
    for file in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(file).unwrap();
        names.extend(
            literal
                .captures_iter(&text)
                .map(|found| found[1].to_owned()),
        );
    }
    insta::assert_snapshot!(names.into_iter().collect::<Vec<_>>().join("\n"));
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/persisted/1bd0458")
        .join(name)
}

#[tokio::test]
async fn an_older_watchs_state_is_gone_on_with() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("dragnet.toml"), WATCH).unwrap();
    std::fs::create_dir(temp.path().join("state")).unwrap();
    std::fs::copy(fixture("watch.db"), temp.path().join("state/watch.db")).unwrap();
    let once = [
        "watch",
        "once",
        "denied",
        "--practice",
        "--config",
        "dragnet.toml",
    ];
    let output = dragnet(temp.path()).args(once).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // The older version already sent alerts about the same findings.
    assert!(said.contains("0 new sightings, 0 alerts"), "{said}");
    assert!(!temp.path().join("alerts.jsonl").exists());
}

#[tokio::test]
async fn an_older_containment_is_shown_and_an_older_plan_is_read() {
    let temp = tempfile::tempdir().unwrap();
    let journals = temp.path().join("dragnet/contain");
    std::fs::create_dir_all(&journals).unwrap();
    std::fs::copy(fixture("ceb8454b4424.db"), journals.join("ceb8454b4424.db")).unwrap();
    let contain = |arguments: &[&str]| {
        let mut command = dragnet(temp.path());
        command
            .env("XDG_STATE_HOME", temp.path())
            .arg("contain")
            .args(arguments)
            .stdout(Stdio::piped());
        command
    };
    let status = contain(&["status", "ceb8454b4424", "--json"])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(status.stdout).unwrap();
    insta::assert_snapshot!(format!("{:?}\n{text}", status.status.code()));
    for plan in ["plan-all.json", "plan-deny.json"] {
        let plan = fixture(plan);
        let applied = contain(&[
            "apply",
            plan.to_str().unwrap(),
            "--practice",
            "--confirm",
            "0",
        ])
        .output()
        .await
        .unwrap();
        let said = String::from_utf8(applied.stderr).unwrap();
        // The plan was parsed; only the confirmation is wrong.
        assert!(said.contains("not confirmed"), "{}: {said}", plan.display());
    }
}
