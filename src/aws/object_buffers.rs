//! Buffers for the contents of objects, which are used for one object after the other.
//!
//! A content is received by one thread and examined by another one. Without these buffers, each content
//! would be collected from many pieces, copied into one, and freed on the other thread, so that the
//! allocator gives memory back to the system and takes it again, object after object.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// The smallest buffer. Log files of quiet account-Regions have a few kilobytes.
const SMALLEST: usize = 16 << 10;

/// Larger buffers are not kept: few objects are so large.
const LARGEST_KEPT: usize = 1 << 20;

/// How many bytes idle buffers have at most. It is more than the objects have that are read at the same
/// time with the usual quota.
const MOST_IDLE: usize = 8 << 20;

/// The buffers that are not in use.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectBuffers(Arc<Mutex<IdleBuffers>>);

#[derive(Debug, Default)]
struct IdleBuffers {
    /// By capacity, which is a power of two, so that a small object does not use a large buffer.
    by_capacity: BTreeMap<usize, Vec<Vec<u8>>>,
    bytes: usize,
}

/// A content that is being received. Its memory goes back to the idle buffers when this, and all that
/// was made from it, is dropped.
#[derive(Debug)]
pub(super) struct ObjectBuffer {
    content: Vec<u8>,
    idle: ObjectBuffers,
}

impl ObjectBuffers {
    /// Returns an empty buffer for a content of about this size.
    pub(super) fn take(&self, size: usize) -> ObjectBuffer {
        let content = if size > LARGEST_KEPT {
            Vec::with_capacity(size)
        } else {
            let capacity = size.max(SMALLEST).next_power_of_two();
            let known = self.0.lock().take(capacity);
            known.unwrap_or_else(|| Vec::with_capacity(capacity))
        };
        ObjectBuffer {
            content,
            idle: self.clone(),
        }
    }
}

impl IdleBuffers {
    fn take(&mut self, capacity: usize) -> Option<Vec<u8>> {
        let buffer = self.by_capacity.get_mut(&capacity)?.pop()?;
        self.bytes -= capacity;
        Some(buffer)
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        let is_kept = (SMALLEST..=LARGEST_KEPT).contains(&capacity)
            && capacity.is_power_of_two()
            && self.bytes + capacity <= MOST_IDLE;
        if is_kept {
            buffer.clear();
            self.bytes += capacity;
            self.by_capacity.entry(capacity).or_default().push(buffer);
        }
    }
}

impl ObjectBuffer {
    /// The number of bytes so far.
    pub(super) fn len(&self) -> usize {
        self.content.len()
    }

    /// Adds the next piece of the content.
    pub(super) fn extend(&mut self, piece: &[u8]) {
        self.content.extend_from_slice(piece);
    }

    /// Returns the content.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for ObjectBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Drop for ObjectBuffer {
    fn drop(&mut self) {
        let content = std::mem::take(&mut self.content);
        self.idle.0.lock().give_back(content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle_bytes(buffers: &ObjectBuffers) -> usize {
        buffers.0.lock().bytes
    }

    #[test]
    fn buffer_is_used_again_once_its_content_is_dropped() {
        let buffers = ObjectBuffers::default();
        let mut first = buffers.take(20_000);
        first.extend(b"12");
        first.extend(b"345");
        let address = first.content.as_ptr();
        let content = first.into_bytes();
        let part = content.slice(1..3);
        drop(content);
        assert_eq!((&part[..], idle_bytes(&buffers)), (&b"23"[..], 0));
        drop(part);
        assert_eq!(idle_bytes(&buffers), 32_768);
        let again = buffers.take(32_768);
        assert_eq!((again.content.as_ptr(), again.len()), (address, 0));
        assert_eq!(idle_bytes(&buffers), 0);
        assert_ne!(buffers.take(40_000).content.as_ptr(), address);
    }

    #[test]
    fn idle_buffers_have_a_bound() {
        let buffers = ObjectBuffers::default();
        let many: Vec<ObjectBuffer> = (0..100).map(|_| buffers.take(1 << 20)).collect();
        drop(many);
        assert_eq!(idle_bytes(&buffers), MOST_IDLE);
        drop(buffers.take(2 << 20));
        assert_eq!(idle_bytes(&buffers), MOST_IDLE, "too large to keep");
    }
}
