//! Hunts that only Insights evaluates: their queries run there as they are written, and their rows come as they are.
//!
//! Every log group is asked, whatever a hunt is about: nobody knows of all trails where they deliver to, and a group that
//! was not asked could not be told from one that has nothing.

use super::hunts::{NotPrepared, PreparedHunt};
use crate::model::Hunt;

/// A hunt whose query runs as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassthroughQuery(Hunt);

impl PassthroughQuery {
    /// The hunt.
    pub fn hunt(&self) -> &Hunt {
        &self.0
    }

    /// Its query, about events from one millisecond to the one before another. The window of Insights is in whole
    /// seconds, so that a first filter narrows it.
    pub fn query(&self, from_ms: i64, to_ms: i64) -> String {
        let narrow =
            format!("filter toMillis(@timestamp) >= {from_ms} and toMillis(@timestamp) < {to_ms}");
        format!("{narrow}\n| {}", self.0.query.trim())
    }
}

/// Hunts by who evaluates them: those that are evaluated here, and those that Insights runs as they are written.
///
/// # Errors
/// A query is none.
pub fn prepare(hunts: &[Hunt]) -> Result<(Vec<PreparedHunt>, Vec<PassthroughQuery>), NotPrepared> {
    let (mut prepared, mut written) = (Vec::new(), Vec::new());
    for hunt in hunts {
        match PreparedHunt::new(hunt.clone()) {
            Ok(hunt) => prepared.push(hunt),
            Err(error) if error.is_for_insights() => written.push(PassthroughQuery(hunt.clone())),
            Err(error) => return Err(error),
        }
    }
    Ok((prepared, written))
}
