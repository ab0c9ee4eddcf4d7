//! Reads the messages of sightings from their chunks.
//!
//! In the order of the reports, neighbouring rows are in different chunks: those of every log group
//! that was read at the same time. So the messages of many rows are read together, and each of their
//! chunks is read and unpacked once for all of them, on two threads.

use std::thread;

use rusqlite::Connection;

use super::packing::Unpacker;
use crate::store::StoreError;

/// The number of chunks that are unpacked at the same time. Each has some 64 KiB.
const CHUNKS_AT_ONCE: usize = 128;

/// With fewer chunks, another thread costs more than it saves.
const MIN_CHUNKS_FOR_THREADS: usize = 8;

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessagePosition {
    /// The id of the chunk.
    pub chunk: i64,
    /// The first byte in the unpacked chunk.
    pub offset: usize,
    /// The number of bytes.
    pub length: usize,
}

impl MessagePosition {
    fn slice(self, text: &str) -> Result<&str, StoreError> {
        text.get(self.offset..self.offset.saturating_add(self.length))
            .ok_or_else(|| StoreError::Damaged("a message lies outside its chunk".to_owned()))
    }
}

/// A packed chunk, and the messages in it that are wanted, each with a number.
struct PackedChunk<'w> {
    packed: Vec<u8>,
    wanted: &'w [(MessagePosition, usize)],
}

/// Passes each of the messages to `use_message`, with its number. `wanted` is sorted.
pub(super) fn read_messages(
    connection: &Connection,
    wanted: &mut [(MessagePosition, usize)],
    mut use_message: impl FnMut(usize, String),
) -> Result<(), StoreError> {
    wanted.sort_unstable();
    let by_chunk: Vec<&[(MessagePosition, usize)]> = wanted
        .chunk_by(|(one, _), (other, _)| one.chunk == other.chunk)
        .collect();
    for chunks in by_chunk.chunks(CHUNKS_AT_ONCE) {
        let packed = chunks
            .iter()
            .map(|wanted| {
                let id = wanted.first().map_or(0, |(position, _)| position.chunk);
                let packed = read_packed(connection, id)?;
                Ok(PackedChunk { packed, wanted })
            })
            .collect::<Result<Vec<PackedChunk<'_>>, StoreError>>()?;
        for (number, message) in unpack_all(&packed)? {
            use_message(number, message);
        }
    }
    Ok(())
}

fn read_packed(connection: &Connection, chunk: i64) -> Result<Vec<u8>, StoreError> {
    let mut select = connection.prepare_cached("SELECT messages FROM chunk WHERE id = ?1")?;
    Ok(select.query_row([chunk], |row| row.get(0))?)
}

fn unpack_all(chunks: &[PackedChunk<'_>]) -> Result<Vec<(usize, String)>, StoreError> {
    if chunks.len() < MIN_CHUNKS_FOR_THREADS {
        return unpack_each(chunks);
    }
    let (first, second) = chunks.split_at(chunks.len() / 2);
    thread::scope(|scope| {
        let Ok(other) = thread::Builder::new().spawn_scoped(scope, || unpack_each(second)) else {
            // Without another thread, it only takes longer.
            return unpack_each(chunks);
        };
        let mut messages = unpack_each(first)?;
        match other.join() {
            Ok(more) => messages.extend(more?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(messages)
    })
}

fn unpack_each(chunks: &[PackedChunk<'_>]) -> Result<Vec<(usize, String)>, StoreError> {
    let mut unpacker = Unpacker::new()?;
    let mut messages = Vec::new();
    for chunk in chunks {
        let text = unpacker.unpack(&chunk.packed)?;
        for (position, number) in chunk.wanted {
            messages.push((*number, position.slice(&text)?.to_owned()));
        }
    }
    Ok(messages)
}

/// Reads messages of which neighbours are in the same chunk, one after the other.
pub(super) struct MessageReader<'a> {
    connection: &'a Connection,
    unpacker: Unpacker,
    current: Option<(i64, String)>,
}

impl<'a> MessageReader<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            unpacker: Unpacker::new()?,
            current: None,
        })
    }

    pub(super) fn read(&mut self, position: MessagePosition) -> Result<String, StoreError> {
        let known = self.current.take().filter(|(id, _)| *id == position.chunk);
        let chunk = if let Some(known) = known {
            known
        } else {
            let packed = read_packed(self.connection, position.chunk)?;
            (position.chunk, self.unpacker.unpack(&packed)?)
        };
        let (_, text) = self.current.insert(chunk);
        position.slice(text).map(str::to_owned)
    }
}
