//! Examines the records of one file, and collects what the journal stores of it.

use std::collections::BTreeMap;

use super::content_check::ContentCheck;
use super::file_batch::{FilePart, ReadFile};
use super::file_search::FileSearch;
use super::problem_rows::problem_row;
use super::record_event::log_event;
use crate::files::{
    ContentSummary, CoverageTally, FileProblem, FileRecord, FileSink, RecordForm, RecordOrigin,
    SuspectRecords, find_record_marks,
};
use crate::search::{Candidates, Document, FlowLogFormats};
use crate::store::{
    CoverageId, CoverageRow, Entry, FileHour, FileStamp, FlowHeader, IntegrityFindings,
    JournalClosed, Page, Pass, SightingRecord, UnitId, UnitRow,
};
use crate::sweep::evidence::trail_integrity;
use crate::sweep::examine::{EventOrigin, RegionFilterCache, examine_event};
use crate::sweep::hunts::PageCounts;
use dragnet_model::{AccountId, HourOfRecords, LogKind, Region, TamperingCall, Target};

/// Bytes of sightings after which they are journaled before the end of the file.
const FLUSH_BYTES: usize = 4 << 20;

/// How much a record adds to these bytes beside its message: its keys and counts.
const RECORD_OVERHEAD: usize = 256;

/// The token of a page that is not the last of its file. A file is only read from its start.
const NOT_THE_END: &str = "not-the-end";

const HOUR_MS: i64 = 3_600_000;

/// How the reading of a file ended.
pub(super) enum FileEnd {
    /// It was read, at least in part.
    Read(ReadFile),
    /// None of its content could be read, for the reasons in these rows. A resumed run tries again.
    NotRead(Vec<CoverageRow>),
}

/// Receives the records of one file.
pub(super) struct SearchSink<'s> {
    search: &'s FileSearch,
    path: &'s str,
    parts: BTreeMap<Target, PartFindings>,
    /// About how many bytes `parts` holds.
    held: usize,
    problems: Vec<FileProblem>,
    contents: u64,
    bytes: u64,
    coverage: CoverageTally,
    content_check: ContentCheck<'s>,
    headers: Vec<FlowHeader>,
    /// The formats of the flow log that is being read, by the names of its fields.
    formats: (String, FlowLogFormats),
    closed: Option<JournalClosed>,
}

/// What was found in the records of one account-Region and is not journaled yet.
struct PartFindings {
    coverage_id: CoverageId,
    unit: UnitId,
    is_unit_written: bool,
    found: Vec<SightingRecord>,
    counts: PageCounts,
    tampering: Vec<TamperingCall>,
}

/// What the records of one account-Region are.
#[derive(Default)]
struct PartTotals {
    records: u64,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
    /// The records of CloudTrail by hour.
    hours: BTreeMap<i64, u64>,
}

impl<'s> SearchSink<'s> {
    pub(super) fn new(search: &'s FileSearch, path: &'s str) -> Self {
        Self {
            search,
            path,
            parts: BTreeMap::new(),
            held: 0,
            problems: Vec::new(),
            contents: 0,
            bytes: 0,
            coverage: CoverageTally::default(),
            content_check: search.digests.content_check(path),
            headers: Vec::new(),
            formats: (String::new(), FlowLogFormats::default()),
            closed: None,
        }
    }

    /// Returns what the journal stores of the file.
    pub(super) fn finish(mut self, stamp: FileStamp) -> Result<FileEnd, JournalClosed> {
        if let Some(closed) = self.closed {
            return Err(closed);
        }
        let finding = self.content_check.finish(&self.problems);
        self.problems
            .extend(self.search.digests.count(finding, self.path));
        let journal = &self.search.journal;
        let is_partly_read = self.coverage.records() > 0;
        let problems: Vec<CoverageRow> = self
            .problems
            .iter()
            .map(|problem| problem_row(journal.new_coverage_id(), problem, is_partly_read))
            .collect();
        if self.contents == 0 && !problems.is_empty() {
            return Ok(FileEnd::NotRead(problems));
        }
        let hours = file_hours(&self.coverage);
        Ok(FileEnd::Read(ReadFile {
            path: self.path.to_owned(),
            stamp,
            records: self.coverage.records(),
            bytes: self.bytes,
            parts: self.take_parts(&hours)?,
            hours,
            headers: self.headers,
            problems,
        }))
    }

