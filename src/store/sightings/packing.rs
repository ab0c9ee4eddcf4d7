//! Compresses sightings in the task that scans their page. So this work runs in parallel, the
//! single writer has as little to do as possible, and the entries that wait for the disk are small.

use std::sync::Arc;

use rusqlite::params;
use zstd::bulk::{Compressor, Decompressor};

use super::record::SightingRecord;
use crate::store::checksums::TrackedTransaction;
use crate::store::row::{damaged, to_sql_integer};
use crate::store::{StoreError, UnitId};

/// The fastest standard level of zstd, so that the processor is not the bottleneck.
const LEVEL: i32 = 1;
const MAX_MESSAGES_PER_CHUNK: usize = 50;
const CHUNK_BYTES: usize = 64 << 10;
/// The largest unpacked chunk. A chunk has at least one message, and CloudWatch Logs accepts no
/// message above 1 MiB, so this leaves ample room.
const MAX_UNPACKED_BYTES: usize = 64 << 20;

/// About how many bytes of memory a row takes beside its message.
const ROW_BYTES: usize = 512;

/// The compressed sightings of a page.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    chunks: Vec<Chunk>,
    number: usize,
}

/// Sightings whose messages are compressed together.
#[derive(Clone, Debug)]
struct Chunk {
    /// A compression error is reported when the chunk is written, which ends the run.
    messages: Result<Vec<u8>, String>,
    rows: Vec<Row>,
}

/// A sighting without its message.
#[derive(Clone, Debug)]
struct Row {
    time_ms: i64,
    event_account: String,
    event_region: String,
    record_id: String,
    event_id: String,
    log_stream: String,
    timestamp_ms: i64,
    ingestion_ms: i64,
    is_trusted: bool,
    indicators: Arc<str>,
    hunts: Arc<str>,
    matched_fields: Arc<str>,
    /// The position and length of its message in the chunk, in bytes.
    offset: usize,
    length: usize,
}

impl Sightings {
    /// The number of sightings.
    pub fn number(&self) -> usize {
        self.number
    }

    /// About how many bytes of memory they take.
    pub fn held_bytes(&self) -> usize {
        let chunks = self.chunks.iter().map(|chunk| {
            let messages = chunk.messages.as_ref().map_or(0, Vec::len);
            messages + chunk.rows.len() * ROW_BYTES
        });
        chunks.sum()
    }

    /// Adds the sightings of another page.
    pub fn append(&mut self, other: Self) {
        self.chunks.extend(other.chunks);
        self.number += other.number;
    }

    /// Appends the sightings to the tables.
    pub(in crate::store) fn insert(
        &self,
        transaction: &TrackedTransaction<'_>,
        unit: UnitId,
    ) -> Result<(), StoreError> {
        if self.chunks.is_empty() {
            return Ok(());
        }
        let mut insert_chunk =
            transaction.prepare_cached("INSERT INTO chunk (messages) VALUES (?1)")?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO sighting VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?;
        for Chunk { messages, rows } in &self.chunks {
            insert_chunk.execute([messages.as_ref().map_err(damaged)?])?;
            let chunk = transaction.last_insert_rowid();
            for row in rows {
                let row = params![
                    row.time_ms,
                    row.event_account,
                    row.event_region,
                    row.record_id,
                    unit.0,
                    row.event_id,
                    row.log_stream,
                    row.timestamp_ms,
                    row.ingestion_ms,
                    row.is_trusted,
                    row.indicators,
                    row.hunts,
                    row.matched_fields,
                    chunk,
                    to_sql_integer(row.offset),
                    to_sql_integer(row.length),
                ];
                transaction.insert_sighting(&mut insert, row)?;
            }
        }
        Ok(())
    }
}

impl FromIterator<SightingRecord> for Sightings {
    fn from_iter<I: IntoIterator<Item = SightingRecord>>(records: I) -> Self {
        let mut packer = Packer::default();
        records.into_iter().for_each(|record| packer.add(record));
        packer.finish()
    }
}

#[derive(Default)]
struct Packer {
    packed: Sightings,
    /// The current chunk.
    text: String,
    rows: Vec<Row>,
    /// Created with the first chunk, because most pages have none.
    compressor: Option<Compressor<'static>>,
    indicators: JsonList,
    hunts: JsonList,
    matched_fields: JsonList,
}

