//! Splits JSON into records without parsing it: only strings and brackets are followed.
//!
//! ```text
//! content = value*           one after the other: JSON lines, concatenated or indented objects
//! value   = {"Records":[record,…]} and the other lists of [`Container`] · [record,…] · record
//! ```
//! A record is handed out as soon as its last bracket was read. Text between the values is handed
//! out as lines.

use super::FileReason;
use super::container::{Container, Envelope};
use super::feed::{Feed, NoMore};
use super::line_split::report_too_large;
use super::record_handler::RecordHandler;

/// Why a value could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Ended,
    TooLarge,
    Broken,
}

impl From<NoMore> for Stop {
    fn from(reason: NoMore) -> Self {
        match reason {
            NoMore::Ended => Self::Ended,
            NoMore::TooLarge => Self::TooLarge,
        }
    }
}

/// Where the members of an object lead.
enum Members {
    /// To the end of the object, which is here.
    End(usize),
    /// To a known list, whose first element starts here.
    List(Container, usize),
}

/// Splits a content.
pub(super) fn split_json(feed: &mut Feed<'_>, handler: &mut RecordHandler<'_>) {
    let mut split = JsonSplit {
        feed,
        handler,
        has_other_list: false,
    };
    if !split.search_log_file() {
        while split.next_value() {}
    }
}

struct JsonSplit<'s, 'f, 'r> {
    feed: &'s mut Feed<'f>,
    handler: &'s mut RecordHandler<'r>,
    /// Whether the current object has a list under a known name that is not the known one.
    has_other_list: bool,
}

