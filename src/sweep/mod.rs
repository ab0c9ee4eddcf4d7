//! Job 1: search the organization for indicators, and record what was not searched.
//!
//! ```text
//! directory ─ access ─ discovery ─ plan ─ scan ─ journal ─ merge
//! accounts    session  Regions,    pure   pages,           sorted,
//!                      log groups         matches          combined
//! ```
//! Every account is a task and proceeds as soon as it can: no stage waits until the whole
//! organization has finished the one before it, and the sightings are never all in memory. An error
//! in one account does not end the run; it becomes a row of the coverage.

mod access;
mod account;
mod account_filter;
mod account_selection;
mod directory;
mod engine;
mod evidence;
mod examine;
mod group_trust;
mod hunts;
mod judge;
mod merge;
mod outcome;
mod plan;
mod plan_sheet;
mod recorded_calls;
mod refusal;
mod region;
mod region_scope;
mod run;
mod run_differences;
mod scan;
mod scan_cost;
mod selector_matches;
mod stored_sightings;
mod tally;
mod window_basis;

pub use access::{Access, Entered};
pub use account_filter::NAMED_ACCOUNTS_ONLY;
pub use directory::{Directory, DirectoryError, Member, Members, member_to_enter};
pub use evidence::{
    GroupEnd, SourceLookups, Sources, look_up_log_sources, look_up_trail_state, sources,
    sources_of_run,
};
pub use hunts::{HuntCounts, HuntRows, POINTER, RowOrigin, merged_counts, merged_rows};
pub use judge::{CoverageJudge, JudgementBasis, watched_coverage};
pub use merge::{MergeSource, merged_sightings};
pub use plan::{LATE_ARRIVAL, complete_until};
pub use plan_sheet::{PlanSheet, Share, TargetPlan};
pub use recorded_calls::EARLIER_RUNS;
pub use refusal::Refusal;
pub use region_scope::RegionScope;
pub use run::{SLOWED_RATES, SweepError, SweepParts, plan, sweep};
pub use run_differences::{Difference, compare_coverage, compare_sightings, compare_sources};
pub use scan_cost::scan_cost;
pub use selector_matches::{ListedLevel, SelectorMatches, UNMATCHED_SELECTORS, UnmatchedSelectors};
pub use stored_sightings::stored_sightings;
pub use tally::{Tally, TallySnapshot};
pub use window_basis::{GroupWindows, WindowBasis};
