//! Passthrough queries: hunts that only Insights can evaluate. Insights runs their queries as
//! written, and their rows are reported as they are.
//!
//! Every log group is queried, whatever the hunt is about. The log groups of the trails are not
//! always known, and a group that was not queried could not be distinguished from one without
//! results.

use super::hunts::{PrepareHuntError, PreparedHunt};
use crate::model::Hunt;
use crate::query::{LogType, Query};

/// A hunt whose query Insights runs as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassthroughQuery(Hunt);

impl PassthroughQuery {
    /// The hunt.
    pub fn hunt(&self) -> &Hunt {
        &self.0
    }

    /// A field that Insights must discover in the events, if the query is known to read one.
    pub fn discovered_field(&self) -> Option<String> {
        let query: Query = self.0.query.parse().ok()?;
        let fields = query.record_fields();
        fields
            .into_iter()
            .find(|name| !LogType::is_system_field(name))
            .map(str::to_owned)
    }

    /// Returns the query for events from `from_ms` (inclusive) to `to_ms` (exclusive). Insights
    /// windows are in whole seconds, so a first filter narrows them to milliseconds.
    pub fn query(&self, from_ms: i64, to_ms: i64) -> String {
        let time_filter =
            format!("filter toMillis(@timestamp) >= {from_ms} and toMillis(@timestamp) < {to_ms}");
        format!("{time_filter}\n| {}", self.0.query.trim())
    }
}

/// Separates the hunts that are evaluated locally from those that Insights runs as written.
///
/// # Errors
/// The query of a hunt is invalid.
pub fn prepare(
    hunts: &[Hunt],
) -> Result<(Vec<PreparedHunt>, Vec<PassthroughQuery>), PrepareHuntError> {
    let mut prepared = Vec::new();
    let mut passthrough = Vec::new();
    for hunt in hunts {
        match PreparedHunt::new(hunt.clone()) {
            Ok(hunt) => prepared.push(hunt),
            Err(error) if error.is_for_insights() => {
                passthrough.push(PassthroughQuery(hunt.clone()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((prepared, passthrough))
}
