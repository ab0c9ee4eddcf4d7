//! The settings of a containment.

use std::path::PathBuf;
use std::time::Duration;

use super::{ContainAction, Override, Reach};
use crate::config::{Contain, PrincipalSelector};

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

dragnet_model::word_enum! {
    /// A form of the plan that can be applied without Dragnet. The words are the values of
    /// `--emit`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Emit {
        /// AWS CLI commands, with those that undo them.
        Sh => "sh",
        /// A service control policy, which Dragnet never applies.
        Scp => "scp",
        /// A resource control policy, which also denies principals of other organizations; Dragnet
        /// never applies it.
        Rcp => "rcp",
    }
}
