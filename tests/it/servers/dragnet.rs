//! Runs the binary as a user would, and reads the files that it writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::server::{Keys, Server};

/// A row of a CSV report, by column.
pub(super) type Row = BTreeMap<String, String>;

/// A sweep that has ended.
pub(super) struct Run {
    pub exit_code: Option<i32>,
    pub stderr: String,
    dir: PathBuf,
    _home: tempfile::TempDir,
}

/// Runs `dragnet sweep` as `keys` with these arguments and this configuration file, without the
/// environment of the tests.
pub(super) fn sweep(server: &Server, keys: &Keys, config: &str, arguments: &[&str]) -> Run {
    let (output, home) = dragnet(server, keys, config, &[&["sweep"], arguments].concat());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut runs = fs::read_dir(home.path().join("runs"))
        .unwrap_or_else(|_| panic!("no run was created: {stderr}"));
    let dir = runs.next().unwrap().unwrap().path();
    assert!(runs.next().is_none(), "one sweep, one run");
    Run {
        exit_code: output.status.code(),
        stderr,
        dir,
        _home: home,
    }
}

/// Runs any command in the same way, in a new home directory, with an MFA code in its environment.
pub(super) fn dragnet(
    server: &Server,
    keys: &Keys,
    config: &str,
    arguments: &[&str],
) -> (Output, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("dragnet.toml"), config).unwrap();
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_ENDPOINT_URL", &server.url)
        .env("AWS_ACCESS_KEY_ID", &keys.id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("DRAGNET_MFA_CODE", "123456")
        .args(arguments)
        .timeout(Duration::from_mins(5))
        .output()
        .unwrap();
    (output, home)
}

impl Run {
    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.dir.join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}\n{}", self.stderr))
    }

    /// Returns the rows of a CSV report.
    pub(super) fn csv(&self, file: &str) -> Vec<Row> {
        csv::Reader::from_reader(self.text(file).as_bytes())
            .deserialize()
            .map(Result::unwrap)
            .collect()
    }

    /// Returns the lines of `sightings.jsonl`.
    pub(super) fn sightings(&self) -> Vec<serde_json::Value> {
        self.text("sightings.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Reads `summary.json`.
    pub(super) fn summary(&self) -> serde_json::Value {
        serde_json::from_str(&self.text("summary.json")).unwrap()
    }

    /// Asserts that `manifest.json` has the size and hash of every other file.
    pub(super) fn assert_manifest_is_correct(&self) {
        let manifest: serde_json::Value =
            serde_json::from_str(&self.text("manifest.json")).unwrap();
        let files: BTreeMap<&str, &serde_json::Value> = manifest["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| (file["name"].as_str().unwrap(), file))
            .collect();
        for entry in fs::read_dir(&self.dir).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name == "manifest.json" {
                continue;
            }
            let content = fs::read(self.dir.join(&name)).unwrap();
            let file = files
                .get(name.as_str())
                .unwrap_or_else(|| panic!("{name} is not in the manifest"));
            assert_eq!(file["bytes"], content.len(), "{name}");
            assert_eq!(
                file["sha256"],
                hex::encode(Sha256::digest(&content)),
                "{name}"
            );
        }
    }
}
