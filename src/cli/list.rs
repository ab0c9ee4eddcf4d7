//! `dragnet list`.

use clap::{Args, ValueEnum};

use super::ScopeArguments;

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

    /// Output format [default: table; json with --query or --json]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<OutputFormat>,

    /// JMESPath expression that selects a part of the JSON
    #[arg(long, value_name = "JMESPATH")]
    pub query: Option<String>,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// the accounts of the organization, in scope or not
    Accounts,
    /// the Regions that each account has enabled
    Regions,
    /// the log groups of each account and Region
    LogGroups,
    /// the IAM roles of each account, with last use and policies
    Roles,
    /// the IAM users of each account, with last sign-in and policies
    Users,
    /// the IAM groups of each account, with members and policies
    Groups,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// for reading
    Table,
    /// AWS's own shape
    Json,
    /// for spreadsheets
    Csv,
}
