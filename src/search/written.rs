//! Hunts that only Insights evaluates: their queries run there as they are written, and their rows come as they are.

use super::hunts::{NotPrepared, PreparedHunt};
use crate::model::{Hunt, HuntSource};

/// A hunt whose query runs as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenHunt(Hunt);

impl WrittenHunt {
    /// The hunt.
    pub fn hunt(&self) -> &Hunt {
        &self.0
    }

    /// Whether it asks about what is delivered to a log group.
    pub fn is_about(&self, trails: bool, flow_logs: bool) -> bool {
        match self.0.source {
            HuntSource::CloudTrail => trails,
            HuntSource::VpcFlow => flow_logs,
            HuntSource::Any => true,
        }
    }

    /// Its query, about events from one millisecond to the one before another. The window of Insights is in whole
    /// seconds, so that a first filter narrows it.
    pub fn query(&self, from_ms: i64, to_ms: i64) -> String {
        let narrow = format!("filter toMillis(@timestamp) >= {from_ms} and toMillis(@timestamp) < {to_ms}");
        format!("{narrow}\n| {}", self.0.query.trim())
    }
}

/// Hunts by who evaluates them: those that are evaluated here, and those that Insights runs as they are written.
///
/// # Errors
/// A query is none.
pub fn prepare(hunts: &[Hunt]) -> Result<(Vec<PreparedHunt>, Vec<WrittenHunt>), NotPrepared> {
    let (mut prepared, mut written) = (Vec::new(), Vec::new());
    for hunt in hunts {
        match PreparedHunt::new(hunt.clone()) {
            Ok(hunt) => prepared.push(hunt),
            Err(error) if error.is_for_insights() => written.push(WrittenHunt(hunt.clone())),
            Err(error) => return Err(error),
        }
    }
    Ok((prepared, written))
}
