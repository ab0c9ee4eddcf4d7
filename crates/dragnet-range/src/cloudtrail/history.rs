//! The event history, which every account has in every Region even without a trail.
//!
//! It is also where the files of trails in S3 come from, so that a record is stored once.
//!
//! It contains every management event: those of the scenario, the calls to the range itself, and
//! the everyday records of trails. The settings of trails do not matter to it. It contains no data
//! events; a scenario writes those to log groups.
//!
//! Sources: CloudTrail user guide, "Working with CloudTrail event history" (90 days, management
//! events, of one account and Region) and "Logging management events" (events that a trail excludes
//! are in it nevertheless).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::resources::{Resource, referenced_resources};
use super::{Record, RecordForm};
use crate::traffic::Traffic;
use dragnet_model::{AccountId, Region};

/// The name that gives the event history its form of a record. No trail can have it.
const EVENT_HISTORY: &str = "event history";

/// A record, and the attributes by which `LookupEvents` finds it.
#[derive(Clone, Debug)]
pub(super) struct HistoryEntry {
    /// When the call was made.
    pub(super) time: Timestamp,
    /// The time in the record, which has a precision of one second.
    pub(super) event_time: Timestamp,
    pub(super) event_id: String,
    pub(super) event_name: String,
    pub(super) event_source: String,
    pub(super) username: Option<String>,
    /// The access key that signed, if there is one.
    pub(super) access_key_id: Option<String>,
    pub(super) read_only: bool,
    pub(super) resources: Vec<Resource>,
    pub(super) record: Arc<Record>,
}

/// The entries of one account-Region, by a key that decreases with time, so the newest is first.
pub(super) type Entries = BTreeMap<String, HistoryEntry>;

#[derive(Debug, Default)]
struct AccountRegionHistory {
    entries: Entries,
    /// Whether the everyday records have been added.
    has_traffic: bool,
}

/// All entries, by account and Region.
#[derive(Debug, Default)]
pub(crate) struct History {
    account_regions: BTreeMap<(AccountId, Region), AccountRegionHistory>,
    /// The everyday traffic of the trails, which is generated when an account-Region is first read.
    traffic: Vec<Traffic>,
}

impl History {
    /// Adds a record.
    pub(super) fn add(&mut self, record: &Record) {
        self.account_regions
            .entry((record.account, record.region.clone()))
            .or_default()
            .add(record);
    }

    /// All records of an account-Region, the newest first.
    pub(crate) fn records(
        &mut self,
        account: AccountId,
        region: &Region,
    ) -> impl Iterator<Item = &Arc<Record>> {
        self.entries(account, region)
            .values()
            .map(|entry| &entry.record)
    }

    /// Adds the everyday records of the account-Regions that a trail records.
    pub(crate) fn add_traffic(&mut self, traffic: Traffic) {
        self.traffic.push(traffic);
    }

    /// The entries of an account-Region.
    pub(super) fn entries(&mut self, account: AccountId, region: &Region) -> &Entries {
        let Self {
            account_regions,
            traffic,
        } = self;
        let history = account_regions
            .entry((account, region.clone()))
            .or_default();
        if !history.has_traffic {
            history.has_traffic = true;
            let records = traffic
                .iter()
                .flat_map(|traffic| traffic.records(account, region));
            for record in records {
                history.add(&record);
            }
        }
        &history.entries
    }
}

impl AccountRegionHistory {
    /// Adds a record. Two trails with the same everyday record add one entry.
    fn add(&mut self, record: &Record) {
        let entry = HistoryEntry::from_record(record);
        let remaining_ms = i64::MAX.saturating_sub(entry.time.as_millisecond());
        let key = format!("{remaining_ms:020} {}", entry.event_id);
        self.entries.insert(key, entry);
    }
}

impl HistoryEntry {
    fn from_record(record: &Record) -> Self {
        let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            time: record.time,
            event_time: Timestamp::from_second(record.time.as_second()).unwrap_or(record.time),
            event_id: record.event_id.clone(),
            event_name: record.action.clone(),
            event_source: record.event_source(),
            username: non_empty(record.actor.username()),
            access_key_id: non_empty(&record.actor.access_key_id),
            read_only: record.read_only,
            resources: referenced_resources(record),
            record: Arc::new(record.clone()),
        }
    }

    /// The record as text.
    pub(super) fn message(&self) -> String {
        self.record.to_json(RecordForm::for_source(EVENT_HISTORY))
    }
}
