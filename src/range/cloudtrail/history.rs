//! The event history that every account has in every Region, trail or no trail.
//!
//! It holds the story and the calls to the range itself. Everyday traffic is made only in the log groups that somebody
//! reads, and is not in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Record;
use crate::model::{AccountId, Region};

/// What a record is looked up by, and the record.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) event_id: String,
    pub(super) event_name: String,
    pub(super) event_source: String,
    pub(super) username: String,
    pub(super) access_key_id: String,
    pub(super) read_only: bool,
    pub(super) message: Arc<str>,
}

/// Everything that happened, by account and Region.
#[derive(Debug, Default)]
pub(crate) struct History(BTreeMap<(AccountId, Region), Vec<Entry>>);

impl History {
    /// Remembers a record, whose text is `message`.
    pub(super) fn remember(&mut self, record: &Record, message: Arc<str>) {
        let entry = Entry {
            time: record.time,
            event_id: record.event_id.clone(),
            event_name: record.action.clone(),
            event_source: record.source(),
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

    /// What happened in an account and Region, in the order in which it was remembered.
    pub(super) fn of(&self, account: AccountId, region: &Region) -> &[Entry] {
        self.0
            .get(&(account, region.clone()))
            .map_or(&[], Vec::as_slice)
    }
}
