//! Unpacks a gzip that is in memory at the speed of libdeflate.
//!
//! libdeflate returns the first member only and ignores what follows, so a record hidden there
//! would be lost. It is used only where a second member cannot exist and the trailer at the end of
//! the file fits the content; everything else is left to [`super::gzip_stream::GzipStream`].

use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;

use super::gzip_stream::GZIP_MAGIC;
use super::reused_buffer::make_room;

/// The CRC-32 and the size at the end of a member. Source: RFC 1952, "Member header and trailer".
const TRAILER_BYTES: usize = 8;

/// The shortest member: header, empty block and trailer.
const SHORTEST_MEMBER: usize = 20;

/// How many times the magic number may occur by chance. One in sixty files of 300 KB has it once.
const MOST_MAGIC: usize = 4;

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
        make_room(content, size);
        let unpacked = content.get_mut(..size)?;
        if !self.is_only_member(body, header, unpacked) {
            return None;
        }
        // The compressed data is unpacked without the trailer of its member, so that the checksum is
        // computed once, and compared with the end of the file.
        let result = self.0.deflate_decompress(body.get(header..)?, unpacked);
        let is_whole = result == Ok(size) && libdeflater::crc32(unpacked) == checksum;
        is_whole.then_some(size)
    }

    /// Whether no other member follows the first one. It would begin with the magic number, which
    /// also occurs by chance: then the data of the first member breaks off there.
    fn is_only_member(&mut self, body: &[u8], header: usize, unpacked: &mut [u8]) -> bool {
        // The first byte is that of the first member's own magic number.
        let rest = body.get(1..).unwrap_or_default();
        let mut found = memmem::find_iter(rest, GZIP_MAGIC).map(|at| at + 1);
        let are_inside = found.by_ref().take(MOST_MAGIC).all(|start| {
            let before = body.get(header..start);
            before.is_some_and(|data| {
                let result = self.0.deflate_decompress(data, unpacked);
                result == Err(DecompressionError::BadData)
            })
        });
        are_inside && found.next().is_none()
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8], compression: Compression) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), compression);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(gzip: &[u8]) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        let size = Inflater::new().inflate(gzip, 1 << 20, &mut content)?;
        content.truncate(size);
        Some(content)
    }

    #[test]
    fn magic_number_in_the_data_is_not_a_member() {
        // Without compression, the data contains the text as it is.
        let text = [b"some text and ", GZIP_MAGIC, b" and more text"].concat();
        let plain = gzip(&text, Compression::none());
        assert!(memmem::find(&plain[1..], GZIP_MAGIC).is_some());
        assert_eq!(inflated(&plain), Some(text.clone()));
        let many = gzip(&GZIP_MAGIC.repeat(MOST_MAGIC + 1), Compression::none());
        assert_eq!(inflated(&many), None);
    }

    #[test]
    fn second_member_is_not_ignored() {
        let text = [b"some text and ", GZIP_MAGIC, b" and more text"].concat();
        for compression in [Compression::none(), Compression::default()] {
            let one = gzip(&text, compression);
            let empty = gzip(b"", compression);
            let other = gzip(b"x", compression);
            assert_eq!(inflated(&one), Some(text.clone()));
            // With the same content again, checksum and size at the end fit the first member.
            for other in [&one, &empty, &other] {
                assert_eq!(inflated(&[&one[..], other].concat()), None);
                assert_eq!(inflated(&[&one[..], other, &one].concat()), None);
            }
            assert_eq!(inflated(&one[..one.len() - 1]), None);
        }
    }
}
