//! The settings of `list`.

use super::{ListOutput, Reach};

/// The settings of `list`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// What to list.
    pub what: Listing,
    /// How it is printed.
    pub output: ListOutput,
}

dragnet_model::word_enum! {
    /// What can be listed. The words are the arguments of `list`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Listing {
        /// The accounts of the organization, in scope or not.
        Accounts => "accounts",
        /// The Regions that each account has enabled.
        Regions => "regions",
        /// The log groups of each account and Region.
        LogGroups => "log-groups",
        /// The IAM roles of each account, with last use and policies.
        Roles => "roles",
        /// The IAM users of each account, with last sign-in and policies.
        Users => "users",
        /// The IAM groups of each account, with members and policies.
        Groups => "groups",
    }
}
