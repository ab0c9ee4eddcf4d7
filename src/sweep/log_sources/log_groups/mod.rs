//! CloudWatch log groups as a log source.
//!
//! ```text
//! discover ── target_sweep: lists the log groups of an account-Region, twice
//!         └── remote_group: finds one log group out of scope
//! plan ────── scan_plan: read or not (read_decision), size (size_estimate), engine; now or when it
//!             is known what the bucket would take (postpone, group_sources)
//! scan ────── start_scan, scan/: work units, two engines
//! prove ───── proof: kinds of logs, completeness
//! ```

pub(in crate::sweep) mod central_copies;
pub(in crate::sweep) mod delivered;
mod engine;
mod found_group;
pub(in crate::sweep) mod group_sources;
mod imported_period;
pub(in crate::sweep) mod linked_groups;
pub(in crate::sweep) mod postpone;
pub(super) mod proof;
pub(in crate::sweep) mod read_decision;
pub(in crate::sweep) mod remote_group;
mod scan;
mod scan_plan;
mod size_estimate;
mod start_scan;
pub(super) mod target_sweep;
