//! `dragnet contain`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::config::{AccountSelector, InvalidPrincipalSelector, PrincipalSelector};
use crate::model::PrincipalKind;

/// What to do with a containment.
#[derive(Clone, Debug, Subcommand)]
pub enum ContainCommand {
    /// Make a plan to review; changes nothing
    Plan(PlanArguments),
    /// Apply a plan, or go on with it after an interruption
    Apply(ApplyArguments),
    /// Look whether it still holds; exit code 3 if not
    Verify(ContainmentArguments),
    /// Show what became of each step
    Status(StatusArguments),
    /// Put back what was there before
    Undo(UndoArguments),
    /// List all containments
    List,
}

/// Whom to contain, and how.
#[expect(
    clippy::doc_markdown,
    reason = "the fields' comments are the help texts, which are not markdown"
)]
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).multiple(true).args(["roles", "users", "groups", "targets", "from_run"]))]
#[command(override_usage = "dragnet contain plan --reason TEXT WHOM... [OPTIONS]")]
#[command(after_help = "\
A name or glob is looked for in every account of the scope; an ARN names one
principal. The columns of --targets are target, kind, account and reason.

Contained principals are blocked by an inline policy that denies everything:
sessions that they hold already, too.
  dragnet contain plan --user deploy-bot --account dev --reason 'INC-7: leaked'
  dragnet contain apply plan.json")]
pub struct PlanArguments {
    /// Role: name, glob or ARN; repeatable
    #[arg(long = "role", value_name = "NAME|ARN", value_parser = role, help_heading = "Whom")]
    pub roles: Vec<PrincipalSelector>,

    /// User: name, glob or ARN; repeatable
    #[arg(long = "user", value_name = "NAME|ARN", value_parser = user, help_heading = "Whom")]
    pub users: Vec<PrincipalSelector>,

    /// Group: name, glob or ARN; repeatable
    #[arg(long = "group", value_name = "NAME|ARN", value_parser = group, help_heading = "Whom")]
    pub groups: Vec<PrincipalSelector>,

    /// CSV file of principals with a reason for each
    #[arg(long, value_name = "FILE", help_heading = "Whom")]
    pub targets: Option<PathBuf>,

    /// The principals that a run's sightings show at work, as a trail
    /// delivered it: the run's directory, or its id if it lies in ./runs
    #[arg(long, value_name = "RUN", help_heading = "Whom")]
    pub from_run: Option<PathBuf>,

    /// Only in this account: id, name or glob; repeatable
    #[arg(long = "account", value_name = "A", help_heading = "Whom")]
    pub accounts: Vec<AccountSelector>,

    /// Not in this account: id, name or glob; repeatable
    #[arg(long = "exclude-account", value_name = "A", help_heading = "Whom")]
    pub exclude_accounts: Vec<AccountSelector>,

    /// What to do; repeatable [default: deny-all]
    #[arg(
        long = "action",
        value_enum,
        value_name = "ACTION",
        conflicts_with = "remove"
    )]
    pub actions: Vec<ContainAction>,

    /// Remove a DenyAll that something else has put there
    #[arg(long)]
    pub remove: bool,

    /// Why: kept with the plan and the containment
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    /// Override a guard; repeatable. To apply the plan, give it again
    #[arg(long = "force", value_enum, value_name = "GUARD")]
    pub forced: Vec<Override>,

    /// Where to write the plan
    #[arg(long, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,

    /// Print the plan in another form as well: commands of the AWS CLI, or a
    /// service control policy for people to review
    #[arg(long, value_enum, value_name = "FORM")]
    pub emit: Option<Emit>,
}

/// What is done to a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ContainAction {
    /// put an inline policy that denies everything
    DenyAll,
    /// cut off a role's sessions that have begun by now
    RevokeSessions,
    /// switch off a user's access keys
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

/// A form in which a plan is carried out without Dragnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// commands of the AWS CLI, and those that undo them
    Sh,
    /// a service control policy; never applied by Dragnet
    Scp,
}

/// Which plan to apply.
#[derive(Clone, Debug, Args)]
pub struct ApplyArguments {
    /// The plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,

    /// The plan's short hash, for scripts; else it is asked for
    #[arg(long, value_name = "HASH")]
    pub confirm: Option<String>,

    /// Override a guard; repeatable. What was forced when the plan was made
    /// does not count here
    #[arg(long = "force", value_enum, value_name = "GUARD")]
    pub forced: Vec<Override>,

    /// Apply to so many principals first, and ask before the others
    #[arg(long, value_name = "N", conflicts_with = "dry_run")]
    pub canary: Option<usize>,

    /// Check everything that apply checks, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Which containment.
#[derive(Clone, Debug, Args)]
pub struct ContainmentArguments {
    /// The containment's id: its plan's short hash
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Which containment to show, and how.
#[derive(Clone, Debug, Args)]
pub struct StatusArguments {
    /// The containment's id: its plan's short hash
    #[arg(value_name = "ID")]
    pub id: String,

    /// Print the whole record as Markdown, for the incident's file
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// Which containment to undo.
#[derive(Clone, Debug, Args)]
pub struct UndoArguments {
    /// The containment's id: its plan's short hash
    #[arg(value_name = "ID")]
    pub id: String,

    /// Put back what was there even where somebody has changed it since
    #[arg(long)]
    pub overwrite_drift: bool,
}

fn role(text: &str) -> Result<PrincipalSelector, InvalidPrincipalSelector> {
    PrincipalSelector::parse(PrincipalKind::Role, text)
}

fn user(text: &str) -> Result<PrincipalSelector, InvalidPrincipalSelector> {
    PrincipalSelector::parse(PrincipalKind::User, text)
}

fn group(text: &str) -> Result<PrincipalSelector, InvalidPrincipalSelector> {
    PrincipalSelector::parse(PrincipalKind::Group, text)
}
