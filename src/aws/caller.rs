//! Whose credentials a session has.

use dragnet_model::{AccountId, Arn, Partition};

/// The identity of the source credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's account.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: Arn,
    /// The partition of the caller's ARN, from which all other ARNs are built.
    pub partition: Partition,
}

impl Caller {
    /// Whether the caller is the session of a role, so that assuming a role from it is role
    /// chaining.
    pub fn is_role(&self) -> bool {
        self.arn.resource().starts_with("assumed-role/")
    }
}
