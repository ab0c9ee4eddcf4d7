//! The log groups that the trails of a run deliver to.

use std::collections::BTreeMap;

use super::row::damaged;
use super::{RunReader, StoreError, StoredRow};
use dragnet_model::{LogGroupArn, LogSource, Organization, Target, TrailScope};

/// Decides which stored rows a trail delivered. Only those prove who did something: any other line
/// of a log group may come from any program.
#[derive(Clone, Debug, Default)]
pub struct TrailDeliveries {
    trails: BTreeMap<LogGroupArn, Vec<TrailScope>>,
}

impl TrailDeliveries {
    /// Derives the deliveries from log sources and the organization whose accounts were listed, if
    /// any.
    pub fn new(log_sources: &[LogSource], organization: Option<&Organization>) -> Self {
        let mut trails: BTreeMap<LogGroupArn, Vec<TrailScope>> = BTreeMap::new();
        for log_source in log_sources {
            if let (Some(scope), Some(group)) = (
                TrailScope::from_log_source(log_source, organization),
                log_source.log_group(),
            ) {
                trails.entry(group.clone()).or_default().push(scope);
            }
        }
        Self { trails }
    }

    /// Reads the log sources and the organization of a run.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn load(reader: &RunReader) -> Result<Self, StoreError> {
        // Earlier versions did not store the organization; any id is accepted then.
        let facts = reader.facts()?;
        let organization: Option<Organization> = facts
            .organization
            .text()
            .map(|json| serde_json::from_str(json).map_err(damaged))
            .transpose()?;
        Ok(Self::new(&reader.log_sources()?, organization.as_ref()))
    }

    /// Whether a trail delivered this row: its scan knew it, or a log source that was found later
    /// says so.
    pub fn contains(&self, row: &StoredRow) -> bool {
        let target = Target {
            account: row.account,
            region: row.region.clone(),
        };
        let log_group = LogGroupArn::new(target, row.log_group.as_str());
        let found = &row.found;
        let trails = self.trails.get(&log_group);
        found.is_trusted
            || trails.is_some_and(|trails| {
                trails
                    .iter()
                    .any(|trail| trail.delivers(&found.log_stream, &found.event_account))
            })
    }
}
