//! The fast path for a CloudTrail log file that is in memory as a whole. Only the few records that
//! may match are parsed, because parsing all of them takes several times as long as unpacking the
//! file.
//!
//! ```text
//! {"Records":[{"eventVersion":"1.08",…},{"eventVersion":"1.08",…}]}
//!             └──────── piece ────────┘ └──────── piece ────────┘
//! ```
//! The content is cut into pieces at what looks like a border between two records. Each piece is
//! counted by the members that [`super::coverage_scan`] finds, and is a suspect if it contains a
//! candidate of the sink, or an event name that the sink looks for. Suspects are parsed and
//! compared. In any doubt nothing was counted yet, and [`super::json_split`] splits the content as
//! any other.
//!
//! In a string, quotation marks are escaped, so a border is always between two objects of a list.
//! But a caller of AWS may choose parameters that contain such a list, in order to hide a record or
//! to forge one. Three rules prevent that:
//!
//! 1. Each piece contains the key `eventTime` exactly once. So the event name of every record is
//!    seen.
//! 2. A suspect is a valid JSON object. It is the record, or an object inside it. Then the field
//!    with the candidate is in the suspect as a whole, and if the suspect does not match, neither
//!    does the record.
//! 3. Before a match is handed out, all pieces up to it are proven to be elements of the list of
//!    records. A border is between two elements of the innermost list around it. So a piece that
//!    begins in the list of records also ends there, if it closes all lists that it opens. Their
//!    strings and brackets are followed.
//!
//! Pieces behind the last match are not proven. There, a record that imitates several counts as
//! several.

#![expect(
    clippy::inline_always,
    reason = "SIMD instructions are used only in what is inlined into the function that enables them"
)]

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};

use super::bracket_depth::{closes_lists, find_value_end};
use super::brackets::value_end;
use super::coverage_scan::SeenCell;
use super::fields::Fields;
use super::record_handler::{ClassifiedRecord, RecordHandler};
use super::record_marks::pieces;
use super::{CoverageTally, RecordForm, SuspectRecords};

/// How CloudTrail writes a log file.
///
/// Source: CloudTrail user guide, "CloudTrail log file examples", and real files, which have no
/// spaces.
const LIST_START: &[u8] = b"{\"Records\":[";
const FIRST_RECORD: &[u8] = b"{\"eventVersion\":\"";
const LIST_END: &[u8] = b"]}";

/// How many bytes there are for each mark and for each record, as a guess. Real files have more.
const BYTES_PER_MARK: usize = 256;
const BYTES_PER_RECORD: usize = 1_024;

/// What is between two borders.
#[derive(Clone, Copy, Debug)]
struct Piece<'c> {
    /// Its number in the list, from 1.
    number: u64,
    start: usize,
    text: &'c [u8],
}

/// A log file whose records were counted.
struct ScannedFile<'c> {
    suspects: Vec<Piece<'c>>,
    /// Where the pieces end.
    ends: Vec<usize>,
    tally: CoverageTally,
}

/// Counts records. Many are of the same cell as the one before.
#[derive(Default)]
struct CellCounter<'c> {
    current: Option<(SeenCell<'c>, u64)>,
    /// As written, because it costs more to read a cell than to find it.
    others: BTreeMap<SeenCell<'c>, u64>,
}

