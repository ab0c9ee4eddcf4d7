//! The unpacked content as a window that moves forward: at most one record and what was read with
//! it are in memory.

use std::io::{self, ErrorKind, Read};

use sha2::{Digest, Sha256};

use super::ReadLimits;

/// Why the window has no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMore {
    /// The content ended, or reading failed: [`Feed::error`].
    Ended,
    /// The record that starts at the window's start is larger than the limit.
    TooLarge,
}

/// A window into a content. Positions are relative to its start, which only [`Feed::consume`]
/// moves.
pub(super) struct Feed<'r> {
    /// `None` if the whole content is in the buffer.
    source: Option<&'r mut dyn Read>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The offset of the start of the buffer in the content.
    buffer_offset: u64,
    error: Option<io::Error>,
    /// Whether the window contains bytes that [`Feed::take_unchecked`] has not returned.
    is_unchecked: bool,
    /// The hash of everything that was in the window, if it is wanted.
    hash: Option<Sha256>,
    chunk_bytes: usize,
    record_bytes: usize,
}

impl<'r> Feed<'r> {
    /// A content whose `end` first bytes are in the buffer.
    pub(super) fn from_buffer(buffer: Vec<u8>, end: usize, limits: ReadLimits) -> Self {
        Self {
            source: None,
            end: end.min(buffer.len()),
            buffer,
            start: 0,
            buffer_offset: 0,
            error: None,
            is_unchecked: true,
            hash: None,
            chunk_bytes: limits.chunk_bytes,
            record_bytes: limits.record_bytes,
        }
    }

    /// A content that is read as needed. The buffer is reused memory.
    pub(super) fn from_reader(
        source: &'r mut dyn Read,
        buffer: Vec<u8>,
        limits: ReadLimits,
    ) -> Self {
        Self {
            source: Some(source),
            ..Self::from_buffer(buffer, 0, limits)
        }
    }

    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Hashes the content from now on. Nothing of it may have been consumed.
    pub(super) fn start_hash(&mut self) {
        let mut hash = Sha256::new();
        hash.update(self.window());
        self.hash = Some(hash);
    }

    /// Returns the SHA-256 of the content, if it was started and the content was read to its end.
    pub(super) fn take_sha256(&mut self) -> Option<[u8; 32]> {
        let hash = self.hash.take()?;
        let is_whole = self.source.is_none() && self.error.is_none();
        is_whole.then(|| hash.finalize().into())
    }

    pub(super) fn window(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the whole content if it is in the window.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (self.source.is_none() && self.start == 0).then(|| self.window())
    }

    /// Returns the first bytes of the window.
    pub(super) fn first(&self, count: usize) -> &[u8] {
        let window = self.window();
        window.get(..count).unwrap_or(window)
    }

    /// The offset of the window's start in the content.
    pub(super) fn offset(&self) -> u64 {
        self.buffer_offset + self.start as u64
    }

    /// The largest record, in bytes.
    pub(super) fn record_limit(&self) -> usize {
        self.record_bytes
    }

    /// The error that ended the content early, if any.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }

    /// Consumes the byte order mark at the start of the content.
    pub(super) fn skip_mark(&mut self, length: usize) {
        while self.window().len() < length && self.read_more().is_ok() {}
        self.consume(length);
    }

    /// Returns the window if it has bytes that were not returned before.
    pub(super) fn take_unchecked(&mut self) -> Option<&[u8]> {
        if !self.is_unchecked {
            return None;
        }
        self.is_unchecked = false;
        Some(self.window())
    }

    /// Reads more bytes behind those in the window.
    pub(super) fn read_more(&mut self) -> Result<(), NoMore> {
        let Some(source) = &mut self.source else {
            return Err(NoMore::Ended);
        };
        if self.end - self.start >= self.record_bytes {
            return Err(NoMore::TooLarge);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.buffer_offset += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        // The window is at least doubled, so that a large record is not moved at each chunk.
        let grown = self.end + self.end.max(self.chunk_bytes);
        let wanted = grown.min(self.record_bytes).max(self.end + 1);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        loop {
            let free = self.buffer.get_mut(self.end..wanted).unwrap_or_default();
            match source.read(free) {
                Ok(0) => break,
                Ok(count) => {
                    if let Some(hash) = &mut self.hash {
                        hash.update(free.get(..count).unwrap_or_default());
                    }
                    self.end += count;
                    self.is_unchecked = true;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        self.source = None;
        Err(NoMore::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(chunk_bytes: usize, record_bytes: usize) -> ReadLimits {
        ReadLimits {
            chunk_bytes,
            record_bytes,
            ..ReadLimits::default()
        }
    }

    #[test]
    fn window_grows_until_the_record_is_too_large() {
        let mut source = io::repeat(b'x');
        let mut feed = Feed::from_reader(&mut source, Vec::new(), limits(2, 8));
        let mut sizes = Vec::new();
        while feed.read_more() == Ok(()) {
            sizes.push(feed.window().len());
        }
        assert_eq!(sizes, [2, 4, 8]);
        assert_eq!(feed.read_more(), Err(NoMore::TooLarge));
        feed.consume(7);
        assert_eq!(feed.read_more(), Ok(()));
        assert_eq!(feed.offset(), 7);
    }

    #[test]
    fn window_is_checked_once_a_chunk() {
        let mut source = &b"abcd"[..];
        let mut feed = Feed::from_reader(&mut source, Vec::new(), limits(2, 8));
        feed.read_more().unwrap();
        assert_eq!(feed.take_unchecked(), Some(&b"ab"[..]));
        assert_eq!(feed.take_unchecked(), None);
        feed.consume(1);
        feed.read_more().unwrap();
        assert_eq!(feed.take_unchecked(), Some(&b"bcd"[..]));
        assert_eq!(feed.whole(), None);
        assert_eq!(feed.read_more(), Err(NoMore::Ended));
    }

    #[test]
    fn content_is_hashed_if_it_is_read_to_its_end() {
        let expected: [u8; 32] = Sha256::digest(b"abcd").into();
        let mut whole = Feed::from_buffer(b"abcdef".to_vec(), 4, limits(2, 8));
        whole.start_hash();
        whole.consume(4);
        assert_eq!(whole.take_sha256(), Some(expected));
        let mut source = &b"abcd"[..];
        let mut feed = Feed::from_reader(&mut source, Vec::new(), limits(3, 8));
        feed.start_hash();
        feed.read_more().unwrap();
        feed.consume(3);
        feed.read_more().unwrap();
        assert_eq!(feed.read_more(), Err(NoMore::Ended));
        assert_eq!(feed.take_sha256(), Some(expected));
        assert_eq!(feed.take_sha256(), None);
        let mut source = &b"abcd"[..];
        let mut feed = Feed::from_reader(&mut source, Vec::new(), limits(2, 8));
        feed.start_hash();
        feed.read_more().unwrap();
        assert_eq!(feed.take_sha256(), None, "the end was not reached");
    }

    #[test]
    fn error_ends_the_content_behind_what_was_read() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("damaged"))
            }
        }
        let mut source = (&b"ab"[..]).chain(Broken);
        let mut feed = Feed::from_reader(&mut source, Vec::new(), limits(2, 8));
        feed.read_more().unwrap();
        assert_eq!(feed.read_more(), Err(NoMore::Ended));
        assert_eq!(feed.window(), b"ab");
        assert_eq!(feed.error().unwrap().to_string(), "damaged");
    }
}
