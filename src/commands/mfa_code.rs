//! The sources of MFA codes: `DRAGNET_MFA_CODE`, a program, or the terminal. Never a command line
//! argument, because all users of the host can read those.

use std::io;
use std::time::Duration;

use console::Term;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::sleep;

use super::external_program::ExternalProgram;
use super::host_environment::MFA_CODE_VARIABLE;
use crate::aws::{CodeSource, InvalidMfaCode, MfaCode};
use crate::config::ExternalCommand;
use crate::report::escape;
use dragnet_model::time::Clock;

/// The time limit of the program: long enough to touch a hardware key, short enough to notice that
/// it is not touched.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a device shows a code. A code works once, so after a refusal the next one is needed.
///
/// Source: RFC 6238; IAM user guide, "Virtual MFA devices".
const STEP_SECONDS: i64 = 30;
/// How often an invalid code may be typed.
const MAX_ATTEMPTS: usize = 3;

/// Provides codes from the first source that is available: variable, program, terminal.
#[derive(Debug)]
pub(super) struct HostCodes {
    /// Taken on the first request, because a code works once.
    variable: Mutex<Option<SecretString>>,
    command: Option<ExternalCommand>,
    /// The environment variables that the program does not get.
    secret_variables: Vec<String>,
    terminal: bool,
    clock: Clock,
}

impl HostCodes {
    /// `variable` is the code of the environment, `terminal` is whether the user can be prompted.
    pub(super) fn new(
        variable: Option<SecretString>,
        command: Option<ExternalCommand>,
        terminal: bool,
        clock: Clock,
    ) -> Self {
        Self {
            variable: Mutex::new(variable),
            command,
            secret_variables: Vec::new(),
            terminal,
            clock,
        }
    }

    /// Withholds these environment variables from the program.
    #[must_use]
    pub(super) fn without_variables(self, secret_variables: Vec<String>) -> Self {
        Self {
            secret_variables,
            ..self
        }
    }

    async fn next(&self, serial: &str, refusal: Option<&str>) -> Result<MfaCode, String> {
        let variable = self.variable.lock().take();
        if let Some(code) = variable {
            return code
                .expose_secret()
                .parse()
                .map_err(|error| format!("{MFA_CODE_VARIABLE}: {error}"));
        }
        if let Some(command) = &self.command {
            if refusal.is_some() {
                sleep(self.until_next_code()).await;
            }
            return run_command(command, &self.secret_variables).await;
        }
        if self.terminal {
            return prompt(serial, refusal).await;
        }
        Err(match refusal {
            Some(refusal) => format!(
                "AWS refused the code in {MFA_CODE_VARIABLE} ({refusal}): each code works once, set a new one"
            ),
            None => format!(
                "an MFA code of {serial} is required, and there is no terminal to ask on: set {MFA_CODE_VARIABLE} for this \
                 run, or identity.mfa_command to a program that prints a code"
            ),
        })
    }

    fn until_next_code(&self) -> Duration {
        let into_step = self.clock.now().as_second().rem_euclid(STEP_SECONDS);
        Duration::from_secs(u64::try_from(STEP_SECONDS - into_step).unwrap_or(0))
    }
}

impl CodeSource for HostCodes {
    fn next_code<'a>(
        &'a self,
        serial: &'a str,
        refusal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>> {
        self.next(serial, refusal).boxed()
    }
}

/// Runs the program. If its output is not a code, the output is not shown anywhere, because it may be
/// a secret.
async fn run_command(
    command: &ExternalCommand,
    secret_variables: &[String],
) -> Result<MfaCode, String> {
    let program = ExternalProgram {
        key: "mfa_command",
        command,
        path: None,
        secret_variables,
        time_limit: COMMAND_TIMEOUT,
    };
    let output = program.run().await?;
    if !output.status.success() {
        return Err(program.describe(&format!("failed: {}", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| InvalidMfaCode);
    text.map(SecretString::from)
        .and_then(|text| text.expose_secret().parse::<MfaCode>())
        .map_err(|error| program.describe(&format!("printed no MFA code: {error}")))
}

/// Prompts for a code on the terminal, and again if the input cannot be one.
async fn prompt(serial: &str, refusal: Option<&str>) -> Result<MfaCode, String> {
    let question = match refusal {
        None => format!("MFA code for {serial}: "),
        Some(refusal) => {
            let refusal = refusal.trim_end_matches(['.', ' ']);
            format!("Refused ({refusal}). Each code works once; enter the next code for {serial}: ")
        }
    };
    let answer = tokio::task::spawn_blocking(move || read_code(&Term::stderr(), &question));
    let answer = answer
        .await
        .map_err(io::Error::other)
        .and_then(|answer| answer);
    answer
        .map_err(|error| format!("failed to read from the terminal: {error}"))?
        .map_err(|error| error.to_string())
}

/// Reads the input without echoing it.
fn read_code(terminal: &Term, question: &str) -> io::Result<Result<MfaCode, InvalidMfaCode>> {
    let mut prompt = escape(question).into_owned();
    let mut answer = Err(InvalidMfaCode);
    for _ in 0..MAX_ATTEMPTS {
        terminal.write_str(&prompt)?;
        let typed = SecretString::from(terminal.read_secure_line()?);
        answer = typed.expose_secret().parse();
        if answer.is_ok() {
            break;
        }
        prompt = format!("{InvalidMfaCode}: ");
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(variable: Option<&str>, command: &[&str]) -> HostCodes {
        let words: Vec<String> = command.iter().map(ToString::to_string).collect();
        let clock = Clock::starting_at("2026-03-02T12:00:10Z".parse().unwrap());
        HostCodes::new(
            variable.map(SecretString::from),
            ExternalCommand::try_from(words).ok(),
            false,
            clock,
        )
    }

    async fn problem(codes: &HostCodes, refusal: Option<&str>) -> String {
        codes
            .next("arn:aws:iam::111111111111:mfa/alice", refusal)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn error_without_terminal_names_the_settings() {
        let problem = problem(&codes(None, &[]), None).await;
        assert!(
            problem.contains(MFA_CODE_VARIABLE) && problem.contains("identity.mfa_command"),
            "{problem}"
        );
    }

    #[tokio::test]
    async fn variable_is_used_once() {
        let codes = codes(Some("012345"), &[]);
        assert!(codes.next("serial", None).await.is_ok());
        assert!(
            problem(&codes, Some("used"))
                .await
                .contains("works once, set a new one")
        );
    }

    #[tokio::test]
    async fn program_is_run_without_a_shell() {
        assert!(
            codes(None, &["printf", "%s\n", "012345"])
                .next("serial", None)
                .await
                .is_ok()
        );
        // A shell would run two commands here.
        let error = problem(&codes(None, &["printf", "012345; echo 9"]), None).await;
        assert!(
            error.contains("printed no MFA code") && !error.contains("012345"),
            "{error}"
        );
        assert!(
            problem(&codes(None, &["false"]), None)
                .await
                .contains("failed")
        );
        assert!(
            problem(&codes(None, &["/nonexistent/program"]), None)
                .await
                .contains("cannot be run")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn program_is_stopped_after_the_timeout() {
        let error = problem(&codes(None, &["sleep", "600"]), None).await;
        assert!(error.contains("took longer than 30 s"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn retry_waits_for_the_next_code() {
        let codes = codes(None, &["false"]);
        assert_eq!(codes.until_next_code(), Duration::from_secs(20));
        sleep(Duration::from_secs(20)).await;
        assert_eq!(codes.until_next_code(), Duration::from_secs(30));
    }
}
