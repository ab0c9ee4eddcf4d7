//! Makes the plan of a sweep in shards from the discovery of the organization. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::balance::{AccountCost, ReadCost, ShardLoad, balance};
use super::fractions::{fractions, to_number};
use super::group_slices::{PlanSize, assign_slices, divide_groups};
use super::log_fractions::share_log_quotas;
use super::plan::{FORMAT, PlannedMember, ShardPlan, ShardSpec};
use crate::settings::SweepSettings;
use crate::store::{EarlierFindings, ScopeMembership};
use crate::sweep::{PlanSheet, RegionPart, TargetPlan, log_time_range};
use dragnet_model::{AccountId, RunId, Target};

/// About how many calls it takes to enter an account, and to find out what an account-Region has.
const ENTERING: ReadCost = ReadCost {
    calls: 2.0,
    bytes: 0.0,
};
const DISCOVERY: ReadCost = ReadCost {
    calls: 6.0,
    bytes: 0.0,
};

/// What a plan is made of.
#[derive(Debug)]
pub struct PlanInputs<'p> {
    /// The discovery of the organization.
    pub sheet: &'p PlanSheet,
    /// The settings of the sweep.
    pub settings: &'p SweepSettings,
    /// The id of the run.
    pub run_id: &'p RunId,
    /// When the plan is made.
    pub started: Timestamp,
    /// Whether it is made on the practice range.
    pub practice: bool,
    /// What earlier runs of this machine found.
    pub earlier: EarlierFindings,
    /// The ARN of the caller.
    pub caller_arn: String,
    /// The version of Dragnet.
    pub tool_version: &'p str,
}

/// Makes a plan of this size.
pub fn plan_shards(inputs: &PlanInputs<'_>, size: PlanSize) -> ShardPlan {
    let sheet = inputs.sheet;
    let settings = inputs.settings;
    let (in_scope, remote) = known_targets(sheet);
    let mut costs = account_costs(sheet, members_in_scope(sheet), &in_scope);
    let remote_accounts: BTreeSet<AccountId> = remote.iter().map(|target| target.account).collect();
    costs.extend(account_costs(sheet, remote_accounts, &remote));
    let mut initial = vec![ReadCost::default(); size.shards.max(1)];
    if let Some(first) = initial.first_mut() {
        for planned in unlisted_targets(sheet).filter(|(target, _)| !remote.contains(target)) {
            first.add(read_cost(planned.1));
        }
    }
    let divided = divide_groups(sheet, &mut costs, &mut initial, (size, ENTERING));
    let mut specs = share_quotas(sheet, settings, balance(&costs, &initial));
    for spec in &mut specs {
        separate_remote(spec, &remote);
    }
    add_inactive(sheet, &mut specs);
    let sliced = assign_slices(divided, log_time_range(settings.window), &specs);
    share_log_quotas(sheet, &sliced, &mut specs);
    let unmatched = serde_json::to_value(sheet.unmatched()).unwrap_or_default();
    ShardPlan {
        format: FORMAT,
        tool_version: inputs.tool_version.to_owned(),
        run_id: inputs.run_id.to_string(),
        started_ms: inputs.started.as_millisecond(),
        practice: inputs.practice,
        caller_arn: inputs.caller_arn.clone(),
        settings: settings.to_stored(),
        settings_sha256: settings.sha256(),
        members: sheet
            .members()
            .iter()
            .map(PlannedMember::from_member)
            .collect(),
        found: sheet.found().clone(),
        unmatched_selectors: unmatched,
        assigned_accounts_only: sheet.has_assigned_accounts_only(),
        earlier: inputs.earlier.clone(),
        sliced,
        shards: specs,
    }
}

/// Returns the account-Regions of accounts in scope, and those of other accounts, to which log sources
/// deliver or which own one.
fn known_targets(sheet: &PlanSheet) -> (BTreeSet<Target>, BTreeSet<Target>) {
    let found = sheet.found();
    let listed = listed_accounts(sheet);
    let planned = sheet.targets().keys();
    let of_members = planned.filter(|target| listed.contains(&target.account));
    let mut targets: BTreeSet<Target> = of_members.cloned().collect();
    targets.extend(found.lookups.iter().map(|lookup| lookup.target.clone()));
    for source in &found.log_sources {
        targets.insert(source.home.clone());
        targets.extend(source.log_group().map(|group| group.target.clone()));
    }
    let in_scope = members_in_scope(sheet);
    targets
        .into_iter()
        .partition(|target| in_scope.contains(&target.account))
}

fn listed_accounts(sheet: &PlanSheet) -> BTreeSet<AccountId> {
    let members = sheet.members().iter();
    members.map(|member| member.account.id).collect()
}

/// Returns the account-Regions of accounts that were not listed, with what would be read of them: they
/// have folders in buckets, which the first shard reads.
fn unlisted_targets(sheet: &PlanSheet) -> impl Iterator<Item = (&Target, &TargetPlan)> {
    let listed = listed_accounts(sheet);
    let targets = sheet.targets().iter();
    targets.filter(move |(target, _)| !listed.contains(&target.account))
}

