//! Asks multi-Region trails for their state in the Regions that they record: `GetTrailStatus` answers for
//! a single Region, and the one in the home Region says nothing about the others.
//!
//! A trail is asked once in each Region, whatever number of accounts it records. The trail of a member
//! account is not asked in a Region of whose event history two parts were read, if the newest record is
//! compared: it shows whether the trail delivers from there, and both together would be a fourth call.
//!
//! Of a sweep in shards, each needs the answers about its own account-Regions, because it reads what they
//! leave open. For the trails of organizations, which all shards share, it takes those of the plan. The
//! shard of the owner asks again: of both answers, one that shows a failure counts in the merged run.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tracing::info;

use super::compared_subjects::ComparedSubjects;
use super::history_page::Histories;
use crate::sweep::context::SweepContext;
use crate::sweep::evidence::delivers_to;
use dragnet_model::{
    AccountId, LogGroupArn, LogSource, Region, RegionDelivery, SourceState, Status, Target,
};

/// The trails that deliver the records of an account-Region, by log group.
pub(super) type TrailsByGroup = BTreeMap<LogGroupArn, Vec<LogSource>>;

/// The trails of account-Regions.
pub(super) struct TrailsToAsk<'t> {
    /// The trails whose log groups were searched.
    pub(super) deliveries: &'t BTreeMap<Target, TrailsByGroup>,
    pub(super) histories: &'t Histories,
    /// The trails whose objects were searched.
    pub(super) in_buckets: &'t BTreeMap<Target, Vec<LogSource>>,
}

/// Returns the state of trails in the Regions of these account-Regions other than their home Regions, as
/// far as their owners can be asked. What is denied costs no coverage.
pub(super) async fn read_region_deliveries(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
    trails: &TrailsToAsk<'_>,
) -> Vec<RegionDelivery> {
    let mut asked = trails_to_ask(trails);
    let mut deliveries = Vec::new();
    if let Some(part) = &shared.part {
        asked.retain(|(via, region), _| {
            let known = part.planned_delivery((via, region));
            deliveries.extend(known.cloned());
            known.is_none()
        });
        asked.extend(part.asked_for_others());
    }
    deliveries.extend(ask_trails(shared, subjects, asked).await);
    deliveries
}

/// Asks the trails of organizations, for the plan of a sweep in shards.
pub(super) async fn plan_region_deliveries(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
    trails: &TrailsToAsk<'_>,
) -> Vec<RegionDelivery> {
    let mut asked = trails_to_ask(trails);
    shared.searched.read(|found| {
        asked.retain(|(via, _), _| {
            let trail = found.trails.get(via);
            trail.is_some_and(|trail| trail.is_organization_trail)
        });
    });
    ask_trails(shared, subjects, asked).await
}

async fn ask_trails(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
    asked: BTreeMap<(String, Region), AccountId>,
) -> Vec<RegionDelivery> {
    let owners: BTreeSet<AccountId> = asked.values().copied().collect();
    let sessions = subjects.enter_accounts(shared, &owners).await;
    let calls = asked.into_iter().filter_map(|((via, region), owner)| {
        let session = sessions.get(&owner)?;
        let status = async move {
            let status = shared.aws.trail_status_in(session, &region, &via);
            match shared.run_until_cancelled(status).await? {
                Ok(delivery) => Some(RegionDelivery {
                    via,
                    region,
                    delivery,
                }),
                Err(error) => {
                    info!(trail = via, %region, %error, "the state of the trail there is not known");
                    None
                }
            }
        };
        Some(Box::pin(status))
    });
    join_all(calls).await.into_iter().flatten().collect()
}

/// Returns the trails and Regions to ask about, each with the account that owns the trail.
pub(super) fn trails_to_ask(trails: &TrailsToAsk<'_>) -> BTreeMap<(String, Region), AccountId> {
    let TrailsToAsk {
        deliveries,
        histories,
        in_buckets,
    } = *trails;
    let mut targets_of_groups: BTreeMap<&LogGroupArn, usize> = BTreeMap::new();
    for group in deliveries.values().flat_map(BTreeMap::keys) {
        *targets_of_groups.entry(group).or_default() += 1;
    }
    let mut asked = BTreeMap::new();
    for (target, groups) in deliveries {
        let history = histories.get(target);
        let is_busy = matches!(history, Some(Ok(sample)) if sample.has_second_part);
        for (group, trails) in groups {
            // The newest record of the only account-Region of a log group is not compared.
            let is_compared = is_busy && targets_of_groups.get(group).is_some_and(|n| *n > 1);
            for trail in trails {
                let is_needed = trail.is_organization_trail || !is_compared;
                if is_needed && is_wanted(trail, &target.region) {
                    let place = (trail.via.clone(), target.region.clone());
                    asked.insert(place, trail.home.account);
                }
            }
        }
    }
    for (target, trails) in in_buckets {
        for trail in trails
            .iter()
            .filter(|trail| is_wanted(trail, &target.region))
        {
            let place = (trail.via.clone(), target.region.clone());
            asked.insert(place, trail.home.account);
        }
    }
    asked
}

