//! A sweep in the organization's own records: it recognizes its own calls, and no other record
//! passes for one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dragnet::commands::{RunFiles, write_run_files};
use dragnet::config::Format;
use dragnet::report::write_run_report;
use dragnet::store::{RunDir, RunReader, RunRegistry};
use dragnet::sweep::{MergeSource, stored_sightings};

use crate::run_checksums::accept_changes;
use crate::world::{Run, World, event, record};

const IP: &str = "192.0.2.1";

#[tokio::test(start_paused = true)]
async fn own_calls_are_recognized_by_request_id_only() {
    let calls = World::small_with("")
        .sweep(&[IP])
        .await
        .columns("calls.csv", &["operation", "request_id"]);
    let own = calls[0].strip_prefix("GetCallerIdentity ").unwrap();
    // The same scenario produces the same request ids, so the record can be written in advance.
    let planted_record = |id: &str, request: &str, agent: &str| {
        let record = record(id, "222222222222", "us-east-1", "2026-03-02T10:00:00Z", IP);
        let record = record
            .replace(&format!("r-{id}"), request)
            .replace("\"cli\"", &format!("\"{agent}\""));
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:05:00Z",
            &record,
        )
    };
    let agent = concat!("dragnet/", env!("CARGO_PKG_VERSION"));
    let planted = [
        planted_record("mine", own, "anything"),
        planted_record("another's", "r-2", agent),
        planted_record("without", "", agent),
    ];
    let run = World::small_with(&planted.concat())
        .sweep(&[IP, "--since", "24h"])
        .await;
    let mut rows = run.columns("sightings.csv", &["record_id", "self"]);
    rows.sort();
    assert_eq!(rows, ["another's claimed", "mine true", "without claimed"]);
}

