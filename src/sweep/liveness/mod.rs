//! The liveness check: does the log group of a trail have the records that it should have?
//!
//! That a trail delivers today does not prove that its log group still has what it delivered before:
//! log streams can be deleted, and a retention can be shortened and lengthened again. No call
//! deletes records from the event history, so it is the witness.
//!
//! ```text
//! history_page ── witness ────── batches ─────────── group_check
//! one page of     records that   few ids, in a       which ids the
//! the history     a trail must   short time range    log group has
//!                 have delivered
//! ```
//! `trail_regions` asks trails for their state in each Region that the history says little about.
//! `check` connects these, and `compared_subjects` says what is compared. The result is a fact of the
//! run; where records are missing, what was searched in the log group proves nothing about the
//! account-Region.

mod batches;
mod check;
mod compared_subjects;
mod duration;
mod group_check;
mod history_page;
mod trail_regions;
mod witness;

pub(super) use check::check_liveness;
pub(super) use duration::{add_trail_group, show_expected_duration};
