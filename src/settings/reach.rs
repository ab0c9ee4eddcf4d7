//! The settings that all commands which work across the organization share: identity, accounts,
//! scope and limits.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Directory, SettingsError};
use crate::config::{Config, ExternalCommand, Identity, Limits, Scope, nearest};
use dragnet_model::Operation;

/// Identity, accounts, scope and limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// The credentials and roles with which AWS is called.
    pub identity: Identity,
    /// The source of the list of accounts.
    pub directory: Directory,
    /// Which accounts, Regions and log groups to search.
    pub scope: Scope,
    /// How fast to call AWS.
    pub limits: Limits,
    /// The environment variables with secrets of the configuration, which programs that Dragnet
    /// starts do not get.
    #[serde(skip)]
    pub secret_variables: Vec<String>,
    /// The program that signs the manifest of a run. A run does not store it, because it would run
    /// as the user who resumes the run.
    #[serde(skip)]
    pub sign_command: Option<ExternalCommand>,
}

impl Reach {
    /// Returns what the configuration says. An accounts file replaces its list of accounts.
    pub(crate) fn from_config(
        config: &Config,
        accounts_file: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        check_operations(&config.limits)?;
        Ok(Self {
            identity: config.identity.clone(),
            directory: Directory::from_config(config, accounts_file)?,
            scope: config.scope.clone(),
            limits: config.limits.clone(),
            secret_variables: config.secret_variables(),
            sign_command: config.report.sign_command.clone(),
        })
    }
}

fn check_operations(limits: &Limits) -> Result<(), SettingsError> {
    // Every operation has a rate limiter, so a quota for an unknown operation is a misspelling.
    let known = || Operation::ALL.into_iter().map(Operation::as_str);
    match limits
        .quotas
        .operations()
        .find(|operation| !known().any(|known| known == *operation))
    {
        None => Ok(()),
        Some(operation) => Err(SettingsError::Operation {
            operation: operation.to_owned(),
            nearest: nearest(operation, known()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_operations_are_rejected() {
        let config = Config::from_toml("[limits.quotas]\nFilterLogEvent = 3", "x").unwrap();
        let error = Reach::from_config(&config, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "limits.quotas: unknown operation `FilterLogEvent`: did you mean `FilterLogEvents`?"
        );
    }
}
