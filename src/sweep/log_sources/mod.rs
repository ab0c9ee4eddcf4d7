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
//! Two modules compare sources, as they are all dispatchers: `slow_groups` decides whether a bucket is
//! read instead of a log group, and `planned_choices` describes such choices in a plan.
//!
//! The sources share what they find with the rest of the sweep only through the journal: coverage
//! rows, work units, and pages of events that `examine_page` has examined.

mod deliveries;
mod digest_sink;
mod event_history;
mod files;
pub(super) mod log_groups;
mod planned_choices;
mod s3;
mod slow_groups;
pub(super) mod source_proofs;
mod source_reader;

pub(super) use deliveries::Deliveries;
pub use event_history::expected::expected_history;
pub(super) use event_history::target_sweep::sweep_uncovered;
pub(super) use files::{FileSearch, FileSearchParts, search_files};
pub(super) use log_groups::central_copies::read_central_copies;
pub(super) use log_groups::linked_groups::read_linked_groups;
pub(super) use planned_choices::plan_choices;
pub use s3::bucket_reads::{
    BucketLogging, KnownTrails, describe_logging_error, judge_reads, look_up_bucket_logging,
};
pub(super) use s3::bucket_sweep::sweep_buckets;
pub use s3::expected::{expected_objects, find_bucket};
pub(super) use s3::finish_buckets::finish_buckets;
pub use s3::object_folder::ObjectFolder;
pub use s3::reader_candidates::reader_candidates;
pub use s3::service_folders::describe_service_folders;
pub(super) use slow_groups::{finish_slow_groups, read_slow_groups};
pub(super) use source_reader::SourceReader;
