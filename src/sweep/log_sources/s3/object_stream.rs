//! The content of an object that is too large for memory: a thread examines one range while the next one
//! is requested.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// Larger objects are read range by range. The reader of files streams their contents anyway.
pub(super) const WHOLE_BYTES: u64 = 8 << 20;

/// The length of a range.
pub(super) const RANGE_BYTES: u64 = WHOLE_BYTES;

/// The ranges that are in memory: one is examined, one waits, and one is requested.
const RANGES: u64 = 3;

/// The memory that an object of this size needs.
pub(super) fn memory_for(size: u64) -> u64 {
    if size > WHOLE_BYTES {
        RANGES * RANGE_BYTES
    } else {
        size
    }
}

/// The content of an object, as its ranges arrive. It ends when their sender is dropped. It blocks, so
/// it needs a separate thread: a blocking task of the runtime would stop the time of tests.
#[derive(Debug)]
pub(super) struct RangeReader {
    ranges: mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl RangeReader {
    /// Returns a reader, and the sender of its ranges.
    pub(super) fn with_sender() -> (mpsc::Sender<Bytes>, Self) {
        let (sender, ranges) = mpsc::channel(1);
        let reader = Self {
            ranges,
            current: Bytes::new(),
        };
        (sender, reader)
    }
}

impl Read for RangeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.ranges.blocking_recv() {
                Some(range) => self.current = range,
                None => return Ok(0),
            }
        }
        let mut bytes: &[u8] = &self.current;
        let length = bytes.read(buffer)?;
        self.current.advance(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn ranges_become_one_content() {
        let (sender, mut reader) = RangeReader::with_sender();
        let read = thread::spawn(move || {
            let mut content = Vec::new();
            reader.read_to_end(&mut content).unwrap();
            content
        });
        for range in ["01234", "", "5", "6789"] {
            sender
                .blocking_send(Bytes::from_static(range.as_bytes()))
                .unwrap();
        }
        drop(sender);
        assert_eq!(read.join().unwrap(), b"0123456789");
    }

    #[test]
    fn large_objects_need_the_memory_of_some_ranges() {
        assert_eq!(memory_for(5), 5);
        assert_eq!(memory_for(WHOLE_BYTES), WHOLE_BYTES);
        assert_eq!(memory_for(1 << 40), 3 * RANGE_BYTES);
        assert!(memory_for(1 << 40) <= crate::aws::MAX_OBJECT_BYTES);
    }
}
