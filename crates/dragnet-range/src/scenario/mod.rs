//! Scenarios: TOML files that describe the initial state of a range and the events in it.
//!
//! The built-in scenarios are in `config/range/`. A scenario can also describe special cases for
//! tests, such as a closed account, a masked log group, an event that arrives late, or a call that
//! fails.

mod athena;
mod build;
mod events;
mod everyday;
mod identities;
mod names;
mod observability;
mod references;
mod scenario_time;
mod spec;
mod storage;
mod story;
mod units;

use std::path::PathBuf;

use jiff::Timestamp;

pub(crate) use build::build;
pub(crate) use identities::{ADMINISTRATOR, PRACTICE_USER, practice_key};
pub(crate) use spec::{FaultKind, FaultSpec, IncompleteResponse, ResponseDefect};
pub use story::{Answer, Chapter, Search};

use spec::Spec;

use dragnet_model::time::Clock;

/// A parsed scenario.
#[derive(Clone, Debug)]
pub struct Scenario(Spec);

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// There is no built-in scenario of this name.
    #[error("no built-in scenario `{0}`: expected one of {builtin}", builtin = builtin_list())]
    UnknownScenario(String),
    /// The file is not a valid scenario.
    #[error("the scenario is invalid")]
    Unreadable(#[source] Box<toml::de::Error>),
    /// A table refers to something that no other table defines.
    #[error(
        "{table} of the scenario refers to {what} `{name}`, which is not defined: add it, or correct the name"
    )]
    Undefined {
        /// The table with the reference.
        table: &'static str,
        /// The kind of the missing item.
        what: &'static str,
        /// The name of the missing item.
        name: String,
    },
    /// A policy is one that IAM would reject.
    #[error("policy `{name}` of the scenario is malformed: {problem}")]
    MalformedPolicy {
        /// The name of the policy or of its owner.
        name: String,
        /// Why the policy is malformed.
        problem: String,
    },
    /// A file of events cannot be read.
    #[error("cannot load `{}`: {problem}", path.display())]
    Load {
        /// The file or folder.
        path: PathBuf,
        /// Why it cannot be read.
        problem: String,
    },
}

/// The built-in scenarios.
const BUILTIN: [(&str, &str); 4] = [
    ("small", include_str!("../../../../config/range/small.toml")),
    (
        "org-100",
        include_str!("../../../../config/range/org-100.toml"),
    ),
    ("chaos", include_str!("../../../../config/range/chaos.toml")),
    (
        "s3-org",
        include_str!("../../../../config/range/s3-org.toml"),
    ),
];

/// The names of the built-in scenarios.
pub(super) fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

fn builtin_list() -> String {
    builtin_names().collect::<Vec<_>>().join(", ")
}

impl Scenario {
    /// Returns a built-in scenario.
    ///
    /// # Errors
    /// There is no built-in scenario of this name.
    pub fn builtin(name: &str) -> Result<Self, ScenarioError> {
        let builtin = BUILTIN.iter().find(|(builtin, _)| *builtin == name);
        let (_, text) = builtin.ok_or_else(|| ScenarioError::UnknownScenario(name.to_owned()))?;
        Self::from_toml(text)
    }

    /// Parses the text of a scenario file.
    ///
    /// # Errors
    /// The text is not TOML, or has unknown tables or keys.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text)
            .map(Self)
            .map_err(|error| ScenarioError::Unreadable(Box::new(error)))
    }

    /// The name of the scenario.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// A summary of the story in one line.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The time at which the story has just ended and practice begins.
    pub fn now(&self) -> Timestamp {
        self.0.now.0
    }

    /// A clock that starts at [`Scenario::now`].
    pub fn clock(&self) -> Clock {
        Clock::starting_at(self.now())
    }

    /// The faults to inject.
    pub(crate) fn faults(&self) -> Vec<FaultSpec> {
        self.0.faults.clone()
    }

    /// The default seed.
    pub(crate) fn seed(&self) -> u64 {
        self.0.seed
    }
}
