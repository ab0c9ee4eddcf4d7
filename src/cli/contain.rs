//! `dragnet contain`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::ListFormat;
use crate::config::{AccountSelector, InvalidPrincipalSelector, PrincipalSelector, parse_duration};
use crate::settings::{ContainAction, Emit, Override};
use dragnet_model::PrincipalKind;

/// What to do with a containment.
#[derive(Clone, Debug, Subcommand)]
pub enum ContainCommand {
    /// Make a plan to review; change nothing
    Plan(PlanArguments),
    /// Apply a plan, or continue after an interruption
    Apply(ApplyArguments),
    /// Verify that the containment is still in place (exit code 3 if not)
    Verify(VerifyArguments),
    /// Show the state of each step
    Status(StatusArguments),
    /// Restore the prior state
    Undo(UndoArguments),
    /// List all containments
    List(ListFormat),
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
sessions that it already holds. Of a role that --from-run finds and that others
use too, only the sessions that acted are denied, with the principals that
created them; name the role with --role to deny all of it.
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

    /// File of principals: ARNs, or CSV with reasons
    #[arg(long, value_name = "FILE", help_heading = "Principals")]
    pub targets: Option<PathBuf>,

    /// Principals that acted in the sightings of this run
    ///
    /// Only records that a trail delivered count. RUN is the directory of the
    /// run, its id in ./runs or the start of it, or `last`.
    #[arg(long, value_name = "RUN", help_heading = "Principals")]
    pub from_run: Option<PathBuf>,

    /// Also what these principals created and obtained: users, roles,
    /// credentials, sessions in other roles
    ///
    /// Only calls in the records of the run count, so search for what was
    /// created too. What cannot be contained, or was not searched for, is
    /// listed as an open end (exit code 3). Of a role that exists for others,
    /// only the sessions are denied.
    #[arg(
        long,
        requires = "from_run",
        help_heading = "Principals",
        hide_short_help = true
    )]
    pub descendants: bool,

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

    /// How long deny-all lasts, from now: 4h. It is weaker than one without
    /// an end: an attacker who waits can act again
    #[arg(
        long = "for",
        value_parser = parse_duration,
        value_name = "DURATION",
        conflicts_with = "remove",
        hide_short_help = true
    )]
    pub lasts: Option<Duration>,

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

    /// Also print the plan as AWS CLI commands, or as a policy to review
    #[arg(long, value_enum, value_name = "FORMAT", hide_short_help = true)]
    pub emit: Option<Emit>,
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

    /// Principals to apply to first; 0: all at once [default: 1]
    ///
    /// They are verified before you are asked about the others. With --confirm
    /// and without --canary, the others follow if the first is contained.
    #[arg(long, value_name = "COUNT", conflicts_with = "dry_run")]
    pub canary: Option<usize>,

    /// Make the same checks as apply, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The containment to verify, and how.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Without an option, the changes are read back from IAM. --from-logs also runs a
sweep for the contained principals, in their accounts, from a day before the
first change until now, and evaluates the records that a trail delivered. The
event history is read where no trail can be. It ends with exit code 3 if a call succeeded more than a minute after the change,
if the management events of an account were not all searched, or if they are
not complete yet: CloudTrail delivers with a delay of some minutes.")]
pub struct VerifyArguments {
    /// Containment id: the short hash of its plan
    #[arg(value_name = "ID")]
    pub id: String,

    /// Also verify from the logs that no call succeeded since
    #[arg(long)]
    pub from_logs: bool,

    /// Parent of the directory of the run that --from-logs makes
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = "runs",
        hide_short_help = true
    )]
    pub out: PathBuf,
}

/// The containment to show, and how.
#[derive(Clone, Debug, Args)]
pub struct StatusArguments {
    /// Containment id: the short hash of its plan
    #[arg(value_name = "ID")]
    pub id: String,

    /// Print the whole record as Markdown; the same as --record md
    #[arg(long, conflicts_with = "json", hide_short_help = true)]
    pub markdown: bool,

    /// Print the whole record for the incident ticket
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        conflicts_with_all = ["json", "markdown"]
    )]
    pub record: Option<RecordFormat>,

    /// Write the record to this file, readable only by you
    #[arg(long, value_name = "FILE", requires = "record")]
    pub out: Option<PathBuf>,
}

/// The format of the record of a containment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecordFormat {
    /// Markdown
    Md,
    /// JSON
    Json,
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
