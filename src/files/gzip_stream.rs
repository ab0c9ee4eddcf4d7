//! Reads a gzip of any size, member after member, and says what follows the last one.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::peek_reader::PeekReader;

/// The first bytes of every gzip member: the magic number and the only compression method.
///
/// Source: RFC 1952, "Member header and trailer".
pub(super) const GZIP_MAGIC: &[u8] = b"\x1f\x8b\x08";

/// Bytes behind the last member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailing {
    /// How many there are; a lower bound if not all are zeros.
    pub(super) bytes: u64,
    pub(super) is_zeros: bool,
}

/// The unpacked content of a gzip. Unlike flate2's own `MultiGzDecoder`, it does not take what
/// follows the last member for a damaged member.
pub(super) struct GzipStream<R> {
    /// The decoder of the current member; `None` behind the last one.
    decoder: Option<GzDecoder<PeekReader<R>>>,
    trailing: Option<Trailing>,
}

impl<R: Read> GzipStream<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            decoder: Some(GzDecoder::new(PeekReader::new(source))),
            trailing: None,
        }
    }

    /// Returns what follows the last member, once everything has been read.
    pub(super) fn trailing(&self) -> Option<Trailing> {
        self.trailing
    }

    fn start_next_member(&mut self) -> io::Result<()> {
        let Some(decoder) = self.decoder.take() else {
            return Ok(());
        };
        let mut source = decoder.into_inner();
        let next = source.peek(GZIP_MAGIC.len());
        if next.is_empty() {
            return source.take_error().map_or(Ok(()), Err);
        }
        // A member may break off inside its magic number.
        if GZIP_MAGIC.starts_with(next) {
            self.decoder = Some(GzDecoder::new(source));
        } else {
            self.trailing = Some(measure_trailing(&mut source)?);
        }
        Ok(())
    }
}

/// Reads to the end, or to the first byte that is not zero.
fn measure_trailing(source: &mut impl BufRead) -> io::Result<Trailing> {
    let mut bytes = 0;
    loop {
        let chunk = source.fill_buf()?;
        let count = chunk.len();
        bytes += count as u64;
        let is_zeros = chunk.iter().all(|byte| *byte == 0);
        if count == 0 || !is_zeros {
            return Ok(Trailing { bytes, is_zeros });
        }
        source.consume(count);
    }
}

impl<R: Read> Read for GzipStream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                return Ok(0);
            };
            let count = decoder.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            self.start_next_member()?;
        }
    }
}
