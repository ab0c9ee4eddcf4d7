//! `SIGTERM` and `SIGHUP` interrupt a sweep like Ctrl-C: it says how to continue, and does.

use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use crate::survive::binary::{dragnet, ended, limited, run_in};

const SWEEP: [&str; 9] = [
    "sweep",
    "198.51.100.23",
    "--practice",
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T11:59:00Z",
    "--progress",
    "plain",
];

/// A sweep that has printed its run.
struct Started {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// The id of the run.
    id: String,
}

impl Started {
    async fn spawn(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let id = loop {
            line.clear();
            assert_ne!(
                stderr.read_line(&mut line).await.unwrap(),
                0,
                "the run is not printed"
            );
            let run = line.trim_end().strip_prefix("Run ");
            if let Some((id, directory)) = run.and_then(|run| run.split_once(" in ")) {
                assert_eq!(directory, format!("runs/{id}"));
                break id.to_owned();
            }
        };
        Self { child, stderr, id }
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args([signal, &id]).status().await.unwrap().success());
    }

    /// Reads stderr up to the acknowledgement of a signal. `false` if the sweep ended before.
    async fn is_acknowledged(&mut self) -> bool {
        let mut line = String::new();
        while self.stderr.read_line(&mut line).await.unwrap() > 0 {
            if line.starts_with("Interrupted: ") {
                return true;
            }
            line.clear();
        }
        false
    }

    /// Returns the exit code and the rest of stderr.
    async fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).await.unwrap();
        (self.child.wait().await.unwrap().code(), rest)
    }
}

fn sweep(directory: &Path) -> Command {
    let mut command = dragnet(directory);
    command.args(SWEEP);
    command
}

fn sightings(directory: &Path) -> String {
    std::fs::read_to_string(run_in(directory).unwrap().join("sightings.csv")).unwrap()
}

async fn uninterrupted() -> String {
    let temp = tempfile::tempdir().unwrap();
    let (code, stderr) = ended(sweep(temp.path())).await;
    assert_eq!(code, Some(3), "{stderr}");
    sightings(temp.path())
}

/// Interrupts a sweep. Returns its directory, its id and its stderr.
async fn interrupt(signal: &str) -> (TempDir, String, String) {
    // On a busy machine, a sweep may end before the signal arrives.
    for _ in 0..20 {
        let temp = tempfile::tempdir().unwrap();
        let started = Started::spawn(sweep(temp.path())).await;
        let id = started.id.clone();
        started.signal(signal).await;
        let (code, stderr) = started.end().await;
        if code != Some(3) {
            assert_eq!(code, Some(130), "{signal}: {stderr}");
            return (temp, id, stderr);
        }
    }
    panic!("{signal} interrupted none of 20 sweeps");
}

/// Interrupts a sweep, resumes it, and returns its sightings.
async fn interrupted_by(signal: &str) -> String {
    let (temp, id, stderr) = interrupt(signal).await;
    let expected = format!(
        "Interrupted: finishing pages in flight; press Ctrl-C again to end at once; `dragnet resume {id}` continues\n"
    );
    assert!(stderr.contains(&expected), "{signal}: {stderr}");
    let mut resume = dragnet(temp.path());
    resume.args(["resume", &id, "--progress", "none"]);
    let (code, stderr) = ended(resume).await;
    assert_eq!(code, Some(3), "{signal}: {stderr}");
    sightings(temp.path())
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_sweep_says_how_to_continue_and_resumes_to_the_same_sightings() {
    let (expected, terminated, hung_up, interrupted) = tokio::join!(
        uninterrupted(),
        interrupted_by("-TERM"),
        interrupted_by("-HUP"),
        interrupted_by("-INT")
    );
    assert_eq!(terminated, expected);
    assert_eq!(hung_up, expected);
    assert_eq!(interrupted, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_whose_directory_was_removed_is_not_said_to_be_resumable() {
    let temp = tempfile::tempdir().unwrap();
    let started = Started::spawn(sweep(temp.path())).await;
    // Deleting it would race with the process, which creates files in it.
    std::fs::rename(temp.path().join("runs"), temp.path().join("gone")).unwrap();
    started.signal("-TERM").await;
    let (code, stderr) = started.end().await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("was removed"), "{stderr}");
    assert!(!stderr.contains("dragnet resume"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_signal_ends_the_process() {
    for _ in 0..20 {
        let temp = tempfile::tempdir().unwrap();
        let mut started = Started::spawn(sweep(temp.path())).await;
        started.signal("-TERM").await;
        if started.is_acknowledged().await {
            started.signal("-HUP").await;
            let (code, stderr) = started.end().await;
            assert_eq!(code, Some(130), "{stderr}");
            return;
        }
    }
    panic!("none of 20 sweeps was interrupted");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn sweep_under_nohup_outlives_its_terminal() {
    let temp = tempfile::tempdir().unwrap();
    let started = Started::spawn(limited(temp.path(), "trap '' HUP", &SWEEP)).await;
    started.signal("-HUP").await;
    let (code, stderr) = started.end().await;
    assert_eq!(code, Some(3), "{stderr}");
    assert!(!stderr.contains("Interrupted"), "{stderr}");
}
