//! The credentials that a `credential_process` prints.
//!
//! The SDK would start the program with the whole environment. Dragnet starts it itself, without
//! the secrets that its own configuration names, such as those of the sinks of a watch.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Process credential provider".

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the program may take: somebody may have to touch a key or to log in.
const TIME_LIMIT: Duration = Duration::from_mins(5);
/// The number of characters of the program's errors that are shown.
const SHOWN_CHARACTERS: usize = 300;

/// Runs a program for credentials.
pub(super) struct ProcessCredentials {
    /// It may contain secrets, so it is not shown.
    command: String,
    secret_variables: Vec<String>,
}

impl fmt::Debug for ProcessCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessCredentials").finish_non_exhaustive()
    }
}

/// What the program prints. It has no `Debug`, because all of it is secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: Option<String>,
    #[serde(default)]
    expiration: Option<String>,
}

impl ProcessCredentials {
    /// Creates the provider for a command line, which a shell interprets. The program does not get
    /// `secret_variables`.
    pub(super) fn new(command: String, secret_variables: Vec<String>) -> Self {
        Self {
            command,
            secret_variables,
        }
    }

    async fn run(&self) -> Result<Credentials, String> {
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.command])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in &self.secret_variables {
            command.env_remove(name);
        }
        let child = command
            .spawn()
            .map_err(|error| format!("credential_process cannot be run: {error}"))?;
        let output = timeout(TIME_LIMIT, child.wait_with_output())
            .await
            .map_err(|_| {
                let minutes = TIME_LIMIT.as_secs() / 60;
                format!("credential_process took longer than {minutes} minutes")
            })?
            .map_err(|error| format!("credential_process cannot be read: {error}"))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let errors: String = errors.trim().chars().take(SHOWN_CHARACTERS).collect();
            return Err(format!(
                "credential_process failed ({}): {errors}",
                output.status
            ));
        }
        parse_printed(&output.stdout)
    }
}

impl ProvideCredentials for ProcessCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let result: provider::Result =
                self.run().await.map_err(CredentialsError::provider_error);
            result
        })
    }
}

/// Interprets what the program printed. No error repeats it.
fn parse_printed(printed: &[u8]) -> Result<Credentials, String> {
    let printed: Printed = serde_json::from_slice(printed).map_err(|error| {
        format!(
            "credential_process printed no credentials in the expected JSON form (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    if printed.version != 1 {
        return Err(format!(
            "credential_process printed Version {}: expected 1",
            printed.version
        ));
    }
    let expires = printed.expiration.map(|text| {
        text.parse::<Timestamp>().map_err(|_| {
            "credential_process printed an Expiration that is not in ISO 8601 form".to_owned()
        })
    });
    Ok(Credentials::new(
        printed.access_key_id,
        printed.secret_access_key,
        printed.session_token.filter(|token| !token.is_empty()),
        expires.transpose()?.map(Into::into),
        "credential_process",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s"}"#;

    async fn run(command: &str, secret_variables: &[&str]) -> Result<Credentials, String> {
        let variables = secret_variables.iter().map(|&name| name.to_owned());
        ProcessCredentials::new(command.to_owned(), variables.collect())
            .run()
            .await
    }

    #[tokio::test]
    async fn printed_credentials_are_read() {
        let keys = run(&format!("echo '{PRINTED}'"), &[]).await.unwrap();
        assert_eq!((keys.access_key_id(), keys.session_token()), ("AKIA", None));
        let session = r#"{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-03-02T12:00:00+00:00","AccountId":"111111111111"}"#;
        let session = parse_printed(session.as_bytes()).unwrap();
        assert_eq!(session.session_token(), Some("t"));
        let expiry: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        assert_eq!(session.expiry(), Some(expiry.into()));
    }

    #[tokio::test]
    async fn secrets_are_not_passed_on() {
        // Cargo sets this variable for tests; it stands for a secret of a sink.
        let command = format!("test -z \"$CARGO_MANIFEST_DIR\" && echo '{PRINTED}'");
        assert!(run(&command, &[]).await.is_err(), "the variable is set");
        assert!(run(&command, &["CARGO_MANIFEST_DIR"]).await.is_ok());
    }

    #[tokio::test]
    async fn problems_are_explained_without_secrets() {
        for (command, part) in [
            ("echo no login >&2; exit 3", "exit status: 3): no login"),
            ("echo hush", "expected JSON form"),
            (
                r#"echo '{"Version":2,"AccessKeyId":"a","SecretAccessKey":"hush"}'"#,
                "Version 2: expected 1",
            ),
            (
                r#"echo '{"Version":1,"AccessKeyId":"hush"}'"#,
                "expected JSON form",
            ),
        ] {
            let error = run(command, &[]).await.unwrap_err();
            assert!(error.contains(part) && !error.contains("hush"), "{error}");
        }
        let provider = ProcessCredentials::new("echo hush".to_owned(), Vec::new());
        assert!(!format!("{provider:?}").contains("hush"));
    }
}