fn members_in_scope(sheet: &PlanSheet) -> BTreeSet<AccountId> {
    let members = sheet.members().iter();
    members
        .filter(|member| member.membership == ScopeMembership::InScope)
        .map(|member| member.account.id)
        .collect()
}

/// Returns what each account takes to read, as far as its account-Regions are among `targets`.
fn account_costs(
    sheet: &PlanSheet,
    accounts: BTreeSet<AccountId>,
    targets: &BTreeSet<Target>,
) -> Vec<AccountCost> {
    let mut costs: BTreeMap<AccountId, AccountCost> = accounts
        .into_iter()
        .map(|account| {
            let cost = AccountCost {
                account,
                entering: ENTERING,
                regions: BTreeMap::new(),
            };
            (account, cost)
        })
        .collect();
    for target in targets {
        if let Some(cost) = costs.get_mut(&target.account) {
            let planned = sheet.targets().get(target);
            let read = planned.map(read_cost).unwrap_or_default();
            let total = ReadCost {
                calls: DISCOVERY.calls + read.calls,
                bytes: DISCOVERY.bytes + read.bytes,
            };
            cost.regions.insert(target.region.clone(), total);
        }
    }
    costs.into_values().collect()
}

/// Returns what is read of an account-Region.
#[expect(
    clippy::cast_precision_loss,
    reason = "estimates need not be exact above 2^52"
)]
fn read_cost(planned: &TargetPlan) -> ReadCost {
    let calls = planned.calls + planned.history_calls as f64 + planned.objects as f64;
    ReadCost {
        // An Insights query takes a few calls, and the results of all of them hardly more.
        calls: calls + planned.insights.log_groups as f64,
        bytes: planned.filter.bytes + planned.object_bytes as f64,
    }
}

/// Divides the quotas that shards share: STS, buckets, and what Insights may cost.
fn share_quotas(
    sheet: &PlanSheet,
    settings: &SweepSettings,
    loads: Vec<ShardLoad>,
) -> Vec<ShardSpec> {
    let entered: Vec<f64> = loads
        .iter()
        .map(|load| to_number(load.accounts.len()))
        .collect();
    let sts = fractions(&entered);
    let owned: Vec<Vec<&Target>> = loads
        .iter()
        .map(|load| {
            let targets = sheet.targets().keys();
            let is_owned = |target: &&Target| {
                let part = load.accounts.get(&target.account);
                part.is_some_and(|part| part.contains(&target.region))
            };
            targets.filter(is_owned).collect()
        })
        .collect();
    let usd = |target: &&Target| {
        sheet
            .targets()
            .get(*target)
            .map_or(0.0, |planned| planned.usd)
    };
    let costs: Vec<f64> = owned
        .iter()
        .map(|targets| targets.iter().map(usd).sum())
        .collect();
    let budgets = fractions(&costs);
    let mut specs: Vec<ShardSpec> = loads
        .into_iter()
        .zip(sts.into_iter().zip(budgets))
        .map(|(load, (sts_fraction, budget))| ShardSpec {
            accounts: load.accounts,
            calls: to_count(load.cost.calls),
            bytes: to_count(load.cost.bytes),
            sts_fraction,
            insights_usd: settings.engines.max_scan_cost * budget,
            ..ShardSpec::default()
        })
        .collect();
    let mut owned = owned;
    if let Some(first) = owned.first_mut() {
        first.extend(unlisted_targets(sheet).map(|(target, _)| target));
    }
    for bucket in sheet.bucket_seconds().keys() {
        let calls: Vec<f64> = owned
            .iter()
            .map(|targets| {
                let calls = targets.iter().flat_map(|target| sheet.bucket_calls(target));
                let of_bucket = calls.filter(|(name, _)| name == bucket);
                of_bucket.map(|(_, calls)| calls).sum()
            })
            .collect();
        for (spec, fraction) in specs.iter_mut().zip(fractions(&calls)) {
            spec.bucket_fractions.insert(bucket.clone(), fraction);
        }
    }
    specs
}

/// Gives the accounts that cannot be entered to the first shard, which records why.
fn add_inactive(sheet: &PlanSheet, specs: &mut [ShardSpec]) {
    let Some(first) = specs.first_mut() else {
        return;
    };
    let members = sheet.members().iter();
    for member in members.filter(|member| member.membership == ScopeMembership::NotActive) {
        let all = RegionPart::AllExcept(BTreeSet::new());
        first.accounts.insert(member.account.id, all);
    }
}

/// Moves the account-Regions outside the scope out of the accounts of a shard, which it sweeps.
fn separate_remote(spec: &mut ShardSpec, remote: &BTreeSet<Target>) {
    let accounts = std::mem::take(&mut spec.accounts);
    for (account, part) in accounts {
        let mut targets = remote
            .iter()
            .filter(|target| target.account == account)
            .peekable();
        if targets.peek().is_none() {
            spec.accounts.insert(account, part);
            continue;
        }
        let owned = targets.filter(|target| part.contains(&target.region));
        spec.remote.extend(owned.cloned());
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of 0 or more; a cast of a larger one saturates"
)]
fn to_count(estimate: f64) -> u64 {
    estimate.ceil() as u64
}
