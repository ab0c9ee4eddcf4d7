//! CloudTrail's event history as a log source: the management events of the last 90 days, which
//! every account-Region has without a trail.
//!
//! ```text
//! discover ── target_sweep: on request at once, else when all log groups are searched, for the
//!         │   account-Regions that they do not cover (uncovered)
//! plan ───┴── history_plan: what it can cover, attribute lookups or everything, time ranges
//! scan ────── history_reader: page by page, 50 events each
//! prove ───── proof: management events; expected: the same before a sweep
//! ```

pub(super) mod expected;
mod history_plan;
mod history_reader;
pub(super) mod proof;
pub(in crate::sweep) mod target_sweep;
mod uncovered;
