//! Runs a program that the configuration names: to get an MFA code, to sign a manifest, or to check
//! a signature.
//!
//! The program is started without a shell and without input. It gets no secret of Dragnet: neither
//! credentials nor the secrets of sinks. It has a time limit, and the amount of its output that is
//! kept is limited.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::host_environment::{MFA_CODE_VARIABLE, SHARD_KEY_VARIABLE};
use crate::config::ExternalCommand;

/// The number of bytes of each output that are kept.
const MAX_OUTPUT_BYTES: u64 = 16 << 10;
/// The environment variables with credentials.
///
/// Source: AWS SDKs and Tools Reference Guide, "Environment variables list".
pub(super) const CREDENTIAL_VARIABLES: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

/// A program, and how to run it.
#[derive(Debug)]
pub(super) struct ExternalProgram<'a> {
    /// The key of the configuration, for errors.
    pub key: &'static str,
    /// The program and its arguments.
    pub command: &'a ExternalCommand,
    /// The last argument.
    pub path: Option<&'a Path>,
    /// The environment variables that it does not get, in addition to those with credentials.
    pub secret_variables: &'a [String],
    /// The time limit.
    pub time_limit: Duration,
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(super) struct ProgramOutput {
    /// The exit status.
    pub status: ExitStatus,
    /// The beginning of its output.
    pub stdout: Vec<u8>,
    /// The beginning of its errors; empty if they were not captured.
    pub stderr: Vec<u8>,
}

impl ExternalProgram<'_> {
    /// Runs the program, which may print on this process's stderr, for example to ask for a touch
    /// of a hardware key.
    ///
    /// # Errors
    /// It cannot be started, or exceeds the time limit. The text names the program.
    pub(super) async fn run(&self) -> Result<ProgramOutput, String> {
        self.run_with_stderr(Stdio::inherit()).await
    }

    /// Runs the program, and captures what it prints on stderr too.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub(super) async fn run_silently(&self) -> Result<ProgramOutput, String> {
        self.run_with_stderr(Stdio::piped()).await
    }

    /// Returns an error text that names the program.
    pub(super) fn describe(&self, problem: &str) -> String {
        let (program, _) = self.command.parts();
        format!("{} (`{program}`) {problem}", self.key)
    }

    async fn run_with_stderr(&self, stderr: Stdio) -> Result<ProgramOutput, String> {
        let (program, arguments) = self.command.parts();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true);
        let configured = self.secret_variables.iter().map(String::as_str);
        for name in CREDENTIAL_VARIABLES
            .into_iter()
            .chain([MFA_CODE_VARIABLE, SHARD_KEY_VARIABLE])
            .chain(configured)
        {
            command.env_remove(name);
        }
        let mut child = command
            .spawn()
            .map_err(|error| self.describe(&format!("cannot be run: {error}")))?;
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        let end = timeout(self.time_limit, async {
            let (stdout, stderr) =
                tokio::try_join!(read_beginning(stdout), read_beginning(stderr))?;
            let status = child.wait().await?;
            Ok::<_, io::Error>(ProgramOutput {
                status,
                stdout,
                stderr,
            })
        });
        match end.await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(self.describe(&format!("cannot be read: {error}"))),
            Err(_) => {
                Err(self.describe(&format!("took longer than {} s", self.time_limit.as_secs())))
            }
        }
    }
}

/// Reads a pipe to its end, and keeps the beginning: a program that cannot write ends early.
async fn read_beginning(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe)
            .take(MAX_OUTPUT_BYTES)
            .read_to_end(&mut beginning)
            .await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(script: &str) -> Result<ProgramOutput, String> {
        let words = ["sh", "-c", script, "sh"].map(str::to_owned).to_vec();
        let command = ExternalCommand::try_from(words).unwrap();
        let program = ExternalProgram {
            key: "report.sign_command",
            command: &command,
            path: Some(Path::new("a file")),
            secret_variables: &[],
            time_limit: Duration::from_secs(30),
        };
        program.run_silently().await
    }

    #[tokio::test]
    async fn path_is_one_argument_and_output_is_captured() {
        let output = run("printf '%s|%s' \"$#\" \"$1\"; echo problem >&2; exit 3")
            .await
            .unwrap();
        assert_eq!(output.stdout, b"1|a file");
        assert_eq!(output.stderr, b"problem\n");
        assert_eq!(output.status.code(), Some(3));
    }

    #[tokio::test]
    async fn long_output_is_read_to_its_end() {
        let output = run("head -c 300000 /dev/zero; exit 0").await.unwrap();
        assert!(output.status.success(), "{}", output.status);
        assert_eq!(output.stdout.len() as u64, MAX_OUTPUT_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn program_is_stopped_after_the_time_limit() {
        let error = run("exec sleep 600").await.unwrap_err();
        assert_eq!(error, "report.sign_command (`sh`) took longer than 30 s");
    }
}
