//! Scenarios: what a range holds when it begins, and the story that happened in it.
//!
//! A scenario is a TOML file; the shipped ones are in `config/range/`. Whatever a test needs of odd worlds (a closed
//! account, a group that is masked, an event that arrives late, a call that fails) can be said in one.

mod build;
mod events;
mod everyday;
mod identities;
mod moment;
mod names;
mod spec;
mod story;

use std::path::PathBuf;

use jiff::Timestamp;

pub(crate) use build::build;
pub(crate) use identities::{ADMINISTRATOR, PRACTICE_USER, practice_key};
pub(crate) use spec::{FaultKind, FaultSpec, Incomplete, IncompleteAnswer};
pub use story::{Answer, Chapter, Search};

use spec::Spec;

use crate::time::Clock;

/// A scenario that was read and is ready to be built.
#[derive(Clone, Debug)]
pub struct Scenario(Spec);

/// What is wrong with a scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// There is no shipped scenario of this name.
    #[error("there is no scenario `{0}`: expected {shipped}", shipped = shipped_names())]
    UnknownScenario(String),
    /// The file is not a scenario.
    #[error("the scenario cannot be read")]
    Unreadable(#[source] Box<toml::de::Error>),
    /// A table names something that no other table defines.
    #[error("the scenario's {table} names {what} `{name}`, which it does not define")]
    Undefined {
        /// The table.
        table: &'static str,
        /// The kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A policy is one that IAM would not store.
    #[error("the scenario's policy `{name}` is malformed: {problem}")]
    MalformedPolicy {
        /// The policy's or its owner's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of events cannot be read.
    #[error("`{}` cannot be loaded: {problem}", path.display())]
    Load {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// The shipped scenarios.
const SHIPPED: [(&str, &str); 3] = [
    ("small", include_str!("../../../config/range/small.toml")),
    (
        "org-100",
        include_str!("../../../config/range/org-100.toml"),
    ),
    ("chaos", include_str!("../../../config/range/chaos.toml")),
];

/// The names of the shipped scenarios.
pub(super) fn shipped() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

fn shipped_names() -> String {
    shipped().collect::<Vec<_>>().join(", ")
}

impl Scenario {
    /// A shipped scenario.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn builtin(name: &str) -> Result<Self, ScenarioError> {
        let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        let (_, text) = shipped.ok_or_else(|| ScenarioError::UnknownScenario(name.to_owned()))?;
        Self::from_toml(text)
    }

    /// A scenario from the text of its file.
    ///
    /// # Errors
    /// The text is not TOML, or has tables and keys that a scenario does not.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text)
            .map(Self)
            .map_err(|error| ScenarioError::Unreadable(Box::new(error)))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its story in a line.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The time at which its story has just ended: practice begins here.
    pub fn now(&self) -> Timestamp {
        self.0.now.0
    }

    /// A clock that starts at [`Scenario::now`].
    pub fn clock(&self) -> Clock {
        Clock::starting_at(self.now())
    }

    /// What goes wrong in it.
    pub(crate) fn faults(&self) -> Vec<FaultSpec> {
        self.0.faults.clone()
    }

    /// The seed that it is built from where no other is asked for.
    pub(crate) fn seed(&self) -> u64 {
        self.0.seed
    }
}
