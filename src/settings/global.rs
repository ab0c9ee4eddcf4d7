//! The settings of output and terminal, and other settings that every command has.

/// The settings that every command has.
#[expect(clippy::struct_excessive_bools, reason = "each is a separate switch")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalSettings {
    /// How progress is shown on stderr.
    pub progress: ProgressStyle,
    /// Whether stdout is coloured.
    pub color: bool,
    /// How much is logged to stderr.
    pub verbosity: Verbosity,
    /// Whether the result on stdout is JSON.
    pub json: bool,
    /// Whether to use the practice range instead of AWS.
    pub practice: bool,
    /// Whether to allow a plain HTTP endpoint on another host.
    pub insecure_endpoint: bool,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressStyle {
    /// A live bar.
    Bar,
    /// A live view of the account-Regions and the latest sightings.
    Live,
    /// A line from time to time.
    Plain,
    /// One JSON object per line.
    Json,
    /// No progress.
    None,
}

/// How much is logged to stderr in addition to progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors and warnings.
    Normal,
    /// Errors, warnings and information.
    Verbose,
    /// Everything.
    Debug,
}
