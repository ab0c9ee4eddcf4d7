//! A search of files that was killed continues, and equals one that was not.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Folder, IOC, gzip, hit, log_file, record};

const COLUMNS: [&str; 4] = ["record_id", "event_time", "event_id", "copies"];

/// Writes files of which each has one match.
pub(super) fn write_files(folder: &Folder, number: u64) {
    for file in 0..number {
        let id = format!("{file:04}");
        let mut records: Vec<Value> = (0..200)
            .map(|n| record(&format!("{id}-{n}"), "2026-11-27T10:00:00Z", "10.1.2.3"))
            .collect();
        records.push(hit(&id));
        folder.write(
            &format!("{id}.json.gz"),
            gzip(log_file(&records).as_bytes()),
        );
    }
}

/// Starts a sweep and kills it soon after it has printed its run. Returns whether it was killed
/// before its end.
pub(super) fn kill_sweep(folder: &Folder) -> bool {
    let mut command = folder.command(&["sweep", IOC, "--files", "logs", "--progress", "plain"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    for line in stderr.lines() {
        if line.unwrap().starts_with("Run ") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

#[test]
fn killed_search_is_resumed() {
    let folder = Folder::new();
    write_files(&folder, 300);
    // On a busy machine, a search may end before it is killed.
    let was_killed = (0..20).any(|_| {
        _ = fs::remove_dir_all(folder.path().join("runs"));
        kill_sweep(&folder)
    });
    assert!(was_killed);
    let resumed = folder.run(&["resume", "last"]);
    assert_eq!(
        resumed.code,
        Some(0),
        "{}{}",
        resumed.stdout,
        resumed.stderr
    );
    let whole = Folder::new();
    write_files(&whole, 300);
    let whole = whole.sweep(&[]);
    let ids = |found: Vec<String>| -> Vec<String> {
        let name = |row: String| row.rsplit('/').next().unwrap_or_default().to_owned();
        found.into_iter().map(name).collect()
    };
    assert_eq!(
        ids(resumed.columns("sightings.csv", &COLUMNS)),
        ids(whole.columns("sightings.csv", &COLUMNS))
    );
    let numbers = ["events", "sightings", "status"];
    assert_eq!(
        resumed.columns("coverage.csv", &numbers),
        whole.columns("coverage.csv", &numbers)
    );
    assert_eq!(resumed.summary()["files"], whole.summary()["files"]);
}

#[test]
fn resumed_search_reads_what_was_missing() {
    let folder = Folder::new();
    folder.write("a.json", log_file(&[hit("a")]));
    folder.write("b.json", log_file(&[hit("b")]));
    let fifo = folder.path().join("logs/c.json");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let first = folder.sweep(&[]);
    assert_eq!(first.code, Some(3), "{}", first.stderr);
    assert!(first.stderr.contains("dragnet resume "), "{}", first.stderr);
    fs::remove_file(&fifo).unwrap();
    folder.write("c.json", log_file(&[hit("c")]));
    let complete = folder.run(&["resume", "last"]);
    assert_eq!(
        complete.code,
        Some(0),
        "{}{}",
        complete.stdout,
        complete.stderr
    );
    assert_eq!(
        complete.columns("sightings.csv", &["record_id"]),
        ["a", "b", "c"]
    );
}

#[test]
fn file_that_changed_between_the_parts_of_a_run_is_a_gap() {
    let folder = Folder::new();
    folder.write("a.json", log_file(&[hit("a")]));
    folder.write("b.json", log_file(&[hit("b")]));
    assert!(
        Command::new("mkfifo")
            .arg(folder.path().join("logs/d"))
            .status()
            .unwrap()
            .success()
    );
    let first = folder.sweep(&[]);
    assert_eq!(first.code, Some(3), "{}", first.stderr);
    folder.write("a.json", log_file(&[hit("a"), hit("later")]));
    fs::remove_file(folder.path().join("logs/d")).unwrap();
    for _ in 0..2 {
        let changed = folder.run(&["resume", "last"]);
        assert_eq!(
            changed.code,
            Some(3),
            "{}{}",
            changed.stdout,
            changed.stderr
        );
        let gaps = changed.columns("coverage.csv", &["status", "reason"]);
        let gaps: Vec<&String> = gaps
            .iter()
            .filter(|row| !row.starts_with("searched"))
            .collect();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert!(
            gaps[0].starts_with("failed file-changed: changed-while-read: changed since"),
            "{gaps:?}"
        );
        assert_eq!(changed.columns("sightings.csv", &["record_id"]), ["a", "b"]);
    }
}

#[test]
fn signal_interrupts_a_search() {
    let folder = Folder::new();
    write_files(&folder, 300);
    for _ in 0..20 {
        _ = fs::remove_dir_all(folder.path().join("runs"));
        let mut command = folder.command(&["sweep", IOC, "--files", "logs", "--progress", "plain"]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let started = lines.any(|line| line.unwrap().starts_with("Run "));
        assert!(started);
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        if child.wait().unwrap().code() == Some(130) {
            assert!(
                rest.iter().any(|line| line.contains("dragnet resume")),
                "{rest:?}"
            );
            let resumed = folder.run(&["resume", "last"]);
            assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
            assert_eq!(resumed.columns("sightings.csv", &["record_id"]).len(), 300);
            return;
        }
    }
    panic!("no search was interrupted");
}
