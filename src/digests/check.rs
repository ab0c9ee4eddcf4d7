//! The check of everything that the digests say, against the log files that exist.

use std::collections::BTreeMap;

use dragnet_model::Target;
use dragnet_model::format::plural;
use jiff::Timestamp;

use super::chain::DigestChains;
use super::digest::{Digest, ListedLogFile};
use super::object_name::LogFileName;
use super::object_table::{ExpectedSha256, Listed, ObjectTable};
use super::problem::{IntegrityKind, IntegrityProblem};
use super::summary::DigestSummary;

/// How many missing log files of an account-Region are named one by one, so that memory is bounded.
const MOST_NAMED: usize = 100;

/// Takes digests one by one, in any order, and remembers what they expect.
#[derive(Debug)]
pub struct DigestCheck {
    table: ObjectTable,
    chains: DigestChains,
    invalid: u64,
    present: u64,
    not_copied: u64,
    missing: BTreeMap<Target, MissingLogFiles>,
    conflicts: Vec<IntegrityProblem>,
}

/// The log files of an account-Region that digests list and that do not exist.
#[derive(Debug, Default)]
struct MissingLogFiles {
    number: u64,
    /// The addresses of the first of them.
    addresses: Vec<String>,
}

/// What the caller found out about the log files that digests list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogFileCounts {
    /// Those whose content has another hash.
    pub modified: u64,
    /// Those that could not be read.
    pub unchecked: u64,
}

impl DigestCheck {
    /// Creates the check. The table has the log files that exist.
    pub fn new(table: ObjectTable) -> Self {
        Self {
            table,
            chains: DigestChains::default(),
            invalid: 0,
            present: 0,
            not_copied: 0,
            missing: BTreeMap::new(),
            conflicts: Vec::new(),
        }
    }

    /// Adds a digest with the SHA-256 of its unpacked content.
    pub fn add_digest(&mut self, digest: &Digest, sha256: [u8; 32]) {
        if !self.chains.add(digest, sha256) {
            return;
        }
        if digest.unusable.is_some() {
            self.invalid += 1;
        }
        for file in &digest.log_files {
            self.list(file);
        }
    }

    /// Counts a digest that could not be read.
    pub fn count_invalid(&mut self) {
        self.invalid += 1;
    }

    fn list(&mut self, file: &ListedLogFile) {
        match self.table.list(file.name(), file.sha256) {
            Listed::Present => self.present += 1,
            Listed::Again => {}
            Listed::NotCopied => self.not_copied += 1,
            Listed::Missing => self.add_missing(file),
            Listed::Conflict if self.conflicts.len() < MOST_NAMED => {
                self.conflicts.push(IntegrityProblem {
                    kind: IntegrityKind::ModifiedDigest,
                    address: address(file),
                    detail:
                        "several digests list it with different hashes; only one can be genuine"
                            .to_owned(),
                });
            }
            Listed::Conflict => self.invalid += 1,
        }
    }

    fn add_missing(&mut self, file: &ListedLogFile) {
        let Some(name) = LogFileName::parse(file.name()) else {
            return;
        };
        let missing = self.missing.entry(name.target).or_default();
        missing.number += 1;
        if missing.addresses.len() < MOST_NAMED {
            missing.addresses.push(address(file));
        }
    }

    /// Returns the hash that a digest lists for a log file, by its name without folders.
    pub fn expected(&self, file_name: &str) -> Option<ExpectedSha256> {
        self.table.expected(file_name)
    }

    /// Returns what is missing, and what is wrong with the digests.
    pub fn problems(&self) -> Vec<IntegrityProblem> {
        let mut problems = self.digest_problems();
        for missing in self.missing.values() {
            problems.extend(missing.problems());
        }
        problems
    }

    fn digest_problems(&self) -> Vec<IntegrityProblem> {
        let mut problems = self.chains.problems();
        problems.extend(self.conflicts.iter().cloned());
        problems
    }

    /// Returns the result in numbers; `None` if no digest could be read.
    pub fn summary(&self, counts: LogFileCounts) -> Option<DigestSummary> {
        let covered = self.chains.covered();
        let from = covered.values().map(|time| time.start_s).min()?;
        let to = covered.values().map(|time| time.end_s).max()?;
        let missing: u64 = self.missing.values().map(|missing| missing.number).sum();
        let mut unlisted = 0;
        let mut without_digest = 0;
        for (target, delivered_s) in self.table.unlisted() {
            let has_digests = covered
                .get(target)
                .is_some_and(|time| (time.start_s..time.end_s).contains(&delivered_s));
            if has_digests {
                unlisted += 1;
            } else {
                without_digest += 1;
            }
        }
        Some(DigestSummary {
            digests: self.chains.digests(),
            digest_problems: self.invalid + self.digest_problems().len() as u64,
            account_regions: covered.len() as u64,
            from: Timestamp::from_second(from).ok()?,
            to: Timestamp::from_second(to).ok()?,
            log_files: self.present + missing,
            missing,
            modified: counts.modified,
            unchecked: counts.unchecked,
            not_copied: self.not_copied,
            unlisted,
            without_digest,
            signatures_checked: false,
        })
    }
}

impl MissingLogFiles {
    fn problems(&self) -> impl Iterator<Item = IntegrityProblem> {
        let more = self.number.saturating_sub(self.addresses.len() as u64);
        let last = self.addresses.len().saturating_sub(1);
        self.addresses
            .iter()
            .enumerate()
            .map(move |(position, address)| {
                let others = if more > 0 && position == last {
                    format!(
                        "; missing and not named: {} of this account-Region",
                        plural(more, "other log file")
                    )
                } else {
                    String::new()
                };
                IntegrityProblem {
                    kind: IntegrityKind::MissingLogFile,
                    address: address.clone(),
                    detail: format!(
                        "a digest lists it, and it is not on disk, although others of this time are; copy it again{others}"
                    ),
                }
            })
    }
}

fn address(file: &ListedLogFile) -> String {
    format!("s3://{}/{}", file.bucket, file.key)
}
