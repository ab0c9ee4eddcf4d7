//! Counts the records of a content and hands them out.

use std::collections::BTreeMap;

use dragnet_model::{AccountId, LogKind, Region};

use super::access_line::AccessLine;
use super::container::Envelope;
use super::content_name::ContentName;
use super::coverage::hour_of_ms;
use super::coverage_scan::CoverageScan;
use super::fields::TrailFacts;
use super::flow_log::{DEFAULT_FIELDS, FlowFields};
use super::{
    ContentSummary, CoverageCell, CoverageTally, FileReason, FileRecord, FileSink, PathHint,
    RecordForm, RecordOrigin,
};

/// How many broken pieces of a content are reported one by one.
const REPORTED_BROKEN: u64 = 10;

/// Which fields a line of a flow log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowFormat {
    /// Those in the header of the file.
    Header,
    /// Those of the default format.
    Default,
    /// Those of a format in the envelope, by its number.
    Stored(usize),
}

/// A record, as far as it is known without its content.
#[derive(Clone, Debug)]
pub(super) struct ClassifiedRecord<'f> {
    pub(super) text: &'f str,
    pub(super) form: RecordForm,
    pub(super) kind: Option<LogKind>,
    pub(super) flow: Option<FlowFormat>,
    pub(super) time_ms: Option<i64>,
    pub(super) account: Option<AccountId>,
    pub(super) region: Option<Region>,
    pub(super) log_stream: Option<&'f str>,
}

impl<'f> ClassifiedRecord<'f> {
    /// A CloudTrail record.
    pub(super) fn from_trail(text: &'f str, facts: TrailFacts) -> Self {
        Self {
            text,
            form: RecordForm::CloudTrail,
            kind: facts.kind,
            flow: None,
            time_ms: facts.time_ms,
            account: facts.account,
            region: facts.region,
            log_stream: None,
        }
    }

    /// A record of an application, of which nothing more is known.
    pub(super) fn from_app(text: &'f str, form: RecordForm) -> Self {
        Self {
            text,
            form,
            kind: Some(LogKind::App),
            flow: None,
            time_ms: None,
            account: None,
            region: None,
            log_stream: None,
        }
    }

    /// Adds what the line of an access log or query log says about itself.
    pub(super) fn with_access_line(self) -> Self {
        let Some(line) = AccessLine::parse(self.text) else {
            return self;
        };
        Self {
            time_ms: line.time_ms,
            account: line.account,
            region: line.region,
            ..self
        }
    }
}

/// Receives the pieces of one content, in order.
pub(super) struct RecordHandler<'r> {
    pub(super) sink: &'r mut dyn FileSink,
    pub(super) scan: &'r CoverageScan,
    name: ContentName<'r>,
    hint: PathHint,
    /// Whether the current window may contain a match.
    pub(super) is_suspect: bool,
    records: u64,
    digests: u64,
    forms: BTreeMap<RecordForm, u64>,
    coverage: CoverageTally,
    /// The members of the object that contains the current list.
    pub(super) envelope: Envelope,
    /// The last header of a flow log.
    pub(super) flow: Option<FlowFields>,
    /// What the last row of a table said besides its record.
    pub(super) last_rest: String,
    invalid_utf8: u64,
    broken: u64,
}

impl<'r> RecordHandler<'r> {
    pub(super) fn new(
        sink: &'r mut dyn FileSink,
        scan: &'r CoverageScan,
        name: ContentName<'r>,
    ) -> Self {
        let in_entry = name.entry.map(PathHint::parse);
        let hint = in_entry
            .filter(|hint| hint.account.is_some())
            .unwrap_or_else(|| PathHint::parse(name.path));
        Self {
            sink,
            scan,
            name,
            hint,
            is_suspect: true,
            records: 0,
            digests: 0,
            forms: BTreeMap::new(),
            coverage: CoverageTally::default(),
            envelope: Envelope::default(),
            flow: None,
            last_rest: String::new(),
            invalid_utf8: 0,
            broken: 0,
        }
    }

    /// Asks the sink whether the bytes of a window may contain a match.
    pub(super) fn check_window(&mut self, window: &[u8]) {
        self.is_suspect = self.sink.may_match(window);
    }

    /// Counts the records of a tally.
    pub(super) fn count_tally(&mut self, form: RecordForm, tally: &CoverageTally) {
        self.records += tally.records();
        *self.forms.entry(form).or_default() += tally.records();
        self.coverage.merge(tally);
    }

    /// Counts a record that is not handed out.
    pub(super) fn count(&mut self, form: RecordForm, cell: CoverageCell) {
        self.records += 1;
        *self.forms.entry(form).or_default() += 1;
        self.coverage.add(cell, 1);
    }

    /// Counts a record, and hands it out if it may match.
    pub(super) fn emit(&mut self, found: ClassifiedRecord<'_>, offset: u64) {
        let found = self.add_place(found);
        let cell = CoverageCell {
            account: found.account,
            region: found.region.clone(),
            kind: found.kind,
            hour: found.time_ms.map(hour_of_ms),
        };
        self.count(found.form, cell);
        if self.is_suspect {
            self.hand_out(found, self.records, offset);
        }
    }

