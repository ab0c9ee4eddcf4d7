//! The sightings of two runs that may be the same event, and which of them are.

use std::collections::BTreeMap;

use super::Difference;
use crate::search::are_equal_documents;
use dragnet_model::{AccountId, Region, Sighting};

/// How many sightings without a counterpart in the same log group are compared with each other. An
/// attacker can write any number of records with one id; the others count as new and removed.
const MAX_COMPARED: usize = 64;

/// Where an event is stored. Insights returns some events without an id; their message is used
/// instead.
type Place = (String, AccountId, Region, String);

fn place(sighting: &Sighting) -> Place {
    let stored = &sighting.stored;
    let event = if stored.event_id.is_empty() {
        &sighting.message
    } else {
        &stored.event_id
    };
    (
        stored.log_group.clone(),
        stored.account,
        stored.region.clone(),
        event.clone(),
    )
}

/// The sightings of two runs with the same key.
#[derive(Default)]
pub(super) struct EventGroup {
    /// The sightings of the earlier run without a counterpart so far.
    before: BTreeMap<Place, Vec<Sighting>>,
    /// The same for the later run.
    after: BTreeMap<Place, Vec<Sighting>>,
    changed: Vec<Difference<Sighting>>,
    /// How many are the same in both runs.
    pub unchanged: u64,
}

impl EventGroup {
    pub(super) fn add_before(&mut self, sighting: Sighting) {
        let place = place(&sighting);
        match self.after.get_mut(&place).and_then(Vec::pop) {
            Some(counterpart) => self.add_pair(sighting, counterpart),
            None => self.before.entry(place).or_default().push(sighting),
        }
    }

    pub(super) fn add_after(&mut self, sighting: Sighting) {
        let place = place(&sighting);
        match self.before.get_mut(&place).and_then(Vec::pop) {
            Some(counterpart) => self.add_pair(counterpart, sighting),
            None => self.after.entry(place).or_default().push(sighting),
        }
    }

    fn add_pair(&mut self, before: Sighting, after: Sighting) {
        if before == after {
            self.unchanged += 1;
        } else {
            self.changed.push(Difference {
                before: Some(before),
                after: Some(after),
            });
        }
    }

    /// Returns the differences: what changed, then what was removed, then what is new.
    pub(super) fn into_differences(mut self) -> Vec<Difference<Sighting>> {
        let removed: Vec<Sighting> = std::mem::take(&mut self.before)
            .into_values()
            .flatten()
            .collect();
        let mut new: Vec<Sighting> = std::mem::take(&mut self.after)
            .into_values()
            .flatten()
            .collect();
        let mut only_before = Vec::new();
        for sighting in removed {
            let mut candidates = new.iter().take(MAX_COMPARED);
            match candidates.position(|other| is_stored_elsewhere(&sighting, other)) {
                Some(position) => {
                    let counterpart = new.remove(position);
                    self.add_pair(sighting, counterpart);
                }
                None => only_before.push(sighting),
            }
        }
        let removed = only_before.into_iter().map(|sighting| Difference {
            before: Some(sighting),
            after: None,
        });
        let new = new.into_iter().map(|sighting| Difference {
            before: None,
            after: Some(sighting),
        });
        let mut differences = self.changed;
        differences.extend(removed.chain(new));
        differences
    }
}

/// Whether two sightings are one event that the runs report from different log groups or with
/// different event ids: copies of one record, or an event that only one engine returns with an id.
fn is_stored_elsewhere(one: &Sighting, other: &Sighting) -> bool {
    let same_group = one.stored.log_group == other.stored.log_group
        && one.stored.account == other.stored.account
        && one.stored.region == other.stored.region;
    let lacks_id = one.stored.event_id.is_empty() || other.stored.event_id.is_empty();
    (one.details.is_cloudtrail() || same_group && lacks_id)
        && are_equal_documents(&one.message, &other.message)
}
