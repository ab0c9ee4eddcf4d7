//! Runs the binary as a child process, on the practice range or a server of the test.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// Returns `dragnet` without the environment of this machine and without access to AWS.
pub(crate) fn dragnet(directory: &Path) -> Command {
    isolated(Command::new(env!("CARGO_BIN_EXE_dragnet")), directory)
}

/// Returns `dragnet` under a limit that the shell sets, such as `ulimit -n 256`.
pub(crate) fn limited(directory: &Path, limit: &str, arguments: &[&str]) -> Command {
    let mut shell = isolated(Command::new("/bin/sh"), directory);
    shell
        .arg("-c")
        .arg(format!("{limit} && exec \"$@\""))
        .arg("sh")
        .arg(env!("CARGO_BIN_EXE_dragnet"))
        .args(arguments);
    shell
}

fn isolated(mut command: Command, directory: &Path) -> Command {
    command
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    for (name, value) in [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    command.kill_on_drop(true);
    command
}

/// Returns the run below a directory, if there is one.
pub(crate) fn run_in(directory: &Path) -> Option<PathBuf> {
    let mut runs = std::fs::read_dir(directory.join("runs")).ok()?;
    let run = runs.next()?.unwrap().path();
    assert!(runs.next().is_none(), "one run only");
    Some(run)
}

/// Returns the exit code of a command and its stderr.
pub(crate) async fn ended(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().await.unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
