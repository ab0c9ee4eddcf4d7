//! The manifest of a run: reports add to it, a changed run is refused, and `runs verify` says what
//! differs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::survive::binary::{dragnet, run_in};

/// A copy of a finished run.
struct FinishedRun {
    temp: TempDir,
    path: PathBuf,
}

impl FinishedRun {
    /// Copies a run that is made once.
    async fn new() -> Self {
        static RUN: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
        let create = || async {
            let temp = tempfile::tempdir().unwrap();
            let sweep = ["sweep", "198.51.100.23", "--practice", "--account", "dev"];
            let mut command = dragnet(temp.path());
            command.args(sweep).arg("-q").status().await.unwrap();
            let path = run_in(temp.path()).unwrap();
            (temp, path)
        };
        let (_, original) = RUN.get_or_init(create).await;
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("run");
        std::fs::create_dir(&path).unwrap();
        for entry in std::fs::read_dir(original).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), path.join(entry.file_name())).unwrap();
        }
        Self { temp, path }
    }

    /// Runs a command on the run. Returns its exit code and all that it prints.
    async fn dragnet(&self, command: &[&str], options: &[&str]) -> (Option<i32>, String) {
        let mut process = dragnet(self.temp.path());
        process
            .args(command)
            .arg(&self.path)
            .args(options)
            .stdout(std::process::Stdio::piped());
        let output = tokio::time::timeout(Duration::from_mins(1), process.output());
        let output = output.await.unwrap().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn manifest(&self) -> Value {
        let bytes = std::fs::read(self.file("manifest.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Returns the entry of a file in the manifest.
    fn entry(&self, name: &str) -> Value {
        let manifest = self.manifest();
        let files = manifest["files"].as_array().unwrap();
        let found = files.iter().find(|file| file["name"] == name);
        found.cloned().unwrap_or_default()
    }

    /// Changes the bytes of the database, but nothing that a report shows.
    fn change_database(&self) {
        let database = rusqlite::Connection::open(self.file("run.db")).unwrap();
        database.execute_batch("PRAGMA user_version = 7").unwrap();
        database.close().unwrap();
    }
}

fn sha256(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes))
}

#[tokio::test]
async fn report_adds_entries_and_keeps_the_others() {
    let run = FinishedRun::new().await;
    let jsonl = run.entry("sightings.jsonl");
    assert!(jsonl["sha256"].is_string());
    for format in ["html", "csv"] {
        let (code, output) = run.dragnet(&["report"], &["--format", format]).await;
        assert_eq!(code, Some(0), "{output}");
    }
    assert_eq!(run.entry("sightings.jsonl"), jsonl);
    let html = run.entry("report.html");
    assert_eq!(html["sha256"], sha256(&run.file("report.html")));
    assert!(run.manifest()["changed_runs"].is_null());
    let (code, output) = run.dragnet(&["runs", "verify"], &[]).await;
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("listed    report.html"), "{output}");
}

#[tokio::test]
async fn changed_run_is_refused_unless_it_is_recorded() {
    let run = FinishedRun::new().await;
    let before = run.manifest();
    run.change_database();
    for command in [&["report"][..], &["runs", "show"], &["resume"]] {
        let (code, output) = run.dragnet(command, &[]).await;
        assert_eq!(code, Some(1), "{command:?}: {output}");
        assert!(
            output.contains("was changed after it ended") && output.contains("--changed-run"),
            "{command:?}: {output}"
        );
    }
    assert_eq!(run.manifest(), before, "it is not sealed again");

    let options = ["--changed-run", "--format", "csv,html"];
    let (code, output) = run.dragnet(&["report"], &options).await;
    assert_eq!(code, Some(0), "{output}");
    let manifest = run.manifest();
    let changed = manifest["changed_runs"].as_array().unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["sha256"], sha256(&run.file("run.db")));
    assert_eq!(changed[0]["files"], serde_json::json!(["report.html"]));
    for file in before["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        assert_eq!(run.entry(name), *file, "the original entry stays");
    }
    let (code, output) = run.dragnet(&["runs", "verify"], &[]).await;
    assert_eq!(code, Some(1));
    for part in [
        "CHANGED   run.db",
        "Written from a changed run.db",
        "report.html",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    let (code, _) = run.dragnet(&["report"], &[]).await;
    assert_eq!(code, Some(1), "it stays refused");
}

