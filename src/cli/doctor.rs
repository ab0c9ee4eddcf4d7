//! `dragnet doctor`.

use clap::Args;

use super::ScopeArguments;

/// What to examine.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Changes nothing. Tests each permission with the cheapest real call.
Exit code 3: a sweep with the same settings would not cover every account.")]
pub struct DoctorArguments {
    /// Only remove the cached MFA session
    #[arg(long)]
    pub forget: bool,

    /// The scope.
    #[command(flatten)]
    pub scope: ScopeArguments,
}
