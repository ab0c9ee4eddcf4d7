//! How much the reader takes into memory, and how far it unpacks.

/// The limits of a [`super::FileReader`]. Whatever exceeds one is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Files up to this size are read at once, in bytes; larger ones are streamed.
    pub whole_file_bytes: usize,
    /// Contents up to this size are unpacked at once, in bytes; larger ones are streamed.
    pub whole_content_bytes: usize,
    /// How many bytes a streamed content is read by.
    pub chunk_bytes: usize,
    /// The largest record, in bytes. Reading of a content ends at a larger one.
    pub record_bytes: usize,
    /// The most that one compressed content may unpack to, in bytes.
    pub expanded_bytes: u64,
    /// The most bytes that a compressed byte may unpack to on average, beyond the first
    /// [`ReadLimits::RATIO_FREE_BYTES`].
    pub expansion_ratio: u64,
    /// How many packings may contain each other: a gzip in a tar in a gzip is three.
    pub nesting: usize,
}

impl ReadLimits {
    /// A small content may have any ratio: it costs little.
    pub const RATIO_FREE_BYTES: u64 = 64 << 20;
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            whole_file_bytes: 8 << 20,
            whole_content_bytes: 16 << 20,
            chunk_bytes: 256 << 10,
            record_bytes: 16 << 20,
            expanded_bytes: 64 << 30,
            expansion_ratio: 1_000,
            nesting: 4,
        }
    }
}
