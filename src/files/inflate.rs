//! Unpacks a gzip that is in memory at the speed of libdeflate.
//!
//! libdeflate returns the first member only and ignores what follows, so a record hidden there
//! would be lost. It is used only where a second member cannot exist and the trailer at the end of
//! the file fits the content; everything else is left to [`super::gzip_stream::GzipStream`].

use libdeflater::Decompressor;
use memchr::memmem;

use super::gzip_stream::GZIP_MAGIC;
use super::reused_buffer::make_room;

/// The CRC-32 and the size at the end of a member. Source: RFC 1952, "Member header and trailer".
const TRAILER_BYTES: usize = 8;

/// The shortest member: header, empty block and trailer.
const SHORTEST_MEMBER: usize = 20;

/// The most that DEFLATE can unpack to: 258 bytes for 2 bits. Source: zlib, "Technical details".
const MAX_RATIO: usize = 1_032;

/// A decompressor with its memory, which is reused.
pub(super) struct Inflater(Decompressor);

impl Inflater {
    pub(super) fn new() -> Self {
        Self(Decompressor::new())
    }

    /// Unpacks a gzip into the start of `content`, and returns the size. `None` if it is damaged,
    /// larger than `limit`, or not certainly a single member. What `content` contained is lost.
    pub(super) fn inflate(
        &mut self,
        gzip: &[u8],
        limit: usize,
        content: &mut Vec<u8>,
    ) -> Option<usize> {
        if gzip.len() < SHORTEST_MEMBER || !gzip.starts_with(GZIP_MAGIC) {
            return None;
        }
        let header = header_length(gzip)?;
        let (body, trailer) = gzip.split_last_chunk::<TRAILER_BYTES>()?;
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *trailer;
        let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
        let size = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).ok()?;
        // An empty member has a trailer of zeros, which padding has too.
        if size == 0 || size > limit || size / MAX_RATIO > gzip.len() {
            return None;
        }
        // Another member would begin with the magic number. It also occurs by chance.
        if memmem::find(body.get(1..)?, GZIP_MAGIC).is_some() {
            return None;
        }
        make_room(content, size);
        let unpacked = content.get_mut(..size)?;
        // The compressed data is unpacked without the trailer of its member, so that the checksum is
        // computed once, and compared with the end of the file.
        let result = self.0.deflate_decompress(body.get(header..)?, unpacked);
        let is_whole = result == Ok(size) && libdeflater::crc32(unpacked) == checksum;
        is_whole.then_some(size)
    }
}

/// Returns the length of the header, if it has nothing but perhaps the name of the file.
///
/// Source: RFC 1952, "Member header and trailer", FLG.
fn header_length(gzip: &[u8]) -> Option<usize> {
    const FIXED: usize = 10;
    const HAS_NAME: u8 = 8;
    match *gzip.get(3)? {
        0 => Some(FIXED),
        HAS_NAME => Some(FIXED + memchr::memchr(0, gzip.get(FIXED..)?)? + 1),
        _ => None,
    }
}
