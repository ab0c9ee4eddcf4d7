//! `dragnet setup`.

use clap::{Args, Subcommand, ValueEnum};

/// What to print about the roles that Dragnet needs.
#[derive(Clone, Debug, Subcommand)]
pub enum SetupCommand {
    /// Print a least-privilege policy as JSON
    Policy(PolicyArguments),
    /// Print a CloudFormation template of the roles
    Cloudformation(CloudformationArguments),
}

/// The policy to print.
#[derive(Clone, Debug, Args)]
pub struct PolicyArguments {
    /// Role or identity that needs the policy
    #[arg(value_enum, default_value_t, value_name = "IDENTITY")]
    pub identity: PolicyIdentity,
}

/// The role or identity that a policy is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PolicyIdentity {
    /// the role that a sweep assumes in every account
    #[default]
    Read,
    /// the role that containment assumes in every account
    Contain,
    /// the identity (or last role of the chain) that assumes them
    Source,
}

/// The template to print.
#[derive(Clone, Debug, Args)]
pub struct CloudformationArguments {
    /// For the management account, to which StackSets do not deploy; it can
    /// also list the accounts
    #[arg(long)]
    pub management: bool,
}
