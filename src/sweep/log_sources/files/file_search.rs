//! What the threads of a search of files share: what is searched for, the files that are left to
//! read, and what is known about their account-Regions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::digest_pass::DigestPass;
use super::file_queue::FileQueue;
use super::problem_rows::problem_row;
use crate::files::{FileProblem, FileReason, RECORD_MARKS, path_text};
use crate::search::{ContentScan, SearchSet};
use crate::settings::{FileSettings, SweepSettings};
use crate::store::{
    CoverageId, CoverageRow, Entry, FileHour, FileStamp, Journal, JournalClosed, KnownFiles, Place,
    RunFacts,
};
use crate::sweep::delivery_trust::DeliveryTrust;
use crate::sweep::evidence::event_names::EventNames;
use crate::sweep::evidence::trail_integrity::{self, TamperingFinder};
use crate::sweep::tally::Tally;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::time::Clock;
use dragnet_model::{Outcome, Target, TimeWindow};

const HOUR_MS: i64 = 3_600_000;

/// The inputs of a search of files.
#[derive(Debug)]
pub(in crate::sweep) struct FileSearchParts {
    pub settings: SweepSettings,
    pub files: FileSettings,
    pub search_set: SearchSet,
    pub known: KnownFiles,
    pub journal: Journal,
    pub clock: Clock,
    pub tally: Arc<Tally>,
    pub cancel: CancellationToken,
}

/// A search of files, which its threads share.
#[derive(Debug)]
pub(in crate::sweep) struct FileSearch {
    pub(super) settings: SweepSettings,
    pub(super) files: FileSettings,
    pub(super) search_set: SearchSet,
    /// Finds its candidates in log files, and the records.
    pub(super) content_scan: ContentScan,
    tampering: TamperingFinder,
    /// The event names of tampering calls, if they are searched for.
    pub(super) tampering_names: EventNames,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    pub(super) tally: Arc<Tally>,
    pub(super) cancel: CancellationToken,
    /// The time that is searched.
    pub(super) window: TimeWindow,
    pub(super) time_filter: TimeFilter,
    pub(super) trust: DeliveryTrust,
    pub(super) digests: DigestPass,
    /// What earlier parts of the run read, and which of these files have changed since.
    pub(super) read_before: HashMap<String, FileStamp>,
    changed: HashSet<String>,
    pub(super) queue: Mutex<FileQueue>,
    targets: Mutex<BTreeMap<Target, CoverageId>>,
    /// The first and the last hour with records, in milliseconds since the Unix epoch.
    hours: Mutex<Option<(i64, i64)>>,
}

impl FileSearch {
    pub(in crate::sweep) fn new(parts: FileSearchParts) -> Self {
        let FileSearchParts {
            settings,
            files,
            search_set,
            known,
            journal,
            clock,
            tally,
            cancel,
        } = parts;
        let window = if files.all_times {
            TimeWindow::new(Timestamp::MIN, Timestamp::MAX).unwrap_or(settings.window)
        } else {
            settings.window
        };
        Self {
            tampering: TamperingFinder::new(),
            tampering_names: if settings.check_trail_integrity {
                EventNames::new(trail_integrity::event_names())
            } else {
                EventNames::default()
            },
            queue: Mutex::new(FileQueue::new(files.directories.clone())),
            targets: Mutex::new(known.targets),
            hours: Mutex::new(known.hours),
            digests: DigestPass::new(known.modified),
            read_before: known.read,
            changed: known.changed,
            window,
            time_filter: TimeFilter::EventTime(window),
            trust: DeliveryTrust {
                is_in_scope: true,
                trails: Vec::new(),
                records_of: None,
            },
            settings,
            files,
            content_scan: search_set.content_scan(RECORD_MARKS),
            search_set,
            journal,
            clock,
            tally,
            cancel,
        }
    }

    /// Whether a content may contain a tampering call, if they are searched for.
    pub(super) fn may_tamper(&self, content: &[u8]) -> bool {
        self.settings.check_trail_integrity && self.tampering.may_tamper(content)
    }

