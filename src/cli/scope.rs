//! Options that select accounts, Regions and log groups.

use clap::Args;

use crate::config::{AccountSelector, Glob, RegionSelector};

/// Which accounts, Regions and log groups. What is included here replaces the configuration's
/// inclusions; what is excluded here is excluded as well.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct ScopeArguments {
    /// Only this account: id, name or glob; repeatable
    #[arg(long = "account", value_name = "A")]
    pub accounts: Vec<AccountSelector>,

    /// Not this account: id, name or glob; repeatable
    #[arg(long = "exclude-account", value_name = "A")]
    pub exclude_accounts: Vec<AccountSelector>,

    /// Only this Region: name or glob; repeatable [default: every Region that
    /// an account has enabled]
    #[arg(long = "region", value_name = "R")]
    pub regions: Vec<RegionSelector>,

    /// Not this Region: name or glob; repeatable
    #[arg(long = "exclude-region", value_name = "R")]
    pub exclude_regions: Vec<RegionSelector>,

    /// Only log groups of this name: glob, * also matches /; repeatable
    #[arg(long = "log-group", value_name = "GLOB")]
    pub log_groups: Vec<Glob>,

    /// No log group of this name: glob; repeatable
    #[arg(long = "exclude-log-group", value_name = "GLOB")]
    pub exclude_log_groups: Vec<Glob>,
}
