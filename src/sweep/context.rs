//! What all tasks of a sweep share: its settings, the connection to AWS, the journal, the
//! checkpoint, and how the sweep is cancelled. The rows of the coverage are written by
//! `coverage_rows.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::bucket_facts::BucketFacts;
use super::deferred_targets::DeferredTargets;
use super::import_lists::ImportLists;
use super::linked_accounts::LinkedAccounts;
use super::listed_folders::ListedFolders;
use super::liveness_subjects::LivenessSubjects;
use super::outcome;
use super::plan_sheet::PlanSheet;
use super::postponed_groups::PostponedGroups;
use super::scan_cost::InsightsBudget;
use super::searched_sources::SearchedSources;
use super::selector_matches::SelectorMatches;
use super::shard_part::ShardPart;
use super::sliced_group::TimeSlice;
use super::tally::Tally;
use super::window_basis::WindowBasis;
use crate::aws::{Aws, CallError};
use crate::search::SearchSet;
use crate::settings::{EngineChoice, KnownSources, RoundLookups, SweepSettings};
use crate::store::{
    Checkpoint, EarlierFindings, Journal, KnownGroup, KnownHistory, KnownObjects, SightingRecord,
};
use dragnet_model::time::Clock;
use dragnet_model::{LogGroupArn, LogKind, Outcome, StorageKind, Target};

/// How long calls in flight may still take after a sweep is interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// What all tasks of a sweep share.
#[derive(Debug)]
pub(super) struct SweepContext {
    pub aws: Aws,
    pub clock: Clock,
    pub settings: SweepSettings,
    pub windows: WindowBasis,
    pub started: Timestamp,
    /// What earlier runs of this machine found.
    pub earlier: EarlierFindings,
    pub access: Access,
    pub search_set: SearchSet,
    pub journal: Journal,
    pub tally: Arc<Tally>,
    pub cancel: CancellationToken,
    pub budget: InsightsBudget,
    pub selector_matches: SelectorMatches,
    /// What was found out about trails and their log groups so far.
    pub searched: SearchedSources,
    /// The imports of event data stores, where they matter.
    pub imports: ImportLists,
    /// The accounts that may be read through a monitoring account.
    pub linked: LinkedAccounts,
    /// The account-Regions whose event history is read at the end, if nothing else covers them.
    pub deferred: DeferredTargets,
    /// What the liveness check compares at the end.
    pub liveness: LivenessSubjects,
    /// The log groups that wait until it is known what reading their buckets would take.
    pub postponed: PostponedGroups,
    /// The folders that were listed to compare their buckets with log groups.
    pub listed_folders: ListedFolders,
    /// What was found out about buckets.
    pub buckets: BucketFacts,
    /// The part of the organization that is searched, if it is searched in shards.
    pub part: Option<Arc<ShardPart>>,
    /// Collects what would be read. Set only if the sweep is planned and not run.
    pub sheet: Option<Arc<Mutex<PlanSheet>>>,
    /// How far an earlier part of the run came.
    pub checkpoint: Mutex<Checkpoint>,
    /// AWS's message about the filter pattern of the user, if it rejected it.
    pub rejected_pattern: OnceLock<String>,
}

impl SweepContext {
    /// Takes what an earlier part of the run recorded about an account-Region. A second call for
    /// the same account-Region returns nothing.
    pub(super) fn known_groups(&self, target: &Target) -> BTreeMap<String, KnownGroup> {
        self.checkpoint.lock().take(target)
    }

    /// Takes what an earlier part of the run recorded about a log group outside the scope. A second
    /// call for the same log group returns nothing.
    pub(super) fn known_group(&self, arn: &LogGroupArn) -> Option<KnownGroup> {
        self.checkpoint.lock().take_group(arn)
    }

    /// Takes what an earlier part of the run recorded about the event history of an account-Region.
    /// A second call for the same account-Region returns nothing.
    pub(super) fn known_history(&self, target: &Target) -> Option<KnownHistory> {
        self.checkpoint.lock().take_history(target)
    }

    /// Takes what an earlier part of the run recorded about the objects of an account-Region in a
    /// folder of a bucket. A second call for the same folder returns nothing.
    pub(super) fn known_objects(&self, target: &Target, location: &str) -> Option<KnownObjects> {
        self.checkpoint.lock().take_objects(target, location)
    }

    /// Returns the account-Regions of which an earlier part of the run recorded objects.
    pub(super) fn targets_with_objects(&self) -> BTreeSet<Target> {
        let checkpoint = self.checkpoint.lock();
        checkpoint.targets_with_objects().cloned().collect()
    }

    /// Returns whether an earlier part of the run recorded the event history of an account-Region.
    pub(super) fn has_known_history(&self, target: &Target) -> bool {
        self.checkpoint.lock().has_history(target)
    }

