//! Merges the counts of a hunt over the organization, so that each record counts once.
//!
//! An organization trail and an account trail may keep the same records. For each account-Region,
//! one log group that has all of them is counted. If no log group is certain to have all of them,
//! every copy is counted and the result says so.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::page_counts::CLAIMS_TO_BE_CLOUDTRAIL;
use crate::search::RecordKind;
use crate::store::{Place, RunReader, StoreError};
use crate::sweep::Sources;
use crate::sweep::account_filter::AccountFilter;
use dragnet_model::{LogGroupArn, Source, SourceKind, SourceStatus};
use insights_ql::Partial;

/// The maximum number of groups of one hunt, for example different addresses. A group takes about
/// 300 bytes, so this is less than half a gigabyte. Further groups are not counted, and the result
/// says so.
const MAX_GROUPS: usize = 1_000_000;

/// The counts of a hunt over all account-Regions.
#[derive(Clone, Debug, Default)]
pub struct HuntCounts {
    /// The sum.
    pub total: Partial,
    /// Whether a record may be counted twice because several log groups keep copies of it.
    pub may_double_count: bool,
    /// Whether there were more groups than the maximum.
    pub is_cut_off: bool,
}

/// Merges the counts of a hunt. Before the counts of an account-Region are added to the sum, they
/// are passed to `use_region` with the account and the Region where the events happened.
///
/// # Errors
/// Returns the error of `use_region`, or an error if the database cannot be read or is damaged.
pub fn merged_counts<E: From<StoreError>>(
    reader: &RunReader,
    sources: &Sources,
    hunt: &str,
    mut use_region: impl FnMut(&str, &str, &Partial) -> Result<(), E>,
) -> Result<HuntCounts, E> {
    let account_filter = AccountFilter::load(reader)?;
    let sources = sources_by_region(sources);
    reader.counts(hunt, |rows| {
        let mut all = HuntCounts::default();
        let mut current = RegionCounts::default();
        for row in rows {
            let stored = row?;
            let row = stored.row;
            let is_claimed = row.kind == CLAIMS_TO_BE_CLOUDTRAIL;
            let is_stored_here = is_claimed && !stored.out_of_scope;
            if !is_stored_here && !account_filter.includes(&row.event_account, stored.out_of_scope)
            {
                continue;
            }
            // If a trail keeps the records of this account-Region, these events are assumed to be
            // copies.
            let kind = if is_claimed {
                RecordKind::CloudTrail.as_str().to_owned()
            } else {
                row.kind
            };
            if (&row.event_account, &row.event_region) != (&current.account, &current.region) {
                let next = RegionCounts {
                    account: row.event_account,
                    region: row.event_region,
                    ..RegionCounts::default()
                };
                let finished = std::mem::replace(&mut current, next);
                finished.add_to_total(&sources, &mut all, &mut use_region)?;
            }
            let group = current
                .groups
                .entry(kind)
                .or_default()
                .entry(stored.log_group)
                .or_default();
            all.is_cut_off |= !group.merge_up_to(MAX_GROUPS, row.partial);
        }
        current.add_to_total(&sources, &mut all, &mut use_region)?;
        Ok(all)
    })
}

/// The log sources of each account-Region, by the account and Region as events name them.
type SourcesByRegion<'s> = HashMap<(String, &'s str), Vec<&'s Source>>;

fn sources_by_region(sources: &Sources) -> SourcesByRegion<'_> {
    let mut by_region = SourcesByRegion::new();
    for row in &sources.rows {
        by_region
            .entry((row.target.account.to_string(), row.target.region.as_str()))
            .or_default()
            .push(row);
    }
    by_region
}

/// The counts of one account-Region: by kind of record, then by the log group that keeps them.
#[derive(Default)]
struct RegionCounts {
    account: String,
    region: String,
    groups: BTreeMap<String, BTreeMap<LogGroupArn, Partial>>,
}

