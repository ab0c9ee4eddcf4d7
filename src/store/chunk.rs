//! Messages packed together: neighbours are alike, so some fifty of them compress three times better
//! than each alone, and reading one back still unpacks only about 64 KiB.

use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::reader::damaged;
use super::{Found, StoreError};

/// zstd's fastest standard level: the disk, not the processor, should wait.
const LEVEL: i32 = 1;
const MESSAGES: usize = 50;
const BYTES: usize = 64 << 10;
/// A chunk holds at least one message, and CloudWatch Logs takes none above 1 MiB; room for many such.
const LARGEST: usize = 64 << 20;

/// Splits sightings into runs that fill one chunk each.
pub(super) fn runs(found: &[Found]) -> impl Iterator<Item = &[Found]> {
    let mut rest = found;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(MESSAGES).take_while(|found| {
            let before = bytes;
            bytes += found.message.len();
            before < BYTES
        });
        let count = fits.count();
        let (run, left) = rest.split_at(count);
        rest = left;
        (count > 0).then_some(run)
    })
}

/// Packs run after run, in the same memory.
pub(super) struct Packer {
    compressor: Compressor<'static>,
    text: String,
    packed: Vec<u8>,
}

impl Packer {
    pub fn new() -> Result<Self, StoreError> {
        Ok(Self { compressor: Compressor::new(LEVEL).map_err(damaged)?, text: String::new(), packed: Vec::new() })
    }

    /// Packs messages one after the other.
    pub fn pack(&mut self, run: &[Found]) -> Result<&[u8], StoreError> {
        self.text.clear();
        self.text.extend(run.iter().map(|found| found.message.as_str()));
        // It is written to from its beginning, as far as there is room.
        self.packed.clear();
        self.packed.reserve(compress_bound(self.text.len()));
        self.compressor.compress_to_buffer(self.text.as_bytes(), &mut self.packed).map_err(damaged)?;
        Ok(&self.packed)
    }
}

/// Unpacks what a [`Packer`] made.
pub(super) fn unpack(packed: &[u8]) -> Result<String, StoreError> {
    let bytes = zstd::bulk::decompress(packed, LARGEST).map_err(damaged)?;
    String::from_utf8(bytes).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(message: String) -> Found {
        let empty = String::new;
        Found {
            time_ms: 0,
            event_account: empty(),
            event_region: empty(),
            record_id: empty(),
            event_id: empty(),
            log_stream: empty(),
            timestamp_ms: 0,
            ingestion_ms: 0,
            indicators: Vec::new(),
            hunts: Vec::new(),
            matched_fields: Vec::new(),
            message,
        }
    }

    #[test]
    fn runs_are_bounded_and_lose_nothing() {
        let mut all: Vec<Found> = (0..120).map(|n| found(format!("short {n}"))).collect();
        all.extend((0..3).map(|_| found("x".repeat(1 << 20))));
        let lengths: Vec<usize> = runs(&all).map(<[Found]>::len).collect();
        assert_eq!(lengths, [50, 50, 21, 1, 1]);
        let mut packer = Packer::new().unwrap();
        let text: String = runs(&all).map(|run| unpack(packer.pack(run).unwrap()).unwrap()).collect();
        assert_eq!(text, all.iter().map(|found| found.message.as_str()).collect::<String>());
    }
}
