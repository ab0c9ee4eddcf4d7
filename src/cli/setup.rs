//! `dragnet setup`.

use clap::{Args, Subcommand, ValueEnum};

/// What to print of the roles that Dragnet needs.
#[derive(Clone, Debug, Subcommand)]
pub enum SetupCommand {
    /// Print a least-privilege policy as JSON
    Policy(PolicyArguments),
    /// Print a CloudFormation template of the roles
    Cloudformation(CloudformationArguments),
}

/// Which policy.
#[derive(Clone, Debug, Args)]
pub struct PolicyArguments {
    /// Whose policy
    #[arg(value_enum, default_value_t, value_name = "WHOSE")]
    pub whose: PolicyOf,
}

/// Whose policy is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PolicyOf {
    /// the role that a sweep assumes in every account
    #[default]
    Read,
    /// the role that containment assumes in every account
    Contain,
    /// the identity (or last role of the chain) that assumes them
    Source,
}

/// Which template.
#[derive(Clone, Debug, Args)]
pub struct CloudformationArguments {
    /// For the management account, to which StackSets do not deploy; it can
    /// also list the accounts
    #[arg(long)]
    pub management: bool,
}
