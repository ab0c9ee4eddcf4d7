//! What the reader of a tar reads from: it bounds what is taken into memory besides the contents, and
//! remembers how the tar ends.

use std::cell::Cell;
use std::io::{self, Read};

/// The most that the headers of one entry may take, with long names and extended attributes. The
/// reader of the tar takes them into memory.
const HEADER_BYTES: u64 = 1 << 20;

/// The size of the end of a tar: two blocks of zeros.
///
/// Source: POSIX, "pax - ustar Interchange Format".
const END_BYTES: u64 = 1_024;

/// How many bytes may be read now.
#[derive(Debug)]
pub(super) struct ReadAllowance(Cell<u64>);

impl ReadAllowance {
    pub(super) fn new() -> Self {
        Self(Cell::new(HEADER_BYTES))
    }

    /// Allows to read a content, of any size.
    pub(super) fn allow_content(&self) {
        self.0.set(u64::MAX);
    }

    /// Allows to read the headers of the next entry, behind what is left of the current one.
    pub(super) fn allow_headers(&self, left: u64) {
        self.0.set(left.saturating_add(HEADER_BYTES));
    }
}

/// A source that returns an error if more is read than allowed.
pub(super) struct TarSource<'a, R> {
    source: R,
    allowance: &'a ReadAllowance,
    /// The number of zeros at the end of what was read.
    zeros: u64,
}

impl<'a, R: Read> TarSource<'a, R> {
    pub(super) fn new(source: R, allowance: &'a ReadAllowance) -> Self {
        Self {
            source,
            allowance,
            zeros: 0,
        }
    }

    /// Whether what was read ends as a tar does.
    pub(super) fn has_end(&self) -> bool {
        self.zeros >= END_BYTES
    }
}

impl<R: Read> Read for TarSource<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowance.0.get();
        if allowed == 0 {
            return Err(io::Error::other("the headers of an entry are too large"));
        }
        let count = self.source.read(into)?;
        self.allowance.0.set(allowed.saturating_sub(count as u64));
        let read = into.get(..count).unwrap_or_default();
        let zeros = read.iter().rev().take_while(|byte| **byte == 0).count();
        let before = if zeros == count { self.zeros } else { 0 };
        self.zeros = before.saturating_add(zeros as u64);
        Ok(count)
    }
}