#[tokio::test]
async fn pending_changes_of_the_database_are_changes() {
    let run = FinishedRun::new().await;
    std::fs::write(run.file("run.db-wal"), "changes").unwrap();
    let (code, output) = run.dragnet(&["runs", "verify"], &[]).await;
    assert_eq!(code, Some(1));
    assert!(output.contains("CHANGED   run.db"), "{output}");
    let (code, output) = run.dragnet(&["report"], &[]).await;
    assert_eq!(code, Some(1));
    assert!(output.contains("run.db-wal has changes"), "{output}");
}

#[tokio::test]
async fn database_of_a_killed_resume_is_not_changed() {
    let run = FinishedRun::new().await;
    let mut manifest = run.manifest();
    let files = manifest["files"].as_array_mut().unwrap();
    files.retain(|file| file["name"] != "run.db");
    std::fs::write(run.file("manifest.json"), manifest.to_string()).unwrap();
    run.change_database();
    let (code, output) = run.dragnet(&["report"], &["--format", "csv"]).await;
    assert_eq!(code, Some(0), "{output}");
    assert_eq!(run.entry("run.db")["sha256"], sha256(&run.file("run.db")));
    assert!(run.entry("sightings.jsonl")["sha256"].is_string());
}

#[tokio::test]
async fn manifest_of_another_run_is_refused() {
    let run = FinishedRun::new().await;
    let other = r#"{"run_id":"20260101T000000Z-0000","tool_version":"x","settings_sha256":"x",
        "caller_arn":"x","files":[]}"#;
    for (manifest, expected) in [(other, "it is of run"), ("{", "manifest.json is damaged")] {
        std::fs::write(run.file("manifest.json"), manifest).unwrap();
        let (code, output) = run.dragnet(&["report"], &[]).await;
        assert_eq!(code, Some(1), "{output}");
        assert!(output.contains(expected), "{output}");
    }
}

fn make_fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn verify_distinguishes_listed_added_changed_and_missing_files() {
    type Case = (&'static str, fn(&Path), Option<&'static str>);
    let cases: [Case; 9] = [
        (
            "calls.csv",
            |path| std::fs::write(path, "x").unwrap(),
            Some("CHANGED"),
        ),
        ("calls.csv", |_| {}, Some("MISSING")),
        ("calls.csv", make_fifo, Some("CHANGED")),
        (
            "calls.csv",
            |path| std::os::unix::fs::symlink("sightings.csv", path).unwrap(),
            Some("CHANGED"),
        ),
        (
            "calls.csv",
            |path| std::fs::create_dir(path).unwrap(),
            Some("CHANGED"),
        ),
        (
            "more.csv",
            |path| std::fs::write(path, "x").unwrap(),
            Some("ADDED"),
        ),
        ("fifo", make_fifo, Some("ADDED")),
        (
            "run.lock",
            |path| std::fs::write(path, "process 1").unwrap(),
            None,
        ),
        (
            "manifest.json.minisig",
            |path| std::fs::write(path, "x").unwrap(),
            None,
        ),
    ];
    for (number, (name, plant, expected)) in cases.into_iter().enumerate() {
        let run = FinishedRun::new().await;
        let path = run.file(name);
        if path.exists() {
            std::fs::remove_file(&path).unwrap();
        }
        plant(&path);
        let (code, output) = run.dragnet(&["runs", "verify"], &[]).await;
        let expected_code = i32::from(expected.is_some());
        assert_eq!(code, Some(expected_code), "case {number}: {output}");
        if let Some(word) = expected {
            assert!(
                output.contains(&format!("{word:<9} {name}")),
                "case {number}: {output}"
            );
        }
        assert!(
            output.contains("listed    run.db"),
            "case {number}: {output}"
        );
    }
}
