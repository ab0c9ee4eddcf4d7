//! Builds the state of a range from a scenario.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::references::{account_regions, open_group, parse_policy, undefined_reference};
use super::spec::{AccountSpec, FlowLogSpec, GroupSpec, ScpSpec, Spec, TrailSpec};
use super::units::{self, parent_id};
use super::{
    Scenario, ScenarioError, athena, events, everyday, identities, observability, storage,
};
use crate::access::Mint;
use crate::athena::AthenaStore;
use crate::cloudtrail::History;
use crate::insights::Speed;
use crate::logs::{LogStore, StoredGroup, serial_salt};
use crate::policy::PolicyKind;
use crate::world::{
    Account, DestinationOptions, FlowDestination, FlowLog, LastUses, Organization, Regions, Scp,
    Trail, TrailBucket, World,
};
use dragnet_model::{AccountId, LogGroupClass, Region};

/// The age of resources for which the scenario sets none.
const DEFAULT_AGE: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How long before the start of the range a trail begins to deliver digests, unless the scenario
/// sets it.
const VALIDATION_AGE: SignedDuration = SignedDuration::from_hours(72);

/// Builds the state of a range that starts at `now`. The same arguments always give the same state.
///
/// # Errors
/// The scenario contradicts itself, or files that it names cannot be read.
pub(crate) fn build(
    scenario: &Scenario,
    seed: u64,
    now: Timestamp,
) -> Result<World, ScenarioError> {
    let Scenario(spec) = scenario;
    let mut world = empty_world(spec, seed);
    let default_created = now.saturating_sub(DEFAULT_AGE).unwrap_or(now);
    units::add(&mut world, spec)?;
    for account in &spec.accounts {
        add_accounts(&mut world, account, default_created)?;
    }
    if !world.accounts.contains_key(&spec.organization.management) {
        return Err(undefined_reference(
            "[organization]",
            "the account",
            spec.organization.management.to_string(),
        ));
    }
    for scp in &spec.scps {
        add_scp(&mut world, scp)?;
    }
    identities::add(&mut world, spec, default_created)?;
    for group in &spec.groups {
        add_groups(&mut world, group, now, default_created);
    }
    storage::add_buckets(&mut world, spec, default_created)?;
    for trail in &spec.trails {
        add_trail(&mut world, trail, now, default_created)?;
    }
    for flow_log in &spec.flow_logs {
        add_flow_logs(&mut world, flow_log, default_created);
    }
    observability::add_collectors(&mut world, spec, now, default_created);
    // Everyday traffic is added before other events, so that its serial numbers do not depend on
    // them.
    everyday::add(&mut world, spec, seed, now);
    events::add(&mut world, spec, now, default_created)?;
    observability::add_copies(&mut world, spec, now, default_created);
    storage::add_objects(&mut world, spec, now)?;
    for trail in &spec.trails {
        empty_trail_group(&mut world, trail, now);
    }
    athena::add(&mut world, spec);
    Ok(world)
}

fn empty_world(spec: &Spec, seed: u64) -> World {
    let by_default: BTreeSet<Region> = spec.organization.regions.iter().cloned().collect();
    let mint = Mint::new(seed);
    let id = spec.organization.id.clone();
    let root = mint.id_for("r-", &id, 4).to_lowercase();
    let partition = by_default
        .first()
        .map_or(dragnet_model::Partition::Aws, Region::partition);
    let behaviour = &spec.behaviour;
    World {
        partition,
        regions: Regions {
            home: spec.organization.regions.first().cloned(),
            by_default,
            opt_in: spec.organization.opt_in_regions.iter().cloned().collect(),
        },
        organization: Organization {
            id,
            management: spec.organization.management,
            delegated: spec.organization.delegated.clone(),
            root,
            units: BTreeMap::new(),
            scps: Vec::new(),
            tags: BTreeMap::new(),
            creations: BTreeMap::new(),
        },
        accounts: BTreeMap::new(),
        key_owners: std::collections::HashMap::new(),
        trails: Vec::new(),
        channels: Vec::new(),
        pipelines: Vec::new(),
        links: Vec::new(),
        event_data_stores: Vec::new(),
        telemetry_rules: Vec::new(),
        centralization_rules: Vec::new(),
        log_deliveries: Vec::new(),
        import_tasks: Vec::new(),
        buckets: BTreeMap::new(),
        kms_keys: BTreeMap::new(),
        athena: AthenaStore::default(),
        digest_chains: BTreeMap::new(),
        last_uses: LastUses::default(),
        access_reports: BTreeMap::new(),
        history: History::default(),
        records_own_calls: behaviour.own_traces,
        mint,
        propagation: SignedDuration::from_secs(behaviour.policy_propagation_seconds.into()),
        delivery: SignedDuration::from_secs(behaviour.trail_delivery_seconds.into()),
        events_scanned_a_page: behaviour.events_scanned_a_page.max(1),
        empty_pages: behaviour.empty_pages,
        insights_fixed_results: spec.insights_answers.clone(),
        insights_max_rows: behaviour.insights_most_rows,
        insights: Speed::new(
            behaviour.insights_bytes_a_second,
            behaviour.insights_timeout_seconds,
        ),
    }
}

