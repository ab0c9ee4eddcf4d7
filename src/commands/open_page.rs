//! Opens a page in the browser of the desktop. The program is started without a shell, and gets no
//! secret of Dragnet.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::CommandError;
use super::external_program::CREDENTIAL_VARIABLES;
use super::host_environment::{MFA_CODE_VARIABLE, SHARD_KEY_VARIABLE};

/// The program that opens a file with the application of the user's choice.
///
/// Source: macOS manual, open(1); freedesktop.org, xdg-utils, xdg-open(1).
pub(super) const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};
/// How long to wait for the program to fail. Without a desktop, it runs as long as the browser.
const WAIT: Duration = Duration::from_secs(3);

/// Opens a page with `opener`.
///
/// # Errors
/// The program cannot be started, or fails.
pub(super) async fn open_page(page: &Path, opener: &str) -> Result<(), CommandError> {
    let failed = |problem: String| CommandError::OpenPage {
        page: page.display().to_string(),
        problem,
    };
    // An absolute path cannot be an option.
    let path = std::path::absolute(page).map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(opener);
    command
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let secrets = [MFA_CODE_VARIABLE, SHARD_KEY_VARIABLE];
    for name in CREDENTIAL_VARIABLES.into_iter().chain(secrets) {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed(format!("there is no program `{opener}` here")),
        _ => failed(format!("`{opener}` cannot be run: {error}")),
    })?;
    match timeout(WAIT, child.wait()).await {
        Ok(Ok(status)) if !status.success() => Err(failed(format!("`{opener}` failed ({status})"))),
        Ok(Err(error)) => Err(failed(format!("`{opener}` cannot be run: {error}"))),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(opener: &str) -> Result<(), String> {
        let opened = open_page(Path::new("report.html"), opener).await;
        opened.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn failure_of_the_opener_is_an_error() {
        assert_eq!(open("true").await, Ok(()));
        let error = open("false").await.unwrap_err();
        assert!(error.contains("`false` failed"), "{error}");
        assert_eq!(
            open("dragnet-has-no-such-opener").await.unwrap_err(),
            "report.html is written, but cannot be opened: there is no program `dragnet-has-no-such-opener` here; \
             open the file with a browser"
        );
    }
}