#[tokio::test(start_paused = true)]
async fn every_call_is_in_the_audit_with_its_request_id() {
    let world = World::small_with("");
    let run = world.sweep(&[IP]).await;
    let calls = run.columns("calls.csv", &["operation", "status", "request_id"]);
    for operation in [
        "GetCallerIdentity",
        "ListAccounts",
        "AssumeRole",
        "DescribeRegions",
        "DescribeLogGroups",
        "FilterLogEvents",
    ] {
        let count = calls
            .iter()
            .filter(|call| call.starts_with(operation))
            .count();
        assert_eq!(count as u64, world.calls(operation), "{operation}");
        assert_eq!(run.summary()["api_calls"][operation], count, "{operation}");
    }
    assert!(
        calls
            .iter()
            .all(|call| call.split(' ').nth(2).is_some_and(|id| id.len() > 8)),
        "{calls:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn sessions_carry_the_name_of_the_run() {
    // The role can only be assumed with a session name that begins like this.
    let only_dragnet = r#"
[[roles]]
accounts = ["prod"]
name = "Named"
allow = ["cloudtrail:*", "ec2:*", "logs:*"]
trust_policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
"Principal": {"AWS": "111111111111"},
"Condition": {"StringLike": {"sts:RoleSessionName": "dragnet-20260302T1200*"}}}]}'''
"#;
    let run = World::small_with(only_dragnet)
        .sweep(&[IP, "--account", "prod", "--member-role", "Named"])
        .await;
    assert!(
        run.coverage().iter().all(|row| row.ends_with("searched")),
        "{:?}",
        run.coverage()
    );
}

/// A repeated sweep finds the queries of the first in CloudTrail. Only the list of this machine's
/// runs tells them from queries that somebody else made with the same names.
#[tokio::test(start_paused = true)]
async fn calls_of_an_earlier_run_are_recognized() {
    for is_listed in [true, false] {
        let state = tempfile::tempdir().unwrap();
        let world = World::small_with("");
        let world = if is_listed {
            world.with_session_directory(state.path())
        } else {
            world
        };
        let search = ["192.0.2.200", "--engine", "insights"];
        assert!(
            world
                .sweep(&search)
                .await
                .columns("sightings.csv", &["self"])
                .is_empty()
        );
        tokio::time::advance(Duration::from_mins(30)).await;
        let run = world.sweep(&search).await;
        let found = run.columns("sightings.csv", &["event_name", "self"]);
        let earlier: Vec<&String> = found
            .iter()
            .filter(|row| row.starts_with("StartQuery"))
            .collect();
        assert!(!earlier.is_empty(), "{found:?}");
        let expected = if is_listed {
            "StartQuery true"
        } else {
            "StartQuery claimed"
        };
        assert!(earlier.iter().all(|row| *row == expected), "{found:?}");
    }
}

/// Sweeps twice on the machine with this state directory. Returns the directory of the first run,
/// and the second run, which finds the queries of the first in CloudTrail.
async fn sweep_twice(state: &Path) -> (PathBuf, Run) {
    let world = World::small_with("").with_session_directory(state);
    let search = ["192.0.2.200", "--engine", "insights"];
    let first = world.sweep(&search).await.outputs.directory;
    tokio::time::advance(Duration::from_mins(30)).await;
    (first, world.sweep(&search).await)
}

/// Copies the database of a run to another machine, and writes its files there.
fn report_on_other_machine(run: &Path, machine: &Path) -> RunFiles {
    let copy = machine.join("copy");
    std::fs::create_dir_all(&copy).unwrap();
    std::fs::copy(run.join("run.db"), copy.join("run.db")).unwrap();
    write_csv(&copy, machine)
}

fn write_csv(run: &Path, state: &Path) -> RunFiles {
    write_run_files(
        &RunDir::open(run).unwrap(),
        &[Format::Csv],
        &RunRegistry::new(Some(state.to_owned())),
    )
    .unwrap()
}

/// Returns the text that is printed at the end of a run, on one line.
fn printed(files: &RunFiles) -> String {
    let mut text = Vec::new();
    write_run_report(&files.run_report("", false), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A second sweep finds only the calls of the first: they are reported, but they are no findings.
/// On another machine, nothing proves whose calls they are.
#[tokio::test(start_paused = true)]
async fn own_calls_are_findings_only_on_another_machine() {
    let state = tempfile::tempdir().unwrap();
    let (_, run) = sweep_twice(state.path()).await;
    let summary = run.summary();
    assert_eq!(summary["status"], "complete");
    assert!(summary["own_calls"].as_u64() > Some(1), "{summary}");
    assert_eq!(summary["sightings"], summary["own_calls"]);
    assert_eq!(summary["claimed_own_calls"], 0);
    let files = &run.outputs.files;
    assert!(!files.summary.has_findings(), "the exit code is 0");
    let text = printed(files);
    assert!(
        text.contains("Nothing was found, and everything in scope was covered")
            && text.contains("sightings are calls of Dragnet itself"),
        "{text}"
    );

    let other = tempfile::tempdir().unwrap();
    let files = report_on_other_machine(&run.outputs.directory, other.path());
    let summary = &files.summary;
    assert!(summary.has_findings());
    assert!(summary.claimed_own_calls > 0);
    assert_eq!(
        summary.own_calls + summary.claimed_own_calls,
        summary.sightings
    );
    let text = printed(&files);
    assert!(text.contains("no run on this machine made"), "{text}");
}

/// A run names the earlier runs by their ids. Runs of earlier versions also have directories, which
/// are not used: on another machine they might contain a forged journal.
#[tokio::test(start_paused = true)]
async fn directories_of_earlier_runs_are_not_taken_from_the_run() {
    let state = tempfile::tempdir().unwrap();
    let (first, run) = sweep_twice(state.path()).await;
    let run = &run.outputs.directory;
    let id = first.file_name().unwrap().to_str().unwrap();
    let database = rusqlite::Connection::open(run.join("run.db")).unwrap();
    let stored: String = database
        .query_row(
            "SELECT value FROM fact WHERE key = 'earlier_runs'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(stored, format!("[\"{id}\"]"));
    let with_directory = serde_json::json!([[id, first]]).to_string();
    let changed = database
        .execute(
            "UPDATE fact SET value = ?1 WHERE key = 'earlier_runs'",
            [with_directory],
        )
        .unwrap();
    assert_eq!(changed, 1);
    accept_changes(run, &database);
    drop(database);
    let here = write_csv(run, state.path()).summary;
    assert_eq!(here.claimed_own_calls, 0);
    let other = tempfile::tempdir().unwrap();
    let there = report_on_other_machine(run, other.path()).summary;
    assert!(there.claimed_own_calls > 0);
}

#[tokio::test(start_paused = true)]
async fn containment_ignores_calls_of_earlier_runs_on_this_machine() {
    let state = tempfile::tempdir().unwrap();
    let world = World::small_with("").with_session_directory(state.path());
    world.sweep(&["agent:dragnet"]).await;
    tokio::time::advance(Duration::from_mins(30)).await;
    let run = world.sweep(&["agent:dragnet"]).await;
    let reader = RunReader::open(&RunDir::open(&run.outputs.directory).unwrap()).unwrap();
    let count_rows = |registry: &RunRegistry| {
        let mut rows = 0_u64;
        let source = MergeSource {
            reader: &reader,
            registry,
        };
        stored_sightings(source, |_| rows += 1).unwrap();
        rows
    };
    let here = RunRegistry::new(Some(state.path().to_owned()));
    assert_eq!(count_rows(&here), 0);
    assert!(count_rows(&RunRegistry::default()) > 0);
}
