//! Tests what users of Dragnet and readers of its source can rely on. All tests are one binary, so
//! that the SDK is linked only once.

#![expect(clippy::unwrap_used, reason = "a test fails at the first error")]

mod cases;
mod cli;
mod collect;
mod completion;
mod contain;
mod copies;
mod discovered_fields;
mod documented;
mod engines;
mod escapes;
mod event_history;
mod evidence;
mod files;
mod floors;
mod forged;
mod hostile_content;
mod hunts;
mod identity;
mod import_cycles;
mod import_lines;
mod incomplete_answers;
mod indicator_lists;
mod indicators;
mod insights;
mod limits;
mod manifest_changes;
mod mutated_responses;
mod persisted;
mod range;
mod real_data;
mod required_kinds;
mod run_checksums;
mod runs_diff;
mod runs_managed;
mod s3;
mod scenario;
mod scope_selection;
mod served;
mod servers;
mod signals;
mod signing;
mod source_choice;
mod speed;
mod spellings;
mod style;
mod survive;
mod sweep;
mod time_left;
mod unlisted_accounts;
mod unproven_empty;
mod untrusted_runs;
mod watch;
mod world;
