//! A cancelled search stops inside the current file, however far it unpacks.

use tokio_util::sync::CancellationToken;

use super::gzip_tests::gzip;
use super::test_sink::streaming;
use super::{
    ContentSummary, FileProblem, FileReader, FileRecord, FileSink, RecordOrigin, SuspectRecords,
};

/// The most that is unpacked ahead of the first record, in bytes: a few buffers.
const READ_AHEAD: u64 = 128 << 10;

/// Cancels the search at the first record.
struct CancellingSink {
    cancel: CancellationToken,
    bytes: u64,
}

impl FileSink for CancellingSink {
    fn wants_sha256(&mut self, _entry: Option<&str>) -> bool {
        false
    }

    fn may_match(&mut self, _content: &[u8]) -> bool {
        true
    }

    fn find_suspects(
        &mut self,
        _content: &[u8],
        _offsets: &mut Vec<u32>,
        _marks: &mut Vec<u32>,
    ) -> SuspectRecords {
        SuspectRecords::All
    }

    fn may_match_event(&mut self, _event_name: &[u8]) -> bool {
        true
    }

    fn may_match_record(&mut self, _record: &str) -> bool {
        true
    }

    fn record(&mut self, _record: &FileRecord<'_>) {
        self.cancel.cancel();
    }

    fn digest(&mut self, _json: &str, _origin: RecordOrigin<'_>) {}

    fn problem(&mut self, _problem: FileProblem) {}

    fn summary(&mut self, summary: &ContentSummary<'_>) {
        self.bytes += summary.bytes;
    }
}

fn lines() -> Vec<u8> {
    let lines: Vec<String> = (0..40_000).map(|n| format!("line number {n}\n")).collect();
    lines.concat().into_bytes()
}

fn tar(files: &[&[u8]]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (number, content) in files.iter().enumerate() {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive
            .append_data(&mut header, format!("{number}.log"), *content)
            .unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn cancelled_search_stops_inside_a_file() {
    let plain = lines();
    assert!(plain.len() as u64 > 4 * READ_AHEAD);
    let archive = tar(&[plain.as_slice(), plain.as_slice()]);
    for (packing, content) in [
        ("plain", plain.clone()),
        ("gzip", gzip(&plain)),
        ("zstd", zstd::encode_all(&plain[..], 0).unwrap()),
        ("tar.gz", gzip(&archive)),
        ("tar", archive),
    ] {
        let cancel = CancellationToken::new();
        let mut sink = CancellingSink {
            cancel: cancel.clone(),
            bytes: 0,
        };
        let mut reader = FileReader::new(streaming(1_000)).with_cancel(cancel);
        reader.read_bytes("evidence/file", &content, &mut sink);
        assert!(sink.bytes > 0, "{packing}");
        assert!(sink.bytes <= READ_AHEAD, "{packing}: {}", sink.bytes);
    }
}
