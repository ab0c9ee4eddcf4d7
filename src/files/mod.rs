//! Reads copies of logs on disk: directories as they are delivered, packed or plain, whatever the
//! files are called.
//!
//! ```text
//! FileWalk ── FileReader ── unpack ── prefilter ── split ── FileSink
//! one file     one a thread  gzip …   the sink's   records   records, problems, summaries
//! ```
//! [`FileWalk`] finds the files, [`FileReader`] reads one after the other, and a [`FileSink`]
//! receives the records. Content is recognised by its bytes. The sink sees the unpacked bytes before
//! they are split; where it rules out a match, they are only counted for the coverage
//! ([`ContentSummary`]). Log files of CloudTrail are most of the files, and have a fast path
//! (`log_file.rs`): only the few records that may match are parsed. Nothing is skipped silently:
//! what could not be read is a [`FileProblem`], and a file that breaks off yields the records before
//! the break as well.
//!
//! Nothing here is async or starts a thread: the caller gives each thread its own reader.

mod access_line;
mod archive;
mod bounded_reader;
mod bracket_depth;
mod brackets;
mod cancel_reader;
mod classify;
mod collected_from;
mod container;
mod content_name;
mod coverage;
mod coverage_scan;
mod csv_split;
mod detect;
mod feed;
mod fields;
mod flow_log;
mod gzip_stream;
mod inflate;
mod json_split;
mod limits;
mod line_split;
mod log_file;
mod path_hint;
mod peek_reader;
mod problem;
mod reader;
mod record;
mod record_handler;
mod record_marks;
mod reused_buffer;
mod sink;
mod string_mask;
mod table_row;
mod tar_source;
mod utf16;
mod walk;

pub use access_line::AccessLine;
pub use collected_from::CollectedFrom;
pub use content_name::path_text;
pub use coverage::{CoverageCell, CoverageTally};
pub use limits::ReadLimits;
pub use path_hint::PathHint;
pub use problem::{FileProblem, FileReason};
pub use reader::FileReader;
pub use record::{FileRecord, RecordForm, RecordOrigin};
pub use record_marks::{RECORD_MARKS, find_record_marks};
pub use sink::{ContentSummary, FileSink, SuspectRecords};
pub use walk::{COLLECTION_MARK, CollectionFile, FileWalk, FoundFile, OpenedFile};

#[cfg(test)]
mod cancel_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod gzip_tests;
#[cfg(test)]
mod log_file_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod test_sink;
