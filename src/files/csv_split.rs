//! Splits CSV into rows, and names their cells by the header.
//!
//! A cell in quotation marks may contain line breaks (RFC 4180, 2.6), so rows are not lines.

use super::FileReason;
use super::feed::{Feed, NoMore};
use super::line_split::report_too_large;
use super::record_handler::RecordHandler;
use super::table_row::{TableRow, is_header, is_known_column};

/// How many bytes of a row are parsed at a time.
const LEAST_BUFFER: usize = 64;
const MOST_BUFFER: usize = 8 << 10;

/// Whether a content starts with the header of an export, judged by its first bytes.
pub(super) fn has_csv_header(head: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', head) else {
        return false;
    };
    let line = head.get(..end).unwrap_or_default();
    std::str::from_utf8(line)
        .ok()
        .and_then(read_cells)
        .is_some_and(|cells| is_header(cells.iter().map(String::as_str)))
}

/// Splits a content. Every row is handed out: quotation marks in cells are doubled, so the sink cannot
/// rule out a match from the bytes.
pub(super) fn split_csv(feed: &mut Feed<'_>, handler: &mut RecordHandler<'_>) {
    let mut columns = Vec::new();
    loop {
        let mut scan = RowScan::default();
        let end = loop {
            if let Some(end) = scan.find_end(feed.window()) {
                break end;
            }
            if let Err(reason) = feed.read_more() {
                hand_out_rest(feed, handler, (&mut columns, scan.state), reason);
                return;
            }
        };
        hand_out_row(feed.first(end), feed.offset(), &mut columns, handler);
        feed.consume(end);
    }
}

/// Hands out what follows the last row that has an end: a whole row, unless reading failed, the row is
/// too large, or a quotation mark is missing.
fn hand_out_rest(
    feed: &mut Feed<'_>,
    handler: &mut RecordHandler<'_>,
    (columns, state): (&mut Vec<String>, CellState),
    reason: NoMore,
) {
    let offset = feed.offset();
    match reason {
        NoMore::TooLarge => {
            report_too_large(feed, handler);
            handler.fragment(feed.window(), offset);
        }
        NoMore::Ended if feed.error().is_some() => handler.fragment(feed.window(), offset),
        NoMore::Ended if state == CellState::Quoted => {
            let detail =
                "the content ends inside a quoted cell; what is left of it was searched as text";
            handler.problem(FileReason::CutOff, offset, detail);
            handler.fragment(feed.window(), offset);
        }
        NoMore::Ended => hand_out_row(feed.window(), offset, columns, handler),
    }
    feed.consume(usize::MAX);
}

/// Hands out a row, or takes it for a header: the first row is one, and another may follow where files
/// were put together.
fn hand_out_row(
    raw: &[u8],
    offset: u64,
    columns: &mut Vec<String>,
    handler: &mut RecordHandler<'_>,
) {
    let raw = raw.trim_ascii_end();
    if raw.is_empty() {
        return;
    }
    let text = handler.decode(raw);
    let cells = read_cells(&text).unwrap_or_default();
    if cells.is_empty() {
        handler.text_row(&text, offset);
        return;
    }
    let names = cells.iter().map(String::as_str);
    let has_only_known = names.clone().all(is_known_column);
    if columns.is_empty() || is_header(names) && has_only_known {
        if !has_only_known {
            handler.text_row(&text, offset);
        }
        *columns = cells;
    } else if cells == *columns {
        // The same header again.
    } else if cells.len() == columns.len() {
        let names = columns.iter().map(String::as_str);
        let row = TableRow::new(names.zip(cells.iter().map(String::as_str)));
        handler.table_row(&row, offset);
    } else {
        handler.text_row(&text, offset);
    }
}

/// Returns the cells of a row. The `csv` crate would end a row at a lone carriage return, too.
fn read_cells(row: &str) -> Option<Vec<String>> {
    let row = row.trim_end_matches(['\r', '\n']);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(row.len().clamp(LEAST_BUFFER, MOST_BUFFER))
        .from_reader(row.as_bytes());
    let mut record = csv::StringRecord::new();
    let is_read = reader.read_record(&mut record).ok()?;
    is_read.then(|| record.iter().map(str::to_owned).collect())
}

/// Where in a cell a byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CellState {
    #[default]
    Start,
    Plain,
    Quoted,
    /// Behind a quotation mark that ends the cell, or is the first of two.
    QuoteInQuoted,
}

/// The search for the end of a row.
#[derive(Default)]
struct RowScan {
    at: usize,
    state: CellState,
}

impl RowScan {
    /// Returns the position behind the line break that ends the row.
    fn find_end(&mut self, window: &[u8]) -> Option<usize> {
        while let Some(byte) = window.get(self.at) {
            self.at += 1;
            self.state = match (self.state, byte) {
                (CellState::Quoted, b'"') => CellState::QuoteInQuoted,
                (CellState::Quoted, _) | (CellState::Start | CellState::QuoteInQuoted, b'"') => {
                    CellState::Quoted
                }
                (_, b'\n') => return Some(self.at),
                (_, b',') => CellState::Start,
                _ => CellState::Plain,
            };
        }
        None
    }
}
