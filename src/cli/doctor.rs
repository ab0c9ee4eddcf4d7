//! `dragnet doctor`.

use clap::Args;

use super::{RequiredArgument, ScopeArguments, TimeArg};

/// What to examine.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Changes nothing. Tests each permission with the cheapest real call, and checks
which trails record each account-Region and where they deliver. Exit code 3: a
sweep with the same scope, --since and --require would be incomplete.")]
pub struct DoctorArguments {
    /// Only remove the cached MFA session
    #[arg(long)]
    pub forget: bool,

    /// Check for a sweep from this time until now [default: 24h]
    #[arg(long, value_name = "TIME")]
    pub since: Option<TimeArg>,

    /// Kinds of logs that have to be covered, separated by commas
    /// [default: management]
    #[arg(
        long = "require",
        value_name = "KIND",
        value_enum,
        value_delimiter = ','
    )]
    pub required: Vec<RequiredArgument>,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,
}
