//! What the search of objects proves: that every object was read which the list of a folder had for
//! the window, and that the list ended. Whether the trail delivered everything is judged with the
//! trail. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::s3_layout::ObjectKind;
use crate::store::CoverageOutcomes;
use crate::sweep::evidence::{GroupEnd, ObjectsEnd, delivers_to};
use crate::sweep::judgement_basis::JudgementBasis;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{
    Coverage, LogKind, LogSource, Outcome, Reason, SourceStatus, Status, StorageKind, Target,
    WindowEnd,
};

/// What is known about the buckets of a run.
#[derive(Debug)]
pub(in crate::sweep) struct ObjectProof {
    /// The log sources that deliver to a bucket.
    log_sources: Vec<LogSource>,
    /// The account-Regions whose management events were searched, wherever they are.
    covered: BTreeSet<Target>,
}

impl ObjectProof {
    pub(in crate::sweep) fn new(log_sources: &[LogSource], covered: BTreeSet<Target>) -> Self {
        let in_buckets = log_sources.iter().filter(|source| source.bucket.is_some());
        Self {
            log_sources: in_buckets.cloned().collect(),
            covered,
        }
    }

    /// Completes the coverage row of a folder. Other rows stay as they are.
    pub(in crate::sweep) fn prove(&self, mut row: Coverage, basis: &JudgementBasis) -> Coverage {
        let Some(location) = &row.bucket_prefix else {
            return row;
        };
        row.kinds = if row.outcome.reason == Some(Reason::BestEffort) {
            BTreeSet::from([LogKind::App])
        } else {
            self.kinds_of(location)
        };
        row.outcome = delivered_outcome(&row.outcome, basis);
        let is_replaced = !basis.sources.names(StorageKind::S3) && self.is_covered(&row);
        if row.outcome.is_gap() && is_replaced && row.kinds.remove(&LogKind::Management) {
            // Another source has the management events, but never the data events of the trail.
            row.kinds.insert(LogKind::Data);
        }
        row
    }

    fn kinds_of(&self, location: &str) -> BTreeSet<LogKind> {
        let kinds: BTreeSet<LogKind> = self
            .log_sources
            .iter()
            .filter(|source| delivers_to(source, location))
            .flat_map(LogKind::from_log_source)
            .collect();
        if !kinds.is_empty() {
            kinds
        } else if is_of_service(location) {
            BTreeSet::from([LogKind::App])
        } else if location.contains(ObjectKind::FlowLog.as_str()) {
            BTreeSet::from([LogKind::Flow])
        } else {
            BTreeSet::from([LogKind::Management, LogKind::Data])
        }
    }

    /// Whether the management events of the account-Region of a row were searched.
    fn is_covered(&self, row: &Coverage) -> bool {
        let target = row.region.clone().map(|region| Target {
            account: row.account,
            region,
        });
        target.is_some_and(|target| self.covered.contains(&target))
    }
}

/// Whether the objects of a location are neither from a trail nor from a flow log. The folder of all
/// accounts stands for those that could not be listed. Access logs have no such folder.
fn is_of_service(location: &str) -> bool {
    let services = [ObjectKind::LoadBalancer, ObjectKind::ResolverQuery];
    let mut folders = location.split('/');
    !location.contains("AWSLogs/")
        || location.ends_with("AWSLogs/")
        || folders.any(|folder| services.iter().any(|kind| kind.as_str() == folder))
}

/// Returns the outcome of a folder: if the user requires records whose objects may not have been
/// delivered yet, it is not complete.
fn delivered_outcome(outcome: &Outcome, basis: &JudgementBasis) -> Outcome {
    let until = basis.objects_complete_until();
    let is_late = basis.window_end == WindowEnd::Given && until < basis.window.to();
    if !is_late || outcome.status != Status::Searched {
        return outcome.clone();
    }
    let until = rfc3339_ms(until);
    let detail = format!("objects with records up to {until} have been delivered");
    Outcome::with_reason(Status::Partial, Reason::LateDelivery, detail)
}

