//! Adds everyday traffic to the log groups of a scenario.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::build::targets;
use super::spec::{FlowLogSpec, GroupSpec, Spec, TrailSpec};
use crate::model::{AccountId, Region};
use crate::range::ec2::FlowLog;
use crate::range::traffic::{Flavour, Kind, Place, Traffic};
use crate::range::world::{Trail, World};

/// How long before the start of the range everyday traffic begins.
const REACH: SignedDuration = SignedDuration::from_hours(48);
/// How long before the start of the range everyday traffic ends. All of it has been ingested by
/// then, so the answer sheet is correct from the start.
const DELIVERED: SignedDuration = SignedDuration::from_mins(20);

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
    let from_ms = now.saturating_sub(REACH).unwrap_or(now).as_millisecond();
    let template = Template {
        seed,
        from_ms,
        to_ms: now
            .saturating_sub(DELIVERED)
            .unwrap_or(now)
            .as_millisecond(),
    };
    for trail in spec.trails.iter().filter(|trail| trail.events_a_day > 0) {
        of_trail(world, trail, &template);
    }
    for flow_log in spec
        .flow_logs
        .iter()
        .filter(|flow_log| flow_log.events_a_day > 0)
    {
        of_flow_log(world, flow_log, &template);
    }
    for group in spec.groups.iter().filter(|group| group.events_a_day > 0) {
        of_groups(world, group, &template);
    }
}

fn of_trail(world: &mut World, spec: &TrailSpec, template: &Template) {
    let Some(trail) = world
        .trails
        .iter()
        .find(|trail| trail.name == spec.name && trail.account == spec.account)
    else {
        return;
    };
    let places = places(world, trail);
    let account = trail.account;
    let home = trail.home.clone();
    let group = trail.log_group.clone();
    if let Some(group) = group {
        give(
            world,
            account,
            &home,
            &group,
            template.traffic(Kind::Trail(places), spec.events_a_day),
        );
    }
}

/// The active accounts and enabled Regions that the trail records.
fn places(world: &World, trail: &Trail) -> Arc<[Place]> {
    let accounts = world
        .accounts
        .values()
        .filter(|account| account.is_active());
    let all = accounts.flat_map(|account| {
        world
            .regions
            .all()
            .map(move |(region, _)| (account.id, region))
    });
    all.filter(|(account, region)| {
        world.enabled(*account, region) && trail.delivers(*account, region)
    })
    .map(|(account, region)| Place {
        account,
        region: region.clone(),
        stream: trail.stream(&world.organization.id, account, region),
    })
    .collect()
}

fn of_flow_log(world: &mut World, spec: &FlowLogSpec, template: &Template) {
    let format = spec
        .format
        .clone()
        .unwrap_or_else(|| FlowLog::DEFAULT_FORMAT.to_owned());
    for (account, region) in targets(world, &spec.accounts, &spec.regions) {
        let kind = Kind::Flow {
            account,
            region: region.clone(),
            format: format.clone(),
        };
        let owner = spec.destination_account.unwrap_or(account);
        give(
            world,
            owner,
            &region,
            &spec.log_group,
            template.traffic(kind, spec.events_a_day),
        );
    }
}

fn of_groups(world: &mut World, spec: &GroupSpec, template: &Template) {
    for (account, region) in targets(world, &spec.accounts, &spec.regions) {
        for name in spec.names() {
            let flavour = Flavour::of(&name, &format!("{account} {region}"));
            give(
                world,
                account,
                &region,
                &name,
                template.traffic(Kind::Application(flavour), spec.events_a_day),
            );
        }
    }
}

fn give(world: &mut World, account: AccountId, region: &Region, group: &str, traffic: Traffic) {
    let store = world
        .account_mut(account)
        .and_then(|account| account.logs.get_mut(region));
    if let Some(group) = store.and_then(|store| store.groups.get_mut(group)) {
        group.expect(traffic);
    }
}
