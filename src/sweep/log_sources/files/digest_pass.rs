//! The pass over CloudTrail's digests on disk, before the files are searched.
//!
//! ```text
//! names of all files ── digests ── DigestCheck ── the search compares each log file
//! ```
//! Only if a directory has digests, log files are hashed while they are searched. A name is enough to
//! know that a log file exists, so nothing is read twice but the digests. Files in archives are not
//! compared.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::content_check::{ContentCheck, ContentFinding};
use super::file_queue::FileQueue;
use crate::digests::{
    DigestCheck, DigestName, DigestSummary, ExpectedSha256, IntegrityKind, IntegrityProblem,
    LogFileCounts, ObjectTableBuilder,
};
use crate::files::{FileProblem, FileReader, FileReason, PathHint, path_text};
use crate::sweep::log_sources::digest_sink::DigestSink;

/// The service in the paths of digests.
///
/// Source: CloudTrail user guide, "CloudTrail digest file structure", digest file location.
const DIGESTS: &str = "CloudTrail-Digest";

/// What the digests on disk say, and how many log files disagree.
#[derive(Debug)]
pub(super) struct DigestPass {
    /// Empty before the pass, and if there is no digest.
    check: OnceLock<DigestCheck>,
    modified: AtomicU64,
    unchecked: AtomicU64,
}

impl DigestPass {
    /// `modified_before` is the number of changed log files that earlier parts of the run read.
    pub(super) fn new(modified_before: u64) -> Self {
        Self {
            check: OnceLock::new(),
            modified: AtomicU64::new(modified_before),
            unchecked: AtomicU64::new(0),
        }
    }

    /// Reads the digests in directories, if there are any.
    pub(super) fn load(&self, directories: &[PathBuf], cancel: &CancellationToken) {
        if let Some(check) = read_digests(directories, cancel) {
            _ = self.check.set(check);
        }
    }

    /// Returns the check of a file that is about to be read.
    pub(super) fn content_check<'p>(&self, path: &'p str) -> ContentCheck<'p> {
        let has_digest_path = self.check.get().is_some() && has_digest_path(path);
        ContentCheck::new(path, self.expected(path), has_digest_path)
    }

    fn expected(&self, path: &str) -> Option<ExpectedSha256> {
        self.check.get()?.expected(file_name(path))
    }

    /// Counts a file that could not be opened.
    pub(super) fn count_not_opened(&self, path: &str) {
        if self.expected(path).is_some() {
            self.unchecked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts what was found about a file, and returns it as a problem.
    pub(super) fn count(&self, finding: ContentFinding, path: &str) -> Option<FileProblem> {
        let detail = match finding {
            ContentFinding::Nothing => return None,
            ContentFinding::Unchecked => {
                self.unchecked.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            ContentFinding::InvalidDigest(detail) => {
                return Some(problem(path, FileReason::DigestInvalid, detail));
            }
            ContentFinding::Modified(detail) => detail,
        };
        self.modified.fetch_add(1, Ordering::Relaxed);
        Some(problem(path, FileReason::Modified, detail))
    }

    /// Returns what is missing, and what is wrong with the digests.
    pub(super) fn problems(&self) -> Vec<FileProblem> {
        let problems = self.check.get().map(DigestCheck::problems);
        problems
            .into_iter()
            .flatten()
            .map(|found| {
                let IntegrityProblem {
                    kind,
                    address,
                    detail,
                } = found;
                problem(&address, file_reason(kind), detail)
            })
            .collect()
    }

    /// Returns the result in numbers; `None` without digests.
    pub(super) fn summary(&self) -> Option<DigestSummary> {
        self.check.get()?.summary(LogFileCounts {
            modified: self.modified.load(Ordering::Relaxed),
            unchecked: self.unchecked.load(Ordering::Relaxed),
        })
    }
}

fn file_reason(kind: IntegrityKind) -> FileReason {
    match kind {
        IntegrityKind::MissingLogFile => FileReason::Missing,
        IntegrityKind::MissingDigest => FileReason::DigestMissing,
        IntegrityKind::ModifiedDigest => FileReason::DigestModified,
        IntegrityKind::InvalidDigest => FileReason::DigestInvalid,
        IntegrityKind::DigestGap => FileReason::DigestGap,
    }
}

fn problem(path: &str, reason: FileReason, detail: String) -> FileProblem {
    FileProblem {
        path: path.to_owned(),
        entry: None,
        offset: None,
        reason,
        detail,
    }
}

/// Reads all digests. `None` if there are none, or if the search was cancelled.
fn read_digests(directories: &[PathBuf], cancel: &CancellationToken) -> Option<DigestCheck> {
    let mut names = ObjectTableBuilder::default();
    let mut has_digests = false;
    for file in FileQueue::new(directories.to_vec()).flatten() {
        if cancel.is_cancelled() {
            return None;
        }
        let path = path_text(&file.path);
        has_digests |= has_digest_path(&path);
        names.add(file_name(&path));
    }
    if !has_digests {
        return None;
    }
    let mut check = DigestCheck::new(names.build());
    let mut reader = FileReader::default();
    for file in FileQueue::new(directories.to_vec()).flatten() {
        if cancel.is_cancelled() {
            return None;
        }
        let path = path_text(&file.path);
        if !has_digest_path(&path) {
            continue;
        }
        // The search reads the file again, and reports what is wrong with it.
        let mut sink = DigestSink::default();
        reader.read_file(&file, &mut sink);
        let name = file_name(&path);
        if let ([digest], Some(sha256)) = (sink.digests.as_slice(), sink.sha256) {
            check.add_digest(digest, sha256);
            if !digest.fits_name(name) {
                check.count_invalid();
            }
        } else if !sink.is_archive && DigestName::parse(name).is_some() {
            check.count_invalid();
        }
    }
    Some(check)
}

/// Whether the search takes digests at this path for digests.
fn has_digest_path(path: &str) -> bool {
    PathHint::parse(path).service == DIGESTS
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
