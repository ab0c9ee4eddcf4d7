//! A buffered reader that shows bytes ahead of time.

use std::io::{self, BufRead, ErrorKind, Read};

const BUFFER_BYTES: usize = 32 << 10;

/// A buffered reader whose next bytes can be examined, however few bytes its source returns at a
/// time.
pub(super) struct PeekReader<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// An error that occurred behind the bytes in the buffer.
    error: Option<io::Error>,
}

impl<R: Read> PeekReader<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            error: None,
        }
    }

    /// Returns the next bytes without consuming them: `wanted`, or fewer at the end or before an
    /// error, which a later read returns.
    pub(super) fn peek(&mut self, wanted: usize) -> &[u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted && self.error.is_none() {
            let Some(free) = self.buffer.get_mut(self.end..) else {
                break;
            };
            match self.source.read(free) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.error = Some(error),
            }
        }
        let end = self.end.min(wanted);
        self.buffer.get(..end).unwrap_or_default()
    }

    /// Returns the error that occurred behind the bytes in the buffer.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }
}

impl<R: Read> BufRead for PeekReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            self.start = 0;
            self.end = 0;
            self.end = self.source.read(&mut self.buffer)?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }
}

impl<R: Read> Read for PeekReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at a time, then an error.
    struct Slow(&'static [u8]);

    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("broken"));
            }
            let count = into.len().min(1);
            (&mut self.0).take(1).read(into).map(|read| read.min(count))
        }
    }

    #[test]
    fn bytes_before_an_error_are_shown_and_read() {
        let mut reader = PeekReader::new(Slow(b"abc"));
        assert_eq!(reader.peek(2), b"ab");
        assert_eq!(reader.peek(9), b"abc");
        let mut text = Vec::new();
        let error = reader.read_to_end(&mut text).unwrap_err();
        assert_eq!(text, b"abc");
        assert_eq!(error.to_string(), "broken");
    }

    #[test]
    fn peeking_consumes_nothing() {
        let mut reader = PeekReader::new(&b"abcdef"[..]);
        assert_eq!(reader.peek(3), b"abc");
        let mut two = [0; 2];
        reader.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"ab");
        assert_eq!(reader.peek(100), b"cdef");
        assert!(reader.take_error().is_none());
    }
}
