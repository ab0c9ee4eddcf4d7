//! One call, with all records about it: `AssumeRole` is recorded in the account of the caller and
//! in that of the role, and a record may reach several log groups.

use std::collections::{BTreeMap, BTreeSet};

use super::grant::Grant;
use super::identity::Identity;
use super::record::LineageRecord;

/// What the records of one call have in common: the `sharedEventID` and the event name, otherwise
/// the `eventID` and the account.
type CallKey<'r> = (&'r str, &'r str, &'r str);

/// The records of one call by account and `eventID`.
type RecordsByAccount<'r> = BTreeMap<(&'r str, &'r str), &'r LineageRecord>;

/// A call with its records, at least one.
pub(super) struct JoinedCall<'r> {
    /// One record for each account, ordered by account.
    pub(super) records: Vec<&'r LineageRecord>,
    pub(super) time_ms: i64,
    pub(super) failure: Option<String>,
    /// What the call gave, each identity once.
    pub(super) grants: Vec<Grant>,
}

/// Joins the records about each call. Returns the calls ordered by time.
///
/// Source: CloudTrail user guide, "CloudTrail record contents" (`sharedEventID`: "when the same AWS
/// action is sent to different AWS accounts").
pub(super) fn join_records(records: &[LineageRecord]) -> Vec<JoinedCall<'_>> {
    let mut joined: BTreeMap<CallKey<'_>, RecordsByAccount<'_>> = BTreeMap::new();
    for record in records {
        let key = if record.shared_event_id.is_empty() {
            (record.event_id.as_str(), record.account.as_str(), "")
        } else {
            (
                "",
                record.shared_event_id.as_str(),
                record.event_name.as_str(),
            )
        };
        let copies = joined.entry(key).or_default();
        copies
            .entry((record.account.as_str(), record.event_id.as_str()))
            .or_insert(record);
    }
    let mut calls: Vec<JoinedCall<'_>> = joined
        .into_values()
        .map(|records| JoinedCall::new(records.into_values().collect()))
        .collect();
    calls.sort_by_cached_key(|call| (call.time_ms, call.event_ids()));
    calls
}

impl<'r> JoinedCall<'r> {
    fn new(records: Vec<&'r LineageRecord>) -> Self {
        let mut grants: BTreeMap<String, Grant> = BTreeMap::new();
        for grant in records.iter().flat_map(|record| &record.grants) {
            grants
                .entry(grant.identity.canonical())
                .and_modify(|known| complete_grant(known, grant))
                .or_insert_with(|| grant.clone());
        }
        let times = records.iter().map(|record| record.time_ms);
        Self {
            time_ms: times.min().unwrap_or_default(),
            failure: records.iter().find_map(|record| record.failure.clone()),
            grants: grants.into_values().collect(),
            records,
        }
    }

    /// Every name of the actor.
    pub(super) fn actor_names(&self) -> BTreeSet<&'r str> {
        self.records
            .iter()
            .flat_map(|record| {
                let actor = &record.actor;
                actor.exact_names.iter().chain(&actor.session_names)
            })
            .map(String::as_str)
            .collect()
    }

    /// The access keys that the call issued.
    pub(super) fn issued_keys(&self) -> Vec<&'r str> {
        self.records
            .iter()
            .flat_map(|record| &record.grants)
            .filter_map(|grant| match &grant.identity {
                Identity::Key(id) => Some(id.as_str()),
                _ => grant.access_key_id.as_deref(),
            })
            .collect()
    }

    pub(super) fn event_source(&self) -> &'r str {
        self.records
            .first()
            .map_or("", |record| record.event_source.as_str())
    }

    pub(super) fn event_name(&self) -> &'r str {
        self.records
            .first()
            .map_or("", |record| record.event_name.as_str())
    }

    pub(super) fn event_ids(&self) -> Vec<String> {
        let ids = self.records.iter().map(|record| record.event_id.clone());
        ids.collect()
    }

    pub(super) fn accounts(&self) -> Vec<String> {
        let accounts = self.records.iter().map(|record| record.account.clone());
        accounts.collect()
    }
}

/// Adds what another record about the same call knows.
fn complete_grant(known: &mut Grant, other: &Grant) {
    if known.access_key_id.is_none() {
        known.access_key_id.clone_from(&other.access_key_id);
    }
    if known.user_id.is_none() {
        known.user_id.clone_from(&other.user_id);
    }
    if known.source_identity.is_none() {
        known.source_identity.clone_from(&other.source_identity);
    }
    if known.owner.is_none() {
        known.owner.clone_from(&other.owner);
    }
}
