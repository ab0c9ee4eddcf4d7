//! `dragnet doctor`.

use clap::Args;

use super::ScopeArguments;

/// What to examine.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Nothing is changed. Each permission is tried with the cheapest real call.
Exit code 3 if a sweep with the same settings would not cover every account.")]
pub struct DoctorArguments {
    /// Only remove the MFA session that is kept for the next command
    #[arg(long)]
    pub forget: bool,

    /// Where to look.
    #[command(flatten)]
    pub scope: ScopeArguments,
}