    /// Returns the last page of each account-Region, with the numbers of all of its records.
    fn take_parts(&mut self, hours: &[FileHour]) -> Result<Vec<FilePart>, JournalClosed> {
        let all_records = self.coverage.records().max(1);
        let mut parts = Vec::new();
        for (target, totals) in self.totals(hours) {
            let share =
                u128::from(self.bytes) * u128::from(totals.records) / u128::from(all_records);
            let mut part = self.take_part(&target)?;
            let mut page = part.take_page(self.search, None);
            page.events = totals.records;
            page.bytes = u64::try_from(share).unwrap_or(u64::MAX);
            page.integrity_findings.hours = totals
                .hours
                .into_iter()
                .map(|(hour_ms, records)| HourOfRecords {
                    target: target.clone(),
                    hour_ms,
                    records,
                })
                .collect();
            let from_ms = totals.first_ms.unwrap_or_default();
            let to_ms = totals
                .last_ms
                .map_or(from_ms, |last| last.saturating_add(HOUR_MS));
            parts.push(FilePart {
                unit: part.unit_row(from_ms, to_ms),
                page,
            });
        }
        Ok(parts)
    }

    fn totals(&self, hours: &[FileHour]) -> BTreeMap<Target, PartTotals> {
        let mut all: BTreeMap<Target, PartTotals> = BTreeMap::new();
        let counts_hours = self.search.settings.check_trail_integrity;
        for hour in hours {
            let totals = all.entry(hour.target.clone()).or_default();
            totals.records += hour.records;
            let Some(hour_ms) = hour.hour_ms else {
                continue;
            };
            totals.first_ms = Some(totals.first_ms.map_or(hour_ms, |first| first.min(hour_ms)));
            totals.last_ms = Some(totals.last_ms.map_or(hour_ms, |last| last.max(hour_ms)));
            let is_trail = matches!(hour.kind, Some(LogKind::Management | LogKind::Data));
            if counts_hours && is_trail && self.search.window.contains_ms(hour_ms) {
                *totals.hours.entry(hour_ms).or_default() += hour.records;
            }
        }
        all
    }

    fn take_part(&mut self, target: &Target) -> Result<PartFindings, JournalClosed> {
        match self.parts.remove(target) {
            Some(part) => Ok(part),
            None => PartFindings::new(self.search, target),
        }
    }

    /// Journals what was found so far, so that memory is bounded.
    fn flush(&mut self) -> Result<(), JournalClosed> {
        self.held = 0;
        for part in self.parts.values_mut() {
            if part.is_empty() {
                continue;
            }
            let journal = &self.search.journal;
            if !part.is_unit_written {
                part.is_unit_written = true;
                journal.write_blocking(Entry::Units(vec![part.unit_row(0, 0)]))?;
            }
            let page = part.take_page(self.search, Some(NOT_THE_END.to_owned()));
            journal.write_blocking(Entry::Page(page))?;
        }
        Ok(())
    }

    fn examine(&mut self, record: &FileRecord<'_>) -> Result<(), JournalClosed> {
        let search = self.search;
        let is_trail = record.form == RecordForm::CloudTrail;
        let may_tamper = is_trail && search.may_tamper(record.text.as_bytes());
        if !may_tamper && !self.may_be_sighting(record.text) {
            return Ok(());
        }
        let target = target_of(record.account, record.region.as_ref());
        if record
            .flow_fields
            .is_some_and(|fields| self.formats.0 != fields)
        {
            let fields = record.flow_fields.unwrap_or_default();
            self.formats = (fields.to_owned(), FlowLogFormats::from_header(fields));
        }
        let part = match self.parts.entry(target.clone()) {
            std::collections::btree_map::Entry::Occupied(part) => part.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(PartFindings::new(search, &target)?)
            }
        };
        let event = log_event(record);
        if may_tamper {
            let events = std::slice::from_ref(&event);
            let findings = trail_integrity::check_events(events, &target, search.window, false);
            part.tampering.extend(findings.tampering);
        }
        let other_formats = FlowLogFormats::default();
        let origin = EventOrigin {
            search_set: &search.search_set,
            scope: &search.settings.reach.scope,
            stored: &target,
            log_name: "",
            trust: &search.trust,
            time_filter: &search.time_filter,
            flow_logs: if record.flow_fields.is_some() {
                &self.formats.1
            } else {
                &other_formats
            },
        };
        let account = target.account.to_string();
        let mut regions = RegionFilterCache::default();
        let sighting = examine_event(&origin, &account, event, &mut regions, &mut part.counts);
        self.held += RECORD_OVERHEAD;
        if let Some(sighting) = sighting {
            self.held += sighting.message.len() + sighting.event_id.len();
            part.found.push(sighting);
            self.note_header(record);
        }
        if self.held >= FLUSH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Remembers with which fields the line of a sighting was read, because its columns are read again
    /// for the reports. A file may have several headers.
    fn note_header(&mut self, record: &FileRecord<'_>) {
        let content = record.origin.content_name();
        let fields = record.flow_fields.unwrap_or_default();
        let last = self.headers.last().filter(|last| last.content == content);
        if last.map_or("", |last| last.fields.as_str()) != fields {
            self.headers.push(FlowHeader {
                content,
                first_record: record.origin.record,
                fields: fields.to_owned(),
            });
        }
    }

