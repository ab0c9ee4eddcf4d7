//! Examines the records of one object, and collects what is found.

use std::collections::BTreeMap;

use super::object_check::ObjectCheck;
use super::object_sweep::ObjectSweep;
use crate::aws::LogEvent;
use crate::files::{
    ContentSummary, FileProblem, FileReason, FileRecord, FileSink, RecordForm, RecordOrigin,
    SuspectRecords, find_record_marks,
};
use crate::search::{Candidates, Document, FlowLogFormats};
use crate::store::{FlowHeader, SightingRecord};
use crate::sweep::delivery_trust::DeliveryTrust;
use crate::sweep::evidence::trail_integrity;
use crate::sweep::examine::{EventOrigin, RegionFilterCache, examine_event};
use crate::sweep::hunts::PageCounts;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{LogKind, TamperingCall, Target};

const HOUR_MS: i64 = 3_600_000;

/// The folder of the objects, and what is searched for in them.
#[derive(Clone, Debug)]
pub(super) struct FolderOrigin {
    /// The account-Region of the records.
    pub target: Target,
    /// The bucket and the folder.
    pub location: String,
    /// The bucket.
    pub bucket: String,
    pub trust: DeliveryTrust,
    pub time_filter: TimeFilter,
    /// Whether a trail delivers there.
    pub is_of_trail: bool,
}

/// What was found in one object.
#[derive(Default)]
pub(super) struct ObjectFindings {
    pub found: Vec<SightingRecord>,
    pub counts: PageCounts,
    pub tampering: Vec<TamperingCall>,
    /// The number of CloudTrail records by account-Region and hour.
    pub hours: BTreeMap<(Target, i64), u64>,
    /// The fields of the flow logs of the sightings, each with the first record that has them.
    pub flow_headers: Vec<FlowHeader>,
    pub records: u64,
    pub bytes: u64,
    /// What could not be read, if anything.
    pub problem: Option<String>,
    /// How the content differs from the one that a digest lists, if it does.
    pub difference: Option<String>,
}

/// Receives the records of one object.
pub(super) struct ObjectSink<'s> {
    sweep: &'s ObjectSweep,
    origin: &'s FolderOrigin,
    /// The time of delivery in the key.
    delivered_ms: i64,
    /// When the object was written.
    modified_ms: i64,
    account: String,
    /// The formats of the flow log that is being read, by the names of its fields.
    formats: (String, FlowLogFormats),
    check: ObjectCheck,
    findings: ObjectFindings,
}

impl<'s> ObjectSink<'s> {
    /// Creates the receiver for an object that was delivered and written at these `times`.
    pub(super) fn new(sweep: &'s ObjectSweep, origin: &'s FolderOrigin, times: (i64, i64)) -> Self {
        Self {
            sweep,
            origin,
            delivered_ms: times.0,
            modified_ms: times.1,
            account: origin.target.account.to_string(),
            formats: (String::new(), FlowLogFormats::default()),
            check: ObjectCheck::default(),
            findings: ObjectFindings::default(),
        }
    }

    /// Compares the object with a hash.
    pub(super) fn with_check(self, check: ObjectCheck) -> Self {
        Self { check, ..self }
    }

    pub(super) fn into_findings(self) -> ObjectFindings {
        ObjectFindings {
            difference: self.check.difference(),
            ..self.findings
        }
    }

    fn examine(&mut self, record: &FileRecord<'_>) {
        let settings = &self.sweep.shared.settings;
        let may_tamper =
            record.form == RecordForm::CloudTrail && self.may_tamper(record.text.as_bytes());
        if !may_tamper && !self.may_be_sighting(record.text) {
            return;
        }
        let event = self.log_event(record);
        if may_tamper {
            let events = std::slice::from_ref(&event);
            let target = &self.origin.target;
            let found = trail_integrity::check_events(events, target, settings.window, false);
            self.findings.tampering.extend(found.tampering);
        }
        if let Some(fields) = record
            .flow_fields
            .filter(|fields| self.formats.0 != *fields)
        {
            self.formats = (fields.to_owned(), FlowLogFormats::from_header(fields));
        }
        let other_formats = FlowLogFormats::default();
        let origin = EventOrigin {
            search_set: &self.sweep.shared.search_set,
            scope: &settings.reach.scope,
            stored: &self.origin.target,
            log_name: &self.origin.location,
            trust: &self.origin.trust,
            time_filter: self.time_filter(record),
            flow_logs: if record.flow_fields.is_some() {
                &self.formats.1
            } else {
                &other_formats
            },
        };
        let mut regions = RegionFilterCache::default();
        let counts = &mut self.findings.counts;
        let sighting = examine_event(&origin, &self.account, event, &mut regions, counts);
        if let Some(sighting) = sighting {
            self.sweep.shared.note_sighting(&sighting);
            self.findings.found.push(sighting);
            self.note_header(record);
        }
    }

