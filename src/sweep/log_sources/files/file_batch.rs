//! Collects what was found in several files, so that the journal stores it in one transaction with
//! few statements: the records of an account-Region share a work unit, and their counts are merged.
//!
//! A file is journaled only as a whole. If the process is killed before its batch is journaled, a
//! resumed run reads it again.

use std::collections::{BTreeMap, btree_map};
use std::mem;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::{
    CountRow, CoverageId, CoverageRow, FileFindings, FileHour, FileRow, FileStamp, FlowHeader,
    Page, ReadFiles, UnitId, UnitRow,
};
use dragnet_model::HourOfRecords;
use insights_ql::Partial;

/// The most files in a batch.
pub(super) const MOST_FILES: usize = 128;

/// The bytes after which a batch is journaled. A few hundred batches may wait for the disk.
const MOST_BYTES: usize = 256 << 10;

/// How long the first file of a batch waits for others, so that an interrupted run loses little.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// About how many bytes of memory a file takes beside its path and its parts.
const FILE_BYTES: usize = 512;

/// About how many bytes of memory a group of a count takes.
const GROUP_BYTES: usize = 300;

/// About how many bytes of memory a tampering call or an hour takes.
const ROW_BYTES: usize = 256;

/// A file that was read to its end.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) path: String,
    /// The version that was read.
    pub(super) stamp: FileStamp,
    /// The number of its records.
    pub(super) records: u64,
    /// The size of its unpacked content, in bytes.
    pub(super) bytes: u64,
    /// What was found, for each account-Region of its records.
    pub(super) parts: Vec<FilePart>,
    /// Its records by hour.
    pub(super) hours: Vec<FileHour>,
    /// The fields of its flow logs, if they are not those of the default format.
    pub(super) headers: Vec<FlowHeader>,
    /// What could not be read: coverage rows with their outcome.
    pub(super) problems: Vec<CoverageRow>,
}

/// The rest of the findings in the records of a file that are of one account-Region.
#[derive(Debug)]
pub(super) struct FilePart {
    /// The work unit. It may have been written before.
    pub(super) unit: UnitRow,
    /// The last page.
    pub(super) page: Page,
}

/// The files that one thread has read and not journaled yet.
#[derive(Debug, Default)]
pub(super) struct FileBatch {
    /// The work unit of each account-Region, for all batches of the thread.
    units: BTreeMap<CoverageId, UnitId>,
    parts: BTreeMap<CoverageId, MergedPart>,
    /// Everything but the parts.
    read: ReadFiles,
    /// About how many bytes of memory the batch takes.
    held: usize,
    /// When the first file was added.
    started: Option<Instant>,
}

/// The parts of several files that are of one account-Region.
#[derive(Debug)]
struct MergedPart {
    /// The findings without the counts.
    findings: FileFindings,
    /// The partial counts by hunt, event account, event Region and kind of record.
    counts: BTreeMap<[String; 4], Partial>,
}

impl FileBatch {
    pub(super) fn add(&mut self, file: ReadFile) {
        self.started.get_or_insert_with(Instant::now);
        self.held += FILE_BYTES + file.path.len() + ROW_BYTES * file.hours.len();
        for part in file.parts {
            self.add_part(part);
        }
        let read = &mut self.read;
        read.files.push(FileRow {
            path: file.path,
            stamp: file.stamp,
            records: file.records,
            bytes: file.bytes,
        });
        read.hours.extend(file.hours);
        read.headers.extend(file.headers);
        read.problems.extend(file.problems);
    }

    fn add_part(&mut self, part: FilePart) {
        let FilePart { unit, page } = part;
        self.held += held_bytes(&page);
        let shared = *self.units.entry(unit.coverage_id).or_insert(unit.id);
        if shared != unit.id {
            self.read.finished.push(unit.clone());
        }
        match self.parts.entry(unit.coverage_id) {
            btree_map::Entry::Occupied(mut known) => known.get_mut().add(&unit, page),
            btree_map::Entry::Vacant(new) => {
                let unit = UnitRow { id: shared, ..unit };
                new.insert(MergedPart::new(unit, page));
            }
        }
    }

