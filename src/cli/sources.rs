//! `dragnet sources`.

use clap::Args;

use super::{ListFormat, ScopeArguments};

/// The scope, and how to print the log sources.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Lists the trails and flow logs of each account and Region, whether they deliver,
and to which log groups. Names pipelines, rules and other stores that have logs.
Reads no events. Exit code 3: a sweep of the last day
would miss CloudTrail records, or a response of AWS does not show what records
an account-Region.")]
pub struct SourcesArguments {
    /// How to print them.
    #[command(flatten)]
    pub format: ListFormat,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,
}
