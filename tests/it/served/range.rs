//! Runs `dragnet range serve` in a child process.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A served range. Its process ends when this is dropped.
pub(crate) struct ServedRange {
    child: Child,
    exports: BTreeMap<String, String>,
}

impl ServedRange {
    /// Serves the `small` scenario on a free port.
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dragnet"))
            .args([
                "range",
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--quotas",
                "off",
            ])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let exports = lines
            .map(|line| {
                let line = line.unwrap();
                let (name, value) = line
                    .strip_prefix("export ")
                    .unwrap()
                    .split_once('=')
                    .unwrap();
                (name.to_owned(), value.to_owned())
            })
            .take(5)
            .collect();
        Self { child, exports }
    }

    /// Returns the exported variable of this name.
    pub(crate) fn export(&self, name: &str) -> &str {
        &self.exports[name]
    }

    /// Returns a `dragnet` that runs in `home` as the practice user, without the other environment
    /// of this machine.
    pub(crate) fn dragnet(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dragnet"));
        command
            .env_clear()
            .envs(&self.exports)
            .env("HOME", home)
            .env("PATH", std::env::var("PATH").unwrap());
        command
            .current_dir(home)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }
}

impl Drop for ServedRange {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