    /// Whether the batch is to be journaled before another file is read.
    pub(super) fn is_full(&self) -> bool {
        let is_late = |started: Instant| started.elapsed() >= LONGEST_WAIT;
        self.read.files.len() >= MOST_FILES
            || self.held >= MOST_BYTES
            || self.started.is_some_and(is_late)
    }

    /// Returns what the journal stores, and leaves an empty batch. `None` if no file was added.
    pub(super) fn take(&mut self) -> Option<ReadFiles> {
        self.held = 0;
        self.started = None;
        let mut read = mem::take(&mut self.read);
        if read.files.is_empty() {
            return None;
        }
        read.findings = mem::take(&mut self.parts)
            .into_values()
            .map(MergedPart::into_findings)
            .collect();
        merge_hours(&mut read.hours);
        Some(read)
    }
}

impl MergedPart {
    fn new(unit: UnitRow, mut page: Page) -> Self {
        page.unit = unit.id;
        let rows = mem::take(&mut page.counts);
        let findings = FileFindings {
            unit,
            page,
            pages: 1,
        };
        let mut part = Self {
            findings,
            counts: BTreeMap::new(),
        };
        part.add_counts(rows);
        part
    }

    /// Adds the part of another file, with its own work unit.
    fn add(&mut self, unit: &UnitRow, page: Page) {
        let all = &mut self.findings;
        all.pages += 1;
        all.unit.from_ms = all.unit.from_ms.min(unit.from_ms);
        all.unit.to_ms = all.unit.to_ms.max(unit.to_ms);
        all.page.found.append(page.found);
        all.page.read_at_ms = page.read_at_ms;
        all.page.events += page.events;
        all.page.bytes = all.page.bytes.saturating_add(page.bytes);
        let integrity = &mut all.page.integrity_findings;
        integrity
            .tampering
            .extend(page.integrity_findings.tampering);
        integrity.hours.extend(page.integrity_findings.hours);
        self.add_counts(page.counts);
    }

    fn add_counts(&mut self, rows: Vec<CountRow>) {
        for row in rows {
            let key = [row.hunt, row.event_account, row.event_region, row.kind];
            self.counts.entry(key).or_default().merge(row.partial);
        }
    }

    fn into_findings(self) -> FileFindings {
        let mut findings = self.findings;
        merge_record_hours(&mut findings.page.integrity_findings.hours);
        let rows = self.counts.into_iter().map(|(key, partial)| {
            let [hunt, event_account, event_region, kind] = key;
            CountRow {
                hunt,
                event_account,
                event_region,
                kind,
                partial,
            }
        });
        findings.page.counts = rows.collect();
        findings
    }
}

fn held_bytes(page: &Page) -> usize {
    let groups: usize = page.counts.iter().map(|row| 1 + row.partial.len()).sum();
    let integrity = &page.integrity_findings;
    let rows = integrity.tampering.len() + integrity.hours.len();
    page.found.held_bytes() + GROUP_BYTES * groups + ROW_BYTES * rows
}

/// Adds up the records with the same account-Region, kind and hour.
fn merge_hours(hours: &mut Vec<FileHour>) {
    hours.sort_unstable_by(|one, other| {
        let order = one.target.cmp(&other.target);
        order.then_with(|| (one.kind, one.hour_ms).cmp(&(other.kind, other.hour_ms)))
    });
    hours.dedup_by(|next, kept| {
        let is_same =
            next.target == kept.target && next.kind == kept.kind && next.hour_ms == kept.hour_ms;
        if is_same {
            kept.records += next.records;
        }
        is_same
    });
}

/// Adds up the records with the same account-Region and hour.
fn merge_record_hours(hours: &mut Vec<HourOfRecords>) {
    hours.sort_unstable();
    hours.dedup_by(|next, kept| {
        let is_same = next.target == kept.target && next.hour_ms == kept.hour_ms;
        if is_same {
            kept.records += next.records;
        }
        is_same
    });
}

#[cfg(test)]
mod tests;
