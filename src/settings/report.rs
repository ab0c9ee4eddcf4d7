//! The settings of `report`.

use std::path::PathBuf;

use crate::config::Format;

/// The settings of `report`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSettings {
    /// The directory of the run.
    pub run_dir: PathBuf,
    /// The formats, without duplicates.
    pub formats: Vec<Format>,
    /// Whether to open `report.html` in the browser.
    pub opens_page: bool,
}
