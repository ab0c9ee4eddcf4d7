//! Passthrough queries: hunts that only Insights can evaluate. Insights runs their queries as
//! written, and their rows are reported as they are.
//!
//! Every log group is queried, whatever the hunt is about. The log groups of the trails are not
//! always known, and a group that was not queried could not be distinguished from one without
//! results.

use super::hunts::{PrepareHuntError, PreparedHunt};
use super::query_words::QueryWords;
use dragnet_model::Hunt;
use insights_ql::{LogType, Query};

/// Commands that Insights does not support in log groups of class `INFREQUENT_ACCESS`.
///
/// Source: CloudWatch Logs user guide, "Logs Insights QL commands supported in log classes".
const STANDARD_ONLY: [&str; 4] = ["pattern", "diff", "filterIndex", "unmask"];

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

    /// A field that Insights may have to discover in the events, if the query cannot be parsed, so
    /// that it is not known which fields it reads.
    pub fn possibly_discovered_field(&self) -> Option<String> {
        if self.0.query.parse::<Query>().is_ok() {
            return None;
        }
        let words = QueryWords::read(&self.0.query);
        words
            .possible_field(LogType::is_system_field)
            .map(str::to_owned)
    }

    /// A command of the query that Insights supports only in log groups of class `STANDARD`.
    pub fn standard_only_command(&self) -> Option<&'static str> {
        let words = QueryWords::read(&self.0.query).words;
        STANDARD_ONLY.into_iter().find(|command| {
            words.iter().any(|word| {
                // `unmask` is also written as a function.
                (word.is_command || word.is_function) && word.text.eq_ignore_ascii_case(command)
            })
        })
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
