//! The sources of MFA codes: `DRAGNET_MFA_CODE`, a program, or the terminal. Never a command line
//! argument, because all users of the host can read those.

use std::io;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use console::Term;
use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::aws::{CodeSource, MfaCode, NotACode};
use crate::config::MfaCommand;
use crate::report::escape;
use crate::time::Clock;

/// The environment variable with a code for this run.
pub(super) const VARIABLE: &str = "DRAGNET_MFA_CODE";

/// The time limit of the program: long enough to touch a hardware key, short enough to notice that
/// it is not touched.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// How long a device shows a code. A code works once, so after a refusal the next one is needed.
///
/// Source: RFC 6238; IAM user guide, "Virtual MFA devices".
const STEP_SECONDS: i64 = 30;
/// How often an invalid code may be typed.
const SLIPS: usize = 3;
/// Environment variables that are withheld from the program, because it does not need them to print
/// a code.
const NOT_FOR_CHILDREN: [&str; 4] = [
    VARIABLE,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// Provides codes from the first source that is available: variable, program, terminal.
#[derive(Debug)]
pub(super) struct Codes {
    /// Taken on the first request, because a code works once.
    variable: Mutex<Option<SecretString>>,
    command: Option<MfaCommand>,
    terminal: bool,
    clock: Clock,
}

impl Codes {
    /// `variable` is the code of the environment, `terminal` is whether the user can be asked.
    pub fn new(
        variable: Option<SecretString>,
        command: Option<MfaCommand>,
        terminal: bool,
        clock: Clock,
    ) -> Self {
        Self {
            variable: Mutex::new(variable),
            command,
            terminal,
            clock,
        }
    }

    async fn next(&self, serial: &str, refusal: Option<&str>) -> Result<MfaCode, String> {
        let variable = self.variable.lock().ok().and_then(|mut code| code.take());
        if let Some(code) = variable {
            return code
                .expose_secret()
                .parse()
                .map_err(|error| format!("{VARIABLE}: {error}"));
        }
        if let Some(command) = &self.command {
            if refusal.is_some() {
                sleep(self.until_next_code()).await;
            }
            return printed_by(command).await;
        }
        if self.terminal {
            return prompt(serial, refusal).await;
        }
        Err(match refusal {
            Some(refusal) => format!(
                "the code in {VARIABLE} was refused ({refusal}): it works once, set a new one"
            ),
            None => format!(
                "an MFA code of {serial} is needed, and there is no terminal to ask on: set {VARIABLE} for this run, \
                 or identity.mfa_command to a program that prints it"
            ),
        })
    }

    fn until_next_code(&self) -> Duration {
        let into_step = self.clock.now().as_second().rem_euclid(STEP_SECONDS);
        Duration::from_secs(u64::try_from(STEP_SECONDS - into_step).unwrap_or(0))
    }
}

impl CodeSource for Codes {
    fn next_code<'a>(
        &'a self,
        serial: &'a str,
        refusal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>> {
        self.next(serial, refusal).boxed()
    }
}

/// Runs the program without a shell. If its output is not a code, the output is not shown anywhere,
/// because it may be a secret.
async fn printed_by(command: &MfaCommand) -> Result<MfaCode, String> {
    let (program, arguments) = command.parts();
    let failed = |problem: String| format!("mfa_command (`{program}`) {problem}");
    let mut child = Command::new(program);
    child
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    for name in NOT_FOR_CHILDREN {
        child.env_remove(name);
    }
    let mut child = child
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let mut printed = String::new();
    let ending = timeout(COMMAND_LIMIT, async {
        if let Some(stdout) = child.stdout.take() {
            // A code is shorter than this limit. The rest is not read, and the program ends when
            // the pipe is closed.
            stdout.take(1_024).read_to_string(&mut printed).await?;
        }
        child.wait().await
    });
    let printed_code = SecretString::from(match ending.await {
        Ok(Ok(status)) if status.success() => printed,
        Ok(Ok(status)) => return Err(failed(format!("failed: {status}"))),
        Ok(Err(error)) => return Err(failed(format!("cannot be read: {error}"))),
        Err(_) => {
            return Err(failed(format!(
                "took longer than {} s",
                COMMAND_LIMIT.as_secs()
            )));
        }
    });
    let not_a_code = |error| failed(format!("printed something else: {error}"));
    printed_code.expose_secret().parse().map_err(not_a_code)
}

/// Asks on the terminal for a code, and again if the input cannot be one.
async fn prompt(serial: &str, refusal: Option<&str>) -> Result<MfaCode, String> {
    let question = match refusal {
        None => format!("MFA code of {serial}: "),
        Some(refusal) => {
            let refusal = refusal.trim_end_matches(['.', ' ']);
            format!("Refused ({refusal}). A code works once; the next one of {serial}: ")
        }
    };
    let answer = tokio::task::spawn_blocking(move || ask(&Term::stderr(), &question));
    let answer = answer
        .await
        .map_err(io::Error::other)
        .and_then(|answer| answer);
    answer
        .map_err(|error| format!("the terminal cannot be read: {error}"))?
        .map_err(|error| error.to_string())
}

/// Reads the input without echoing it.
fn ask(terminal: &Term, question: &str) -> io::Result<Result<MfaCode, NotACode>> {
    let mut question = escape(question).into_owned();
    let mut answer = Err(NotACode);
    for _ in 0..SLIPS {
        terminal.write_str(&question)?;
        let typed = SecretString::from(terminal.read_secure_line()?);
        answer = typed.expose_secret().parse();
        if answer.is_ok() {
            break;
        }
        question = format!("{NotACode}: ");
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(variable: Option<&str>, command: &[&str]) -> Codes {
        let words: Vec<String> = command.iter().map(ToString::to_string).collect();
        let clock = Clock::starting_at("2026-03-02T12:00:10Z".parse().unwrap());
        Codes::new(
            variable.map(SecretString::from),
            MfaCommand::try_from(words).ok(),
            false,
            clock,
        )
    }

    async fn problem(codes: &Codes, refusal: Option<&str>) -> String {
        codes
            .next("arn:aws:iam::111111111111:mfa/alice", refusal)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn without_a_terminal_it_says_at_once_what_to_set() {
        let problem = problem(&codes(None, &[]), None).await;
        assert!(
            problem.contains(VARIABLE) && problem.contains("identity.mfa_command"),
            "{problem}"
        );
    }

    #[tokio::test]
    async fn the_variable_is_good_for_one_try() {
        let codes = codes(Some("012345"), &[]);
        assert!(codes.next("serial", None).await.is_ok());
        assert!(
            problem(&codes, Some("used"))
                .await
                .contains("works once, set a new one")
        );
    }

    #[tokio::test]
    async fn a_program_is_run_as_it_is() {
        assert!(
            codes(None, &["printf", "%s\n", "012345"])
                .next("serial", None)
                .await
                .is_ok()
        );
        // A shell would run two commands here.
        let told = problem(&codes(None, &["printf", "012345; echo 9"]), None).await;
        assert!(
            told.contains("printed something else") && !told.contains("012345"),
            "{told}"
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
    async fn a_program_that_hangs_is_ended() {
        let told = problem(&codes(None, &["sleep", "600"]), None).await;
        assert!(told.contains("took longer than 30 s"), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_code_is_not_asked_for_again_before_the_next_one_shows() {
        let codes = codes(None, &["false"]);
        assert_eq!(codes.until_next_code(), Duration::from_secs(20));
        sleep(Duration::from_secs(20)).await;
        assert_eq!(codes.until_next_code(), Duration::from_secs(30));
    }
}
