//! Receives the digest that a file or an object contains.

use crate::digests::Digest;
use crate::files::{
    ContentSummary, FileProblem, FileRecord, FileSink, RecordOrigin, SuspectRecords,
    find_record_marks,
};

/// Keeps the digests of one file or object, and its hash.
#[derive(Default)]
pub(super) struct DigestSink {
    /// At most two: a file has one.
    pub digests: Vec<Digest>,
    pub sha256: Option<[u8; 32]>,
    pub is_archive: bool,
    /// The first thing that is wrong with the file, or with a digest in it.
    pub problem: Option<String>,
}

impl FileSink for DigestSink {
    fn may_match(&mut self, _content: &[u8]) -> bool {
        false
    }

    fn find_suspects(
        &mut self,
        content: &[u8],
        _offsets: &mut Vec<u32>,
        marks: &mut Vec<u32>,
    ) -> SuspectRecords {
        find_record_marks(content, marks);
        SuspectRecords::None
    }

    fn may_match_event(&mut self, _event_name: &[u8]) -> bool {
        false
    }

    fn may_match_record(&mut self, _record: &str) -> bool {
        false
    }

    fn record(&mut self, _record: &FileRecord<'_>) {}

    fn wants_sha256(&mut self, entry: Option<&str>) -> bool {
        entry.is_none()
    }

    fn digest(&mut self, json: &str, origin: RecordOrigin<'_>) {
        if origin.entry.is_some() || self.digests.len() >= 2 {
            return;
        }
        match Digest::parse(json) {
            Ok(digest) => self.digests.push(digest),
            Err(error) => {
                self.problem.get_or_insert_with(|| error.to_string());
            }
        }
    }

    fn problem(&mut self, problem: FileProblem) {
        let FileProblem { reason, detail, .. } = problem;
        self.problem
            .get_or_insert_with(|| format!("{reason}: {detail}"));
    }

    fn summary(&mut self, summary: &ContentSummary<'_>) {
        self.is_archive |= summary.entry.is_some();
        if summary.entry.is_none() {
            self.sha256 = summary.sha256;
        }
    }
}
