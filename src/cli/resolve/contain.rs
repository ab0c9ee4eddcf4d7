//! Resolves the settings of a containment.

use super::{load_config, run_dir};
use crate::cli::{GlobalArguments, PlanArguments, ScopeArguments, UsageError};
use crate::config::load_targets;
use crate::settings::{
    ContainAction, ContainSettings, PlanSettings, Reach, ResolveContext, SettingsError,
};

impl ContainSettings {
    /// Resolves the shared settings of `contain`. The practice range has its own directory of
    /// containments.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        Self::resolve_in_scope(global, &ScopeArguments::default(), context)
    }

    fn resolve_in_scope(
        global: &GlobalArguments,
        scope: &ScopeArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let journals = context.journals_directory(global.practice)?;
        let reach = Reach::resolve(global, scope, &config)?;
        if reach.identity.permission_set.is_some() {
            return Err(UsageError::PermissionSetOfContain);
        }
        Ok(Self {
            reach,
            contain: config.contain,
            journals,
        })
    }
}

impl PlanSettings {
    /// Resolves the arguments of `contain plan`.
    ///
    /// # Errors
    /// The arguments, the configuration or the targets file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &PlanArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let scope = ScopeArguments {
            accounts: arguments.accounts.clone(),
            exclude_accounts: arguments.exclude_accounts.clone(),
            ..ScopeArguments::default()
        };
        let PlanArguments {
            roles,
            users,
            groups,
            ..
        } = arguments;
        let mut selectors: Vec<_> = roles.iter().chain(users).chain(groups).cloned().collect();
        if let Some(file) = &arguments.targets {
            let file = context.working_directory.join(file);
            selectors.extend(load_targets(&file).map_err(SettingsError::from)?);
        }
        let mut actions = match (arguments.remove, arguments.actions.is_empty()) {
            (true, _) => vec![ContainAction::RemoveDenyAll],
            (false, true) => vec![ContainAction::DenyAll],
            (false, false) => arguments.actions.clone(),
        };
        actions.sort_unstable();
        actions.dedup();
        if arguments.lasts.is_some() && !actions.contains(&ContainAction::DenyAll) {
            return Err(UsageError::NothingToEnd);
        }
        Ok(Self {
            common: ContainSettings::resolve_in_scope(global, &scope, context)?,
            selectors,
            run: arguments
                .from_run
                .as_deref()
                .map(|run| run_dir(run, context))
                .transpose()?,
            descendants: arguments.descendants,
            actions,
            lasts: arguments.lasts,
            forced: arguments.forced.clone(),
            reason: arguments.reason.clone(),
            out: context.working_directory.join(&arguments.out),
            emit: arguments.emit,
        })
    }
}
