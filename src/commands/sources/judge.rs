//! Judges what the survey found, and determines what other log sources would have to cover.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;

use crate::aws::{Aws, Session};
use crate::sweep::{
    GroupEnd, Member, Members, ObjectFolder, OtherEnds, Sources, expected_history, sources,
};
use dragnet_model::{
    LogGroupArn, LogSource, SourceKind, SourceLookup, SourceStatus, Target, TimeWindow,
};

/// Judges what was found.
pub(super) struct Judge<'p> {
    pub lookups: &'p [SourceLookup],
    pub log_sources: &'p [LogSource],
    pub group_ends: &'p BTreeMap<LogGroupArn, GroupEnd>,
    pub window: TimeWindow,
}

impl Judge<'_> {
    /// Returns the log sources of each account-Region. `ends` are the expected results of event
    /// histories and objects in S3.
    pub(super) fn sources(&self, ends: &OtherEnds) -> Sources {
        let end_of_group = |group: &LogGroupArn| {
            self.group_ends
                .get(group)
                .cloned()
                .unwrap_or_else(|| GroupEnd::new(SourceStatus::Failed, "not looked up"))
        };
        sources(
            self.lookups,
            self.log_sources,
            self.window,
            ends,
            end_of_group,
        )
    }

    /// Returns the account-Regions whose management events would not be covered.
    fn uncovered_targets(&self, ends: &OtherEnds) -> BTreeSet<Target> {
        self.sources(ends)
            .cloudtrail
            .into_iter()
            .filter(|(_, status)| !status.is_covered())
            .map(|(target, _)| target)
            .collect()
    }

    /// Returns the folders of buckets that a sweep would read: those of account-Regions whose trails
    /// no log group covers, and of flow logs. Each comes with its log source.
    pub(super) fn uncovered_folders(&self, members: &Members) -> Vec<(LogSource, ObjectFolder)> {
        let uncovered = self.uncovered_targets(&OtherEnds::default());
        let mut folders = Vec::new();
        for lookup in self.lookups {
            let names: BTreeSet<&str> =
                lookup.result.iter().flatten().map(String::as_str).collect();
            let is_needed =
                lookup.kind == SourceKind::VpcFlow || uncovered.contains(&lookup.target);
            let recorded = self
                .log_sources
                .iter()
                .filter(|source| is_needed && names.contains(source.via.as_str()));
            for log_source in recorded {
                let owner = members.get(&log_source.home.account);
                let organization = owner.and_then(Member::organization);
                let folder = ObjectFolder::new(log_source, &lookup.target, organization.as_ref());
                folders.extend(folder.map(|folder| (log_source.clone(), folder)));
            }
        }
        folders
    }

    /// Determines what the event history would cover of the account-Regions that no other log
    /// source covers. `ends` are the expected results of objects in S3.
    pub(super) async fn check_histories(
        &self,
        aws: &Aws,
        entered: &[(Target, Arc<Session>)],
        (ends, now): (&OtherEnds, Timestamp),
    ) -> BTreeMap<Target, GroupEnd> {
        let uncovered = self.uncovered_targets(ends);
        let window = self.window;
        let checks = entered
            .iter()
            .filter(|(target, _)| uncovered.contains(target))
            .map(|(target, session)| async move {
                let end = expected_history(aws, session, &target.region, window, now).await;
                (target.clone(), end)
            });
        join_all(checks).await.into_iter().collect()
    }
}
