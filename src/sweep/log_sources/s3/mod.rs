//! Objects in S3 as a log source: what trails and flow logs deliver to their buckets.
//!
//! ```text
//! discover ── bucket_sweep: which buckets are needed, which account can read them
//!         │   (bucket_access, reader_candidates), and the folders of account-Regions in them (discovery,
//!         │   service_folders)
//! plan ───┼── object_folder: one folder; span_keys: its keys for a window
//!         │   (estimate: what reading all folders takes, to compare it with log groups)
//! scan ───┼── folder_sweep, folder_parts, open_list, span_reader: batches of keys in parts of a folder;
//!         │   object_reader, object_stream, object_sink, read_limit: their objects
//!         │   (object_work: what the progress display shows of it; object_tally: what became of them;
//!         │   digest_hours: whether hours have no digest)
//! reads ──┼── bucket_reads, read_recording: whether reads of a bucket were recorded
//!         │   (finish_buckets: the same for buckets that sightings name, and the search of access logs)
//! verify ─┼── verification: digest_reader, public_keys, folder_integrity, object_check, unverified
//! index ──┼── athena: which objects need not be read, if queries name those that may contain a match
//! prove ──┴── proof: what the folders have; expected: the same before a sweep
//! ```
//! A bucket belongs to one account and has the records of many, of some that have left the
//! organization too. So this source is a separate step at the end of a sweep. Objects are read by
//! the reader of files on disk (`files`).

mod athena;
mod bucket_access;
pub(super) mod bucket_reads;
pub(super) mod bucket_sweep;
mod delivering_source;
mod digest_hours;
mod digest_reader;
mod discovery;
pub(super) mod estimate;
pub(super) mod expected;
pub(super) mod finish_buckets;
mod folder_choice;
mod folder_integrity;
mod folder_parts;
mod folder_reader;
mod folder_sweep;
mod object_check;
pub(super) mod object_folder;
mod object_reader;
mod object_sink;
mod object_stream;
mod object_sweep;
mod object_tally;
mod object_work;
mod open_list;
pub(super) mod proof;
mod public_keys;
mod read_limit;
mod read_recording;
pub(super) mod reader_candidates;
pub(super) mod service_folders;
pub(super) mod span_keys;
mod span_reader;
mod unverified;
mod verification;
