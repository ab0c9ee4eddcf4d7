//! CloudTrail's event history as a log source: the management events of the last 90 days, which
//! every account-Region has without a trail.
//!
//! ```text
//! discover ── target_sweep: on request at once, else when log groups and objects in S3 are
//!         │   searched, for the account-Regions that they do not cover
//! plan ───┴── history_plan: what it can cover, attribute lookups or everything, time ranges
//!             (candidate: to compare it with other sources)
//! scan ────── history_reader: page by page, 50 events each
//!             (history_work: what the progress display shows of it)
//! prove ───── proof: management events; expected: the same before a sweep
//! ```

pub(super) mod candidate;
pub(super) mod expected;
mod history_plan;
mod history_reader;
mod history_work;
pub(super) mod proof;
pub(in crate::sweep) mod target_sweep;