impl RegionCounts {
    fn add_to_total<E>(
        self,
        sources: &SourcesByRegion<'_>,
        all: &mut HuntCounts,
        use_region: &mut impl FnMut(&str, &str, &Partial) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.groups.is_empty() {
            return Ok(());
        }
        let region_sources = sources
            .get(&(self.account.clone(), self.region.as_str()))
            .map_or(&[][..], Vec::as_slice);
        let mut counted = Partial::default();
        for (kind, groups) in self.groups {
            let (groups, may_double_count) = select_counts(&kind, groups, region_sources);
            all.may_double_count |= may_double_count;
            for partial in groups {
                all.is_cut_off |= !counted.merge_up_to(MAX_GROUPS, partial);
            }
        }
        use_region(&self.account, &self.region, &counted)?;
        all.is_cut_off |= !all.total.merge_up_to(MAX_GROUPS, counted);
        Ok(())
    }
}

/// Whether the counts are those of the event history, which has no name.
fn is_event_history(group: &LogGroupArn) -> bool {
    group.name.is_empty()
}

/// Returns the place to which a log source delivers the records of its account-Region, as counts name
/// it: a log group, or a folder of a bucket.
fn place_of(row: &Source) -> Option<LogGroupArn> {
    let in_bucket = row
        .bucket_prefix
        .as_ref()
        .map(|location| LogGroupArn::new(row.target.clone(), location.as_str()));
    in_bucket.or_else(|| row.log_group.clone())
}

/// Whether the counts are those of files on disk.
fn are_files(group: &LogGroupArn) -> bool {
    group.name == Place::ALL_FILES
}

/// Whether all management events of an account-Region were read from its event history.
fn has_whole_history(region_sources: &[&Source]) -> bool {
    region_sources
        .iter()
        .any(|row| row.is_event_history() && row.status == SourceStatus::Searched)
}

/// Selects which counts to add up, of the log groups that keep records of one kind and one
/// account-Region, and returns whether a record may still be counted twice. `region_sources` are
/// the log sources of the account-Region.
fn select_counts(
    kind: &str,
    mut groups: BTreeMap<LogGroupArn, Partial>,
    region_sources: &[&Source],
) -> (Vec<Partial>, bool) {
    let delivering = |kind: SourceKind, groups: &BTreeMap<LogGroupArn, Partial>| -> Vec<&Source> {
        let delivers = |row: &&&Source| {
            row.kind == kind && place_of(row).is_some_and(|group| groups.contains_key(&group))
        };
        region_sources.iter().filter(delivers).copied().collect()
    };
    let may_double_count = if kind == RecordKind::CloudTrail.as_str() {
        let trails = delivering(SourceKind::CloudTrail, &groups);
        let whole = trails
            .iter()
            .filter(|trail| trail.status == SourceStatus::Searched);
        if let Some(group) = whole.filter_map(|trail| place_of(trail)).min() {
            groups.retain(|known, _| *known == group);
        } else if has_whole_history(region_sources) && groups.keys().any(is_event_history) {
            groups.retain(|known, _| is_event_history(known));
        }
        // Two trails may deliver to the same log group.
        let trails = delivering(SourceKind::CloudTrail, &groups);
        groups.len() > 1 || trails.len() > 1
    } else if kind == VPC_FLOW {
        let flow_logs = delivering(SourceKind::VpcFlow, &groups);
        let vpcs: BTreeSet<&str> = flow_logs
            .iter()
            .filter_map(|log| whole_vpc(&log.via))
            .collect();
        // A flow log of a whole VPC has the flows of each interface once.
        let are_distinct_vpcs = vpcs.len() == flow_logs.len();
        (groups.len() > 1 || flow_logs.len() > 1)
            && !(are_distinct_vpcs && flow_logs.len() >= groups.len())
    } else {
        false
    };
    // The same record may be in several files.
    let may_double_count = may_double_count || groups.keys().any(are_files);
    (groups.into_values().collect(), may_double_count)
}

/// The kind of flow log lines of any format.
const VPC_FLOW: &str = "vpc-flow";

