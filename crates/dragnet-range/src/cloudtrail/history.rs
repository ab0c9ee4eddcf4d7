//! The event history, which every account has in every Region even without a trail.
//!
//! It contains the events of the scenario and the calls to the range itself. Everyday traffic is
//! generated only for log groups, and is not part of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Record;
use dragnet_model::{AccountId, Region};

/// A record, and the attributes by which `LookupEvents` finds it.
#[derive(Clone, Debug)]
pub(super) struct HistoryEntry {
    pub(super) time: Timestamp,
    pub(super) event_id: String,
    pub(super) event_name: String,
    pub(super) event_source: String,
    pub(super) username: String,
    pub(super) access_key_id: String,
    pub(super) read_only: bool,
    pub(super) message: Arc<str>,
}

/// All records, by account and Region.
#[derive(Debug, Default)]
pub(crate) struct History(BTreeMap<(AccountId, Region), Vec<HistoryEntry>>);

impl History {
    /// Adds a record, whose text is `message`.
    pub(super) fn add(&mut self, record: &Record, message: Arc<str>) {
        let entry = HistoryEntry {
            time: record.time,
            event_id: record.event_id.clone(),
            event_name: record.action.clone(),
            event_source: record.event_source(),
            username: record
                .actor
                .arn
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            access_key_id: record.actor.access_key_id.clone(),
            read_only: record.read_only,
            message,
        };
        self.0
            .entry((record.account, record.region.clone()))
            .or_default()
            .push(entry);
    }

    /// The records of an account and Region, in the order in which they were added.
    pub(super) fn entries(&self, account: AccountId, region: &Region) -> &[HistoryEntry] {
        self.0
            .get(&(account, region.clone()))
            .map_or(&[], Vec::as_slice)
    }
}
