//! Where flow logs deliver to, and in which formats.

use std::collections::BTreeMap;

use crate::sweep::ObjectFolder;
use dragnet_model::{LogSource, Selection, SourceState, Target};

/// A log group, or else a folder of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlowLogPlace {
    pub(super) target: Target,
    pub(super) log_group: String,
    pub(super) bucket_prefix: Option<String>,
}

/// The formats of the flow logs that deliver to each place, in the syntax of AWS.
pub(super) type FormatsByPlace = BTreeMap<FlowLogPlace, Vec<String>>;

impl FlowLogPlace {
    fn from_log_source(log_source: &LogSource) -> Option<Self> {
        if let Some(group) = log_source.log_group() {
            return Some(Self {
                target: group.target.clone(),
                log_group: group.name.clone(),
                bucket_prefix: None,
            });
        }
        let folder = ObjectFolder::new(log_source, &log_source.home, None)?;
        Some(Self {
            bucket_prefix: Some(folder.location()),
            target: folder.target,
            log_group: String::new(),
        })
    }
}

/// Returns the formats of flow logs.
pub(super) fn flow_log_formats(log_sources: &[LogSource]) -> FormatsByPlace {
    let mut places = FormatsByPlace::new();
    for log_source in log_sources {
        let SourceState::Known(_, Selection::Traffic { format, .. }) = &log_source.state else {
            continue;
        };
        if let Some(place) = FlowLogPlace::from_log_source(log_source) {
            let formats = places.entry(place).or_default();
            if !formats.contains(format) {
                formats.push(format.clone());
            }
        }
    }
    places
}
