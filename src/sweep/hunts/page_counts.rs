//! What one page adds to the hunts that count.

use std::collections::BTreeMap;

use crate::query::Partial;
use crate::search::{ParsedEventDetails, PreparedHunt, RecordKind};
use crate::store::CountRow;

/// What looks like a CloudTrail record, but was not written by a trail that is known.
pub(super) const CLAIMS_TO_BE_CLOUDTRAIL: &str = "claims-to-be-cloudtrail";

/// The word for what kind of event was counted. What a trail did not write counts where it is stored, too, whatever
/// account it tells of.
pub(in crate::sweep) fn kind_of_count(kind: RecordKind<'_>, is_trails: bool) -> &'static str {
    match kind {
        RecordKind::CloudTrail if !is_trails => CLAIMS_TO_BE_CLOUDTRAIL,
        kind => kind.as_str(),
    }
}

/// Counts of one page: by hunt, by account and Region where it happened, and by kind of record. They are as
/// many as the page has events at most.
#[derive(Debug, Default)]
pub(in crate::sweep) struct PageCounts(BTreeMap<(usize, String, String, &'static str), Partial>);

impl PageCounts {
    /// Adds what an event comes to for the hunt of this number; `kind`: see [`kind_of_count`].
    pub fn add(
        &mut self,
        hunt: usize,
        told: &ParsedEventDetails<'_>,
        kind: &'static str,
        partial: Partial,
    ) {
        let place = (
            hunt,
            told.account.to_string(),
            told.region.to_string(),
            kind,
        );
        self.0.entry(place).or_default().merge(partial);
    }

    /// The rows to write down.
    pub fn into_rows(self, hunts: &[PreparedHunt]) -> Vec<CountRow> {
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