    /// Returns the coverage row of an account-Region; writes it if it is new.
    pub(super) fn coverage_id(&self, target: &Target) -> Result<CoverageId, JournalClosed> {
        // Written under the lock, so that the row is in the journal before other threads use it.
        let mut targets = self.targets.lock();
        if let Some(id) = targets.get(target) {
            return Ok(*id);
        }
        let id = self.journal.new_coverage_id();
        self.journal
            .write_blocking(Entry::CoverageRow(CoverageRow {
                id,
                account: target.account,
                account_name: String::new(),
                region: Some(target.region.clone()),
                place: Some(Place::all_files()),
                class: None,
                outcome: None,
                out_of_scope: false,
            }))?;
        targets.insert(target.clone(), id);
        Ok(id)
    }

    /// Counts the files for the progress display, while others read them, and reports a directory
    /// without any.
    pub(super) fn count_files(&self) -> Result<(), JournalClosed> {
        for directory in &self.files.directories {
            let mut is_empty = true;
            for found in FileQueue::new(vec![directory.clone()]) {
                if self.cancel.is_cancelled() {
                    return Ok(());
                }
                is_empty = false;
                if found.is_ok() {
                    self.tally.file_known();
                }
            }
            if is_empty {
                let path = path_text(directory);
                let detail = "contains no file; name the directory of the logs".to_owned();
                self.write_problem(&problem(&path, FileReason::Unreadable, detail))?;
            }
        }
        Ok(())
    }

    /// Extends the time of the records.
    pub(super) fn extend_hours(&self, hours: &[FileHour]) {
        let times = hours.iter().filter_map(|hour| hour.hour_ms);
        if let (Some(first), Some(last)) = (times.clone().min(), times.max()) {
            let mut known = self.hours.lock();
            *known =
                Some(known.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        }
    }

    /// Reports a file that is not the one that an earlier part of the run read.
    pub(super) fn check_unchanged(
        &self,
        path: &str,
        read: FileStamp,
        stamp: FileStamp,
    ) -> Result<(), JournalClosed> {
        if read == stamp || self.changed.contains(path) {
            return Ok(());
        }
        let detail = format!(
            "changed since an earlier part of the run read it: it had {} bytes and has {} now; start a new run to search what it contains now",
            read.size, stamp.size
        );
        self.write_problem(&problem(path, FileReason::Changed, detail))
    }

    pub(super) fn write_problem(&self, problem: &FileProblem) -> Result<(), JournalClosed> {
        self.write_row(problem_row(self.journal.new_coverage_id(), problem, false))
    }

    pub(super) fn write_row(&self, row: CoverageRow) -> Result<(), JournalClosed> {
        self.count_gap(&row);
        self.journal.write_blocking(Entry::CoverageRow(row))
    }

    pub(super) fn count_gap(&self, row: &CoverageRow) {
        if row.outcome.as_ref().is_some_and(Outcome::is_gap) {
            self.tally.count_uncovered();
        }
    }

    /// Records that all files were read, and what the digests say. If all of their records were
    /// searched, the window of the run is the time of the records.
    pub(super) async fn finish(&self) -> Result<(), JournalClosed> {
        if self.cancel.is_cancelled() {
            return Ok(());
        }
        let ids: Vec<CoverageId> = {
            let targets = self.targets.lock();
            targets.values().copied().collect()
        };
        for coverage_id in ids {
            let outcome = Outcome::searched();
            self.journal
                .write(Entry::Ended {
                    coverage_id,
                    outcome,
                })
                .await?;
        }
        for problem in self.digests.problems() {
            let row = problem_row(self.journal.new_coverage_id(), &problem, true);
            self.count_gap(&row);
            self.journal.write(Entry::CoverageRow(row)).await?;
        }
        let mut facts = RunFacts::default();
        facts.file_digests.set(&self.digests.summary());
        let hours = *self.hours.lock();
        let window = hours
            .filter(|_| self.files.all_times)
            .and_then(hours_to_window);
        if let Some(window) = window {
            facts.from.set(&window.from());
            facts.to.set(&window.to());
        }
        self.journal.write(Entry::Facts(Box::new(facts))).await
    }
}

pub(super) fn problem(path: &str, reason: FileReason, detail: String) -> FileProblem {
    FileProblem {
        path: path.to_owned(),
        entry: None,
        offset: None,
        reason,
        detail,
    }
}

/// Returns the window from the first to the end of the last hour. `None` if a time is out of the
/// range of timestamps.
fn hours_to_window((first, last): (i64, i64)) -> Option<TimeWindow> {
    let from = Timestamp::from_millisecond(first).ok()?;
    let to = Timestamp::from_millisecond(last.saturating_add(HOUR_MS)).ok()?;
    TimeWindow::new(from, to).ok()
}
