//! Options that select accounts, Regions and log groups.

use clap::Args;

use crate::config::{AccountSelector, Glob, RegionSelector};

/// Which accounts, Regions and log groups. What is included here replaces the configuration's
/// inclusions; what is excluded here is excluded as well.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct ScopeArguments {
    /// Include only this account: id, name or glob; repeatable
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<AccountSelector>,

    /// Exclude this account: id, name or glob; repeatable
    #[arg(long = "exclude-account", value_name = "ACCOUNT")]
    pub exclude_accounts: Vec<AccountSelector>,

    /// Include only this Region: name or glob; repeatable [default: every
    /// Region that an account has enabled]
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<RegionSelector>,

    /// Exclude this Region: name or glob; repeatable
    #[arg(long = "exclude-region", value_name = "REGION")]
    pub exclude_regions: Vec<RegionSelector>,

    /// Include only log groups that match this glob (* also matches /);
    /// repeatable
    #[arg(long = "log-group", value_name = "GLOB")]
    pub log_groups: Vec<Glob>,

    /// Exclude log groups that match this glob; repeatable
    #[arg(long = "exclude-log-group", value_name = "GLOB")]
    pub exclude_log_groups: Vec<Glob>,
}