/// Returns the trails whose objects of an account-Region were searched completely. A Region that does not
/// deliver has none, like a quiet one.
pub(super) fn trails_in_buckets(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
) -> BTreeMap<Target, Vec<LogSource>> {
    let mut in_buckets: BTreeMap<Target, Vec<LogSource>> = BTreeMap::new();
    shared.searched.read(|found| {
        for lookup in &found.lookups {
            let objects = found.outcomes.objects().get(&lookup.target);
            let Some(objects) = objects.filter(|_| subjects.targets.contains_key(&lookup.target))
            else {
                continue;
            };
            let names = lookup.result.iter().flatten();
            let trails = names.filter_map(|name| found.trails.get(name));
            let searched = trails.filter(|trail| {
                objects.iter().any(|(location, outcome)| {
                    outcome.status == Status::Searched && delivers_to(trail, location)
                })
            });
            in_buckets
                .entry(lookup.target.clone())
                .or_default()
                .extend(searched.cloned());
        }
    });
    in_buckets.retain(|_, trails| !trails.is_empty());
    in_buckets
}

/// Whether a trail that is on records this Region, and it is not its home Region. A channel is in a single
/// Region.
fn is_wanted(trail: &LogSource, region: &Region) -> bool {
    let is_on = matches!(&trail.state, SourceState::Known(delivery, _) if delivery.logging);
    trail.multi_region && trail.home.region != *region && is_on
}

#[cfg(test)]
mod tests {
    use super::super::history_page::HistorySample;
    use super::*;
    use dragnet_model::{Delivery, Destination, Liveness, ManagementEvents, Selection, SourceKind};

    fn target(account: &str, region: &str) -> Target {
        Target {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    fn trail(home: &Target, is_organization_trail: bool) -> LogSource {
        let delivery = Delivery {
            logging: true,
            started_ms: None,
            stopped_ms: None,
            last_ms: Some(1),
            error: String::new(),
            bucket_last_ms: None,
            bucket_error: String::new(),
        };
        let selection = Selection::Events {
            management: ManagementEvents::all(),
            data: std::collections::BTreeSet::new(),
            objects: Vec::new(),
        };
        LogSource {
            kind: SourceKind::CloudTrail,
            via: format!("trail of {}", home.account),
            home: home.clone(),
            destination: Destination::LogGroup(LogGroupArn::new(home.clone(), "/trail")),
            bucket: None,
            multi_region: true,
            is_organization_trail,
            state: SourceState::Known(delivery, selection),
        }
    }

    #[test]
    fn each_trail_is_asked_once_in_each_region() {
        let home = target("111111111111", "us-east-1");
        let shared = trail(&home, true);
        let own = trail(&target("222222222222", "us-east-1"), false);
        let mut deliveries: BTreeMap<Target, TrailsByGroup> = BTreeMap::new();
        let mut histories: Histories = BTreeMap::new();
        for account in ["111111111111", "222222222222", "333333333333"] {
            for region in ["us-east-1", "eu-west-1", "eu-north-1"] {
                let target = target(account, region);
                let groups = deliveries.entry(target.clone()).or_default();
                let group = shared.log_group().unwrap().clone();
                groups.entry(group).or_default().push(shared.clone());
                if account == "222222222222" {
                    let group = own.log_group().unwrap().clone();
                    groups.entry(group).or_default().push(own.clone());
                }
                let history = if region == "eu-north-1" {
                    Ok(HistorySample {
                        records: Vec::new(),
                        has_second_part: true,
                    })
                } else {
                    Err(Liveness::Denied)
                };
                histories.insert(target, history);
            }
        }
        let in_bucket = trail(&target("333333333333", "us-east-1"), false);
        let in_buckets = BTreeMap::from([
            (target("333333333333", "us-east-1"), vec![in_bucket.clone()]),
            (target("333333333333", "eu-north-1"), vec![in_bucket]),
        ]);
        let asked = trails_to_ask(&TrailsToAsk {
            deliveries: &deliveries,
            histories: &histories,
            in_buckets: &in_buckets,
        });
        let questions: Vec<String> = asked
            .iter()
            .map(|((via, region), owner)| format!("{via} {region} {owner}"))
            .collect();
        assert_eq!(
            questions,
            [
                "trail of 111111111111 eu-north-1 111111111111",
                "trail of 111111111111 eu-west-1 111111111111",
                "trail of 222222222222 eu-west-1 222222222222",
                "trail of 333333333333 eu-north-1 333333333333",
            ]
        );
    }
}
