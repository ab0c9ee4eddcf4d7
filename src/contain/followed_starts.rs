//! The sightings of a run that follows credentials from which its lineage starts, and where that
//! lineage may continue unseen.

use std::collections::BTreeSet;

use crate::store::SightingRecord;
use dragnet_model::AccountId;

/// What a run that follows credentials was given. Its other sightings were found by following.
#[derive(Clone, Debug, Default)]
pub struct FollowedStarts {
    /// The names of the indicators that were given.
    pub given: BTreeSet<String>,
    /// From when the calls of the given identities count, in milliseconds since the Unix epoch;
    /// `None`: always.
    pub from_ms: Option<i64>,
    /// The accounts of the organization.
    pub members: BTreeSet<AccountId>,
    /// Descriptions of what the run could not follow.
    pub open_ends: Vec<String>,
}

impl FollowedStarts {
    /// Whether a sighting was found by what was given, and counts.
    pub(super) fn include(&self, found: &SightingRecord, time_ms: i64) -> bool {
        let is_given = found.indicators.is_empty()
            || found
                .indicators
                .iter()
                .any(|name| self.given.contains(name));
        is_given && self.from_ms.is_none_or(|from_ms| time_ms >= from_ms)
    }
}
