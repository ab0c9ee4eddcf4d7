//! The settings of a containment.

use std::path::PathBuf;

use super::super::{
    ContainAction, Emit, GlobalArguments, Override, PlanArguments, ScopeArguments, UsageError,
};
use super::{Reach, ResolveContext, load_config, run_dir};
use crate::config::{Contain, PrincipalSelector, load_targets, state_directory};

/// What every command of `contain` needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainSettings {
    /// As whom, where, and how hard.
    pub reach: Reach,
    /// The guards.
    pub contain: Contain,
    /// Where containments are kept.
    pub journals: PathBuf,
}

/// What `contain plan` needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanSettings {
    /// What all of `contain` needs to know.
    pub common: ContainSettings,
    /// Who was named.
    pub selectors: Vec<PrincipalSelector>,
    /// The directory of the run whose principals are meant.
    pub run: Option<PathBuf>,
    /// What to do, each once.
    pub actions: Vec<ContainAction>,
    /// The guards to override.
    pub forced: Vec<Override>,
    /// Why.
    pub reason: String,
    /// Where to write the plan.
    pub out: PathBuf,
    /// The other form to print it in.
    pub emit: Option<Emit>,
}

impl ContainSettings {
    /// Resolves what all of `contain` needs to know. Practice has containments of its own.
    ///
    /// # Errors
    /// Anything that is wrong with arguments, configuration or accounts file; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        surroundings: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        Self::in_scope(global, &ScopeArguments::default(), surroundings)
    }

    fn in_scope(
        global: &GlobalArguments,
        scope: &ScopeArguments,
        surroundings: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, surroundings)?;
        let contain = config.contain.clone();
        let state =
            state_directory(surroundings.environment).ok_or(UsageError::NoStateDirectory)?;
        let journals = state.join(if global.practice {
            "practice-contain"
        } else {
            "contain"
        });
        Ok(Self {
            reach: Reach::resolve(global, scope, config)?,
            contain,
            journals,
        })
    }
}

impl PlanSettings {
    /// Resolves the arguments of `contain plan`.
    ///
    /// # Errors
    /// Anything that is wrong with arguments, configuration or targets file; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &PlanArguments,
        surroundings: &ResolveContext<'_>,
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
            selectors.extend(load_targets(&surroundings.working_directory.join(file))?);
        }
        let mut actions = match (arguments.remove, arguments.actions.is_empty()) {
            (true, _) => vec![ContainAction::RemoveDenyAll],
            (false, true) => vec![ContainAction::DenyAll],
            (false, false) => arguments.actions.clone(),
        };
        actions.sort_unstable();
        actions.dedup();
        Ok(Self {
            common: ContainSettings::in_scope(global, &scope, surroundings)?,
            selectors,
            run: arguments
                .from_run
                .as_deref()
                .map(|run| run_dir(run, surroundings)),
            actions,
            forced: arguments.forced.clone(),
            reason: arguments.reason.clone(),
            out: surroundings.working_directory.join(&arguments.out),
            emit: arguments.emit,
        })
    }
}
