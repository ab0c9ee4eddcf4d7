//! `dragnet collect`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::sweep::parse_sources;
use super::{EngineArguments, ScopeArguments, TimeArg};
use dragnet_model::SourceSelection;

/// What to collect, and where to write it.
#[derive(Clone, Debug, Args)]
#[command(
    group(ArgGroup::new("collected").args(["accounts", "ous", "tags"]).required(true).multiple(true)),
    override_usage = "dragnet collect --account <ACCOUNT> --since <TIME> --out <DIRECTORY>",
    after_long_help = "\
Writes every record of the window as it is stored, from all log groups in scope,
and from objects in S3 and the event history where a sweep would read them.
`dragnet sweep INDICATOR --files DIRECTORY` searches the records as a sweep
would have done.
manifest.json lists every file, and what could not be collected; check the
files with `sha256sum -c SHA256SUMS`. If the command is interrupted or
incomplete, run it again with the same options: it continues, and retries what
failed or was denied.

TIME: RFC 3339 (2026-03-01T12:00:00Z), an age (24h, 90d), or a Unix timestamp in
seconds or milliseconds. The start is inclusive, the end exclusive."
)]
pub struct CollectArguments {
    /// Directory to create for the records; it may exist if it is empty
    #[arg(long, value_name = "DIRECTORY")]
    pub out: PathBuf,

    /// Print the plan and collect nothing
    ///
    /// The plan shows what would be read, the time and the cost.
    #[arg(long)]
    pub dry_run: bool,

    /// Collect records from this time until now
    #[arg(
        long,
        value_name = "TIME",
        required_unless_present = "from",
        conflicts_with_all = ["from", "to"],
        help_heading = "Time"
    )]
    pub since: Option<TimeArg>,

    /// Start of the window
    #[arg(
        long,
        value_name = "TIME",
        alias = "start-time",
        help_heading = "Time",
        hide_short_help = true
    )]
    pub from: Option<TimeArg>,

    /// End of the window [default: now]
    #[arg(
        long,
        value_name = "TIME",
        alias = "end-time",
        requires = "from",
        help_heading = "Time",
        hide_short_help = true
    )]
    pub to: Option<TimeArg>,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,

    /// The engine, and the cost limit.
    #[command(flatten)]
    pub engine: EngineArguments,

    /// Kinds of log source to collect: auto, or logs, s3 and history, separated
    /// by commas
    ///
    /// auto collects CloudWatch log groups; then objects in S3, to which trails
    /// and flow logs deliver, for what the log groups do not cover; then
    /// CloudTrail's event history for the management events that are still
    /// missing. A kind that is named is collected everywhere, the others
    /// nowhere.
    #[arg(
        long,
        value_name = "SOURCES",
        default_value = SourceSelection::AUTO,
        value_parser = parse_sources,
        help_heading = "Search",
        hide_short_help = true
    )]
    pub sources: SourceSelection,
}
