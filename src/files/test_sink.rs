//! A sink that keeps everything, for tests.

use std::collections::BTreeMap;

use dragnet_model::{LogKind, Region};
use memchr::memmem;

use super::coverage::hours_to_text;
use super::{
    ContentSummary, CoverageCell, CoverageTally, FileProblem, FileReader, FileReason, FileRecord,
    FileSink, ReadLimits, RecordForm, RecordOrigin, SuspectRecords, find_record_marks,
};

/// A record, with what tests compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) text: String,
    pub(super) form: RecordForm,
    pub(super) flow_fields: Option<String>,
    pub(super) time_ms: Option<i64>,
    /// Account, Region, log group and log stream, separated by spaces.
    pub(super) place: String,
    pub(super) entry: Option<String>,
    pub(super) record: u64,
    pub(super) offset: u64,
}

/// Keeps what it receives. It looks for `needle`; without one, every content may match.
#[derive(Debug, Default)]
pub(super) struct TestSink {
    pub(super) needle: Option<&'static str>,
    /// The name of an event that matches too.
    pub(super) event_name: Option<&'static str>,
    pub(super) records: Vec<Kept>,
    pub(super) digests: Vec<String>,
    pub(super) problems: Vec<FileProblem>,
    pub(super) forms: BTreeMap<RecordForm, u64>,
    pub(super) coverage: CoverageTally,
    pub(super) bytes: u64,
    pub(super) sha256: Vec<Option<[u8; 32]>>,
}

impl TestSink {
    pub(super) fn texts(&self) -> Vec<&str> {
        self.records.iter().map(|record| &*record.text).collect()
    }

    pub(super) fn reasons(&self) -> Vec<FileReason> {
        self.problems.iter().map(|problem| problem.reason).collect()
    }

    /// The cells as `account Region kind hour: records`.
    pub(super) fn cells(&self) -> Vec<String> {
        let shown = |(cell, records): (&CoverageCell, u64)| {
            let account = cell.account.map(|id| id.to_string()).unwrap_or_default();
            let region = cell.region.as_ref().map_or("", Region::as_str);
            let kind = cell.kind.map_or("-", LogKind::as_str);
            let hour = cell.hour.map(hours_to_text).unwrap_or_default();
            format!("{account} {region} {kind} {hour}: {records}")
        };
        self.coverage.cells().map(shown).collect()
    }
}

impl FileSink for TestSink {
    fn may_match(&mut self, content: &[u8]) -> bool {
        let contains = |text: &str| memmem::find(content, text.as_bytes()).is_some();
        self.needle.is_none_or(contains) || self.event_name.is_some_and(contains)
    }

    fn find_suspects(
        &mut self,
        content: &[u8],
        offsets: &mut Vec<u32>,
        marks: &mut Vec<u32>,
    ) -> SuspectRecords {
        find_record_marks(content, marks);
        let Some(needle) = self.needle else {
            return SuspectRecords::All;
        };
        let found = memmem::find_iter(content, needle.as_bytes());
        offsets.extend(found.map(|offset| u32::try_from(offset).unwrap()));
        if offsets.is_empty() {
            SuspectRecords::None
        } else {
            SuspectRecords::WithOffset
        }
    }

    fn may_match_event(&mut self, event_name: &[u8]) -> bool {
        self.event_name.map(str::as_bytes) == Some(event_name)
    }

    fn may_match_record(&mut self, record: &str) -> bool {
        self.may_match(record.as_bytes())
    }

    fn record(&mut self, record: &FileRecord<'_>) {
        let account = record.account.map(|id| id.to_string()).unwrap_or_default();
        let region = record.region.as_ref().map_or("", Region::as_str);
        let group = record.log_group.unwrap_or_default();
        let stream = record.log_stream.unwrap_or_default();
        self.records.push(Kept {
            text: record.text.to_owned(),
            form: record.form,
            flow_fields: record.flow_fields.map(str::to_owned),
            time_ms: record.time_ms,
            place: format!("{account} {region} {group} {stream}")
                .trim()
                .to_owned(),
            entry: record.origin.entry.map(str::to_owned),
            record: record.origin.record,
            offset: record.origin.offset,
        });
    }

    fn wants_sha256(&mut self, entry: Option<&str>) -> bool {
        entry.is_none()
    }

    fn digest(&mut self, json: &str, _origin: RecordOrigin<'_>) {
        self.digests.push(json.to_owned());
    }

    fn problem(&mut self, problem: FileProblem) {
        self.problems.push(problem);
    }

    fn summary(&mut self, summary: &ContentSummary<'_>) {
        for (form, records) in summary.forms {
            *self.forms.entry(*form).or_default() += records;
        }
        self.coverage.merge(summary.coverage);
        self.bytes += summary.bytes;
        self.sha256.push(summary.sha256);
    }
}

/// Reads bytes as a file without a telling name.
pub(super) fn read(bytes: &[u8]) -> TestSink {
    read_as("evidence/file", bytes, None, ReadLimits::default())
}

/// Reads bytes as a file of this name, looking for `needle`.
pub(super) fn read_as(
    path: &str,
    bytes: &[u8],
    needle: Option<&'static str>,
    limits: ReadLimits,
) -> TestSink {
    let mut sink = TestSink {
        needle,
        ..TestSink::default()
    };
    FileReader::new(limits).read_bytes(path, bytes, &mut sink);
    sink
}

/// Limits under which nothing is read at once, and contents are streamed in small chunks.
pub(super) fn streaming(chunk_bytes: usize) -> ReadLimits {
    ReadLimits {
        whole_file_bytes: 0,
        chunk_bytes,
        ..ReadLimits::default()
    }
}

/// A CloudTrail record as CloudTrail writes it.
pub(super) fn trail_record(time: &str, name: &str, kind: &str) -> String {
    let management = kind == "Management";
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","userName":"ben"}},"eventTime":"{time}","eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","requestParameters":{{"text":"a \"quoted\" }}]"}},"managementEvent":{management},"recipientAccountId":"111111111111","eventCategory":"{kind}"}}"#
    )
}
