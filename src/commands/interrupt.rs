//! What ends a command from outside.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::print_note;

/// `SIGXFSZ` on Linux, macOS and the BSDs: a file grew over the limit that its process was given.
const FILE_SIZE_EXCEEDED: i32 = 25;

/// A token that the first Ctrl-C cancels, so that what was found can be written; a second one ends the
/// process. Made when nobody is asked for an MFA code any more: at that prompt, Ctrl-C simply ends the
/// command.
///
/// From now on a file that may not grow any further is an error like a full disk, where it would kill a
/// process that does not listen.
pub(super) fn ends_on_ctrl_c() -> CancellationToken {
    // Without the signal's listener the command works all the same, on a disk with space.
    _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED));
    let cancel = CancellationToken::new();
    tokio::spawn(cancel_on_ctrl_c(cancel.clone()));
    cancel
}

async fn cancel_on_ctrl_c(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        print_note(
            "Interrupted: writing what was found so far. Press Ctrl-C again to stop at once.",
        );
        cancel.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    }
}
