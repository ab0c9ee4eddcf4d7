//! The receiver of what a [`super::FileReader`] finds.

use std::collections::BTreeMap;

use super::{CoverageTally, FileProblem, FileRecord, PathHint, RecordForm, RecordOrigin};

/// Receives what a reader finds.
pub trait FileSink {
    /// Whether unpacked bytes may contain a match. The bytes are whole records with what separates
    /// them; the last one may be incomplete and then comes again. If this returns `false`, they are
    /// counted, but not handed out.
    ///
    /// A record may be spelled with JSON escapes, in exports with two layers of them: an
    /// implementation returns `true` if it finds a candidate, or an escape that could hide one.
    fn may_match(&mut self, content: &[u8]) -> bool;

    /// Finds which records of a whole log file of CloudTrail may match, apart from their event names.
    /// Adds ascending offsets to `offsets`, and to `marks` the ascending positions at which a sequence
    /// of [`super::RECORD_MARKS`] may begin, unless all records may match. Both are empty.
    fn find_suspects(
        &mut self,
        content: &[u8],
        offsets: &mut Vec<u32>,
        marks: &mut Vec<u32>,
    ) -> SuspectRecords;

    /// Whether a CloudTrail record with this event name may match, even if it contains no offset.
    fn may_match_event(&mut self, event_name: &[u8]) -> bool;

    /// Whether a CloudTrail record may match, by its whole text. The answer should be exact: if it is
    /// `true`, the place of the record in the log file has to be proven.
    fn may_match_record(&mut self, record: &str) -> bool;

    /// Receives a record.
    fn record(&mut self, record: &FileRecord<'_>);

    /// Whether the SHA-256 of a content is wanted. `entry` is its path in the archive, if the file is
    /// one.
    fn wants_sha256(&mut self, entry: Option<&str>) -> bool;

    /// Receives the JSON of a CloudTrail digest. It lists log files and contains no records.
    fn digest(&mut self, json: &str, origin: RecordOrigin<'_>);

    /// Receives what could not be read.
    fn problem(&mut self, problem: FileProblem);

    /// Receives the summary of a content after its last record.
    fn summary(&mut self, summary: &ContentSummary<'_>);
}

/// Which records of a content may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspectRecords {
    /// None of them.
    None,
    /// Those that contain one of the offsets. A field that matches contains one completely or in
    /// part.
    WithOffset,
    /// All of them. The offsets have no meaning.
    All,
}

/// What a file, or an entry of an archive, contained.
#[derive(Clone, Debug)]
pub struct ContentSummary<'a> {
    /// The path of the file, as it was given.
    pub path: &'a str,
    /// The path inside the archive, if the file is one.
    pub entry: Option<&'a str>,
    /// What the path says about the records.
    pub hint: &'a PathHint,
    /// The size of the unpacked content in bytes.
    pub bytes: u64,
    /// Its SHA-256, if the sink wanted it and the content was read to its end.
    pub sha256: Option<[u8; 32]>,
    /// How many records of each form there are, handed out or not.
    pub forms: &'a BTreeMap<RecordForm, u64>,
    /// How many digests there are.
    pub digests: u64,
    /// The account-Regions, kinds and hours of the records.
    pub coverage: &'a CoverageTally,
}