    /// Adds the account and the Region of the export, the collection or the path, unless the record has
    /// its own.
    pub(super) fn add_place<'f>(&self, found: ClassifiedRecord<'f>) -> ClassifiedRecord<'f> {
        let owner = || -> Option<AccountId> { self.envelope.owner.as_ref()?.parse().ok() };
        let collected = self.envelope.collected_from.as_ref();
        // As in a sweep, only a CloudTrail record says where it happened.
        let stored = collected.filter(|_| found.form != RecordForm::CloudTrail);
        let account = stored
            .map(|from| from.account)
            .or(found.account)
            .or_else(owner)
            .or_else(|| collected.map(|from| from.account))
            .or(self.hint.account);
        let region = stored
            .map(|from| from.region.clone())
            .or(found.region)
            .or_else(|| collected.map(|from| from.region.clone()))
            .or_else(|| self.hint.region.clone());
        ClassifiedRecord {
            account,
            region,
            ..found
        }
    }

    /// Hands out a record that was counted. `number` is its number in the content, from 1.
    pub(super) fn hand_out(&mut self, found: ClassifiedRecord<'_>, number: u64, offset: u64) {
        let flow_fields = found.flow.map(|format| match (format, &self.flow) {
            (FlowFormat::Header, Some(fields)) => fields.names(),
            (FlowFormat::Stored(number), _) => {
                self.envelope.flow_names(number).unwrap_or(DEFAULT_FIELDS)
            }
            _ => DEFAULT_FIELDS,
        });
        self.sink.record(&FileRecord {
            text: found.text,
            form: found.form,
            kind: found.kind,
            flow_fields,
            time_ms: found.time_ms,
            account: found.account,
            region: found.region,
            log_group: self.envelope.log_group.as_deref(),
            log_stream: found.log_stream.or(self.envelope.log_stream.as_deref()),
            origin: RecordOrigin {
                path: self.name.path,
                entry: self.name.entry,
                record: number,
                offset,
            },
        });
    }

    /// Whether the path is that of a digest. With another path, a line of an application could pose as
    /// one, and digests are not searched.
    ///
    /// Source: CloudTrail user guide, "CloudTrail digest file structure", digest file location.
    pub(super) fn has_digest_path(&self) -> bool {
        self.hint.service == "CloudTrail-Digest"
    }

    /// Hands out a digest.
    pub(super) fn digest(&mut self, json: &str, offset: u64) {
        self.digests += 1;
        let origin = RecordOrigin {
            path: self.name.path,
            entry: self.name.entry,
            record: self.digests,
            offset,
        };
        self.sink.digest(json, origin);
    }

    pub(super) fn problem(&mut self, reason: FileReason, offset: u64, detail: impl Into<String>) {
        let problem = self.name.problem(reason, Some(offset), detail);
        self.sink.problem(problem);
    }

    /// Reports a piece that is not JSON. Many in one content are summed up by
    /// [`RecordHandler::finish`].
    pub(super) fn broken(&mut self, offset: u64, detail: &str) {
        self.broken += 1;
        if self.broken <= REPORTED_BROKEN {
            self.problem(FileReason::BrokenJson, offset, detail);
        }
    }

    /// Counts a piece that is not UTF-8.
    pub(super) fn count_invalid_utf8(&mut self) {
        self.invalid_utf8 += 1;
    }

    /// Reports what concerns the whole content, and its summary.
    pub(super) fn finish(mut self, bytes: u64, sha256: Option<[u8; 32]>) {
        if self.broken > REPORTED_BROKEN {
            let more = self.broken - REPORTED_BROKEN;
            let detail =
                format!("{more} more pieces are not valid JSON; they were searched as text");
            self.problem(FileReason::BrokenJson, bytes, detail);
        }
        if self.invalid_utf8 > 0 {
            let count = self.invalid_utf8;
            let detail =
                format!("{count} records are not UTF-8; the other bytes were read as U+FFFD");
            self.problem(FileReason::InvalidUtf8, 0, detail);
        }
        self.report_disagreement();
        self.sink.summary(&ContentSummary {
            path: self.name.path,
            entry: self.name.entry,
            hint: &self.hint,
            bytes,
            sha256,
            forms: &self.forms,
            digests: self.digests,
            coverage: &self.coverage,
        });
    }

    /// Reports records of another account, Region or time than the path says.
    fn report_disagreement(&mut self) {
        let mut others = 0;
        let mut later = 0;
        let mut first = None;
        for (cell, records) in self.coverage.cells() {
            let is_other = differs(cell.account.as_ref(), self.hint.account.as_ref())
                || differs(cell.region.as_ref(), self.hint.region.as_ref());
            if is_other {
                others += records;
                first = first.or(Some(cell));
            }
            let is_later = self.hint.end_hour.zip(cell.hour);
            if is_later.is_some_and(|(end, hour)| hour >= end) {
                later += records;
            }
        }
        let total = self.coverage.records();
        let mut details = Vec::new();
        if let Some(cell) = first {
            let path = place(self.hint.account, self.hint.region.as_ref());
            let record = place(cell.account, cell.region.as_ref());
            details.push(format!(
                "the path says {path}, but {others} of {total} records are of another account or Region, the first of {record}"
            ));
        }
        if later > 0 {
            let end = self.hint.end_text();
            details.push(format!(
                "{later} of {total} records are from {end} or later, after the day in the path"
            ));
        }
        for detail in details {
            let problem = self.name.problem(FileReason::PathDisagrees, None, detail);
            self.sink.problem(problem);
        }
    }
}

fn differs<T: PartialEq>(found: Option<&T>, hint: Option<&T>) -> bool {
    found.zip(hint).is_some_and(|(found, hint)| found != hint)
}

fn place(account: Option<AccountId>, region: Option<&Region>) -> String {
    let account = account.map_or("an unknown account".to_owned(), |id| id.to_string());
    let region = region.map_or("an unknown Region", Region::as_str);
    format!("{account} {region}")
}
