//! Combines the facts that each shard of a sweep has its own of. The list is closed: a new fact does not
//! compile before it is decided here what a merged run does with it.

use std::collections::BTreeMap;

use super::RunFacts;
use super::fact::FactError;
use crate::digests::IntegritySummary;
use dragnet_model::{
    AthenaUse, BucketReads, LivenessCheck, NamedBuckets, ReadRecording, Region, RegionDelivery,
    SlowedRate,
};

impl RunFacts {
    /// Sets the facts that the shards of a run found out. The others are those of the plan, which the
    /// caller has set, or no run in shards has them.
    ///
    /// # Errors
    /// A fact of a shard is damaged.
    pub fn set_from_shards(&mut self, shards: &[Self]) -> Result<(), FactError> {
        let Self {
            // Combined here.
            integrity,
            bucket_reads,
            named_buckets,
            organization,
            slowed_rates,
            member_roles,
            liveness,
            region_deliveries,
            athena,
            finished,
            // Of the plan and its settings.
            run: _,
            run_id: _,
            tool_version: _,
            started: _,
            practice: _,
            caller_arn: _,
            from: _,
            to: _,
            window_basis: _,
            window_end: _,
            trail_integrity: _,
            sources: _,
            collects: _,
            changes_only: _,
            required_kinds: _,
            indicators: _,
            indicator_kinds: _,
            hunts: _,
            not_looked_for: _,
            rejected_entries: _,
            scope: _,
            named_accounts_only: _,
            settings: _,
            settings_sha256: _,
            earlier_runs: _,
            assigned_accounts_only: _,
            unmatched_selectors: _,
            ended: _,
            // Shards search no files, and follow no credentials.
            files_alone: _,
            file_digests: _,
            follow: _,
            follow_round: _,
            follow_rounds: _,
        } = self;
        let found = ShardFindings::read(shards)?;
        slowed_rates.set(&found.slowed);
        if let Some(summary) = found.integrity {
            integrity.set(&summary);
        }
        if !found.reads.is_empty() {
            bucket_reads.set(&found.reads.into_values().collect());
        }
        if !found.named.is_empty() {
            named_buckets.set(&found.named);
        }
        if !found.roles.is_empty() {
            member_roles.set(&found.roles);
        }
        if let Some(mut checks) = found.liveness {
            checks.sort_by(|one, other| {
                (&one.target, &one.log_group).cmp(&(&other.target, &other.log_group))
            });
            liveness.set(&checks);
        }
        if !found.athena.is_empty() {
            athena.set(&found.athena);
        }
        if let Some(deliveries) = found.deliveries {
            region_deliveries.set(&deliveries.into_values().collect());
        }
        for shard in shards {
            if let Some(listed) = shard.organization.get_if_stored()? {
                organization.set(&listed);
            }
        }
        let mut last = None;
        for shard in shards {
            last = last.max(shard.finished.get_if_stored()?);
        }
        if let Some(last) = last {
            finished.set(&last);
        }
        Ok(())
    }
}

/// What the shards found out together.
#[derive(Default)]
struct ShardFindings {
    slowed: Vec<SlowedRate>,
    integrity: Option<IntegritySummary>,
    reads: BTreeMap<String, BucketReads>,
    named: NamedBuckets,
    roles: BTreeMap<String, String>,
    athena: AthenaUse,
    /// `None` if no shard made the check.
    liveness: Option<Vec<LivenessCheck>>,
    /// By trail and Region; `None` if no shard asked.
    deliveries: Option<BTreeMap<(String, Region), RegionDelivery>>,
}

impl ShardFindings {
    fn read(shards: &[RunFacts]) -> Result<Self, FactError> {
        let mut found = Self::default();
        for shard in shards {
            found.slowed.extend(shard.slowed_rates.get_or_default()?);
            if let Some(summary) = shard.integrity.get_if_stored()? {
                found.integrity.get_or_insert_default().add(summary);
            }
            for reads in shard.bucket_reads.get_or_default()? {
                found.add_reads(reads);
            }
            found.athena.merge(shard.athena.get_or_default()?);
            found.named.add(&shard.named_buckets.get_or_default()?);
            for (account, role) in shard.member_roles.get_or_default()? {
                found.roles.entry(account).or_insert(role);
            }
            if let Some(checks) = shard.liveness.get_if_stored()? {
                found.liveness.get_or_insert_default().extend(checks);
            }
            if let Some(deliveries) = shard.region_deliveries.get_if_stored()? {
                found.add_deliveries(deliveries);
            }
        }
        Ok(found)
    }

