//! Handling of signals that end a command.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::print_note;

/// `SIGXFSZ` on Linux, macOS and the BSDs: a file exceeded the file size limit of the process.
const FILE_SIZE_EXCEEDED: i32 = 25;

/// Returns a token that the first Ctrl-C cancels, so that the results can be written; a second
/// Ctrl-C ends the process. Called only after the last prompt for an MFA code, because at that
/// prompt Ctrl-C must end the command directly.
///
/// From then on, exceeding the file size limit is an I/O error like a full disk. Without a signal
/// handler it would kill the process.
pub(super) fn token_cancelled_on_ctrl_c() -> CancellationToken {
    // If the handler cannot be installed, only the handling of the file size limit is missing.
    _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED));
    let cancel = CancellationToken::new();
    tokio::spawn(wait_for_ctrl_c(cancel.clone()));
    cancel
}

async fn wait_for_ctrl_c(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        print_note(
            "Interrupted: writing the results so far. Press Ctrl-C again to exit immediately.",
        );
        cancel.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    }
}
