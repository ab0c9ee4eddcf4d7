//! Run directories from an untrusted source: the commands that read one write only within it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::binary::{dragnet, run_in};
use crate::run_checksums::accept_changes;

const SECRET: &str = "[default]\naws_secret_access_key = hush\n";

/// A folder with a finished run, and next to it files that must not change.
struct UntrustedRun {
    temp: TempDir,
    run: PathBuf,
}

/// Returns a finished run, which is made once and copied for each case.
async fn finished_run() -> &'static Path {
    static RUN: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
    let create = || async {
        let temp = tempfile::tempdir().unwrap();
        let sweep = [
            "sweep",
            "--practice",
            "--account",
            "dev",
            "-q",
            "--hunt",
            "iam-access-denied",
        ];
        dragnet(temp.path()).args(sweep).status().await.unwrap();
        let run = run_in(temp.path()).unwrap();
        (temp, run)
    };
    &RUN.get_or_init(create).await.1
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl UntrustedRun {
    async fn new() -> Self {
        let finished = finished_run().await;
        let temp = tempfile::tempdir().unwrap();
        let run = temp.path().join("runs").join(finished.file_name().unwrap());
        copy(finished, &run);
        std::fs::create_dir(temp.path().join("home")).unwrap();
        std::fs::write(temp.path().join("home/credentials"), SECRET).unwrap();
        Self { temp, run }
    }

    fn home(&self) -> PathBuf {
        self.temp.path().join("home")
    }

    /// Replaces a text in the facts `hunts` and `settings` of the run's database.
    fn change_hunts(&self, from: &str, to: &str) {
        let database = rusqlite::Connection::open(self.run.join("run.db")).unwrap();
        let changed = database
            .execute(
                "UPDATE fact SET value = replace(value, ?1, ?2) WHERE key IN ('hunts', 'settings')",
                [from, to],
            )
            .unwrap();
        assert_eq!(changed, 2);
        // As a person does who knows the format, so that only the name is wrong.
        accept_changes(&self.run, &database);
    }

    /// Replaces a file of the run by what `plant` creates at its path.
    fn replace(&self, name: &str, plant: impl FnOnce(&Path)) {
        let path = self.run.join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else if path.exists() {
            std::fs::remove_file(&path).unwrap();
        }
        plant(&path);
    }

    /// Runs every command that reads a run. Asserts that those in `refused` fail, and that nothing
    /// outside the run was changed.
    async fn assert_harmless(&self, case: &str, refused: &[&str]) {
        let run = self.run.to_str().unwrap();
        for arguments in [
            &["report", run][..],
            &["resume", run],
            &["runs", "show", run],
            &["runs", "verify", run],
        ] {
            let command = tokio::time::timeout(
                std::time::Duration::from_mins(1),
                dragnet(self.temp.path()).args(arguments).arg("-q").output(),
            );
            let output = command
                .await
                .unwrap_or_else(|_| panic!("{case}: {arguments:?} hangs"))
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let expected = refused.contains(&arguments[..arguments.len() - 1].join(" ").as_str());
            assert!(
                !expected || matches!(output.status.code(), Some(1 | 2)),
                "{case}: {arguments:?}: {stderr}"
            );
            let inside: Vec<_> = std::fs::read_dir(self.home())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(
                inside,
                ["credentials"],
                "{case}: {arguments:?} wrote outside: {stderr}"
            );
            let secret = std::fs::read_to_string(self.home().join("credentials")).unwrap();
            assert_eq!(secret, SECRET, "{case}: {arguments:?}: {stderr}");
        }
    }
}

#[tokio::test]
async fn hunt_name_cannot_escape_run_directory() {
    for name in [
        "../../../home/planted",
        "/tmp/planted",
        "..",
        "",
        "a/b",
        "a b",
        "UPPER",
    ] {
        let untrusted = UntrustedRun::new().await;
        let quoted = |name: &str| format!("\"name\":{}", serde_json::Value::from(name));
        untrusted.change_hunts(&quoted("iam-access-denied"), &quoted(name));
        untrusted
            .assert_harmless(name, &["report", "resume", "runs show"])
            .await;
    }
}

#[tokio::test]
async fn links_in_run_are_not_followed() {
    for name in ["run.lock", "run.db-wal", "run.db-shm", "run.db-journal"] {
        let untrusted = UntrustedRun::new().await;
        let credentials = untrusted.home().join("credentials");
        untrusted.replace(name, |path| symlink(&credentials, path).unwrap());
        untrusted.assert_harmless(name, &["report", "resume"]).await;
        untrusted.replace(name, |path| std::fs::hard_link(&credentials, path).unwrap());
        untrusted.assert_harmless(name, &["report", "resume"]).await;
    }
    let untrusted = UntrustedRun::new().await;
    untrusted.replace("hunts", |path| symlink(untrusted.home(), path).unwrap());
    untrusted.assert_harmless("hunts", &["report"]).await;
    for name in ["manifest.json", "summary.json", "sightings.csv"] {
        let untrusted = UntrustedRun::new().await;
        untrusted.replace(name, |path| {
            symlink(untrusted.home().join("credentials"), path).unwrap();
        });
        untrusted.assert_harmless(name, &[]).await;
    }
}

#[tokio::test]
async fn fifo_in_run_does_not_block() {
    for name in [
        "run.lock",
        "run.db",
        "manifest.json",
        "summary.json",
        "sightings.csv",
    ] {
        let untrusted = UntrustedRun::new().await;
        untrusted.replace(name, |path| {
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(path)
                    .status()
                    .unwrap()
                    .success()
            );
        });
        untrusted.assert_harmless(name, &[]).await;
    }
}
