//! What one page adds to the hunts that count.

use std::collections::BTreeMap;

use crate::query::Partial;
use crate::search::{Happened, PreparedHunt, RecordKind};
use crate::store::CountRow;

/// Counts of one page: by hunt, by account and Region where it happened, and by kind of record. They are as
/// many as the page has events at most.
#[derive(Debug, Default)]
pub(in crate::sweep) struct PageCounts(BTreeMap<(usize, String, String, &'static str), Partial>);

impl PageCounts {
    /// Adds what an event comes to for the hunt of this number.
    pub fn add(&mut self, hunt: usize, told: &Happened<'_>, kind: RecordKind<'_>, partial: Partial) {
        let place = (hunt, told.account.to_string(), told.region.to_string(), kind.as_str());
        self.0.entry(place).or_default().merge(partial);
    }

    /// The rows to write down.
    pub fn into_rows(self, hunts: &[PreparedHunt]) -> Vec<CountRow> {
        let rows = self.0.into_iter().filter_map(|((number, event_account, event_region, kind), partial)| {
            let hunt = hunts.get(number)?.hunt().name.clone();
            Some(CountRow { hunt, event_account, event_region, kind: kind.to_owned(), partial })
        });
        rows.collect()
    }
}
