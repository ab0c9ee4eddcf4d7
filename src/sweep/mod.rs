//! Job 1: look for indicators everywhere, and know what was not looked at.
//!
//! ```text
//! directory ─ access ─ discovery ─ plan ─ reading ─ journal ─ merge
//! accounts    session  Regions,    pure   pages,             sorted,
//!                      groups             matches            folded
//! ```
//! Every account is a task of its own and goes on as soon as it can: nothing collects the whole
//! organization before the next stage may start, and nothing holds all sightings in memory. No error
//! ends the run because of one account: it becomes that place's row in the coverage.

mod access;
mod account;
mod asked;
mod directory;
mod engine;
mod evidence;
mod examine;
mod group_trust;
mod hunts;
mod judge;
mod log_group_patterns;
mod merge;
mod outcome;
mod plan;
mod plan_sheet;
mod reading;
mod refusal;
mod region;
mod run;
mod scan_cost;
mod stored_sightings;
mod tally;
mod wanted;
mod windows;

pub use access::{Access, Entered};
pub use asked::NAMED_ACCOUNTS_ONLY;
pub use directory::{Directory, DirectoryError, Member, Members, member_to_enter};
pub use evidence::{Answer, GroupEnd, Sources, ask, ask_owner, sources, sources_of_run};
pub use hunts::{HuntCounts, HuntRows, POINTER, RowPlace, merged_counts, merged_rows};
pub use judge::judged_coverage;
pub use merge::merged_sightings;
pub use plan::LATE_ARRIVAL;
pub use plan_sheet::{PlanSheet, Share, TargetPlan};
pub use refusal::Refusal;
pub use run::{SLOWED_RATES, SweepError, SweepParts, plan, sweep};
pub use scan_cost::scan_cost;
pub use stored_sightings::stored_sightings;
pub use tally::{Tally, TallySnapshot};
pub use wanted::WantedRegions;
pub use windows::{GroupWindows, Windows};
