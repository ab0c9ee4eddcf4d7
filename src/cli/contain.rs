//! `dragnet contain`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::config::{AccountSelector, InvalidPrincipalSelector, PrincipalSelector};
use crate::model::PrincipalKind;

/// What to do with a containment.
#[derive(Clone, Debug, Subcommand)]
pub enum ContainCommand {
    /// Make a plan to review; change nothing
    Plan(PlanArguments),
    /// Apply a plan, or continue after an interruption
    Apply(ApplyArguments),
    /// Verify that the containment is still in place (exit code 3 if not)
    Verify(ContainmentArguments),
    /// Show the state of each step
    Status(StatusArguments),
    /// Restore the prior state
    Undo(UndoArguments),
    /// List all containments
    List,
}

/// The principals to contain, and how.
#[expect(
    clippy::doc_markdown,
    reason = "the fields' comments are the help texts, which are not markdown"
)]
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("principals").required(true).multiple(true).args(["roles", "users", "groups", "targets", "from_run"]))]
#[command(override_usage = "dragnet contain plan [OPTIONS] --reason <TEXT> <PRINCIPALS>")]
#[command(after_long_help = "\
A name or glob is looked up in every account in scope; an ARN names one
principal, and that of a role's session names the role. --targets has ARNs one
per line, or is a CSV file with the columns target, kind, account, reason.

An inline policy that denies everything blocks the principal, including the
sessions that it already holds.
  dragnet contain plan --user deploy-bot --account dev --reason 'INC-7: leaked'
  dragnet contain apply plan.json")]
pub struct PlanArguments {
    /// Role: name, glob or ARN; repeatable
    #[arg(long = "role", value_name = "ROLE", value_parser = parse_role, help_heading = "Principals")]
    pub roles: Vec<PrincipalSelector>,

    /// User: name, glob or ARN; repeatable
    #[arg(long = "user", value_name = "USER", value_parser = parse_user, help_heading = "Principals")]
    pub users: Vec<PrincipalSelector>,

    /// Group: name, glob or ARN; repeatable
    #[arg(long = "group", value_name = "GROUP", value_parser = parse_group, help_heading = "Principals")]
    pub groups: Vec<PrincipalSelector>,

    /// File of principals: ARNs, or CSV with a reason for each
    #[arg(long, value_name = "FILE", help_heading = "Principals")]
    pub targets: Option<PathBuf>,

    /// Principals that acted in the sightings of this run
    ///
    /// Only records that a trail delivered count. RUN is the directory of the
    /// run, or its id in ./runs.
    #[arg(long, value_name = "RUN", help_heading = "Principals")]
    pub from_run: Option<PathBuf>,

    /// Only this account: id, name or glob; repeatable
    #[arg(long = "account", value_name = "ACCOUNT", help_heading = "Principals")]
    pub accounts: Vec<AccountSelector>,

    /// Exclude this account: id, name or glob; repeatable
    #[arg(
        long = "exclude-account",
        value_name = "ACCOUNT",
        help_heading = "Principals",
        hide_short_help = true
    )]
    pub exclude_accounts: Vec<AccountSelector>,

    /// What to do; repeatable [default: deny-all]
    #[arg(
        long = "action",
        value_enum,
        value_name = "ACTION",
        conflicts_with = "remove"
    )]
    pub actions: Vec<ContainAction>,

    /// Plan the removal of a DenyAll that Dragnet did not put
    #[arg(long, hide_short_help = true)]
    pub remove: bool,

    /// Reason, kept with the plan and the containment
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    /// Override a guard; repeatable. Repeat it when you apply the plan
    #[arg(
        long = "force",
        value_enum,
        value_name = "GUARD",
        hide_short_help = true
    )]
    pub forced: Vec<Override>,

    /// Where to write the plan
    #[arg(long, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,

    /// Also print the plan as AWS CLI commands, or as a service control policy
    /// to review
    #[arg(long, value_enum, value_name = "FORMAT", hide_short_help = true)]
    pub emit: Option<Emit>,
}

/// What is done to a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ContainAction {
    /// put an inline policy that denies everything
    DenyAll,
    /// revoke the role's sessions that started before now
    RevokeSessions,
    /// deactivate a user's access keys
    DeactivateKeys,
    /// remove a policy that denies everything
    #[value(skip)]
    RemoveDenyAll,
}

/// A guard that can be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Override {
    /// change more principals than the configuration allows
    MaxTargets,
    /// change principals that the configuration protects
    Protect,
    /// change the roles through which the organization reaches its accounts
    OrganizationRoles,
}

impl Override {
    /// Returns the value that `--force` takes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxTargets => "max-targets",
            Self::Protect => "protect",
            Self::OrganizationRoles => "organization-roles",
        }
    }
}

/// A form of the plan that can be applied without Dragnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// AWS CLI commands, with those that undo them
    Sh,
    /// a service control policy; Dragnet never applies it
    Scp,
}

/// The plan to apply.
#[derive(Clone, Debug, Args)]
pub struct ApplyArguments {
    /// Plan file
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,

    /// Short hash of the plan, for scripts; without it, you are asked
    #[arg(long, value_name = "HASH")]
    pub confirm: Option<String>,

    /// Override a guard; repeatable. Overrides stored in the plan are ignored
    #[arg(
        long = "force",
        value_enum,
        value_name = "GUARD",
        hide_short_help = true
    )]
    pub forced: Vec<Override>,

    /// Apply to the first COUNT principals, then ask before continuing
    #[arg(long, value_name = "COUNT", conflicts_with = "dry_run")]
    pub canary: Option<usize>,

    /// Make the same checks as apply, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The containment.
#[derive(Clone, Debug, Args)]
pub struct ContainmentArguments {
    /// Containment id: the short hash of its plan
    #[arg(value_name = "ID")]
    pub id: String,
}

/// The containment to show, and how.
#[derive(Clone, Debug, Args)]
pub struct StatusArguments {
    /// Containment id: the short hash of its plan
    #[arg(value_name = "ID")]
    pub id: String,

    /// Print the whole record as Markdown for the incident ticket
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// The containment to undo.
#[derive(Clone, Debug, Args)]
pub struct UndoArguments {
    /// Containment id: the short hash of its plan
    #[arg(value_name = "ID")]
    pub id: String,

    /// Restore the prior state even where somebody changed it since
    #[arg(long)]
    pub overwrite_drift: bool,
}

fn parse_role(text: &str) -> Result<PrincipalSelector, InvalidPrincipalSelector> {
    PrincipalSelector::parse(PrincipalKind::Role, text)
}

fn parse_user(text: &str) -> Result<PrincipalSelector, InvalidPrincipalSelector> {
    PrincipalSelector::parse(PrincipalKind::User, text)
}

fn parse_group(text: &str) -> Result<PrincipalSelector, InvalidPrincipalSelector> {
    PrincipalSelector::parse(PrincipalKind::Group, text)
}
