//! The check of everything that the digests say, against the log files that exist.

use std::collections::BTreeMap;

use dragnet_model::Target;
use dragnet_model::format::plural;
use jiff::Timestamp;

use super::chain::{DigestChains, DigestSeal};
use super::digest::{Digest, ListedLogFile};
use super::object_name::LogFileName;
use super::object_table::{ExpectedSha256, Listed, ObjectTable};
use super::problem::{IntegrityKind, IntegrityProblem, ObjectPlace};
use super::summary::DigestSummary;

/// How many missing log files of an account-Region are named one by one, so that memory is bounded.
const MOST_NAMED: usize = 100;

/// Takes digests one by one, in any order, and remembers what they expect.
#[derive(Debug)]
pub struct DigestCheck {
    place: ObjectPlace,
    table: ObjectTable,
    chains: DigestChains,
    invalid: u64,
    present: u64,
    not_copied: u64,
    missing: BTreeMap<Target, MissingLogFiles>,
    conflicts: Vec<IntegrityProblem>,
    /// The digests that prove nothing.
    rejected: Vec<IntegrityProblem>,
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
    /// Creates the check of a copy. The table has the log files that exist.
    pub fn new(table: ObjectTable) -> Self {
        Self::with_place(ObjectPlace::Disk, table)
    }

    /// Creates the check of the bucket to which the log files were delivered. The table has all of the
    /// log files that digests are compared with.
    pub fn for_bucket(table: ObjectTable) -> Self {
        Self::with_place(ObjectPlace::Bucket, table)
    }

    fn with_place(place: ObjectPlace, table: ObjectTable) -> Self {
        Self {
            place,
            table,
            chains: DigestChains::default(),
            invalid: 0,
            present: 0,
            not_copied: 0,
            missing: BTreeMap::new(),
            conflicts: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Adds a digest of a copy with the SHA-256 of its unpacked content.
    pub fn add_digest(&mut self, digest: &Digest, sha256: [u8; 32]) {
        let seal = DigestSeal {
            sha256,
            signature: None,
            is_trusted: true,
        };
        if !self.chains.add(digest, seal) {
            return;
        }
        if digest.unusable.is_some() {
            self.invalid += 1;
        }
        for file in &digest.log_files {
            self.list(file);
        }
    }

    /// Adds a digest with a valid signature. `outside` is the number of log files that it lists besides
    /// those in `digest`, and that are not compared.
    pub fn add_signed_digest(
        &mut self,
        digest: &Digest,
        sha256: [u8; 32],
        signature: &str,
        outside: u64,
    ) {
        let seal = DigestSeal {
            sha256,
            signature: Some(signature),
            is_trusted: true,
        };
        if !self.chains.add(digest, seal) {
            return;
        }
        self.not_copied += outside;
        if let Some((number, first)) = &digest.unusable {
            let detail = format!(
                "{number} entries of its list are not as CloudTrail writes them, the first: {first}; their log files were not compared"
            );
            self.reject(&digest.bucket, &digest.key, detail);
        }
        for file in &digest.log_files {
            self.list(file);
        }
    }

    /// Adds a digest with a wrong signature: its place in the chain is known, and nothing else counts.
    pub fn add_forged_digest(&mut self, digest: &Digest, sha256: [u8; 32], detail: String) {
        let seal = DigestSeal {
            sha256,
            signature: None,
            is_trusted: false,
        };
        self.chains.add(digest, seal);
        self.reject(&digest.bucket, &digest.key, detail);
    }

    /// Adds an object that should be a digest and proves nothing.
    pub fn reject(&mut self, bucket: &str, key: &str, detail: String) {
        self.rejected.push(IntegrityProblem {
            kind: IntegrityKind::InvalidDigest,
            address: format!("s3://{bucket}/{key}"),
            detail,
        });
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
            problems.extend(missing.problems(self.place));
        }
        problems
    }

    fn digest_problems(&self) -> Vec<IntegrityProblem> {
        let mut problems = self.rejected.clone();
        let of_chains = self.chains.problems(self.place);
        // Each digest is named once, with what says the most about it.
        problems.extend(of_chains.into_iter().filter(|problem| {
            let mut rejected = self.rejected.iter();
            !rejected.any(|other| other.address == problem.address)
        }));
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
            signatures_checked: self.place == ObjectPlace::Bucket,
        })
    }
}

impl MissingLogFiles {
    fn problems(&self, place: ObjectPlace) -> impl Iterator<Item = IntegrityProblem> {
        let what = place.describe_missing_log_file();
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
                    detail: format!("{what}{others}"),
                }
            })
    }
}

fn address(file: &ListedLogFile) -> String {
    format!("s3://{}/{}", file.bucket, file.key)
}