    /// Ends the sweep if AWS rejected the filter pattern of the user. Returns whether it did.
    pub(super) fn is_pattern_rejected(&self, error: &CallError) -> bool {
        let message = error.message.to_ascii_lowercase();
        // Source: recorded messages: "Invalid filter pattern: …", "Invalid character(s) in term …".
        let is_about_pattern = error.code == "InvalidParameterException"
            && (message.contains("pattern") || message.contains(" in term"));
        if !is_about_pattern || !self.search_set.has_filter_pattern() {
            return false;
        }
        self.rejected_pattern.get_or_init(|| error.message.clone());
        self.cancel.cancel();
        true
    }

    /// Returns whether a bucket may be read instead of a log group with the same records. The user
    /// has named neither sources nor an engine, and nothing is required that only log groups have.
    pub(super) fn chooses_sources(&self) -> bool {
        let settings = &self.settings;
        let required = &settings.required;
        !settings.sources.is_given()
            && settings.engines.choice == EngineChoice::Auto
            && settings.reach.scope.requires_sources()
            && required.contains(LogKind::Management)
            && !required.contains(LogKind::App)
            && matches!(self.windows, WindowBasis::EventTime(_))
            && !self.search_set.has_filter_pattern()
            && self.search_set.passthrough_queries().is_empty()
    }

    /// Returns the log sources that the first search of the run found, if this is a round of
    /// following.
    pub(super) fn known_sources(&self) -> Option<&KnownSources> {
        self.settings.follow.as_ref()?.known_sources.as_deref()
    }

    /// Returns the attribute lookups that this round of following may make in event histories, if
    /// it is one.
    pub(super) fn round_lookups(&self) -> Option<&RoundLookups> {
        self.settings.follow.as_ref()?.round_lookups.as_deref()
    }

    /// Returns whether the report says, of buckets that sightings name, whether reads of them were
    /// recorded: if S3 may be asked, and not in a plan, in a watch, nor in a round of following.
    pub(super) fn reports_named_buckets(&self) -> bool {
        !self.is_plan()
            && matches!(self.windows, WindowBasis::EventTime(_))
            && self.settings.sources.allows(StorageKind::S3)
            && self.known_sources().is_none()
    }

    /// Remembers the bucket that a sighting names, if the report needs it.
    pub(super) fn note_sighting(&self, sighting: &SightingRecord) {
        if self.reports_named_buckets() {
            self.buckets.note_sighting(sighting);
        }
    }

    /// Returns whether this process searches an account-Region. Of a sweep in shards, each searches a
    /// part.
    pub(super) fn owns(&self, target: &Target) -> bool {
        self.part.as_ref().is_none_or(|part| part.owns(target))
    }

    /// Returns the part of the time of a log group that this process reads, if several shards read it.
    pub(super) fn slice_of(&self, group: &LogGroupArn) -> Option<TimeSlice> {
        self.part.as_ref()?.slice_of(group)
    }

    /// Returns whether the sweep is only planned.
    pub(super) fn is_plan(&self) -> bool {
        self.sheet.is_some()
    }

    /// Returns whether a sweep in shards is planned.
    pub(super) fn plans_shards(&self) -> bool {
        let sheet = self.sheet.as_ref();
        sheet.is_some_and(|sheet| sheet.lock().is_for_shards())
    }

    /// Adds to the plan sheet if the sweep is only planned; does nothing otherwise.
    pub(super) fn update_plan(&self, change: impl FnOnce(&mut PlanSheet)) {
        if let Some(sheet) = &self.sheet {
            change(&mut sheet.lock());
        }
    }

    /// Returns the result of `calls`, or the outcome `interrupted` if the sweep is cancelled first.
    /// After a cancellation the call in flight has five seconds to finish, and no further call is
    /// sent.
    pub(super) fn unless_interrupted<T>(
        &self,
        calls: impl Future<Output = Result<T, Outcome>> + Send,
    ) -> impl Future<Output = Result<T, Outcome>> + Send {
        let result = self.run_until_cancelled(calls);
        async { result.await.unwrap_or_else(|| Err(outcome::interrupted())) }
    }

    /// Returns the result of `calls`, or `None` if the sweep is cancelled and they do not finish
    /// within [`GRACE`].
    ///
    /// `calls` is boxed while it runs: thousands of tasks wait here, and without the box each would
    /// keep the size of this future for its whole life.
    pub(super) fn run_until_cancelled<T>(
        &self,
        calls: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Option<T>> + Send {
        let mut calls = Box::pin(calls);
        async move {
            tokio::select! {
                result = &mut calls => return Some(result),
                () = self.cancel.cancelled() => {}
            }
            timeout(GRACE, calls).await.ok()
        }
    }
}
