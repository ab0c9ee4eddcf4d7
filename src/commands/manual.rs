//! `dragnet man`: prints the manual, or writes a page for each command.

use std::io::Write;
use std::path::Path;

use super::CommandError;
use crate::cli::{write_manual, write_manual_pages};
use crate::store::StoreError;

/// Prints the manual, or writes its pages into a directory.
pub(super) fn manual(directory: Option<&Path>, out: &mut dyn Write) -> Result<(), CommandError> {
    let Some(directory) = directory else {
        return Ok(write_manual(out)?);
    };
    write_manual_pages(directory).map_err(|source| {
        CommandError::from(StoreError::File {
            action: "write the manual pages to",
            path: directory.to_owned(),
            source,
        })
    })
}