    /// Whether a record may match: hunts decide later.
    fn may_be_sighting(&self, record: &str) -> bool {
        let search_set = &self.search.search_set;
        !search_set.hunts().is_empty() || search_set.indicators(&Document::new(record)).is_some()
    }

    /// Whether records need not be examined any more.
    fn is_stopped(&self) -> bool {
        self.closed.is_some() || self.search.cancel.is_cancelled()
    }
}

impl FileSink for SearchSink<'_> {
    fn may_match(&mut self, content: &[u8]) -> bool {
        !self.is_stopped()
            && (self.search.search_set.may_be_in_content(content)
                || self.search.may_tamper(content))
    }

    fn find_suspects(
        &mut self,
        content: &[u8],
        offsets: &mut Vec<u32>,
        marks: &mut Vec<u32>,
    ) -> SuspectRecords {
        if self.is_stopped() {
            find_record_marks(content, marks);
            return SuspectRecords::None;
        }
        let search_set = &self.search.search_set;
        let scan = &self.search.content_scan;
        match search_set.candidates_and_marks(content, scan, offsets, marks) {
            Candidates::None => SuspectRecords::None,
            Candidates::At => SuspectRecords::WithOffset,
            Candidates::Everywhere => SuspectRecords::All,
        }
    }

    fn may_match_event(&mut self, event_name: &[u8]) -> bool {
        self.search.tampering_names.contains(event_name)
    }

    fn may_match_record(&mut self, record: &str) -> bool {
        !self.is_stopped()
            && (self.search.may_tamper(record.as_bytes()) || self.may_be_sighting(record))
    }

    fn record(&mut self, record: &FileRecord<'_>) {
        if !self.is_stopped() {
            self.closed = self.examine(record).err();
        }
    }

    fn wants_sha256(&mut self, entry: Option<&str>) -> bool {
        self.content_check.wants_sha256(entry)
    }

    fn digest(&mut self, json: &str, origin: RecordOrigin<'_>) {
        self.content_check.digest(json, origin);
    }

    fn problem(&mut self, problem: FileProblem) {
        self.problems.push(problem);
    }

    fn summary(&mut self, summary: &ContentSummary<'_>) {
        self.contents += 1;
        self.bytes = self.bytes.saturating_add(summary.bytes);
        self.coverage.merge(summary.coverage);
        self.content_check.summary(summary);
    }
}

impl PartFindings {
    fn new(search: &FileSearch, target: &Target) -> Result<Self, JournalClosed> {
        Ok(Self {
            coverage_id: search.coverage_id(target)?,
            unit: search.journal.new_unit_id(),
            is_unit_written: false,
            found: Vec::new(),
            counts: PageCounts::default(),
            tampering: Vec::new(),
        })
    }

    fn is_empty(&self) -> bool {
        self.found.is_empty() && self.counts.is_empty() && self.tampering.is_empty()
    }

    fn unit_row(&self, from_ms: i64, to_ms: i64) -> UnitRow {
        UnitRow {
            id: self.unit,
            coverage_id: self.coverage_id,
            pass: Pass::Search,
            engine: None,
            lookup: None,
            from_ms,
            to_ms,
        }
    }

    /// Returns what was found as a page, without its numbers of events and bytes.
    fn take_page(&mut self, search: &FileSearch, next_token: Option<String>) -> Page {
        let counts = std::mem::take(&mut self.counts);
        Page {
            unit: self.unit,
            found: std::mem::take(&mut self.found).into_iter().collect(),
            counts: counts.into_rows(search.search_set.hunts()),
            next_token,
            read_at_ms: search.clock.now_ms(),
            events: 0,
            bytes: 0,
            integrity_findings: IntegrityFindings {
                tampering: std::mem::take(&mut self.tampering),
                hours: Vec::new(),
            },
            objects: Vec::new(),
            flow_headers: Vec::new(),
        }
    }
}

fn target_of(account: Option<AccountId>, region: Option<&Region>) -> Target {
    Target {
        account: account.unwrap_or(AccountId::UNKNOWN),
        region: region.cloned().unwrap_or_else(Region::unknown),
    }
}

fn file_hours(coverage: &CoverageTally) -> Vec<FileHour> {
    let hours = coverage.cells().map(|(cell, records)| FileHour {
        target: target_of(cell.account, cell.region.as_ref()),
        kind: cell.kind,
        hour_ms: cell.hour.map(|hour| hour.saturating_mul(HOUR_MS)),
        records,
    });
    hours.collect()
}
