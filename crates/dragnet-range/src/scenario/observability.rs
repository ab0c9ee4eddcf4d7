//! The channels, pipelines, centralized copies and event data stores of a scenario.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::references::{account_regions, open_group};
use super::scenario_time::ScenarioTime;
use super::spec::{CentralizationSpec, ChannelSpec, Spec, default_service};
use crate::logs::NewEvent;
use crate::world::{
    CentralizationRule, Channel, DeliveryKind, EventDataStore, ImportTask, Link, LogDelivery,
    Pipeline, ReadWriteType, TelemetryRule, World,
};
use dragnet_model::{AccountId, Region};

/// Adds what collects and rewrites events. Log groups must be there, and events not yet.
pub(super) fn add_collectors(world: &mut World, spec: &Spec, now: Timestamp, created: Timestamp) {
    for channel in &spec.channels {
        add_channels(world, channel, created);
    }
    add_implied_channels(world);
    for pipeline in &spec.pipelines {
        let number = world.pipelines.len() + 1;
        world.pipelines.push(Pipeline {
            name: format!("pipeline-{number}"),
            account: pipeline.account,
            region: pipeline.region.clone(),
            log_group: pipeline.log_group.clone(),
            since: pipeline.since.map(|since| since.resolve(now)),
            include_original: pipeline.include_original,
            drops: pipeline.drops.clone(),
        });
    }
    for link in &spec.links {
        for (source, region) in account_regions(world, &link.accounts, &link.regions) {
            world.links.push(Link {
                monitoring: link.monitoring,
                region,
                source,
                groups: link.groups.globs().to_vec(),
            });
        }
    }
    for (number, import) in spec.imports.iter().enumerate() {
        let ms = |time: ScenarioTime| time.resolve(now).as_millisecond();
        let purpose = format!("import {number} {}", import.group);
        world.import_tasks.push(ImportTask {
            id: world.mint.uuid_for(&purpose),
            account: import.account,
            region: import.region.clone(),
            log_group: import.group.clone(),
            status: import.status.clone(),
            from_ms: import.from.map(ms),
            to_ms: import.to.map(ms),
            created_ms: ms(import.created),
        });
    }
    for store in &spec.event_data_stores {
        let purpose = format!("event data store {} {}", store.account, store.name);
        world.event_data_stores.push(EventDataStore {
            id: world.mint.uuid_for(&purpose),
            account: store.account,
            region: store.region.clone(),
            name: store.name.clone(),
        });
    }
    add_listed(world, spec);
}

/// Adds what is only listed.
fn add_listed(world: &mut World, spec: &Spec) {
    world
        .telemetry_rules
        .extend(spec.telemetry_rules.iter().map(|rule| TelemetryRule {
            name: rule.name.clone(),
            account: rule.account,
            region: rule.region.clone(),
            of_organization: rule.organization,
            resource_type: rule.resource_type.clone(),
        }));
    let rules = spec.centralization.iter().enumerate();
    world
        .centralization_rules
        .extend(rules.map(|(number, rule)| CentralizationRule {
            name: format!("centralization-{}", number + 1),
            created_region: rule.to_region.clone(),
            to_account: rule.to_account,
            to_region: rule.to_region.clone(),
        }));
    world
        .log_deliveries
        .extend(spec.log_deliveries.iter().map(|delivery| {
            let kind = if delivery.log_group.is_some() {
                DeliveryKind::Subscription
            } else {
                DeliveryKind::Service
            };
            let source = delivery.log_group.as_ref().or(delivery.source.as_ref());
            LogDelivery {
                kind,
                name: delivery.name.clone(),
                account: delivery.account,
                region: delivery.region.clone(),
                source: source.cloned().unwrap_or_default(),
                destination: delivery.destination.clone(),
            }
        }));
}

fn add_channels(world: &mut World, spec: &ChannelSpec, created: Timestamp) {
    for (account, region) in account_regions(world, &spec.accounts, &spec.regions) {
        if spec.management {
            open_group(world, account, &region, Channel::MANAGEMENT_GROUP, created);
        }
        let channel = Channel {
            management: spec.management.then_some(spec.records),
            excluded_sources: spec.excluded_sources.clone(),
            data_types: spec.data_types.clone(),
            ..new_channel(world, account, region, &spec.service)
        };
        world.channels.push(channel);
    }
}

fn new_channel(world: &World, account: AccountId, region: Region, service: &str) -> Channel {
    let number = world.channels.len();
    let purpose = format!("channel {account} {region} {service} {number}");
    Channel {
        id: world.mint.uuid_for(&purpose),
        account,
        region,
        service: service.to_owned(),
        management: Some(ReadWriteType::All),
        excluded_sources: Vec::new(),
        data_types: Vec::new(),
    }
}

/// Adds a channel to each log group that only a channel creates, unless one is there.
fn add_implied_channels(world: &mut World) {
    let served: BTreeSet<(AccountId, Region)> = world
        .channels
        .iter()
        .map(|channel| (channel.account, channel.region.clone()))
        .collect();
    let mut missing = Vec::new();
    for account in world.accounts.values() {
        for (region, store) in &account.logs {
            let place = (account.id, region.clone());
            if store.groups.contains_key(Channel::MANAGEMENT_GROUP) && !served.contains(&place) {
                missing.push(place);
            }
        }
    }
    for (account, region) in missing {
        let channel = new_channel(world, account, region, &default_service());
        world.channels.push(channel);
    }
}

/// Copies the events of log groups as centralization rules do: with the account and the Region
/// appended to the name of the log stream.
///
/// Source: aws-observability/observability-best-practices, "Centralizing logs".
pub(super) fn add_copies(world: &mut World, spec: &Spec, now: Timestamp, created: Timestamp) {
    for rule in &spec.centralization {
        add_copies_of_rule(world, rule, now, created);
    }
}

fn add_copies_of_rule(
    world: &mut World,
    rule: &CentralizationSpec,
    now: Timestamp,
    created: Timestamp,
) {
    let since_ms = rule
        .since
        .map_or(i64::MIN, |since| since.resolve(now).as_millisecond());
    for (account, region) in account_regions(world, &rule.accounts, &rule.regions) {
        if account == rule.to_account && region == rule.to_region {
            continue;
        }
        for (name, event) in events_to_copy(world, (account, &region), rule, since_ms) {
            let group = open_group(world, rule.to_account, &rule.to_region, &name, created);
            if let Some(group) = group {
                group.add_event(event);
            }
        }
    }
}

/// Returns the copies of the events of an account-Region, each with the name of its log group.
fn events_to_copy(
    world: &mut World,
    (account, region): (AccountId, &Region),
    rule: &CentralizationSpec,
    since_ms: i64,
) -> Vec<(String, NewEvent)> {
    let store = world
        .account_mut(account)
        .and_then(|account| account.logs.get_mut(region));
    let mut copies = Vec::new();
    let groups = store.into_iter().flat_map(|store| &mut store.groups);
    for (name, group) in groups.filter(|(name, _)| rule.groups.include(name)) {
        let group = group.prepare();
        let new_events = group
            .events()
            .iter()
            .filter(|event| event.ingestion_ms >= since_ms);
        copies.extend(new_events.map(|event| {
            let stream = group.stream_name(event.stream);
            let copy = NewEvent {
                stream: format!("{stream}-{account}-{region}"),
                timestamp_ms: event.timestamp_ms,
                ingestion_ms: event.ingestion_ms,
                id: None,
                message: event.message.clone(),
            };
            (name.clone(), copy)
        }));
    }
    copies
}