impl Packer {
    fn add(&mut self, record: SightingRecord) {
        if self.rows.len() == MAX_MESSAGES_PER_CHUNK || self.text.len() >= CHUNK_BYTES {
            self.close_chunk();
        }
        let offset = self.text.len();
        let length = record.message.len();
        self.text.push_str(&record.message);
        self.rows.push(Row {
            time_ms: record.time_ms,
            event_account: record.event_account,
            event_region: record.event_region,
            record_id: record.record_id,
            event_id: record.event_id,
            log_stream: record.log_stream,
            timestamp_ms: record.timestamp_ms,
            ingestion_ms: record.ingestion_ms,
            is_trusted: record.is_trusted,
            indicators: self.indicators.serialize(record.indicators),
            hunts: self.hunts.serialize(record.hunts),
            matched_fields: self.matched_fields.serialize(record.matched_fields),
            offset,
            length,
        });
    }

    fn finish(mut self) -> Sightings {
        self.close_chunk();
        self.packed
    }

    fn close_chunk(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let messages = self.compress_text().map_err(|error| error.to_string());
        self.packed.number += self.rows.len();
        self.packed.chunks.push(Chunk {
            messages,
            rows: std::mem::take(&mut self.rows),
        });
        self.text.clear();
    }

    fn compress_text(&mut self) -> std::io::Result<Vec<u8>> {
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        compressor.compress(self.text.as_bytes())
    }
}

/// Serializes lists to JSON. Consecutive sightings usually have equal lists, so the last result is
/// cached.
#[derive(Default)]
struct JsonList {
    texts: Vec<String>,
    json: Option<Arc<str>>,
}

impl JsonList {
    fn serialize(&mut self, texts: Vec<String>) -> Arc<str> {
        match &self.json {
            Some(json) if self.texts == texts => Arc::clone(json),
            _ => {
                let json = Arc::from(serde_json::Value::from(texts.as_slice()).to_string());
                self.texts = texts;
                Arc::clone(self.json.insert(json))
            }
        }
    }
}

/// Unpacks the messages of chunks. Its memory is allocated once.
pub(super) struct Unpacker(Decompressor<'static>);

impl Unpacker {
    pub(super) fn new() -> Result<Self, StoreError> {
        Decompressor::new().map(Self).map_err(damaged)
    }

    /// Unpacks the messages of a chunk.
    pub(super) fn unpack(&mut self, packed: &[u8]) -> Result<String, StoreError> {
        let bytes = self
            .0
            .decompress(packed, MAX_UNPACKED_BYTES)
            .map_err(damaged)?;
        String::from_utf8(bytes).map_err(damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn record(message: String) -> SightingRecord {
        let empty = String::new;
        SightingRecord {
            time_ms: 0,
            event_account: empty(),
            event_region: empty(),
            record_id: empty(),
            event_id: empty(),
            log_stream: empty(),
            timestamp_ms: 0,
            ingestion_ms: 0,
            indicators: vec![format!("\"{}", message.len() / 1_000)],
            hunts: Vec::new(),
            matched_fields: Vec::new(),
            is_trusted: false,
            message,
        }
    }

    #[test]
    fn chunks_are_bounded_and_complete() {
        let mut all: Vec<SightingRecord> = (0..120).map(|n| record(format!("short {n}"))).collect();
        all.extend((0..3).map(|_| record("x".repeat(1 << 20))));
        let packed: Sightings = all.iter().cloned().collect();
        let lengths: Vec<usize> = packed.chunks.iter().map(|chunk| chunk.rows.len()).collect();
        assert_eq!(
            (lengths, packed.number()),
            (vec![50, 50, 21, 1, 1], all.len())
        );
        let mut read = packed.chunks.iter().flat_map(|chunk| {
            let packed = chunk.messages.as_ref().unwrap();
            let text = Unpacker::new().unwrap().unpack(packed).unwrap();
            let message = |row: &Row| text[row.offset..row.offset + row.length].to_owned();
            chunk
                .rows
                .iter()
                .map(|row| (message(row), row.indicators.to_string()))
                .collect::<Vec<_>>()
        });
        for record in &all {
            let indicators = serde_json::to_string(&record.indicators).unwrap();
            assert_eq!(read.next().unwrap(), (record.message.clone(), indicators));
        }
        assert!(read.next().is_none());
    }

    #[test]
    fn compression_error_is_reported_on_insert() {
        let mut packed: Sightings = [record("a".to_owned())].into_iter().collect();
        packed.chunks[0].messages = Err("no memory".to_owned());
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("run.db");
        let mut database = schema::create(&path, &[]).unwrap();
        let error = database
            .change(|transaction| packed.insert(transaction, UnitId(1)))
            .unwrap_err();
        assert!(error.to_string().contains("no memory"), "{error}");
    }
}
