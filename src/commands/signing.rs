//! Signs the manifest of a run, and checks the signature, with programs that the user configured.
//!
//! Both programs get the path of the manifest as their last argument. They come only from the
//! user's own configuration file, never from the working directory or from a run.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::CommandError;
use super::external_program::{ExternalProgram, ProgramOutput};
use crate::config::{Config, ExternalCommand};
use crate::settings::Reach;
use crate::store::{MANIFEST, RunDir};

/// The time limit of a program: long enough for a hardware key or a remote key service.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// The number of lines of a program's output that are shown.
const MAX_LINES: usize = 20;

/// The program that signs manifests, or none.
#[derive(Clone, Debug)]
pub(super) struct Signing {
    command: Option<ExternalCommand>,
    secret_variables: Vec<String>,
}

impl Signing {
    /// Returns the program of these settings.
    pub(super) fn from_reach(reach: &Reach) -> Self {
        Self {
            command: reach.sign_command.clone(),
            secret_variables: reach.secret_variables.clone(),
        }
    }

    /// Returns the program of a configuration.
    pub(super) fn from_config(config: &Config) -> Self {
        Self {
            command: config.report.sign_command.clone(),
            secret_variables: config.secret_variables(),
        }
    }

    /// Signs the manifest of a run, if a program is configured.
    ///
    /// # Errors
    /// The program fails, or would write to files outside the run.
    pub(super) async fn sign(&self, dir: &RunDir) -> Result<(), String> {
        let Some(command) = &self.command else {
            return Ok(());
        };
        refuse_links(dir)?;
        let key = "report.sign_command";
        run(key, command, &self.secret_variables, dir).await
    }
}

/// Checks the signature of a run's manifest. Returns `None` if no program is configured for it.
///
/// # Errors
/// The program does not accept the signature.
pub(super) async fn check_signature(dir: &RunDir, config: &Config) -> Option<Result<(), String>> {
    let command = config.report.verify_command.as_ref()?;
    let key = "report.verify_command";
    Some(run(key, command, &config.secret_variables(), dir).await)
}

/// Checks the signature of a run's manifest before a new manifest is signed, if there is a signature
/// and a program for it. Otherwise, signing would vouch for whatever somebody has written to the
/// run.
///
/// # Errors
/// The program does not accept the signature, or the directory cannot be read.
pub(super) async fn check_before_signing(
    dir: &RunDir,
    config: &Config,
) -> Result<(), CommandError> {
    if !dir.file_names()?.iter().any(|name| is_signature(name)) {
        return Ok(());
    }
    let checked = match refuse_links(dir) {
        Ok(()) => check_signature(dir, config).await.unwrap_or(Ok(())),
        Err(link) => Err(link),
    };
    checked.map_err(CommandError::InvalidSignature)
}

/// Whether a file in the directory of a run is a signature of its manifest. Such a file cannot be
/// in the manifest.
pub(super) fn is_signature(name: &str) -> bool {
    name.strip_prefix(MANIFEST)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// Refuses signatures that are links: the program would write to the file that they lead to. A run
/// may have been handed over by somebody else.
fn refuse_links(dir: &RunDir) -> Result<(), String> {
    let names = dir.file_names().map_err(|error| error.to_string())?;
    for name in names.iter().filter(|name| is_signature(name)) {
        let metadata = dir
            .path()
            .join(name)
            .symlink_metadata()
            .map_err(|error| format!("{name} cannot be read: {error}"))?;
        if !metadata.is_file() || metadata.nlink() > 1 {
            return Err(format!(
                "{name} is a link or no regular file, so that signing might write elsewhere; remove it"
            ));
        }
    }
    Ok(())
}

async fn run(
    key: &'static str,
    command: &ExternalCommand,
    secret_variables: &[String],
    dir: &RunDir,
) -> Result<(), String> {
    let manifest = dir.path().join(MANIFEST);
    let program = ExternalProgram {
        key,
        command,
        path: Some(&manifest),
        secret_variables,
        time_limit: TIME_LIMIT,
    };
    let output = program.run_silently().await?;
    if output.status.success() {
        return Ok(());
    }
    let failure = format!("failed: {}{}", output.status, printed(&output));
    Err(program.describe(&failure))
}

/// Returns the beginning of what a program printed, one line each.
fn printed(output: &ProgramOutput) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .take(MAX_LINES)
        .flat_map(|line| ["\n", line])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_named_after_the_manifest_are_signatures() {
        for (name, expected) in [
            ("manifest.json.minisig", true),
            ("manifest.json", false),
            ("manifest.jsonl", false),
            ("hunts/manifest.json.sig", false),
            ("sightings.csv", false),
        ] {
            assert_eq!(is_signature(name), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn link_in_place_of_a_signature_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["run.db", MANIFEST, "other"] {
            std::fs::write(temp.path().join(name), "").unwrap();
        }
        let dir = RunDir::open(temp.path()).unwrap();
        let touch = ["touch".to_owned()].to_vec();
        let command = ExternalCommand::try_from(touch).unwrap();
        let signing = Signing {
            command: Some(command),
            secret_variables: Vec::new(),
        };
        assert_eq!(signing.sign(&dir).await, Ok(()));
        let signature = temp.path().join("manifest.json.sig");
        std::os::unix::fs::symlink(temp.path().join("other"), &signature).unwrap();
        assert!(signing.sign(&dir).await.unwrap_err().contains("remove it"));
        std::fs::remove_file(&signature).unwrap();
        std::fs::hard_link(temp.path().join("other"), &signature).unwrap();
        assert!(signing.sign(&dir).await.unwrap_err().contains("remove it"));
    }
}
