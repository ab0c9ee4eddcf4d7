//! `sightings.parquet`: the columns and the exact texts of the JSON formats, for data tools.
//!
//! The file is written by this module alone. It uses a small part of the format: required columns in
//! plain encoding, one compressed page per column and row group. A library for all of it would be
//! the largest dependency of Dragnet.
//!
//! Source: Apache Parquet, "File Format" and `parquet.thrift`.

mod column;
mod thrift;

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::ReportedEvent;
use crate::report::sightings::COLUMNS;
use crate::report::{ReportError, RunReport, sighting_row};
use column::{Column, ColumnKind, PLAIN, RLE};
use thrift::{STRUCT, ThriftStruct};

const MAGIC: &[u8; 4] = b"PAR1";
/// The size of the values of a row group, in bytes. They are in memory until it is complete.
const ROW_GROUP_BYTES: usize = 16 << 20;
/// Source: `parquet.thrift`, `PageType`.
const DATA_PAGE: u64 = 0;
/// Source: `parquet.thrift`, `CompressionCodec`.
const ZSTD: u64 = 6;
/// Higher levels take much more time and save little.
const ZSTD_LEVEL: i32 = 1;

/// Writes the file.
pub(super) fn write_parquet<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let columns = COLUMNS.map(|name| Column::new(name, kind_of(name)));
    let mut file = ParquetFile::start(out, columns.into())?;
    for event in events {
        let event = event.map_err(ReportError::Rows)?;
        file.push_row(&sighting_row(&event.sighting, report.names))?;
    }
    Ok(file.finish(&report.summary.tool_version)?)
}

/// The kind of a column of the sightings file.
fn kind_of(column: &str) -> ColumnKind {
    match column {
        "indicators" | "matched_fields" | "hunts" => ColumnKind::Texts,
        "copies" => ColumnKind::Number,
        "trusted" | "copies_differ" => ColumnKind::Truth,
        _ => ColumnKind::Text,
    }
}

/// A file in progress.
struct ParquetFile<'a> {
    out: &'a mut dyn Write,
    /// The number of bytes that were written.
    offset: u64,
    columns: Vec<Column>,
    rows_in_group: u64,
    rows: u64,
    /// The metadata of the row groups that were written.
    groups: Vec<Vec<u8>>,
}

