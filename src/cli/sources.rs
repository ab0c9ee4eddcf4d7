//! `dragnet sources`.

use clap::Args;

use super::{OutputFormat, ScopeArguments};

/// Where to ask, and how to print it.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Asks each account and Region which trails and flow logs record it, their owners
whether they deliver, and looks for the log groups that they deliver to. Reads
no event. Exit code 3: a sweep of the last day would miss CloudTrail records.")]
pub struct SourcesArguments {
    /// How to print it [default: table; json with --json]
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub output: Option<OutputFormat>,

    /// Where to look.
    #[command(flatten)]
    pub scope: ScopeArguments,
}