    /// Remembers with which fields the line of a sighting was read, because its columns are read again
    /// for the reports. A concatenated object may have several headers.
    fn note_header(&mut self, record: &FileRecord<'_>) {
        let content = record.origin.content_name();
        let fields = record.flow_fields.unwrap_or_default();
        let headers = &mut self.findings.flow_headers;
        let last = headers.last().filter(|last| last.content == content);
        if last.map_or("", |last| last.fields.as_str()) != fields {
            headers.push(FlowHeader {
                content,
                first_record: record.origin.record,
                fields: fields.to_owned(),
            });
        }
    }

    /// Whether a record, or all of an object, may contain a tampering call, if they are searched for.
    fn may_tamper(&self, text: &[u8]) -> bool {
        self.origin.is_of_trail && self.sweep.may_tamper(text)
    }

    /// Whether a record may match: hunts decide later.
    fn may_be_sighting(&self, record: &str) -> bool {
        let search_set = &self.sweep.shared.search_set;
        !search_set.hunts().is_empty() || search_set.indicators(&Document::new(record)).is_some()
    }

    /// Whether records need not be examined any more: nothing of the object is used.
    fn is_stopped(&self) -> bool {
        self.sweep.shared.cancel.is_cancelled()
    }

    /// In a watch, the time of delivery selects objects, and so all of their records.
    fn time_filter(&self, record: &FileRecord<'_>) -> &'s TimeFilter {
        let time_filter = &self.origin.time_filter;
        if matches!(time_filter, TimeFilter::EventTime(_)) && record.time_ms.is_some() {
            time_filter
        } else {
            &self.sweep.any_time
        }
    }

    /// Returns a record as an event. Its log time is that of the delivery, as in a log group; the
    /// name of the object has it in minutes, so that it may seem to be before the event. Flow logs
    /// have no time but that of the record.
    fn log_event(&self, record: &FileRecord<'_>) -> LogEvent {
        let time_ms = record.time_ms.unwrap_or(self.delivered_ms);
        let timestamp_ms = if record.form == RecordForm::CloudTrail {
            time_ms.max(self.delivered_ms)
        } else {
            time_ms
        };
        LogEvent {
            event_id: format!("{}#{}", record.origin.content_name(), record.origin.record),
            log_stream: String::new(),
            timestamp_ms,
            ingestion_ms: self.modified_ms,
            message: record.text.to_owned(),
        }
    }

    /// Counts the records of CloudTrail by hour.
    fn count_hours(&mut self, summary: &ContentSummary<'_>) {
        let settings = &self.sweep.shared.settings;
        if !settings.check_trail_integrity || !self.origin.is_of_trail {
            return;
        }
        for (cell, records) in summary.coverage.cells() {
            let is_trail = matches!(cell.kind, Some(LogKind::Management | LogKind::Data));
            let (Some(account), Some(region), Some(hour)) =
                (cell.account, cell.region.as_ref(), cell.hour)
            else {
                continue;
            };
            let hour_ms = hour.saturating_mul(HOUR_MS);
            if is_trail && settings.window.contains_ms(hour_ms) {
                let target = Target {
                    account,
                    region: region.clone(),
                };
                *self.findings.hours.entry((target, hour_ms)).or_default() += records;
            }
        }
    }
}

impl FileSink for ObjectSink<'_> {
    fn may_match(&mut self, content: &[u8]) -> bool {
        !self.is_stopped()
            && (self.sweep.shared.search_set.may_be_in_content(content) || self.may_tamper(content))
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
        let search_set = &self.sweep.shared.search_set;
        let scan = &self.sweep.content_scan;
        match search_set.candidates_and_marks(content, scan, offsets, marks) {
            Candidates::None => SuspectRecords::None,
            Candidates::At => SuspectRecords::WithOffset,
            Candidates::Everywhere => SuspectRecords::All,
        }
    }

    fn may_match_event(&mut self, event_name: &[u8]) -> bool {
        self.origin.is_of_trail
            && self.sweep.shared.settings.check_trail_integrity
            && self.sweep.tampering_names.contains(event_name)
    }

    fn may_match_record(&mut self, record: &str) -> bool {
        !self.is_stopped() && (self.may_tamper(record.as_bytes()) || self.may_be_sighting(record))
    }

    fn record(&mut self, record: &FileRecord<'_>) {
        if !self.is_stopped() {
            self.examine(record);
        }
    }

    fn wants_sha256(&mut self, entry: Option<&str>) -> bool {
        self.check.wants_sha256(entry)
    }

    fn digest(&mut self, _json: &str, _origin: RecordOrigin<'_>) {}

    fn problem(&mut self, problem: FileProblem) {
        self.check.problem(&problem);
        if problem.reason.may_hide_records() && self.findings.problem.is_none() {
            let FileProblem { reason, detail, .. } = problem;
            let problem = match reason {
                // The advice for a file on disk does not fit.
                FileReason::UnsupportedFormat => reason.to_string(),
                _ => format!("{reason}: {detail}"),
            };
            self.findings.problem = Some(problem);
        }
    }

    fn summary(&mut self, summary: &ContentSummary<'_>) {
        self.check.summary(summary);
        self.findings.records += summary.coverage.records();
        self.findings.bytes = self.findings.bytes.saturating_add(summary.bytes);
        self.count_hours(summary);
    }
}
