//! Stops unpacking that exceeds the limits, so that a small file cannot keep the reader busy for
//! hours.

use std::cell::Cell;
use std::io::{self, Read};

use super::ReadLimits;

/// Counts the bytes that a decompressor consumes.
pub(super) struct CountingReader<'c, R> {
    pub(super) source: R,
    pub(super) count: &'c Cell<u64>,
}

impl<R: Read> Read for CountingReader<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// The content unpacks to more than the limits allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{compressed} compressed bytes unpack to more than {expanded} bytes, which the limits do not allow; unpack it yourself if it is genuine"
)]
pub(super) struct ExpansionLimitExceeded {
    compressed: u64,
    expanded: u64,
}

/// Returns an error once a decompressor has returned too much.
pub(super) struct BoundedReader<'c, R> {
    source: R,
    compressed: &'c Cell<u64>,
    expanded: u64,
    limits: ReadLimits,
}

impl<'c, R: Read> BoundedReader<'c, R> {
    /// `compressed` counts the bytes that the decompressor has consumed.
    pub(super) fn new(source: R, compressed: &'c Cell<u64>, limits: ReadLimits) -> Self {
        Self {
            source,
            compressed,
            expanded: 0,
            limits,
        }
    }

    pub(super) fn into_inner(self) -> R {
        self.source
    }

    fn is_exceeded(&self) -> bool {
        let by_ratio = self
            .compressed
            .get()
            .saturating_mul(self.limits.expansion_ratio)
            .max(ReadLimits::RATIO_FREE_BYTES);
        self.expanded > self.limits.expanded_bytes.min(by_ratio)
    }
}

impl<R: Read> Read for BoundedReader<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_exceeded() {
            return Err(io::Error::other(ExpansionLimitExceeded {
                compressed: self.compressed.get(),
                expanded: self.expanded,
            }));
        }
        let count = self.source.read(into)?;
        self.expanded += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn more_than_the_limit_is_an_error_behind_what_was_read() {
        let compressed = Cell::new(10);
        let limits = ReadLimits {
            expanded_bytes: 1_000,
            ..ReadLimits::default()
        };
        for (length, is_allowed) in [(1_000_u64, true), (200_000, false)] {
            let source = io::repeat(b'x').take(length);
            let mut reader = BoundedReader::new(source, &compressed, limits);
            let mut text = Vec::new();
            let result = reader.read_to_end(&mut text);
            assert_eq!(result.is_ok(), is_allowed, "{length}");
            assert!(text.len() >= 1_000, "{length}");
            let is_limit = |error: &io::Error| {
                error
                    .get_ref()
                    .is_some_and(<dyn Error + Send + Sync>::is::<ExpansionLimitExceeded>)
            };
            assert!(result.as_ref().err().is_none_or(is_limit));
        }
    }

    #[test]
    fn ratio_counts_only_for_large_contents() {
        let compressed = Cell::new(1);
        let limits = ReadLimits::default();
        let mut reader = BoundedReader::new(io::empty(), &compressed, limits);
        reader.expanded = ReadLimits::RATIO_FREE_BYTES;
        assert!(!reader.is_exceeded());
        reader.expanded += 1;
        assert!(reader.is_exceeded());
        compressed.set(1 << 20);
        assert!(!reader.is_exceeded());
    }
}
