//! Job 1: search the organization for indicators, and record what was not searched.
//!
//! ```text
//! directory ─ access ─ discovery ─ plan ─ scan ─ journal ─ merge
//! accounts    session  Regions,    pure   pages,           sorted,
//!                      log sources        matches          combined
//! ```
//! `run` drives a sweep, `account` and `region` one account and one account-Region. What is kept
//! where, and how it is searched, is the business of the log sources (`log_sources`).
//!
//! Every account is a task and proceeds as soon as it can: no stage waits until the whole
//! organization has finished the one before it, and the sightings are never all in memory. An error
//! in one account does not end the run; it becomes a row of the coverage.

mod access;
mod account;
mod account_filter;
mod account_selection;
mod bucket_facts;
mod context;
mod copies;
mod coverage_rows;
mod deferred_targets;
mod delivery_lag;
mod delivery_trust;
mod directory;
mod directory_error;
mod evidence;
mod examine;
mod file_sweep;
mod host;
mod hunts;
mod import_lists;
mod judge;
mod judgement_basis;
mod linked_accounts;
mod listed_folders;
mod liveness;
mod liveness_subjects;
mod log_sources;
mod member;
mod merge;
mod object_cost;
mod outcome;
mod pending_work;
mod plan_sheet;
mod postponed_groups;
mod recorded_calls;
mod refusal;
mod region;
mod region_context;
mod region_scope;
mod run;
mod run_differences;
mod scan_cost;
mod searched_sources;
mod selector_matches;
mod shard_part;
mod sliced_group;
mod source_choice;
mod stored_event_details;
mod stored_sightings;
mod sweep_error;
mod tally;
mod target_grid;
mod tasks;
mod uncovered;
mod window_basis;

pub use access::{Access, Entered};
pub use delivery_lag::{LATE_ARRIVAL, LATE_OBJECTS, complete_until};
pub use directory::{Directory, member_to_enter, organization_session};
pub use directory_error::DirectoryError;
pub use evidence::{
    GroupEnd, ObjectsEnd, OtherEnds, SourceLookups, Sources, look_up_log_sources,
    look_up_trail_state, sources, sources_of_run,
};
pub use file_sweep::{FileSweepParts, sweep_files};
pub(crate) use hunts::file_formats;
pub use hunts::{HuntCounts, HuntRows, POINTER, RowOrigin, merged_counts, merged_rows};
pub use judge::{CoverageJudge, watched_coverage};
pub use judgement_basis::JudgementBasis;
pub use log_sources::{
    BucketLogging, KnownTrails, ObjectFolder, describe_logging_error, describe_service_folders,
    expected_history, expected_objects, find_bucket, judge_reads, look_up_bucket_logging,
    reader_candidates,
};
pub use member::{Member, Members};
pub use merge::{MergeSource, merged_sightings};
pub use pending_work::WorkProgress;
pub use plan_sheet::{
    PlanSheet, PlannedChoice, PlannedSource, PlannedStatement, Share, TargetPlan,
};
pub use refusal::Refusal;
pub use region_scope::RegionScope;
pub use run::{SweepParts, plan, plan_for_shards, sweep};
pub use run_differences::{Difference, compare_coverage, compare_sightings, compare_sources};
pub use scan_cost::scan_cost;
pub use selector_matches::{ListedLevel, SelectorMatches, UnmatchedSelectors};
pub use shard_part::{DiscoveredSources, FoundLookup, RegionPart, ShardOwners, ShardPart};
pub use sliced_group::{SlicedGroup, TimeSlice};
pub use source_choice::{
    Candidate, Choice, ChoiceReason, ReadMethod, ReadSource, ReadTime, RecordRanges, choose,
};
pub use stored_sightings::{collected_records, stored_sightings};
pub use sweep_error::SweepError;
pub use tally::{SweepProgress, Tally, TallySnapshot};
pub use target_grid::{GridAccount, GridView, TargetState};
pub use window_basis::{GroupWindows, WindowBasis, log_time_range};
