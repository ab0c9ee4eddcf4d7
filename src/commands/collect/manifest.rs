//! `manifest.json` and `SHA256SUMS` of a collection: what was collected, and what was not.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::file_error::file_error;
use crate::commands::CommandError;
use crate::commands::new_run::VERSION;
use crate::commands::run_output::RunOutput;
use crate::files::CollectionFile;
use crate::report::{RunStatus, write_json};
use crate::sweep::Sources;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{
    AccountId, Coverage, DeniedBy, Region, Source, SourceKind, SourceStatus, Status, StorageKind,
    Target,
};

/// The version of the form of the files.
const FORMAT_VERSION: u32 = 1;

/// The manifest of a collection. Its first member marks the directory for `sweep --files`.
#[derive(Clone, Debug, Serialize)]
pub struct CollectionManifest {
    format: &'static str,
    format_version: u32,
    tool_version: &'static str,
    run_id: String,
    command: Vec<String>,
    /// Whether everything in scope was collected.
    pub status: RunStatus,
    window: CollectedWindow,
    accounts: Vec<CollectedAccount>,
    caller_arn: String,
    /// The number of all records.
    pub records: u64,
    /// The size of all files.
    pub bytes: u64,
    /// What was not collected, or not completely.
    pub gaps: Vec<CollectionGap>,
    /// Log sources whose records were not collected.
    pub missing_sources: Vec<MissingSource>,
    /// The selectors of the scope that matched nothing.
    pub unmatched_selectors: Vec<String>,
    /// The files with the records.
    pub files: Vec<CollectedFile>,
}

#[derive(Clone, Debug, Serialize)]
struct CollectedWindow {
    from: String,
    to: String,
    /// The time up to which the records had been delivered.
    complete_until: String,
}

#[derive(Clone, Debug, Serialize)]
struct CollectedAccount {
    account_id: String,
    account_name: String,
}

/// A file with records of one log and day.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedFile {
    /// The path below the directory of the collection.
    pub path: String,
    /// The SHA-256 of the file, in hex.
    pub sha256: String,
    /// The size of the file.
    pub bytes: u64,
    /// The number of records.
    pub records: u64,
    /// The account that stores the records.
    pub account_id: AccountId,
    /// The Region that stores the records.
    pub region: Region,
    /// The kind of place.
    pub source: StorageKind,
    /// The log group; empty for the event history and for objects in S3.
    pub log_group: String,
    /// The bucket and the prefix of the keys of objects in S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_prefix: Option<String>,
}

/// An account, account-Region or log that was not collected, or not completely.
#[derive(Clone, Debug, Serialize)]
pub struct CollectionGap {
    account_id: AccountId,
    account_name: String,
    region: Option<Region>,
    source: Option<StorageKind>,
    log_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket_prefix: Option<String>,
    status: Status,
    reason: String,
    denied_by: Option<DeniedBy>,
}

/// A trail or flow log whose records were not collected, or an account-Region without one.
#[derive(Clone, Debug, Serialize)]
pub struct MissingSource {
    event_account_id: AccountId,
    event_region: Region,
    kind: &'static str,
    via: String,
    status: &'static str,
    reason: String,
    #[serde(skip)]
    explanation: &'static str,
}

impl CollectionManifest {
    /// Creates the manifest of a collection without its gaps.
    pub(super) fn new(
        outputs: &RunOutput,
        command: Vec<String>,
        files: Vec<CollectedFile>,
    ) -> Self {
        let run = &outputs.files;
        let summary = &run.summary;
        let window = &summary.window;
        let accounts = run.names.iter().map(|(id, name)| CollectedAccount {
            account_id: id.clone(),
            account_name: name.clone(),
        });
        Self {
            format: "dragnet-collection",
            format_version: FORMAT_VERSION,
            tool_version: VERSION,
            run_id: summary.run_id.clone(),
            command,
            status: summary.status,
            window: CollectedWindow {
                from: rfc3339_ms(window.from),
                to: rfc3339_ms(window.to),
                complete_until: rfc3339_ms(window.complete_until),
            },
            accounts: accounts.collect(),
            caller_arn: summary.caller_arn.clone(),
            records: files.iter().map(|file| file.records).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            gaps: Vec::new(),
            missing_sources: Vec::new(),
            unmatched_selectors: summary.unmatched_selectors.clone(),
            files,
        }
    }

    /// Adds a row of the coverage if it is a gap, accepted or not.
    pub(super) fn add_coverage(&mut self, row: &Coverage) {
        let outcome = &row.outcome;
        if outcome.is_gap() || outcome.status == Status::Accepted {
            self.gaps.push(CollectionGap {
                account_id: row.account,
                account_name: row.account_name.clone(),
                region: row.region.clone(),
                source: row.source,
                log_group: row.log_group.clone(),
                bucket_prefix: row.bucket_prefix.clone(),
                status: outcome.status,
                reason: outcome.reason_text(),
                denied_by: outcome.denied_by,
            });
        }
    }