/// Returns the VPC that a flow log covers as a whole, from the name of the log source: `… (vpc-1)`.
fn whole_vpc(via: &str) -> Option<&str> {
    let (_, resource) = via.rsplit_once(" (")?;
    resource
        .strip_suffix(')')
        .filter(|resource| resource.starts_with("vpc-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::Target;

    fn group(name: &str) -> LogGroupArn {
        let target = Target {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        LogGroupArn::new(target, name)
    }

    fn source(kind: SourceKind, name: &str, via: &str, status: SourceStatus) -> Source {
        let log_group = group(name);
        Source {
            target: log_group.target.clone(),
            kind,
            log_group: Some(log_group),
            bucket_prefix: None,
            via: via.to_owned(),
            logging: Some(true),
            last_delivery_ms: None,
            delivery_error: String::new(),
            selectors: String::new(),
            records_data_events: false,
            status,
            reason: String::new(),
            liveness: None,
        }
    }

    /// Returns how many of these log groups are counted, and whether a record may be counted twice.
    fn counted(kind: &str, names: &[&str], region_sources: &[Source]) -> (usize, bool) {
        let groups = names
            .iter()
            .map(|name| (group(name), Partial::default()))
            .collect();
        let (counted, may_double_count) =
            select_counts(kind, groups, &region_sources.iter().collect::<Vec<_>>());
        (counted.len(), may_double_count)
    }

    #[test]
    fn cloudtrail_counts_one_complete_group() {
        use SourceStatus::{Partial, Searched};
        let trail = |name, via, status| source(SourceKind::CloudTrail, name, via, status);
        let whole = trail("/central", "t1", Searched);
        assert_eq!(counted("cloudtrail", &["/central"], &[]), (1, false));
        assert_eq!(
            counted(
                "cloudtrail",
                &["/app", "/central"],
                std::slice::from_ref(&whole)
            ),
            (1, false)
        );
        let parts = [
            trail("/own", "t2", Partial),
            trail("/central", "t1", Partial),
        ];
        assert_eq!(
            counted("cloudtrail", &["/own", "/central"], &parts),
            (2, true)
        );
        let one_group = [whole, trail("/central", "t3", Searched)];
        assert_eq!(
            counted("cloudtrail", &["/central"], &one_group),
            (1, true),
            "two trails deliver to it"
        );
    }

    #[test]
    fn cloudtrail_counts_the_folder_of_a_bucket_that_is_whole() {
        let location = "b/AWSLogs/111111111111/CloudTrail/us-east-1/";
        let in_bucket = Source {
            log_group: None,
            bucket_prefix: Some(location.to_owned()),
            ..source(
                SourceKind::CloudTrail,
                "/trail",
                "t1",
                SourceStatus::Searched,
            )
        };
        let names = ["/trail", location];
        assert_eq!(counted("cloudtrail", &names, &[in_bucket]), (1, false));
    }

    #[test]
    fn flow_logs_of_different_vpcs_do_not_overlap() {
        let flow = |name, watched: &str| {
            source(
                SourceKind::VpcFlow,
                name,
                &format!("arn ({watched})"),
                SourceStatus::Searched,
            )
        };
        let one = flow("/a", "vpc-1");
        let other = flow("/b", "vpc-2");
        assert_eq!(
            counted(VPC_FLOW, &["/a", "/b"], &[one.clone(), other]),
            (2, false)
        );
        assert_eq!(
            counted(VPC_FLOW, &["/a", "/b"], &[one.clone(), flow("/b", "vpc-1")]),
            (2, true)
        );
        assert_eq!(
            counted(
                VPC_FLOW,
                &["/a", "/b"],
                &[one.clone(), flow("/b", "subnet-1")]
            ),
            (2, true)
        );
        assert_eq!(
            counted(VPC_FLOW, &["/a"], &[one.clone(), flow("/a", "subnet-1")]),
            (1, true)
        );
        assert_eq!(
            counted(VPC_FLOW, &["/a", "/b"], &[one]),
            (2, true),
            "no flow log is known to deliver to /b"
        );
        assert_eq!(counted("other", &["/a", "/b"], &[]), (2, false));
    }
}
