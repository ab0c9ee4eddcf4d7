//! Errors of file operations.

use std::io;
use std::path::Path;

use crate::commands::CommandError;
use crate::store::StoreError;

/// Returns what turns an error of a file operation into one of the command.
pub(super) fn file_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> CommandError + use<> {
    let path = path.to_owned();
    move |source| {
        CommandError::Store(StoreError::File {
            action,
            path,
            source,
        })
    }
}
