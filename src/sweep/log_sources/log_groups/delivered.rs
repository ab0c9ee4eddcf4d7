//! What trails and flow logs deliver to a log group.

use std::collections::BTreeMap;

use crate::search::FlowLogFormats;
use dragnet_model::{LogGroupArn, LogSource, Organization, Target, TrailScope};

/// What log sources deliver to a log group, as far as known.
#[derive(Clone, Debug, Default)]
pub(in crate::sweep) struct Delivered {
    /// The trails that deliver to it.
    pub trails: Vec<TrailScope>,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
}

impl Delivered {
    /// Returns what `log_sources` deliver to the log groups of the account-Region `target`, by
    /// name. `organization` is the organization of its account.
    pub(in crate::sweep) fn by_group(
        log_sources: &[LogSource],
        target: &Target,
        organization: Option<&Organization>,
    ) -> BTreeMap<String, Self> {
        let mut delivered: BTreeMap<String, Self> = BTreeMap::new();
        let is_local = |group: &LogGroupArn| group.target == *target;
        for (group, flow_logs) in FlowLogFormats::by_group(log_sources) {
            if is_local(&group) {
                delivered.entry(group.name).or_default().flow_logs = flow_logs;
            }
        }
        for log_source in log_sources {
            let group = log_source.log_group().filter(|group| is_local(group));
            if let (Some(group), Some(trail)) =
                (group, TrailScope::from_log_source(log_source, organization))
            {
                let delivered = delivered.entry(group.name.clone()).or_default();
                delivered.trails.push(trail);
            }
        }
        delivered
    }

    /// Whether trails deliver to it, and no flow logs, as far as known.
    pub(super) fn has_only_trails(&self) -> bool {
        !self.trails.is_empty() && self.flow_logs == FlowLogFormats::default()
    }

    /// Returns what one log source delivers to the log group `group`. `organization` is that of the
    /// account that owns the log source.
    pub(in crate::sweep) fn from_log_source(
        log_source: &LogSource,
        group: &LogGroupArn,
        organization: Option<&Organization>,
    ) -> Self {
        let flow_logs = FlowLogFormats::by_group([log_source])
            .remove(group)
            .unwrap_or_default();
        Self {
            trails: TrailScope::from_log_source(log_source, organization)
                .into_iter()
                .collect(),
            flow_logs,
        }
    }
}
