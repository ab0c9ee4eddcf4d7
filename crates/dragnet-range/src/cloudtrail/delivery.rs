//! The delivery of a record to the log groups of the trails that record it.

use jiff::Timestamp;

use super::Record;
use crate::logs::NewEvent;
use crate::world::World;

/// Adds a record to the event history and to the log group of every trail that records it. Each
/// writes it in its own form. The files of trails in S3 are made of the event history.
pub(crate) fn deliver(world: &mut World, record: &Record) {
    world.history.add(record);
    let timestamp_ms = record.time.as_millisecond();
    let usual_ms =
        timestamp_ms.saturating_add(i64::try_from(world.delivery.as_millis()).unwrap_or(0));
    let ingestion_ms = record.delivered.map_or(usual_ms, Timestamp::as_millisecond);
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
