//! The settings that all commands which work across the organization share: identity, accounts,
//! scope and limits.

use serde::{Deserialize, Serialize};

use super::super::{GlobalArguments, ScopeArguments, UsageError};
use super::Directory;
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
    pub(super) fn resolve(
        arguments: &GlobalArguments,
        scope: &ScopeArguments,
        config: Config,
    ) -> Result<Self, UsageError> {
        check_operations(&config.limits)?;
        let directory = Directory::resolve(arguments, &config)?;
        let secret_variables = config.secret_variables();
        let mut identity = config.identity;
        if let Some(profile) = &arguments.profile {
            identity.profile = Some(profile.clone());
        }
        if let Some(role) = &arguments.member_role {
            identity.member_role = role.clone();
        }
        Ok(Self {
            identity,
            directory,
            scope: combine_scope(config.scope, scope)?,
            limits: config.limits,
            secret_variables,
            sign_command: config.report.sign_command,
        })
    }
}

/// Combines the configured scope with the arguments: their inclusions replace the configured ones,
/// their exclusions are added to them.
fn combine_scope(mut scope: Scope, arguments: &ScopeArguments) -> Result<Scope, UsageError> {
    let known = scope.known_regions();
    arguments
        .regions
        .iter()
        .chain(&arguments.exclude_regions)
        .try_for_each(|selector| known.check_selector(selector))?;
    replace_unless_empty(&mut scope.include_accounts, &arguments.accounts);
    replace_unless_empty(&mut scope.ous, &arguments.ous);
    replace_unless_empty(&mut scope.tags, &arguments.tags);
    replace_unless_empty(&mut scope.regions, &arguments.regions);
    replace_unless_empty(&mut scope.log_groups, &arguments.log_groups);
    scope
        .exclude_accounts
        .extend_from_slice(&arguments.exclude_accounts);
    scope
        .exclude_regions
        .extend_from_slice(&arguments.exclude_regions);
    scope
        .exclude_log_groups
        .extend_from_slice(&arguments.exclude_log_groups);
    Ok(scope)
}

fn replace_unless_empty<T: Clone>(configured: &mut Vec<T>, arguments: &[T]) {
    if !arguments.is_empty() {
        *configured = arguments.to_vec();
    }
}

fn check_operations(limits: &Limits) -> Result<(), UsageError> {
    // Every operation has a rate limiter, so a quota for an unknown operation is a misspelling.
    let known = || Operation::ALL.into_iter().map(Operation::as_str);
    match limits
        .quotas
        .operations()
        .find(|operation| !known().any(|known| known == *operation))
    {
        None => Ok(()),
        Some(operation) => Err(UsageError::Operation {
            operation: operation.to_owned(),
            nearest: nearest(operation, known()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::parse_sweep;

    fn resolve(config: &str, rest: &[&str]) -> Result<Reach, UsageError> {
        let (global, sweep) = parse_sweep(&[&["192.0.2.1"], rest].concat());
        Reach::resolve(
            &global,
            &sweep.scope,
            Config::from_toml(config, "x").unwrap(),
        )
    }

    #[test]
    fn arguments_replace_inclusions_and_add_exclusions() {
        let config = "[scope]\nregions = [\"eu-*\"]\nexclude_accounts = [\"sandbox-*\"]\nlog_groups = [\"/aws/*\"]";
        let reach = resolve(
            config,
            &[
                "--region",
                "us-east-1",
                "--exclude-account",
                "dev",
                "--profile",
                "p",
            ],
        )
        .unwrap();
        let words = |list: &[_]| {
            list.iter()
                .map(ToString::to_string)
                .collect::<Vec<String>>()
        };
        assert_eq!(words(&reach.scope.regions), ["us-east-1"]);
        assert_eq!(
            reach
                .scope
                .exclude_accounts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            ["sandbox-*", "dev"]
        );
        assert!(reach.scope.has_log_group("/aws/x") && !reach.scope.has_log_group("app"));
        let config = "[scope]\nous = [\"Prod\"]\ntags = [\"env=prod\"]";
        let reach_of_units = resolve(config, &["--ou", "Dev", "--ou", "r-ab12"]).unwrap();
        let ous: Vec<String> = reach_of_units
            .scope
            .ous
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ous, ["Dev", "r-ab12"]);
        assert_eq!(reach_of_units.scope.tags.len(), 1);
        assert_eq!(reach.identity.profile.as_deref(), Some("p"));
        assert_eq!(
            resolve("", &["--member-role", "self"])
                .unwrap()
                .identity
                .member_role
                .to_string(),
            "self"
        );
    }

    #[test]
    fn unknown_names_are_rejected() {
        let error = |config: &str, rest: &[&str]| resolve(config, rest).unwrap_err().to_string();
        assert!(error("", &["--region", "eu-wset-1"]).contains("eu-west-1"));
        assert!(
            resolve(
                "[scope]\nnew_regions = [\"xx-new-1\"]",
                &["--region", "xx-new-1"]
            )
            .is_ok()
        );
        assert!(
            error("[limits.quotas]\nFilterLogEvent = 3", &[])
                .contains("did you mean `FilterLogEvents`?")
        );
        assert!(
            error("", &["--accounts-file", "/nowhere/ids"])
                .starts_with("/nowhere/ids: cannot be read")
        );
    }
}
