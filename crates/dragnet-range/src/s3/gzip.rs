//! Compression as AWS does it: one gzip member.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Compresses a text. The same text always gives the same bytes: the member has no time.
pub(crate) fn compress(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default()
}