fn add_accounts(
    world: &mut World,
    spec: &AccountSpec,
    joined: Timestamp,
) -> Result<(), ScenarioError> {
    let parent = if spec.outside_organization {
        String::new()
    } else {
        parent_id(world, spec.unit.as_deref())?
    };
    let first_id: u64 = spec.id.to_string().parse().unwrap_or_default();
    for n in 0..spec.count.unwrap_or(1) {
        let id_text = format!("{:012}", first_id.saturating_add(n.into()));
        let id: AccountId = id_text
            .parse()
            .map_err(|_| undefined_reference("[[accounts]]", "the account", id_text))?;
        let name = if spec.count.is_some() {
            format!("{}-{:03}", spec.name, n + 1)
        } else {
            spec.name.clone()
        };
        let account = Account {
            id,
            email: format!("aws+{id}@example.com"),
            name,
            state: spec.state.as_str().into(),
            joined_method: "CREATED",
            joined,
            parent: parent.clone(),
            tags: spec.tags.clone(),
            opted_in: spec.opted_in.iter().cloned().collect(),
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            groups: BTreeMap::new(),
            logs: BTreeMap::new(),
            flow_logs: BTreeMap::new(),
        };
        world.accounts.insert(id, account);
    }
    Ok(())
}

fn add_scp(world: &mut World, spec: &ScpSpec) -> Result<(), ScenarioError> {
    let targets = spec
        .targets
        .iter()
        .map(|target| scp_target_id(world, target))
        .collect::<Result<_, _>>()?;
    let id = world.mint.id_for("p-", &spec.name, 8).to_lowercase();
    let arn = world.organization_arn(&format!(
        "policy/{}/service_control_policy/{id}",
        world.organization.id
    ));
    let policy = parse_policy(&spec.name, &spec.policy, PolicyKind::Identity)?;
    world.organization.scps.push(Scp {
        arn,
        targets,
        policy,
    });
    Ok(())
}

fn scp_target_id(world: &World, target: &str) -> Result<String, ScenarioError> {
    if target == "root" {
        return Ok(world.organization.root.clone());
    }
    let account = world
        .accounts
        .values()
        .find(|account| account.id.to_string() == target || account.name == target);
    match account {
        Some(account) => Ok(account.id.to_string()),
        None => parent_id(world, Some(target))
            .map_err(|_| undefined_reference("[[scps]]", "the target", target)),
    }
}

fn add_groups(world: &mut World, spec: &GroupSpec, now: Timestamp, default_created: Timestamp) {
    let created = spec
        .created
        .map_or(default_created, |created| created.resolve(now));
    for (account, region) in account_regions(world, &spec.accounts, &spec.regions) {
        for name in spec.names() {
            let mut group = StoredGroup::new(
                LogGroupClass::from(spec.class.as_str()),
                created.as_millisecond(),
                serial_salt(&name),
            );
            group.retention_days = spec.retention_days;
            group.retention_policy.clone_from(&spec.retention_policy);
            group.masked = spec.masked;
            group.kms_key.clone_from(&spec.kms_key);
            group.mask_inherited = spec.mask_inherited;
            group.past_protection.clone_from(&spec.past_protection);
            log_store(world, account, &region)
                .groups
                .insert(name, group);
        }
    }
}

/// The log store of an account that exists.
fn log_store<'a>(world: &'a mut World, account: AccountId, region: &Region) -> &'a mut LogStore {
    match world.accounts.get_mut(&account) {
        Some(account) => account.logs.entry(region.clone()).or_default(),
        None => unreachable!("the account was looked up before"),
    }
}

