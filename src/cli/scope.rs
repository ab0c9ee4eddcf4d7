//! Options that select accounts, Regions and log groups.

use clap::Args;

use crate::config::{AccountSelector, Glob, OuSelector, RegionSelector, TagSelector};

/// The accounts, Regions and log groups to search. These inclusions replace those of the
/// configuration; these exclusions are added to them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct ScopeArguments {
    /// Only this account: id, name or glob; repeatable
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<AccountSelector>,

    /// Exclude this account: id, name or glob; repeatable
    #[arg(
        long = "exclude-account",
        value_name = "ACCOUNT",
        hide_short_help = true
    )]
    pub exclude_accounts: Vec<AccountSelector>,

    /// Only accounts in this organizational unit or below: id, name or path; repeatable
    #[arg(long = "ou", value_name = "OU", hide_short_help = true)]
    pub ous: Vec<OuSelector>,

    /// Only accounts with this tag; repeatable
    ///
    /// With several keys, an account must match each of them; with several values of one key, one
    /// of them.
    #[arg(long = "tag", value_name = "KEY=VALUE", hide_short_help = true)]
    pub tags: Vec<TagSelector>,

    /// Only this Region: name or glob; repeatable
    ///
    /// Default: every Region that an account has enabled.
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<RegionSelector>,

    /// Exclude this Region: name or glob; repeatable
    #[arg(long = "exclude-region", value_name = "REGION", hide_short_help = true)]
    pub exclude_regions: Vec<RegionSelector>,

    /// Only log groups that match this glob (* also matches /); repeatable
    #[arg(long = "log-group", value_name = "GLOB", hide_short_help = true)]
    pub log_groups: Vec<Glob>,

    /// Exclude log groups that match this glob; repeatable
    #[arg(
        long = "exclude-log-group",
        value_name = "GLOB",
        hide_short_help = true
    )]
    pub exclude_log_groups: Vec<Glob>,
}
