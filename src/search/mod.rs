//! Compiles indicators and hunts, and finds them in events. The server gets a coarse pattern, which
//! may only narrow. The exact match runs locally; it decides whether an event is a sighting, and
//! names the field. This module does no I/O.
//!
//! ```text
//! indicators ─┬─ required text ─ pattern                     for the server
//!             └─ literals, addresses, regexes ─ matcher      for every event that it returns
//! hunts ──────┬─ requirement ─ selectors, columns, texts     for the server
//!             └─ plan                                        for every event that it returns
//! ```

mod address_digits;
mod address_scan;
mod addresses;
mod athena;
mod boundary;
mod candidate_offsets;
mod candidate_scan;
mod candidates;
mod canonical;
mod content_scan;
mod document;
mod escape_aliases;
mod escaped_colon;
mod event_details;
mod field_notes;
mod hunts;
mod insights;
mod json_tape;
mod json_tokenizer;
mod json_visitor;
mod literal_prefilter;
mod literals;
mod log_object;
mod match_set;
mod matcher;
#[cfg(test)]
mod matcher_tests;
mod name_occurrence;
mod names;
#[cfg(test)]
mod never_excluded;
mod ocsf_record;
mod passthrough_query;
mod pattern;
mod query_words;
mod quoted_pattern;
mod required_text;
mod resource_names;
mod search_set;
mod transformed_event;
mod truncated_event;
mod write_call;

pub(crate) use athena::{quote_identifier, quote_text};
pub use candidates::Candidates;
pub use canonical::{are_equal_documents, canonical_text};
pub use content_scan::ContentScan;
pub use document::Document;
pub use event_details::{event_details, parse_event_details};
pub(crate) use field_notes::field_notes;
pub use hunts::{Finding, FlowLogFormats, PrepareHuntError, PreparedHunt, RecordKind};
pub use insights::StreamFilter;
pub use log_object::{TruncatedField, join_log_objects, truncated_fields};
pub use match_set::Matches;
pub use matcher::{Matcher, MatcherError};
pub(crate) use ocsf_record::{OCSF_MARK, translate_ocsf_record};
pub use passthrough_query::{PassthroughQuery, prepare};
pub use pattern::coarse_pattern;
pub(crate) use quoted_pattern::quoted_pattern;
pub use search_set::{SearchSet, SearchSetError};
pub(crate) use transformed_event::is_transformed;
pub use truncated_event::{TRUNCATED_EVENT_TEXT, is_truncated_event};
pub use write_call::is_write_call;
