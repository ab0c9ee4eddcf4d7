//! Which buckets a sweep needs, and what for. Pure, but for the facts that it is given.

use std::collections::{BTreeMap, BTreeSet};

use super::folder_choice::FolderChoice;
use crate::sweep::context::SweepContext;
use crate::sweep::shard_part::ShardPart;
use crate::sweep::uncovered::uncovered_targets;
use dragnet_model::{LogKind, LogSource, SourceKind, StorageKind, Target};

/// A log source that delivers to a bucket, and which of its folders are read.
#[derive(Clone, Debug)]
pub(super) struct DeliveringSource {
    pub log_source: LogSource,
    pub choice: FolderChoice,
    /// The account-Regions in scope that it records.
    pub recorded: BTreeSet<Target>,
}

/// Returns the log sources whose buckets are needed, by bucket. If the user asks for objects in S3,
/// these are all; else those that record something required which is in no other place.
pub(super) fn delivering_sources(shared: &SweepContext) -> BTreeMap<String, Vec<DeliveringSource>> {
    let is_named = shared.settings.sources.names(StorageKind::S3);
    let needs = (!is_named).then(|| Needs::new(shared));
    let mut by_bucket: BTreeMap<String, Vec<DeliveringSource>> = BTreeMap::new();
    shared.searched.read(|found| {
        let looked_up: BTreeSet<Target> = found
            .lookups
            .iter()
            .map(|lookup| lookup.target.clone())
            .collect();
        for log_source in found.trails.values().chain(&found.flow_logs) {
            let Some(bucket) = &log_source.bucket else {
                continue;
            };
            let recorded: BTreeSet<Target> = match log_source.kind {
                SourceKind::VpcFlow => BTreeSet::from([log_source.home.clone()]),
                SourceKind::CloudTrail => found
                    .lookups
                    .iter()
                    .filter(|lookup| {
                        let mut names = lookup.result.iter().flatten();
                        names.any(|name| *name == log_source.via)
                    })
                    .map(|lookup| lookup.target.clone())
                    .collect(),
            };
            // The first shard also reads what accounts left that are not listed any more. A bucket has
            // folders of Regions that are disabled now, and that of an organization trail also those of
            // accounts whose trails are not known: their role was denied.
            let reads_bucket = |part: &ShardPart| {
                let mut accounts = recorded.iter().map(|target| target.account);
                part.is_first()
                    || log_source.is_organization_trail
                    || accounts.any(|account| part.enters(account))
            };
            if !shared.part.as_deref().is_none_or(reads_bucket) {
                continue;
            }
            let choice = match &needs {
                None => Some(FolderChoice::all()),
                Some(needs) => needs.choice(log_source, &recorded, &looked_up),
            };
            if let Some(choice) = choice {
                let source = DeliveringSource {
                    log_source: log_source.clone(),
                    choice,
                    recorded,
                };
                by_bucket
                    .entry(bucket.name.clone())
                    .or_default()
                    .push(source);
            }
        }
    });
    by_bucket
}

/// What a sweep needs from buckets if the user does not ask for them.
struct Needs {
    uncovered: BTreeSet<Target>,
    management: bool,
    data: bool,
    flow: bool,
}

impl Needs {
    fn new(shared: &SweepContext) -> Self {
        let required = &shared.settings.required;
        let mut uncovered = uncovered_targets(shared);
        // What an earlier part of the run began to read is read to its end.
        uncovered.extend(shared.targets_with_objects());
        Self {
            uncovered,
            management: required.contains(LogKind::Management),
            data: required.contains(LogKind::Data),
            flow: required.contains(LogKind::Flow),
        }
    }

    /// Returns which folders of a log source are needed; `None` if none is.
    fn choice(
        &self,
        log_source: &LogSource,
        recorded: &BTreeSet<Target>,
        looked_up: &BTreeSet<Target>,
    ) -> Option<FolderChoice> {
        if log_source.kind == SourceKind::VpcFlow {
            return self.flow.then(FolderChoice::all);
        }
        let kinds = LogKind::from_log_source(log_source);
        let is_only_in_bucket = log_source.log_group().is_none();
        if self.data && is_only_in_bucket && kinds.contains(&LogKind::Data) {
            return Some(FolderChoice::all());
        }
        let has_uncovered = !self.uncovered.is_disjoint(recorded);
        (self.management && has_uncovered)
            .then(|| FolderChoice::only_uncovered(self.uncovered.clone(), looked_up.clone()))
    }
}
