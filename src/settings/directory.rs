//! The sources of the list of accounts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::SettingsError;
use crate::config::{Config, ConfiguredAccount, load_accounts};
use dragnet_model::RoleArn;

/// The sources of the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Whether to list the accounts of the organization.
    pub discover: bool,
    /// The role to list them with; `None`: the source credentials.
    pub organization_role: Option<RoleArn>,
    /// Accounts that the user lists, with settings that differ from the defaults.
    pub accounts: Vec<ConfiguredAccount>,
}

impl Directory {
    /// Returns exactly the accounts of `accounts_file` if there is one; else those of the
    /// configuration and, unless discovery is off, those of the organization. The settings of
    /// `[[accounts]]` apply in both cases, except where the accounts file sets others.
    ///
    /// # Errors
    /// The accounts file cannot be used, or no account is listed.
    pub(super) fn from_config(
        config: &Config,
        accounts_file: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let organization = &config.organization;
        let (discover, accounts) = match accounts_file {
            Some(path) => {
                let listed = load_accounts(path, &config.scope.known_regions())?;
                (false, merge_settings(listed, &config.accounts))
            }
            None => (organization.discover, config.accounts.clone()),
        };
        if !discover && accounts.is_empty() {
            return Err(SettingsError::NoAccounts);
        }
        Ok(Self {
            discover,
            organization_role: organization.role.clone(),
            accounts,
        })
    }
}

/// Adds the configured settings to the accounts of an accounts file, where the file sets none.
fn merge_settings(
    listed: Vec<ConfiguredAccount>,
    configured: &[ConfiguredAccount],
) -> Vec<ConfiguredAccount> {
    let by_id: BTreeMap<_, _> = configured
        .iter()
        .map(|account| (account.id, account))
        .collect();
    let merge = |account: ConfiguredAccount| match by_id.get(&account.id) {
        None => account,
        Some(known) => ConfiguredAccount {
            id: account.id,
            name: if account.name.is_empty() {
                known.name.clone()
            } else {
                account.name
            },
            member_role: account.member_role.or_else(|| known.member_role.clone()),
            external_id: account.external_id.or_else(|| known.external_id.clone()),
            regions: if account.regions.is_empty() {
                known.regions.clone()
            } else {
                account.regions
            },
        },
    };
    listed.into_iter().map(merge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn accounts_file_replaces_the_list_but_keeps_settings() {
        let config = Config::from_toml(
            "[[accounts]]\nid = \"111111111111\"\nname = \"prod\"\n[[accounts]]\nid = \"222222222222\"",
            "x",
        )
        .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ids");
        fs::write(&file, "111111111111\n333333333333\n").unwrap();
        let resolved = Directory::from_config(&config, Some(&file)).unwrap();
        let names: Vec<(String, &str)> = resolved
            .accounts
            .iter()
            .map(|account| (account.id.to_string(), account.name.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("111111111111".to_owned(), "prod"),
                ("333333333333".to_owned(), "")
            ]
        );
        assert!(!resolved.discover);
    }

    #[test]
    fn empty_list_without_discovery_is_rejected() {
        let config = Config::from_toml("[organization]\ndiscover = false", "x").unwrap();
        assert!(matches!(
            Directory::from_config(&config, None),
            Err(SettingsError::NoAccounts)
        ));
    }
}