impl<'a> ParquetFile<'a> {
    fn start(out: &'a mut dyn Write, columns: Vec<Column>) -> io::Result<Self> {
        let mut file = Self {
            out,
            offset: 0,
            columns,
            rows_in_group: 0,
            rows: 0,
            groups: Vec::new(),
        };
        file.write(MAGIC)?;
        Ok(file)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn push_row(&mut self, row: &Map<String, Value>) -> io::Result<()> {
        for column in &mut self.columns {
            let value = row.get(column.name()).unwrap_or(&Value::Null);
            column.push(value)?;
        }
        self.rows_in_group += 1;
        let size: usize = self.columns.iter().map(Column::size).sum();
        if size >= ROW_GROUP_BYTES {
            self.write_row_group()?;
        }
        Ok(())
    }

    /// Writes the rows in memory as a row group.
    fn write_row_group(&mut self) -> io::Result<()> {
        let mut columns = std::mem::take(&mut self.columns);
        let mut chunks = Vec::new();
        let mut total = 0;
        for column in &mut columns {
            let (chunk, uncompressed) = self.write_chunk(column)?;
            chunks.push(chunk);
            total += uncompressed;
        }
        self.columns = columns;
        let group = ThriftStruct::default()
            .list(1, STRUCT, &chunks)
            .i64(2, total)
            .i64(3, self.rows_in_group);
        self.groups.push(group.finish());
        self.rows += self.rows_in_group;
        self.rows_in_group = 0;
        Ok(())
    }

    /// Writes the values of a column. Returns the metadata of the chunk, and its size without
    /// compression.
    fn write_chunk(&mut self, column: &mut Column) -> io::Result<(Vec<u8>, u64)> {
        let start = self.offset;
        let page = column.take_page()?;
        let body = zstd::bulk::compress(&page.body, ZSTD_LEVEL)?;
        let data_page = ThriftStruct::default()
            .i32(1, page.entries)
            .i32(2, PLAIN)
            .i32(3, RLE)
            .i32(4, RLE);
        let header = ThriftStruct::default()
            .i32(1, DATA_PAGE)
            .i32(2, page.body.len() as u64)
            .i32(3, body.len() as u64)
            .nested(5, data_page)
            .finish();
        self.write(&header)?;
        self.write(&body)?;
        let uncompressed = (header.len() + page.body.len()) as u64;
        let metadata = column
            .chunk_metadata()
            .i32(4, ZSTD)
            .i64(5, page.entries)
            .i64(6, uncompressed)
            .i64(7, self.offset - start)
            .i64(9, start);
        let chunk = ThriftStruct::default().i64(2, start).nested(3, metadata);
        Ok((chunk.finish(), uncompressed))
    }

    /// Writes the rest of the rows and the metadata of the file.
    fn finish(mut self, version: &str) -> io::Result<()> {
        if self.rows_in_group > 0 {
            self.write_row_group()?;
        }
        let root = ThriftStruct::default()
            .text(4, "schema")
            .i32(5, self.columns.len() as u64);
        let mut schema = vec![root.finish()];
        schema.extend(self.columns.iter().flat_map(Column::schema));
        let metadata = ThriftStruct::default()
            .i32(1, 1)
            .list(2, STRUCT, &schema)
            .i64(3, self.rows)
            .list(4, STRUCT, &self.groups)
            .text(6, &format!("dragnet version {version}"))
            .finish();
        self.write(&metadata)?;
        let size = u32::try_from(metadata.len()).map_err(io::Error::other)?;
        self.write(&size.to_le_bytes())?;
        self.write(MAGIC)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::formats::testing::{cloudtrail, log_line};
    use crate::report::testing::summary;
    use crate::report::{AccountNames, CoverageTally, EvidenceTally, RunStatus, SightingTally};

    fn parquet(events: &[ReportedEvent]) -> Vec<u8> {
        let summary = summary(RunStatus::Complete);
        let report = RunReport {
            summary: &summary,
            sightings: &SightingTally::default(),
            coverage: &CoverageTally::default(),
            evidence: &EvidenceTally::default(),
            names: &AccountNames::default(),
            directory: "",
            files: &[],
            manifest_sha256: None,
            geoip: None,
            color: false,
        };
        let mut rows = events.iter().cloned().map(Ok::<_, Infallible>);
        let mut out = Vec::new();
        write_parquet(&report, &mut rows, &mut out).unwrap();
        out
    }

    /// Returns the metadata at the end of a file.
    fn metadata(file: &[u8]) -> &[u8] {
        let (rest, magic) = file.split_last_chunk::<4>().unwrap();
        assert_eq!(magic, MAGIC);
        let (rest, size) = rest.split_last_chunk::<4>().unwrap();
        let size = usize::try_from(u32::from_le_bytes(*size)).unwrap();
        &rest[rest.len() - size..]
    }

    /// `tests/servers/formats.py` reads such files with the tools of others.
    #[test]
    fn a_file_has_its_metadata_at_the_end() {
        let file = parquet(&[cloudtrail("{}"), log_line("x")]);
        assert!(file.starts_with(MAGIC));
        let metadata = metadata(&file);
        // The version, then a list of structs: the root, 29 columns, and two more for each list.
        let elements = 1 + COLUMNS.len() + 6;
        assert_eq!(metadata[..2], [0x15, 0x02]);
        assert_eq!(metadata[2..4], [0x19, 0xfc]);
        assert_eq!(usize::from(metadata[4]), elements);
        let text = String::from_utf8_lossy(metadata);
        assert!(text.contains("matched_fields") && text.contains("dragnet version 0.1.0"));
    }

    #[test]
    fn large_runs_have_several_row_groups() {
        let event = log_line(&"x".repeat(1 << 20));
        let one = metadata(&parquet(&vec![event.clone(); 3])).len();
        let several = metadata(&parquet(&vec![event; 40])).len();
        assert!(several > one + one / 2, "{several} {one}");
    }

    #[test]
    fn a_run_without_sightings_has_the_columns() {
        let file = parquet(&[]);
        let text = String::from_utf8_lossy(metadata(&file)).into_owned();
        assert!(text.contains("event_account_id"));
    }
}
