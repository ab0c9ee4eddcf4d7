//! Log sources: where the records of account-Regions are kept and how they are searched. All have
//! the same life:
//!
//! ```text
//! discover ─ plan units ─ scan ─ prove
//! lists      order, time, pages  kinds, window, completeness
//!            and cost
//! ```
//! Each source is a folder here and uses none of the others. [`SourceReader`] dispatches the first
//! three steps to the sources, [`SourceProofs`](source_proofs::SourceProofs) the last one. What a
//! trail or flow log delivers outside the scope is dispatched by its destination
//! (`evidence/remote_sources.rs`).
//!
//! The sources share what they find with the rest of the sweep only through the journal: coverage
//! rows, work units, and pages of events that `examine_page` has examined.

mod deliveries;
mod event_history;
mod files;
pub(super) mod log_groups;
pub(super) mod source_proofs;
mod source_reader;

pub(super) use deliveries::Deliveries;
pub use event_history::expected::expected_history;
pub(super) use event_history::target_sweep::sweep_uncovered;
pub(super) use files::{FileSearch, FileSearchParts, search_files};
pub(super) use source_reader::SourceReader;
