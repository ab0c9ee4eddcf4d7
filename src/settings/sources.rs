//! The settings of `sources`.

use super::{ListOutput, Reach};
use dragnet_model::TimeWindow;

/// The settings of `sources`.
#[derive(Clone, Debug, PartialEq)]
pub struct SourcesSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// The window for which log sources are judged.
    pub window: TimeWindow,
    /// How to print them.
    pub output: ListOutput,
}
