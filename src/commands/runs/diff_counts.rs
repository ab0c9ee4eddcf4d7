//! The number of differences between two runs.

use serde::Serialize;

/// The number of differences of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct DiffCounts {
    pub sightings_new: u64,
    pub sightings_removed: u64,
    pub sightings_changed: u64,
    pub sightings_unchanged: u64,
    pub coverage_gained: u64,
    pub coverage_lost: u64,
    pub coverage_changed: u64,
    pub sources_gained: u64,
    pub sources_lost: u64,
    pub sources_changed: u64,
}

impl DiffCounts {
    /// Whether a sighting is new, removed or changed.
    pub(super) fn has_sightings(&self) -> bool {
        self.sightings_new + self.sightings_removed + self.sightings_changed > 0
    }

    /// Whether the coverage of a log group, an account-Region or a log source differs.
    pub(super) fn has_coverage(&self) -> bool {
        let coverage = self.coverage_gained + self.coverage_lost + self.coverage_changed;
        let sources = self.sources_gained + self.sources_lost + self.sources_changed;
        coverage + sources > 0
    }
}
