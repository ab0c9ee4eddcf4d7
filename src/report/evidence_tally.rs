//! The log sources and the trail integrity findings of a run.

use super::{HourGap, OtherSourceTally, SourceTally, TamperingTally};
use dragnet_model::{LogKind, RequiredKinds};

/// The log sources and the trail integrity findings of a run, counted.
#[derive(Clone, Debug, Default)]
pub struct EvidenceTally {
    /// The status of the CloudTrail of every account-Region.
    pub sources: SourceTally,
    /// The flow logs and the trails with data events.
    pub other_sources: OtherSourceTally,
    /// Tampering calls.
    pub tampering: TamperingTally,
    /// The longest hour gaps.
    pub hour_gaps: Vec<HourGap>,
}

impl EvidenceTally {
    /// Whether the log sources of all required kinds were searched.
    pub fn has_required_sources(&self, required: &RequiredKinds) -> bool {
        (!required.contains(LogKind::Management) || self.sources.is_complete())
            && self.other_sources.is_complete(required)
    }
}
