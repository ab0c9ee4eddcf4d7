//! The settings of a containment.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{
    ContainAction, Emit, GlobalArguments, Override, PlanArguments, ScopeArguments, UsageError,
};
use super::{Reach, ResolveContext, load_config, run_dir};
use crate::config::{Contain, PrincipalSelector, load_targets, state_directory};

/// The settings that all commands of `contain` share.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// The guards, and the policy that is attached.
    pub contain: Contain,
    /// The directory of the containments' journals.
    pub journals: PathBuf,
}

/// The settings of `contain plan`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanSettings {
    /// The settings that all commands of `contain` share.
    pub common: ContainSettings,
    /// The principals that were given.
    pub selectors: Vec<PrincipalSelector>,
    /// The directory of the run whose principals are to be contained.
    pub run: Option<PathBuf>,
    /// Whether what descends from these principals is contained too.
    pub descendants: bool,
    /// The actions, without duplicates.
    pub actions: Vec<ContainAction>,
    /// How long a deny of everything lasts; `None`: until it is removed.
    pub lasts: Option<Duration>,
    /// The guards to override.
    pub forced: Vec<Override>,
    /// The reason for the containment.
    pub reason: String,
    /// The file to write the plan to.
    pub out: PathBuf,
    /// The additional form to print the plan in.
    pub emit: Option<Emit>,
}

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
        let contain = config.contain.clone();
        let journals = journals_directory(global, context)?;
        Ok(Self {
            reach: Reach::resolve(global, scope, config)?,
            contain,
            journals,
        })
    }
}

/// Returns the directory of the containments' journals. The practice range has its own.
pub(super) fn journals_directory(
    global: &GlobalArguments,
    context: &ResolveContext<'_>,
) -> Result<PathBuf, UsageError> {
    let state = state_directory(context.environment).ok_or(UsageError::NoStateDirectory)?;
    Ok(state.join(if global.practice {
        "practice-contain"
    } else {
        "contain"
    }))
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
            selectors.extend(load_targets(&context.working_directory.join(file))?);
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
