//! Copies of logs on disk as a log source: directories as they were delivered or exported.
//!
//! ```text
//! FileQueue ── FileThread ── SearchSink ── FileBatch ── journal
//! one file     a few         examines      what some      one entry
//! at a time    threads       records       files contain  a batch
//! ```
//! Files belong to nothing in AWS, so they are a step of their own in a sweep, beside the accounts or
//! without any. Nothing here makes a call. A file that cannot be read, or not completely, is a row of
//! the coverage; so is each account-Region of the records.
//!
//! If the directories have CloudTrail digests, log files are compared with them (`digest_pass.rs`).
//!
//! Records on disk are never trusted: their author decides what they say. They are in
//! scope whatever account and Region they name.

mod content_check;
mod digest_pass;
mod file_batch;
mod file_queue;
mod file_search;
mod file_thread;
mod problem_rows;
pub(in crate::sweep) mod proof;
mod record_event;
mod search_sink;

pub(in crate::sweep) use file_search::{FileSearch, FileSearchParts};
pub(in crate::sweep) use file_thread::search_files;
