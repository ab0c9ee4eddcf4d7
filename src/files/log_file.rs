//! The fast path for a CloudTrail log file that is in memory as a whole. Only the few records that
//! may match are parsed, because parsing all of them takes several times as long as unpacking the
//! file.
//!
//! ```text
//! {"Records":[{"eventVersion":"1.08",…},{"eventVersion":"1.08",…}]}
//!             └──────── piece ────────┘ └──────── piece ────────┘
//! ```
//! The content is cut into pieces at what looks like a border between two records. Each piece is
//! counted by the members that [`CoverageScan`] finds, and is a suspect if it contains a candidate
//! of the sink, or an event name that the sink looks for. Suspects are parsed and compared. In any
//! doubt nothing was counted yet, and [`super::json_split`] splits the content as any other.
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
//! 3. Before a match is handed out, all strings and brackets of the content are followed. The piece
//!    has to be an element of the list of records, under its number.
//!
//! A content without a match is not followed like that. There, a record that imitates several
//! counts as several.

use std::iter::Peekable;
use std::ops::Range;

use memchr::memmem;

use super::brackets::value_end;
use super::coverage_scan::{CoverageScan, SeenCell};
use super::fields::Fields;
use super::record_handler::{ClassifiedRecord, RecordHandler};
use super::{CoverageTally, RecordForm, SuspectRecords};

/// How CloudTrail writes a log file.
///
/// Source: CloudTrail user guide, "CloudTrail log file examples", and real files, which have no
/// spaces.
const LIST_START: &[u8] = b"{\"Records\":[";
const FIRST_RECORD: &[u8] = b"{\"eventVersion\":\"";
const RECORD_BORDER: &[u8] = b"},{\"eventVersion\":\"";
const LIST_END: &[u8] = b"]}";

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
    tally: CoverageTally,
}

/// Counts records. Most of them are of the same cell as the one before.
#[derive(Default)]
struct CellCounter<'c> {
    current: Option<(SeenCell<'c>, u64)>,
    tally: CoverageTally,
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
        let mut offsets = Vec::new();
        match self.sink.find_suspects(content, &mut offsets) {
            SuspectRecords::None => offsets.clear(),
            SuspectRecords::WithOffset => {}
            SuspectRecords::All => return None,
        }
        let mut offsets = offsets.into_iter().peekable();
        let scan: &CoverageScan = self.scan;
        let mut times = scan.event_times(content).peekable();
        let mut cells = CellCounter::default();
        let mut suspects = Vec::new();
        let mut last = None;
        for (number, range) in (1..).zip(piece_ranges(content)?) {
            let text = content.get(range.clone())?;
            let time = times.next_if(|time| range.contains(time))?;
            if times.peek().is_some_and(|other| range.contains(other)) {
                return None;
            }
            let seen = scan.read_record(text, time - range.start)?;
            cells.add(seen.cell)?;
            let has_candidate = take_offsets_in(&range, &mut offsets);
            if has_candidate || self.sink.may_match_event(seen.event_name) {
                suspects.push(Piece {
                    number,
                    start: range.start,
                    text,
                });
            }
            last = Some(text);
        }
        // A file that was cut off may end inside a record with what looks like the end of the list.
        let last = last?;
        if value_end(last)? != last.len() {
            return None;
        }
        let tally = cells.finish()?;
        Some(ScannedFile { suspects, tally })
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
        let pieces = matches.iter().map(|(piece, _)| *piece);
        let is_proven =
            matches.is_empty() || are_elements(content, pieces, scanned.tally.records());
        is_proven.then_some(matches)
    }
}

/// Returns where the pieces are. `None` if the content does not end as a log file does.
fn piece_ranges(content: &[u8]) -> Option<impl Iterator<Item = Range<usize>>> {
    let list_end = content.trim_ascii_end().strip_suffix(LIST_END)?.len();
    let borders = memmem::find_iter(content, RECORD_BORDER).map(|border| border + 1);
    let mut start = LIST_START.len();
    let ranges = borders.chain([list_end]).map(move |end| {
        let range = start..end;
        // Behind the comma.
        start = end + 1;
        range
    });
    Some(ranges)
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

/// Whether the list of records has this number of elements, and the pieces are among them. Follows
/// all strings and brackets.
fn are_elements<'c>(content: &[u8], pieces: impl Iterator<Item = Piece<'c>>, records: u64) -> bool {
    let mut pieces = pieces.peekable();
    let mut rest = content.get(LIST_START.len()..).unwrap_or_default();
    for number in 1..=records {
        let start = content.len() - rest.len();
        let Some(length) = value_end(rest) else {
            return false;
        };
        let piece = pieces.next_if(|piece| piece.number == number);
        if piece.is_some_and(|piece| piece.start != start || piece.text.len() != length) {
            return false;
        }
        rest = rest.get(length..).unwrap_or_default();
        if number < records {
            let Some(next) = rest.strip_prefix(b",") else {
                return false;
            };
            rest = next;
        }
    }
    rest.trim_ascii_end() == LIST_END
}

impl<'c> CellCounter<'c> {
    /// Counts a record. `None` if the cell before is not valid.
    fn add(&mut self, cell: SeenCell<'c>) -> Option<()> {
        if let Some((current, records)) = &mut self.current
            && *current == cell
        {
            *records += 1;
            return Some(());
        }
        self.end_current()?;
        self.current = Some((cell, 1));
        Some(())
    }

    fn end_current(&mut self) -> Option<()> {
        if let Some((cell, records)) = self.current.take() {
            self.tally.add(cell.to_cell()?, records);
        }
        Some(())
    }

    fn finish(mut self) -> Option<CoverageTally> {
        self.end_current()?;
        Some(self.tally)
    }
}