impl JsonSplit<'_, '_, '_> {
    /// Searches the content without splitting it, if it is a log file that is in memory.
    fn search_log_file(&mut self) -> bool {
        let Some(content) = self.feed.whole() else {
            return false;
        };
        let is_searched = self.handler.search_log_file(content);
        if is_searched {
            self.feed.consume(usize::MAX);
        }
        is_searched
    }

    fn check_window(&mut self) {
        if let Some(window) = self.feed.take_unchecked() {
            self.handler.check_window(window);
        }
    }

    /// Reads the next value. Returns whether there may be another one.
    fn next_value(&mut self) -> bool {
        let first = match self.next_byte() {
            Ok(first) => first,
            Err(Stop::Ended) => return false,
            Err(stop) => return self.recover(stop),
        };
        let result = match first {
            b'{' => self.object(),
            b'[' => {
                self.feed.consume(1);
                self.elements(false)
            }
            _ => self.line(),
        };
        match result {
            Ok(()) => true,
            Err(stop) => self.recover(stop),
        }
    }

    /// Hands out a line of text.
    fn line(&mut self) -> Result<(), Stop> {
        let end = self.line_end()?;
        self.handler.line(self.feed.first(end), self.feed.offset());
        self.feed.consume(end);
        Ok(())
    }

    /// Hands out what cannot be read as text, and reports it. Returns whether reading can continue.
    fn recover(&mut self, stop: Stop) -> bool {
        self.handler.envelope = Envelope::default();
        let offset = self.feed.offset();
        match stop {
            Stop::Broken => {
                let detail =
                    "the JSON is not valid here; the rest of the line was searched as text";
                self.handler.broken(offset, detail);
                if let Ok(end) = self.line_end() {
                    self.handler.fragment(self.feed.first(end), offset);
                    self.feed.consume(end);
                    return true;
                }
                report_too_large(self.feed, self.handler);
            }
            // The error of the reader is reported by the caller.
            Stop::Ended if self.feed.error().is_some() => {}
            Stop::Ended => {
                let detail = "the content ends inside a record or a list of records; what is left of it was searched as text";
                self.handler.problem(FileReason::CutOff, offset, detail);
            }
            Stop::TooLarge => report_too_large(self.feed, self.handler),
        }
        self.check_window();
        self.handler.fragment(self.feed.window(), offset);
        self.feed.consume(usize::MAX);
        false
    }

    /// Returns the end of the line that starts at the window's start, as far as it is in the content.
    fn line_end(&mut self) -> Result<usize, Stop> {
        let mut searched = 0;
        let end = loop {
            let window = self.feed.window();
            let rest = window.get(searched..).unwrap_or_default();
            if let Some(newline) = memchr::memchr(b'\n', rest) {
                break searched + newline + 1;
            }
            searched = window.len();
            match self.feed.read_more() {
                Ok(()) => {}
                Err(NoMore::Ended) => break searched,
                // A part of a line could end inside a match.
                Err(NoMore::TooLarge) => return Err(Stop::TooLarge),
            }
        };
        self.check_window();
        Ok(end)
    }

    /// Reads an object: a record, or one with a list of them.
    fn object(&mut self) -> Result<(), Stop> {
        self.has_other_list = false;
        match self.members(1)? {
            Members::End(end) => {
                self.hand_out(end);
                Ok(())
            }
            Members::List(container, end) => self.object_with_list(container, end),
        }
    }

    fn hand_out(&mut self, end: usize) {
        self.check_window();
        self.handler
            .json_value(self.feed.first(end), self.feed.offset());
        self.feed.consume(end);
    }

    /// Reads an object from its list on, which starts at `list`. What is around the list is handed
    /// out at the end.
    fn object_with_list(&mut self, container: Container, list: usize) -> Result<(), Stop> {
        let offset = self.feed.offset();
        let mut remainder = self.feed.first(list).to_vec();
        self.feed.consume(list);
        let mut members = remainder.clone();
        members.extend_from_slice(b"]}");
        self.handler.envelope = Envelope::parse(container, &members);
        let result = self.list_and_rest(&mut remainder);
        if result.is_err() {
            remainder.extend_from_slice(b"]}");
        }
        self.handler.envelope = Envelope::default();
        self.handler
            .remainder(&remainder, self.has_other_list, offset);
        result
    }

    /// Reads the elements of the list and the members behind it. Appends everything but the elements
    /// to `remainder`.
    fn list_and_rest(&mut self, remainder: &mut Vec<u8>) -> Result<(), Stop> {
        loop {
            self.elements(true)?;
            remainder.push(b']');
            let members = self.members(0)?;
            let (Members::End(end) | Members::List(_, end)) = members;
            remainder.extend_from_slice(self.feed.first(end));
            self.feed.consume(end);
            // An object may have any number of lists.
            if remainder.len() > self.feed.record_limit() {
                return Err(Stop::TooLarge);
            }
            if matches!(members, Members::End(_)) {
                return Ok(());
            }
        }
    }

    /// Reads the elements of an array and its end. Only outside a known list may they be objects with
    /// such a list.
    fn elements(&mut self, is_known_list: bool) -> Result<(), Stop> {
        loop {
            match self.next_byte()? {
                b']' => {
                    self.feed.consume(1);
                    return Ok(());
                }
                b'{' if !is_known_list => self.object()?,
                _ => {
                    let end = self.value_end(0)?;
                    self.hand_out(end);
                }
            }
        }
    }

    /// Reads members of an object from a position on.
    fn members(&mut self, start: usize) -> Result<Members, Stop> {
        let mut at = start;
        loop {
            at = self.skip_blank(at)?;
            match self.byte(at)? {
                b'}' => return Ok(Members::End(at + 1)),
                b'"' => {}
                _ => return Err(Stop::Broken),
            }
            let key = at + 1;
            let key_end = self.string_end(key)?;
            at = self.skip_blank(key_end)?;
            if self.byte(at)? != b':' {
                return Err(Stop::Broken);
            }
            at = self.skip_blank(at + 1)?;
            if let Some(container) = self.container_named(key, key_end) {
                if self.is_known_list(container, at)? {
                    return Ok(Members::List(container, at + 1));
                }
                self.has_other_list = true;
            }
            at = self.value_end(at)?;
        }
    }

    /// Returns the container of this name. `key_end` is behind the quotation mark.
    fn container_named(&self, key: usize, key_end: usize) -> Option<Container> {
        let name = self.feed.window().get(key..key_end.checked_sub(1)?)?;
        Container::from_word(std::str::from_utf8(name).ok()?)
    }

    fn is_known_list(&mut self, container: Container, at: usize) -> Result<bool, Stop> {
        if self.byte(at)? != b'[' {
            return Ok(false);
        }
        let first = self.skip_blank(at + 1)?;
        if self.byte(first)? == b']' {
            return Ok(true);
        }
        let end = self.value_end(first)?;
        let element = self.feed.window().get(first..end).unwrap_or_default();
        Ok(container.accepts(element))
    }

    /// Consumes what separates values and returns the byte behind it, which is not consumed.
    fn next_byte(&mut self) -> Result<u8, Stop> {
        loop {
            let blank = blank_length(self.feed.window());
            self.feed.consume(blank);
            match self.feed.window().first() {
                Some(byte) => return Ok(*byte),
                None => self.feed.read_more()?,
            }
        }
    }

    /// Returns the position of the first byte at or behind `at` that separates nothing.
    fn skip_blank(&mut self, start: usize) -> Result<usize, Stop> {
        let mut at = start;
        loop {
            let rest = self.feed.window().get(at..).unwrap_or_default();
            let blank = blank_length(rest);
            let is_found = blank < rest.len();
            at += blank;
            if is_found {
                return Ok(at);
            }
            self.feed.read_more()?;
        }
    }

    fn byte(&mut self, at: usize) -> Result<u8, Stop> {
        loop {
            match self.feed.window().get(at) {
                Some(byte) => return Ok(*byte),
                None => self.feed.read_more()?,
            }
        }
    }

    /// Returns the end of the value at a position.
    fn value_end(&mut self, at: usize) -> Result<usize, Stop> {
        match self.byte(at)? {
            b'{' | b'[' => self.nested_end(at + 1),
            b'"' => self.string_end(at + 1),
            _ => self.scalar_end(at),
        }
    }

    /// Returns the end of the object or array that contains a position. Whether the brackets match
    /// is left to the parser.
    fn nested_end(&mut self, start: usize) -> Result<usize, Stop> {
        let mut at = start;
        let mut depth = 1_u32;
        loop {
            let Some(&byte) = self.feed.window().get(at) else {
                self.feed.read_more()?;
                continue;
            };
            at += 1;
            match byte {
                b'"' => at = self.string_end(at)?,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(at);
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns the position behind the quotation mark that ends the string that contains a position.
    /// A raw line break is not allowed in a string: there the JSON is broken.
    fn string_end(&mut self, start: usize) -> Result<usize, Stop> {
        let mut at = start;
        loop {
            let window = self.feed.window();
            let rest = window.get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
                // Behind an escape, the position may be one byte beyond the window.
                at = at.max(window.len());
                self.feed.read_more()?;
                continue;
            };
            match rest.get(found) {
                Some(b'"') => return Ok(at + found + 1),
                Some(b'\\') => at += found + 2,
                _ => return Err(Stop::Broken),
            }
        }
    }

    fn scalar_end(&mut self, start: usize) -> Result<usize, Stop> {
        let mut at = start;
        loop {
            let byte = self.byte(at)?;
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.') {
                break;
            }
            at += 1;
        }
        let is_ended = matches!(self.byte(at)?, b',' | b']' | b'}') || is_blank(self.byte(at)?);
        if at > start && is_ended {
            Ok(at)
        } else {
            Err(Stop::Broken)
        }
    }
}

/// White space, the commas between elements, and the record separator of JSON text sequences
/// (RFC 7464).
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | 0x1e)
}

fn blank_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_blank(**byte)).count()
}
