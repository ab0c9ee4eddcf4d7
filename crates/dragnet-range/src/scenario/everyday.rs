//! Adds everyday traffic to the log groups and the event history of a scenario.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::references::account_regions;
use super::spec::{FlowLogSpec, GroupSpec, Spec, TrailSpec};
use crate::traffic::{ApplicationTraffic, FlowSource, Kind, Traffic, TrailStream};
use crate::world::{FlowDestination, FlowLog, Trail, World};
use dragnet_model::{AccountId, Region};

/// How long before the start of the range everyday traffic begins.
const TRAFFIC_START_AGE: SignedDuration = SignedDuration::from_hours(48);
/// How long before the start of the range everyday traffic ends. All of it has been ingested by
/// then, so the answer sheet is correct from the start.
const TRAFFIC_END_AGE: SignedDuration = SignedDuration::from_mins(20);

/// The properties that all traffic of a scenario shares.
struct Template {
    seed: u64,
    from_ms: i64,
    to_ms: i64,
}

impl Template {
    fn traffic(&self, kind: Kind, events_a_day: u32) -> Traffic {
        Traffic {
            kind,
            seed: self.seed,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
            events_a_day,
        }
    }
}

pub(super) fn add(world: &mut World, spec: &Spec, seed: u64, now: Timestamp) {
    let from_ms = now
        .saturating_sub(TRAFFIC_START_AGE)
        .unwrap_or(now)
        .as_millisecond();
    let template = Template {
        seed,
        from_ms,
        to_ms: now
            .saturating_sub(TRAFFIC_END_AGE)
            .unwrap_or(now)
            .as_millisecond(),
    };
    for trail in spec.trails.iter().filter(|trail| trail.events_a_day > 0) {
        add_trail_traffic(world, trail, &template);
    }
    for flow_log in spec
        .flow_logs
        .iter()
        .filter(|flow_log| flow_log.events_a_day > 0)
    {
        add_flow_log_traffic(world, flow_log, &template);
    }
    for group in spec.groups.iter().filter(|group| group.events_a_day > 0) {
        add_group_traffic(world, group, &template);
    }
}

fn add_trail_traffic(world: &mut World, spec: &TrailSpec, template: &Template) {
    let Some(trail) = world
        .trails
        .iter()
        .find(|trail| trail.name == spec.name && trail.account == spec.account)
    else {
        return;
    };
    let streams = trail_streams(world, trail);
    let account = trail.account;
    let home = trail.home.clone();
    let delivers_to_group = trail.delivery_error.is_none();
    let group = trail.log_group.clone().filter(|_| delivers_to_group);
    let delivered: Arc<[TrailStream]> = streams
        .iter()
        .filter(|stream| !trail.failing_regions.contains(&stream.region))
        .cloned()
        .collect();
    let traffic = template.traffic(Kind::Trail(streams), spec.events_a_day);
    world.history.add_traffic(traffic);
    if let Some(group) = group {
        let traffic = template.traffic(Kind::Trail(delivered), spec.events_a_day);
        set_traffic(world, account, &home, &group, traffic);
    }
}

/// The streams of the active accounts and enabled Regions that the trail records.
fn trail_streams(world: &World, trail: &Trail) -> Arc<[TrailStream]> {
    let accounts = world
        .accounts
        .values()
        .filter(|account| account.is_active());
    let account_regions = accounts.flat_map(|account| {
        world
            .regions
            .all()
            .map(move |(region, _)| (account.id, region))
    });
    account_regions
        .filter(|(account, region)| {
            world.is_region_enabled(*account, region)
                && (trail.delivers_from(*account, region)
                    || trail.delivers_files_from(*account, region))
        })
        .map(|(account, region)| TrailStream {
            account,
            region: region.clone(),
            name: trail.stream_name(&world.organization.id, account, region),
            form: trail.record_form(),
        })
        .collect()
}

fn add_flow_log_traffic(world: &mut World, spec: &FlowLogSpec, template: &Template) {
    let format = spec
        .format
        .clone()
        .unwrap_or_else(|| FlowLog::DEFAULT_FORMAT.to_owned());
    for (account, region) in account_regions(world, &spec.accounts, &spec.regions) {
        let kind = Kind::Flow(FlowSource {
            account,
            region: region.clone(),
            format: format.clone(),
        });
        let owner = spec.destination_account.unwrap_or(account);
        if spec.destination == FlowDestination::S3 {
            let traffic = template.traffic(kind, spec.events_a_day);
            set_delivered_flows(world, account, &region, spec, &traffic);
            continue;
        }
        set_traffic(
            world,
            owner,
            &region,
            &spec.log_group,
            template.traffic(kind, spec.events_a_day),
        );
    }
}

/// Sets the everyday traffic of the flow logs of a table, which deliver to a bucket.
fn set_delivered_flows(
    world: &mut World,
    account: AccountId,
    region: &Region,
    spec: &FlowLogSpec,
    traffic: &Traffic,
) {
    let flow_logs = world
        .account_mut(account)
        .and_then(|account| account.flow_logs.get_mut(region));
    let delivering = flow_logs
        .into_iter()
        .flatten()
        .filter(|log| log.destination == FlowDestination::S3 && log.log_group == spec.log_group);
    for flow_log in delivering {
        flow_log.traffic = Some(traffic.clone());
    }
}

fn add_group_traffic(world: &mut World, spec: &GroupSpec, template: &Template) {
    for (account, region) in account_regions(world, &spec.accounts, &spec.regions) {
        for name in spec.names() {
            let application = ApplicationTraffic::new(&name, &format!("{account} {region}"));
            set_traffic(
                world,
                account,
                &region,
                &name,
                template.traffic(Kind::Application(application), spec.events_a_day),
            );
        }
    }
}

fn set_traffic(
    world: &mut World,
    account: AccountId,
    region: &Region,
    group: &str,
    traffic: Traffic,
) {
    let store = world
        .account_mut(account)
        .and_then(|account| account.logs.get_mut(region));
    if let Some(group) = store.and_then(|store| store.groups.get_mut(group)) {
        group.set_traffic(traffic);
    }
}