/// Returns how the search of the objects ended, by account-Region.
pub(in crate::sweep) fn ends_of_objects(
    outcomes: &CoverageOutcomes,
    basis: &JudgementBasis,
) -> BTreeMap<Target, Vec<ObjectsEnd>> {
    let ends_of = |by_location: &BTreeMap<String, Outcome>| {
        let ends = by_location.iter().map(|(location, outcome)| ObjectsEnd {
            location: location.clone(),
            end: end_of_objects(&delivered_outcome(outcome, basis), SourceStatus::Searched),
        });
        ends.collect()
    };
    outcomes
        .objects()
        .iter()
        .map(|(target, by_location)| (target.clone(), ends_of(by_location)))
        .collect()
}

/// Returns the result for a folder with this outcome. `read` is the status if it was read completely.
/// That nothing was ever delivered proves nothing about the account-Region: the trail may not record
/// it.
pub(super) fn end_of_objects(outcome: &Outcome, read: SourceStatus) -> GroupEnd {
    if outcome.reason == Some(Reason::NothingDelivered) {
        return GroupEnd::new(SourceStatus::Stale, outcome.reason_text());
    }
    GroupEnd::from_outcome(outcome, read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;
    use dragnet_model::{SourceSelection, TimeWindow};

    const HOUR: i64 = 3_600_000;
    const TRAIL: &str = "b/AWSLogs/111111111111/CloudTrail/us-east-1/";

    fn basis(window_end: WindowEnd, sources: SourceSelection) -> JudgementBasis {
        JudgementBasis {
            scope: Scope::default(),
            sources,
            window: TimeWindow::try_from([0, HOUR]).unwrap(),
            window_end,
            started: jiff::Timestamp::from_millisecond(HOUR + HOUR / 2).unwrap(),
            checked_trail_integrity: false,
        }
    }

    fn row(outcome: Outcome) -> Coverage {
        Coverage {
            source: Some(StorageKind::S3),
            region: Some("us-east-1".parse().unwrap()),
            bucket_prefix: Some(TRAIL.to_owned()),
            ..Coverage::unread("111111111111".parse().unwrap(), String::new(), outcome)
        }
    }

    #[test]
    fn window_that_ends_within_the_margin_is_not_complete() {
        let proof = ObjectProof::new(&[], BTreeSet::new());
        let reason = |window_end| {
            let basis = basis(window_end, SourceSelection::default());
            proof.prove(row(Outcome::searched()), &basis).outcome.reason
        };
        assert_eq!(reason(WindowEnd::Given), Some(Reason::LateDelivery));
        assert_eq!(reason(WindowEnd::Now), None);
    }

    #[test]
    fn gap_that_another_source_closes_is_about_data_events_alone() {
        let target = Target {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let kinds = |covered: BTreeSet<Target>, sources| {
            let proof = ObjectProof::new(&[], covered);
            let basis = basis(WindowEnd::Now, sources);
            proof.prove(row(Outcome::denied("no")), &basis).kinds
        };
        let auto = SourceSelection::default();
        let covered = BTreeSet::from([target]);
        let all = BTreeSet::from([LogKind::Management, LogKind::Data]);
        assert_eq!(kinds(BTreeSet::new(), auto.clone()), all);
        assert_eq!(
            kinds(covered.clone(), auto),
            BTreeSet::from([LogKind::Data])
        );
        assert_eq!(
            kinds(covered, SourceSelection::only([StorageKind::S3])),
            all,
            "the user asked for it"
        );
    }

    #[test]
    fn logs_of_other_services_are_application_logs() {
        let proof = ObjectProof::new(&[], BTreeSet::new());
        let kinds = |location: &str| proof.kinds_of(location);
        let app = BTreeSet::from([LogKind::App]);
        for location in [
            "b/AWSLogs/111111111111/elasticloadbalancing/us-east-1/",
            "b/p/AWSLogs/111111111111/vpcdnsquerylogs/vpc-0123/",
            "b/p/AWSLogs/",
            "b/reads/",
            "b/111111111111/us-east-1/logs/",
        ] {
            assert_eq!(kinds(location), app, "{location}");
        }
        assert!(!kinds(TRAIL).contains(&LogKind::App));
    }

    #[test]
    fn folder_that_does_not_exist_proves_nothing() {
        let nothing = Outcome::with_reason(Status::Skipped, Reason::NothingDelivered, "");
        assert!(nothing.is_covered());
        let end = end_of_objects(&nothing, SourceStatus::Searched);
        assert_eq!(end.status, SourceStatus::Stale);
        let searched = end_of_objects(&Outcome::searched(), SourceStatus::Searched);
        assert_eq!(searched.status, SourceStatus::Searched);
    }
}
