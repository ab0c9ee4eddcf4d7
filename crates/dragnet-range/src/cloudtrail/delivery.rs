//! The delivery of a record to the log groups of the trails and channels that record it.

use jiff::Timestamp;

use super::ocsf::to_ocsf;
use super::{Record, RecordForm};
use crate::logs::NewEvent;
use crate::world::{Channel, Pipeline, World};
use dragnet_model::{AccountId, Region};

/// Adds a record to the event history and to the log group of every trail and channel that records it.
/// Each writes it in its own form. The files of trails in S3 are made of the event history.
pub(crate) fn deliver(world: &mut World, record: &Record) {
    world.history.add(record);
    let timestamp_ms = record.time.as_millisecond();
    let usual_ms =
        timestamp_ms.saturating_add(i64::try_from(world.delivery.as_millis()).unwrap_or(0));
    let ingestion_ms = record.delivered.map_or(usual_ms, Timestamp::as_millisecond);
    let mut deliveries = Vec::new();
    for trail in world.trails.iter().filter(|trail| trail.delivers(record)) {
        let Some(log_group) = &trail.log_group else {
            continue;
        };
        deliveries.push(Delivery {
            account: trail.account,
            region: trail.home.clone(),
            log_group: log_group.clone(),
            stream: trail.stream_name(&world.organization.id, record.account, &record.region),
            form: trail.record_form(),
        });
    }
    for channel in world
        .channels
        .iter()
        .filter(|channel| channel.delivers(record))
    {
        deliveries.push(Delivery {
            account: channel.account,
            region: channel.region.clone(),
            log_group: Channel::MANAGEMENT_GROUP.to_owned(),
            stream: channel.stream_name(),
            form: RecordForm::for_source(&channel.id),
        });
    }
    for delivery in deliveries {
        let Some(message) = delivery.message(&world.pipelines, record, ingestion_ms) else {
            continue;
        };
        let group = world
            .accounts
            .get_mut(&delivery.account)
            .and_then(|account| account.logs.get_mut(&delivery.region))
            .and_then(|store| store.groups.get_mut(&delivery.log_group));
        if let Some(group) = group {
            group.add_event(NewEvent {
                stream: delivery.stream,
                timestamp_ms,
                ingestion_ms,
                id: None,
                message: message.into(),
            });
        }
    }
}

/// The log stream to which a trail or channel delivers a record, and in which form.
struct Delivery {
    account: AccountId,
    region: Region,
    log_group: String,
    stream: String,
    form: RecordForm,
}

impl Delivery {
    /// The message that is stored; `None` if a pipeline drops it.
    fn message(
        &self,
        pipelines: &[Pipeline],
        record: &Record,
        ingestion_ms: i64,
    ) -> Option<String> {
        let pipeline = pipelines.iter().find(|pipeline| {
            pipeline.processes(self.account, &self.region, &self.log_group, ingestion_ms)
        });
        match pipeline {
            None => Some(record.to_json(self.form)),
            Some(pipeline) if pipeline.drops.contains(&record.event_source()) => None,
            Some(pipeline) => Some(to_ocsf(record, pipeline.include_original)),
        }
    }
}