    /// Adds the log sources whose records were not collected. An account-Region without a flow log
    /// is no gap, nor is a trail whose records another one delivers too.
    pub(super) fn add_sources(&mut self, sources: &Sources) {
        let uncovered: BTreeSet<&Target> = sources
            .cloudtrail
            .iter()
            .filter(|(_, status)| !status.is_covered())
            .map(|(target, _)| target)
            .collect();
        let is_missing = |row: &&Source| match row.kind {
            SourceKind::CloudTrail => !row.status.is_covered() && uncovered.contains(&row.target),
            SourceKind::VpcFlow => !row.status.is_covered() && row.status != SourceStatus::NoSource,
        };
        let missing = sources
            .rows
            .iter()
            .filter(is_missing)
            .map(|row| MissingSource {
                event_account_id: row.target.account,
                event_region: row.target.region.clone(),
                kind: row.kind.as_str(),
                via: row.via.clone(),
                status: row.status.as_str(),
                reason: row.reason.clone(),
                explanation: row.status.explanation(),
            });
        self.missing_sources.extend(missing);
    }
}

impl fmt::Display for CollectionGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.account_id)?;
        if let Some(region) = &self.region {
            write!(f, " {region}")?;
        }
        if let Some(source) = self.source {
            let location = self.log_group.as_deref().or(self.bucket_prefix.as_deref());
            write!(f, " {}", source.place_name(location.unwrap_or_default()))?;
        }
        write!(f, ": {}", self.status)?;
        if self.reason.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", self.reason)
        }
    }
}

impl fmt::Display for MissingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            event_account_id,
            event_region,
            kind,
            via,
            explanation,
            ..
        } = self;
        write!(f, "{event_account_id} {event_region} {kind}")?;
        if !via.is_empty() {
            write!(f, " {via}")?;
        }
        write!(f, ": {explanation}")
    }
}

/// Writes the manifest, and the checksums of it and of all files, in the form of `sha256sum`.
pub(super) fn write_manifest(
    directory: &Path,
    manifest: &CollectionManifest,
) -> Result<(), CommandError> {
    let mut content = Vec::new();
    write_json(manifest, &mut content)?;
    let mut sums = String::new();
    for file in &manifest.files {
        sums.push_str(&checksum_line(&file.sha256, &file.path));
    }
    let sha256 = sha256_of(&content);
    sums.push_str(&checksum_line(&sha256, CollectionFile::Manifest.as_str()));
    // The manifest comes last: a directory with one is complete.
    write_file(directory, CollectionFile::Checksums, sums.as_bytes())?;
    write_file(directory, CollectionFile::Manifest, &content)
}

/// Returns a line of `SHA256SUMS`. No path of a collection has a character that needs an escape.
fn checksum_line(sha256: &str, path: &str) -> String {
    format!("{sha256}  {path}\n")
}

fn sha256_of(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// Writes a file atomically, mode 0600: it appears when all of it is on disk.
fn write_file(directory: &Path, file: CollectionFile, content: &[u8]) -> Result<(), CommandError> {
    let path = directory.join(file.as_str());
    replace_file(directory, &path, content).map_err(file_error("write", &path))
}

fn replace_file(directory: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    // tempfile creates files with mode 0600.
    let mut unfinished = NamedTempFile::new_in(directory)?;
    unfinished.write_all(content)?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::COLLECTION_MARK;

    fn manifest() -> CollectionManifest {
        CollectionManifest {
            format: "dragnet-collection",
            format_version: FORMAT_VERSION,
            tool_version: VERSION,
            run_id: "20260302T120000Z-3f9a".to_owned(),
            command: vec!["dragnet".to_owned(), "collect".to_owned()],
            status: RunStatus::Complete,
            window: CollectedWindow {
                from: String::new(),
                to: String::new(),
                complete_until: String::new(),
            },
            accounts: Vec::new(),
            caller_arn: String::new(),
            records: 0,
            bytes: 0,
            gaps: Vec::new(),
            missing_sources: Vec::new(),
            unmatched_selectors: Vec::new(),
            files: Vec::new(),
        }
    }

    #[test]
    fn manifest_starts_with_the_mark_of_a_collection() {
        let temp = tempfile::tempdir().unwrap();
        write_manifest(temp.path(), &manifest()).unwrap();
        let text = std::fs::read_to_string(temp.path().join("manifest.json")).unwrap();
        assert!(text.starts_with(COLLECTION_MARK), "{text}");
        let sums = std::fs::read_to_string(temp.path().join("SHA256SUMS")).unwrap();
        let expected = format!("{}  manifest.json\n", sha256_of(text.as_bytes()));
        assert_eq!(sums, expected);
    }

    #[test]
    fn gaps_name_what_is_missing_and_why() {
        let gap = CollectionGap {
            account_id: "111111111111".parse().unwrap(),
            account_name: "prod".to_owned(),
            region: Some("us-east-1".parse().unwrap()),
            source: Some(StorageKind::Logs),
            log_group: Some("/app".to_owned()),
            bucket_prefix: None,
            status: Status::Denied,
            reason: "access-denied".to_owned(),
            denied_by: None,
        };
        let shown = gap.to_string();
        assert_eq!(shown, "111111111111 us-east-1 /app: denied (access-denied)");
        let folder = CollectionGap {
            source: Some(StorageKind::S3),
            log_group: None,
            bucket_prefix: Some("b/AWSLogs/".to_owned()),
            ..gap
        };
        let shown = folder.to_string();
        assert_eq!(
            shown,
            "111111111111 us-east-1 b/AWSLogs/: denied (access-denied)"
        );
    }
}
