//! A practice range in a separate process, and sweeps in another one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const DRAGNET: &str = env!("CARGO_BIN_EXE_dragnet");

/// A served range. Its process ends when this is dropped.
pub(crate) struct Served {
    process: Child,
    /// The environment variables that direct an SDK to the range.
    pub environment: Vec<(String, String)>,
}

impl Served {
    /// Serves a scenario. `quotas` is `real` or `off`.
    pub(crate) fn start(directory: &Path, scenario: &str, quotas: &str) -> Self {
        let file = directory.join("scenario.toml");
        std::fs::write(&file, scenario).unwrap();
        let mut process = Command::new(DRAGNET)
            .args([
                "range",
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--quotas",
                quotas,
                "--scenario",
            ])
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut environment = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
        {
            let Some((name, value)) = line
                .strip_prefix("export ")
                .and_then(|export| export.split_once('='))
            else {
                continue;
            };
            environment.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            // The last line of the output. The range would end if the pipe were closed earlier.
            if name == "AWS_DEFAULT_REGION" {
                break;
            }
        }
        Self {
            process,
            environment,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Runs a sweep of a served range to its end, with this `dragnet.toml`.
pub(crate) fn sweep_over(served: &Served, directory: &Path, config: &str, arguments: &[&str]) {
    std::fs::write(directory.join("dragnet.toml"), config).unwrap();
    let mut command = Command::new(DRAGNET);
    command
        .arg("sweep")
        .args(arguments)
        .args(["--progress", "none"])
        .current_dir(directory);
    command
        .envs(served.environment.iter().cloned())
        .stdout(Stdio::null());
    let code = command.status().unwrap().code().unwrap();
    // Exit code 3 is accepted, because log sources are not measured here.
    assert!(code == 0 || code == 3, "exit code {code}");
}

/// The summary of the latest run in `directory`.
pub(crate) fn summary_of(directory: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(run_of(directory).join("summary.json")).unwrap())
        .unwrap()
}

/// The directory of the latest run in `directory`.
pub(crate) fn run_of(directory: &Path) -> PathBuf {
    let mut runs: Vec<PathBuf> = directory
        .join("runs")
        .read_dir()
        .unwrap()
        .map(|run| run.unwrap().path())
        .collect();
    runs.sort();
    runs.pop().unwrap()
}
