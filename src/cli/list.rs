//! `dragnet list`.

use clap::Args;

use super::ScopeArguments;
use crate::settings::{Listing, OutputFormat};

/// What to list, and how to print it.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
JSON has AWS's own shape and casing with accountId and region added to each
item, so a --query from an AWS CLI command works as pasted:
  dragnet list log-groups --query 'logGroups[*].logGroupName'
  dragnet list roles --query 'Roles[?denyAll].Arn'

denyAll: whether an inline policy denies everything.")]
pub struct ListArguments {
    /// What to list
    #[arg(value_enum, value_name = "WHAT")]
    pub what: Listing,

    /// How to print it.
    #[command(flatten)]
    pub format: ListFormat,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,
}

/// How to print a list.
#[derive(Clone, Debug, Args)]
pub struct ListFormat {
    /// Output format [default: table; json with --query or --json]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<OutputFormat>,

    /// JMESPath expression that selects a part of the JSON
    #[arg(long, value_name = "JMESPATH")]
    pub query: Option<String>,
}