fn add_trail(
    world: &mut World,
    spec: &TrailSpec,
    now: Timestamp,
    created: Timestamp,
) -> Result<(), ScenarioError> {
    if let Some(group) = &spec.log_group {
        open_group(world, spec.account, &spec.home, group, created).ok_or_else(|| {
            undefined_reference("[[trails]]", "the account", spec.account.to_string())
        })?;
    }
    let outside_accounts = world
        .accounts
        .values()
        .filter(|account| !account.is_in_organization())
        .map(|account| account.id);
    let unreached = spec
        .unreached
        .iter()
        .copied()
        .chain(outside_accounts)
        .collect();
    let bucket = trail_bucket(spec, now);
    storage::open_bucket(world, &bucket.name, spec.account, &spec.home, created);
    world.trails.push(Trail {
        name: spec.name.clone(),
        bucket,
        account: spec.account,
        home: spec.home.clone(),
        multi_region: spec.multi_region,
        organization: spec.organization,
        unreached,
        log_group: spec.log_group.clone(),
        logging: spec.logging,
        logging_since: spec.logging_since.map(|since| since.resolve(now)),
        delivery_error: spec.delivery_error.clone(),
        failing_regions: spec.failing_regions.clone(),
        last_delivery: spec.last_delivery.map(|last| last.resolve(now)),
        read_write_type: spec.records,
        excluded_sources: spec.excluded_sources.clone(),
        data_objects: spec.data_objects.clone(),
    });
    Ok(())
}

/// Deletes the records of a trail's log group that somebody deleted. The event history keeps them.
fn empty_trail_group(world: &mut World, spec: &TrailSpec, now: Timestamp) {
    let (Some(emptied), Some(group)) = (spec.emptied, &spec.log_group) else {
        return;
    };
    let before_ms = emptied.resolve(now).as_millisecond();
    let store = world
        .account_mut(spec.account)
        .and_then(|account| account.logs.get_mut(&spec.home));
    let Some(group) = store.and_then(|store| store.groups.get_mut(group)) else {
        return;
    };
    let is_selected = |stream: &str| {
        // The name of a stream is `[ORGANIZATION_]ACCOUNT_CloudTrail_REGION`.
        let (owner, region) = stream.split_once("_CloudTrail_").unwrap_or((stream, ""));
        let accounts = &spec.emptied_accounts;
        let regions = &spec.emptied_regions;
        let has_account = accounts.iter().any(|id| owner.ends_with(&id.to_string()));
        let has_region = regions.iter().any(|name| region == name.as_str());
        (accounts.is_empty() || has_account) && (regions.is_empty() || has_region)
    };
    group.remove_events(|stream, timestamp_ms| timestamp_ms < before_ms && is_selected(stream));
}

fn trail_bucket(spec: &TrailSpec, now: Timestamp) -> TrailBucket {
    let default_since = now.saturating_sub(VALIDATION_AGE).unwrap_or(now);
    let since = spec
        .validated_since
        .map_or(default_since, |since| since.resolve(now));
    TrailBucket {
        name: spec
            .bucket
            .clone()
            .unwrap_or_else(|| format!("cloudtrail-{}", spec.account)),
        prefix: spec.prefix.trim_end_matches('/').to_owned(),
        kms_key: spec.kms_key.clone(),
        validated_since: spec.validation.unwrap_or(true).then_some(since),
        delivery_error: spec.bucket_error.clone(),
        failing_regions: spec.bucket_failing_regions.clone(),
    }
}

fn add_flow_logs(world: &mut World, spec: &FlowLogSpec, created: Timestamp) {
    for (account, region) in account_regions(world, &spec.accounts, &spec.regions) {
        let existing = world
            .account(account)
            .and_then(|account| account.flow_logs.get(&region));
        let to_same_group = existing
            .into_iter()
            .flatten()
            .filter(|other| other.log_group == spec.log_group)
            .count();
        // A VPC has only one flow log per destination, so a further one gets another VPC.
        let purpose = match to_same_group {
            0 => format!("{account} {region} {}", spec.log_group),
            n => format!("{account} {region} {} {n}", spec.log_group),
        };
        let flow_log = FlowLog {
            id: world.mint.id_for("fl-", &purpose, 17).to_lowercase(),
            vpc: world.mint.id_for("vpc-", &purpose, 17).to_lowercase(),
            log_group: spec.log_group.clone(),
            options: DestinationOptions {
                hive: spec.hive,
                hourly: spec.hourly,
            },
            traffic: None,
            traffic_type: spec.traffic_type,
            destination: spec.destination,
            destination_account: spec.destination_account.unwrap_or(account),
            format: spec
                .format
                .clone()
                .unwrap_or_else(|| FlowLog::DEFAULT_FORMAT.to_owned()),
            created,
            delivery_error: spec.delivery_error.clone(),
        };
        if spec.destination == FlowDestination::CloudWatchLogs {
            open_group(
                world,
                flow_log.destination_account,
                &region,
                &spec.log_group,
                created,
            );
        }
        if let Some((bucket, _)) = flow_log.bucket() {
            let owner = flow_log.destination_account;
            storage::open_bucket(world, bucket, owner, &region, created);
        }
        if let Some(account) = world.account_mut(account) {
            account.flow_logs.entry(region).or_default().push(flow_log);
        }
    }
}
