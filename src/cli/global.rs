//! Options that every command accepts. The help of `dragnet` lists them; that of its subcommands
//! does not.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::UsageError;
use crate::config::{MemberRole, MemberRoles, PermissionSet};

/// Options of every command.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a separate switch on the command line"
)]
#[expect(
    clippy::doc_markdown,
    reason = "the fields' comments are the help texts, which are not markdown"
)]
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArguments {
    /// Configuration file [default: $DRAGNET_CONFIG, ./dragnet.toml,
    /// ~/.config/dragnet/dragnet.toml, else built-in defaults]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Use the built-in practice organization: needs no AWS account, and reads
    /// no configuration file unless --config names one
    #[arg(long, global = true, hide_short_help = true)]
    pub practice: bool,

    /// Profile of ~/.aws/config for the source credentials [default: the
    /// SDK's chain]
    #[arg(long, global = true, hide_short_help = true, value_name = "PROFILE")]
    pub profile: Option<String>,

    /// Role to assume in every account; "self" assumes no role. If given several
    /// times, the first role that can be assumed is used
    #[arg(long, global = true, hide_short_help = true, value_name = "ROLE")]
    pub member_role: Vec<MemberRole>,

    /// Enter accounts with this permission set of IAM Identity Center instead of
    /// a role; needs a login with `aws sso login`
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "PERMISSION_SET",
        conflicts_with = "member_role"
    )]
    pub permission_set: Option<PermissionSet>,

    /// Read the accounts from a file instead of Organizations: one id per line,
    /// CSV with a header, c7n-org's accounts.yml, or the JSON of list-accounts
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub accounts_file: Option<PathBuf>,

    /// Print the result as JSON
    #[arg(long, global = true, hide_short_help = true)]
    pub json: bool,

    /// Print only results and errors
    #[arg(
        short,
        long,
        global = true,
        hide_short_help = true,
        conflicts_with = "verbose"
    )]
    pub quiet: bool,

    /// Log more; twice for debugging
    #[arg(
        short,
        long,
        global = true,
        hide_short_help = true,
        action = ArgAction::Count
    )]
    pub verbose: u8,

    /// How to show progress on stderr
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_enum,
        default_value_t,
        value_name = "STYLE"
    )]
    pub progress: ProgressChoice,

    /// Allow a plain-HTTP endpoint on another host
    #[arg(long, global = true, hide_short_help = true)]
    pub insecure_endpoint: bool,

    /// When to use color; NO_COLOR is respected
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_enum,
        default_value_t,
        value_name = "WHEN"
    )]
    pub color: ColorChoice,
}

impl GlobalArguments {
    /// Returns the member roles that were given, if there are any.
    ///
    /// # Errors
    /// They cannot be used together.
    pub fn member_roles(&self) -> Result<Option<MemberRoles>, UsageError> {
        if self.member_role.is_empty() {
            return Ok(None);
        }
        Ok(Some(MemberRoles::new(self.member_role.clone())?))
    }
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressChoice {
    /// bar on a terminal, else plain
    #[default]
    Auto,
    /// a progress bar
    Bar,
    /// on a terminal: account-Regions, the slowest of them, and the latest
    /// sightings; else plain
    Live,
    /// a line every few seconds
    Plain,
    /// JSON lines
    Json,
    /// no progress
    None,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// on a terminal
    #[default]
    Auto,
    /// always
    Always,
    /// never
    Never,
}
