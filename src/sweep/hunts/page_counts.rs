//! What the events of one page add to hunts that count.

use std::collections::BTreeMap;

use crate::search::{PreparedHunt, RecordKind};
use crate::store::CountRow;
use dragnet_model::EventDetails;
use insights_ql::Partial;

/// The kind of an event that looks like a CloudTrail record but was not written by a known trail.
pub(super) const CLAIMS_TO_BE_CLOUDTRAIL: &str = "claims-to-be-cloudtrail";

/// Returns the kind under which an event is counted. An event that looks like a CloudTrail record
/// but was not written by a trail has a separate kind: it can claim any account, so the account
/// that stores it counts as well.
pub(in crate::sweep) fn kind_of_count(
    kind: RecordKind<'_>,
    is_trail_written: bool,
) -> &'static str {
    match kind {
        RecordKind::CloudTrail if !is_trail_written => CLAIMS_TO_BE_CLOUDTRAIL,
        kind => kind.as_str(),
    }
}

/// The counts of one page, by hunt, event account, event Region and kind of record. There are at
/// most as many as the page has events.
#[derive(Debug, Default)]
pub(in crate::sweep) struct PageCounts(BTreeMap<(usize, String, String, &'static str), Partial>);

impl PageCounts {
    /// Adds the partial of an event for the hunt with this number. For `kind` see
    /// [`kind_of_count`].
    pub(crate) fn add(
        &mut self,
        hunt: usize,
        details: &EventDetails<'_>,
        kind: &'static str,
        partial: Partial,
    ) {
        let key = (
            hunt,
            details.account.to_string(),
            details.region.to_string(),
            kind,
        );
        self.0.entry(key).or_default().merge(partial);
    }

    /// Adds the counts of other events of the same page.
    pub(crate) fn merge(&mut self, other: Self) {
        for (key, partial) in other.0 {
            self.0.entry(key).or_default().merge(partial);
        }
    }

    /// Whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the rows that the journal stores.
    pub(crate) fn into_rows(self, hunts: &[PreparedHunt]) -> Vec<CountRow> {
        let rows = self.0.into_iter().filter_map(
            |((number, event_account, event_region, kind), partial)| {
                let hunt = hunts.get(number)?.hunt().name.clone();
                Some(CountRow {
                    hunt,
                    event_account,
                    event_region,
                    kind: kind.to_owned(),
                    partial,
                })
            },
        );
        rows.collect()
    }
}
