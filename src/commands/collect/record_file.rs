//! A file of collected records: gzip of one JSON object with a list, as AWS returns the records.
//!
//! ```text
//! {"collectedFrom":{…},"events":[{"logStreamName":…,"message":…},…]}     FilterLogEvents
//! {"collectedFrom":{…},"Events":[{"EventId":…,"CloudTrailEvent":…},…]}   LookupEvents
//! ```
//! Records of objects in S3 have the first form, because not all of them are JSON. The id of each has the
//! bucket and the key.
//!
//! Sources: CloudWatch Logs API, `FilterLogEvents`; CloudTrail API, `LookupEvents`.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::files::CollectedFrom;
use crate::store::SightingRecord;
use dragnet_model::StorageKind;

/// A file that is being written. All errors are those of the disk.
pub(super) struct RecordFile {
    encoder: GzEncoder<HashingFile>,
    source: StorageKind,
    records: u64,
    /// The size of the messages.
    message_bytes: u64,
}

/// What is known about a file that is on disk.
pub(super) struct WrittenFile {
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// In hex.
    pub(super) sha256: String,
}

/// An event as `FilterLogEvents` returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogElement<'a> {
    log_stream_name: &'a str,
    timestamp: i64,
    message: &'a str,
    ingestion_time: i64,
    event_id: &'a str,
}

/// An event as `LookupEvents` returns it, without the members that repeat the record.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HistoryElement<'a> {
    event_id: &'a str,
    cloud_trail_event: &'a str,
}

impl RecordFile {
    /// Creates a file, mode 0600, and the directories that it is in, mode 0700.
    pub(super) fn create(path: &Path, from: &CollectedFrom) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(parent)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        // Without a time in its header, the same records give the same file.
        let encoder = GzEncoder::new(HashingFile::new(file), Compression::default());
        let mut created = Self {
            encoder,
            source: from.source,
            records: 0,
            message_bytes: 0,
        };
        let list = match from.source {
            StorageKind::History => "Events",
            StorageKind::Logs | StorageKind::S3 | StorageKind::File => "events",
        };
        created.encoder.write_all(b"{\"collectedFrom\":")?;
        serde_json::to_writer(&mut created.encoder, from)?;
        write!(created.encoder, ",\"{list}\":[")?;
        Ok(created)
    }

    pub(super) fn add(&mut self, record: &SightingRecord) -> io::Result<()> {
        let separator: &[u8] = if self.records == 0 { b"\n" } else { b",\n" };
        self.encoder.write_all(separator)?;
        self.records += 1;
        self.message_bytes += record.message.len() as u64;
        match self.source {
            StorageKind::History => serde_json::to_writer(
                &mut self.encoder,
                &HistoryElement {
                    event_id: &record.event_id,
                    cloud_trail_event: &record.message,
                },
            )?,
            StorageKind::Logs | StorageKind::S3 | StorageKind::File => serde_json::to_writer(
                &mut self.encoder,
                &LogElement {
                    log_stream_name: &record.log_stream,
                    timestamp: record.timestamp_ms,
                    message: &record.message,
                    ingestion_time: record.ingestion_ms,
                    event_id: &record.event_id,
                },
            )?,
        }
        Ok(())
    }

    /// The size of all messages so far.
    pub(super) fn message_bytes(&self) -> u64 {
        self.message_bytes
    }

    /// Ends the file, and waits until it is on disk.
    pub(super) fn finish(mut self) -> io::Result<WrittenFile> {
        self.encoder.write_all(b"\n]}\n")?;
        let HashingFile { file, hash, bytes } = self.encoder.finish()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(WrittenFile {
            records: self.records,
            bytes,
            sha256: hex::encode(hash.finalize()),
        })
    }
}

/// Hashes what is written to a file.
struct HashingFile {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl HashingFile {
    fn new(file: File) -> Self {
        Self {
            file: BufWriter::new(file),
            hash: Sha256::new(),
            bytes: 0,
        }
    }
}

impl Write for HashingFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write_all(buffer)?;
        self.hash.update(buffer);
        self.bytes += buffer.len() as u64;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