    /// Adds the state of trails in Regions. Several shards may have asked about the same, at different times:
    /// what shows a failure counts.
    fn add_deliveries(&mut self, new: Vec<RegionDelivery>) {
        let deliveries = self.deliveries.get_or_insert_default();
        for new in new {
            let place = (new.via.clone(), new.region.clone());
            let known = deliveries.get(&place);
            if known.is_none_or(|known| !known.has_failed() && new.has_failed()) {
                deliveries.insert(place, new);
            }
        }
    }

    /// Adds whether reads of a bucket were recorded. What a shard knows is better than what another does
    /// not know; of two that know, the worse counts.
    fn add_reads(&mut self, new: BucketReads) {
        let rank = |reads: &BucketReads| match reads.recording {
            ReadRecording::Unknown => 0,
            ReadRecording::Recorded => 1,
            ReadRecording::Partial => 2,
            ReadRecording::NotRecorded => 3,
        };
        match self.reads.get_mut(&new.bucket) {
            Some(known) if rank(&new) > rank(known) => *known = new,
            Some(_) => {}
            None => {
                self.reads.insert(new.bucket.clone(), new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{Delivery, Liveness, LogGroupArn, Target};

    fn check(region: &str) -> LivenessCheck {
        let target = Target {
            account: "111111111111".parse().unwrap(),
            region: region.parse().unwrap(),
        };
        LivenessCheck {
            log_group: LogGroupArn::new(target.clone(), "/trail"),
            target,
            result: Liveness::Missing,
            compared: 1,
            missing: vec!["e1".to_owned()],
        }
    }

    fn delivery(via: &str, error: &str) -> RegionDelivery {
        RegionDelivery {
            via: via.to_owned(),
            region: "eu-west-1".parse().unwrap(),
            delivery: Delivery {
                logging: true,
                started_ms: None,
                stopped_ms: None,
                last_ms: None,
                error: error.to_owned(),
                bucket_last_ms: None,
                bucket_error: String::new(),
            },
        }
    }

    #[test]
    fn merged_run_has_what_every_shard_found() {
        let reads = |recording| BucketReads {
            bucket: "logs".to_owned(),
            recording,
            detail: String::new(),
        };
        let mut one = RunFacts::default();
        one.liveness.set(&vec![check("us-east-1")]);
        one.bucket_reads.set(&vec![reads(ReadRecording::Unknown)]);
        one.member_roles
            .set(&BTreeMap::from([("1".to_owned(), "a".to_owned())]));
        let trails = vec![delivery("b", "AccessDenied"), delivery("a", "")];
        one.region_deliveries.set(&trails);
        one.finished.set(&"2026-03-02T00:00:00Z".parse().unwrap());
        let mut two = RunFacts::default();
        two.liveness.set(&vec![check("eu-west-1")]);
        two.bucket_reads.set(&vec![reads(ReadRecording::Recorded)]);
        two.member_roles
            .set(&BTreeMap::from([("2".to_owned(), "b".to_owned())]));
        two.region_deliveries.set(&vec![delivery("b", "")]);
        two.finished.set(&"2026-03-03T00:00:00Z".parse().unwrap());

        let mut merged = RunFacts::default();
        merged.set_from_shards(&[one, two]).unwrap();
        let checks = [check("eu-west-1"), check("us-east-1")];
        assert_eq!(merged.liveness.get().unwrap(), checks);
        let judged = merged.bucket_reads.get().unwrap();
        assert_eq!(judged, [reads(ReadRecording::Recorded)]);
        assert_eq!(merged.member_roles.get().unwrap().len(), 2);
        assert_eq!(merged.finished.text(), Some("2026-03-03T00:00:00Z"));
        assert_eq!(merged.integrity.text(), None);

        let judged = merged.region_deliveries.get().unwrap();
        assert_eq!(judged, [delivery("a", ""), delivery("b", "AccessDenied")]);

        let mut none = RunFacts::default();
        none.set_from_shards(&[]).unwrap();
        assert_eq!((none.liveness.text(), none.finished.text()), (None, None));
    }
}
