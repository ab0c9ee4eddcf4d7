//! The delivery of a record to the log groups of the trails that record it.

use std::sync::Arc;

use super::{Record, RecordForm};
use crate::logs::NewEvent;
use crate::world::World;

/// The name that gives the event history its form of a record. No trail can have it.
const EVENT_HISTORY: &str = "event history";

/// Adds a record to the event history and to the log group of every trail that records it. Each
/// writes it in its own form.
pub(crate) fn deliver(world: &mut World, record: &Record) {
    let message: Arc<str> = record.to_json(RecordForm::for_source(EVENT_HISTORY)).into();
    world.history.add(record, message);
    let timestamp_ms = record.time.as_millisecond();
    let ingestion_ms =
        timestamp_ms.saturating_add(i64::try_from(world.delivery.as_millis()).unwrap_or(0));
    let World {
        trails,
        accounts,
        organization,
        ..
    } = world;
    for trail in trails.iter().filter(|trail| trail.delivers(record)) {
        let store = accounts
            .get_mut(&trail.account)
            .and_then(|account| account.logs.get_mut(&trail.home));
        let name = trail.log_group.as_ref();
        let Some(group) = store
            .zip(name)
            .and_then(|(store, name)| store.groups.get_mut(name))
        else {
            continue;
        };
        group.add_event(NewEvent {
            stream: trail.stream_name(&organization.id, record.account, &record.region),
            timestamp_ms,
            ingestion_ms,
            id: None,
            message: record.to_json(trail.record_form()).into(),
        });
    }
}