impl RecordHandler<'_> {
    /// Counts the records of a log file, and hands out those that match. If it returns `false`,
    /// nothing was counted, and the content has to be split.
    pub(super) fn search_log_file(&mut self, content: &[u8]) -> bool {
        let Some(scanned) = self.scan_log_file(content) else {
            return false;
        };
        let Some(matches) = self.find_matches(content, &scanned) else {
            return false;
        };
        self.count_tally(RecordForm::CloudTrail, &scanned.tally);
        for (piece, found) in matches {
            let found = self.add_place(found);
            self.hand_out(found, piece.number, piece.start as u64);
        }
        true
    }

    /// Counts the records, and finds those that may match. `None` if the content is not a log file
    /// as CloudTrail writes it, or if every record may match.
    fn scan_log_file<'c>(&mut self, content: &'c [u8]) -> Option<ScannedFile<'c>> {
        if !content.strip_prefix(LIST_START)?.starts_with(FIRST_RECORD) {
            return None;
        }
        let list_end = content.trim_ascii_end().strip_suffix(LIST_END)?.len();
        let scan = self.scan;
        let mut offsets = Vec::new();
        let mut marks = Vec::with_capacity(content.len() / BYTES_PER_MARK);
        match self.sink.find_suspects(content, &mut offsets, &mut marks) {
            SuspectRecords::None => offsets.clear(),
            SuspectRecords::WithOffset => {}
            SuspectRecords::All => return None,
        }
        let mut offsets = offsets.into_iter().peekable();
        let mut cells = CellCounter::default();
        let mut suspects = Vec::new();
        let mut ends = Vec::with_capacity(content.len() / BYTES_PER_RECORD);
        let mut last: &[u8] = &[];
        for (number, piece) in (1..).zip(pieces(content, LIST_START.len()..list_end, &marks)) {
            let piece = piece?;
            let start = piece.range.start;
            let text = content.get(piece.range.clone())?;
            let seen = scan.read_record(content, &piece)?;
            cells.add(seen.cell);
            let has_candidate = take_offsets_in(&piece.range, &mut offsets);
            if has_candidate || self.sink.may_match_event(seen.event_name) {
                suspects.push(Piece {
                    number,
                    start,
                    text,
                });
            }
            ends.push(piece.range.end);
            last = text;
        }
        // A file that was cut off may end inside a record with what looks like the end of the list.
        if value_end(last)? != last.len() {
            return None;
        }
        Some(ScannedFile {
            suspects,
            ends,
            tally: cells.finish()?,
        })
    }

    /// Parses the suspects. Returns those that match; `None` if one is not a record, or if one that
    /// matches is not an element of the list.
    fn find_matches<'c>(
        &mut self,
        content: &[u8],
        scanned: &ScannedFile<'c>,
    ) -> Option<Vec<(Piece<'c>, ClassifiedRecord<'c>)>> {
        let mut matches = Vec::new();
        for piece in &scanned.suspects {
            let text = std::str::from_utf8(piece.text).ok()?;
            let facts = Fields::parse(text)?.trail_facts()?;
            if self.sink.may_match_record(text) {
                matches.push((*piece, ClassifiedRecord::from_trail(text, facts)));
            }
        }
        let to_last = matches.last().map_or(0, |(piece, _)| piece.number);
        let ends = scanned.ends.get(..usize::try_from(to_last).ok()?)?;
        let level = Level::new();
        let are_elements = dispatch!(level, simd => are_elements(simd, content, ends));
        are_elements.then_some(matches)
    }
}

/// Takes the offsets before the end of a range. Returns whether one of them is in the range: an
/// offset before it is outside all records.
fn take_offsets_in(
    range: &Range<usize>,
    offsets: &mut Peekable<impl Iterator<Item = u32>>,
) -> bool {
    let start = range.start as u64;
    let end = range.end as u64;
    let mut is_found = false;
    while let Some(offset) = offsets.next_if(|offset| u64::from(*offset) < end) {
        is_found |= u64::from(offset) >= start;
    }
    is_found
}

/// Whether the first pieces, which end here, are elements of the list of records.
#[inline(always)]
fn are_elements<S: Simd>(simd: S, content: &[u8], ends: &[usize]) -> bool {
    let mut start = LIST_START.len();
    for end in ends {
        let piece = start..*end;
        let is_element = closes_lists(simd, content, piece.clone())
            || find_value_end(simd, content, piece) == Some(*end);
        if !is_element {
            return false;
        }
        // Behind the comma.
        start = end + 1;
    }
    true
}

impl<'c> CellCounter<'c> {
    /// Counts a record.
    fn add(&mut self, cell: SeenCell<'c>) {
        if let Some((current, records)) = &mut self.current
            && *current == cell
        {
            *records += 1;
            return;
        }
        self.end_current();
        self.current = Some((cell, 1));
    }

    fn end_current(&mut self) {
        if let Some((cell, records)) = self.current.take() {
            *self.others.entry(cell).or_default() += records;
        }
    }

    /// Returns what was counted. `None` if a cell is not valid.
    fn finish(mut self) -> Option<CoverageTally> {
        self.end_current();
        let mut tally = CoverageTally::default();
        for (cell, records) in self.others {
            tally.add(cell.to_cell()?, records);
        }
        Some(tally)
    }
}
