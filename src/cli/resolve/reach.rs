//! Resolves the settings that all commands which work across the organization share.

use crate::cli::{GlobalArguments, ScopeArguments, UsageError};
use crate::config::{Config, Scope};
use crate::settings::Reach;

impl Reach {
    /// Combines the configuration with the arguments.
    ///
    /// # Errors
    /// The configuration, the accounts file or a selector is wrong.
    pub(super) fn resolve(
        arguments: &GlobalArguments,
        scope: &ScopeArguments,
        config: &Config,
    ) -> Result<Self, UsageError> {
        let reach = Self::from_config(config, arguments.accounts_file.as_deref())?;
        let mut identity = reach.identity;
        if let Some(profile) = &arguments.profile {
            identity.profile = Some(profile.clone());
        }
        if let Some(roles) = arguments.member_roles()? {
            identity.member_role = roles;
            identity.permission_set = None;
        }
        if let Some(permission_set) = &arguments.permission_set {
            identity.permission_set = Some(permission_set.clone());
        }
        Ok(Self {
            identity,
            scope: combine_scope(reach.scope, scope)?,
            ..reach
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::resolve::testing::parse_sweep;

    fn resolve(config: &str, rest: &[&str]) -> Result<Reach, UsageError> {
        let (global, sweep) = parse_sweep(&[&["192.0.2.1"], rest].concat());
        Reach::resolve(
            &global,
            &sweep.scope,
            &Config::from_toml(config, "x").unwrap(),
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
            error("", &["--accounts-file", "/nowhere/ids"])
                .starts_with("/nowhere/ids: cannot be read")
        );
    }
}
