//! An account that an accounts file lists.

use super::{ConfigError, ConfiguredAccount};

/// An account and the line that lists it.
pub(super) struct ListedAccount {
    pub(super) number: usize,
    pub(super) account: ConfiguredAccount,
}

impl ListedAccount {
    /// Adds what another entry of the same account says.
    ///
    /// # Errors
    /// The entries have different roles or external ids.
    pub(super) fn merge(&mut self, other: Self, origin: &str) -> Result<(), ConfigError> {
        let account = &mut self.account;
        let differing = if account.member_role != other.account.member_role {
            Some("role")
        } else if account.external_id != other.account.external_id {
            Some("external id")
        } else {
            None
        };
        if let Some(setting) = differing {
            let message = format!(
                "the account {} is listed twice, on line {} with another {setting}: use the same in both entries",
                account.id, self.number
            );
            return Err(ConfigError::new(origin, Some(other.number), message));
        }
        if account.name.is_empty() {
            account.name = other.account.name;
        }
        // No Regions means all Regions.
        if account.regions.is_empty() || other.account.regions.is_empty() {
            account.regions.clear();
        } else {
            account.regions.extend(other.account.regions);
            account.regions.sort();
            account.regions.dedup();
        }
        Ok(())
    }
}
