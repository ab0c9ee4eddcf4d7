//! Writes the files of a collection from its run: one for each log and day.
//!
//! They are written into a directory of their own and renamed at the end, so that what has the name
//! of the records is complete. The run keeps its records, so an interrupted export starts again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::file_error::file_error;
use super::flow_log_place::{FlowLogPlace, FormatsByPlace, flow_log_formats};
use super::manifest::{CollectedFile, CollectionManifest, write_manifest};
use super::record_file::RecordFile;
use crate::commands::CommandError;
use crate::commands::coverage_judge::load_coverage_judge;
use crate::commands::run_output::RunOutput;
use crate::files::{CollectedFrom, CollectionFile};
use crate::store::{RunDir, RunLock, RunReader, StoredRow};
use crate::sweep::collected_records;
use dragnet_model::{StorageKind, Target};

/// The directory of the records.
const RECORDS: &str = "logs";
/// Its name while it is written.
const UNFINISHED: &str = ".unfinished-logs";
/// The size of messages after which a file is followed by another one of the same day, so that a
/// search can read them in parallel.
const LARGEST_FILE: u64 = 1 << 30;
/// How many characters of a log group's name are in the name of its directory.
const READABLE_CHARACTERS: usize = 60;
/// How many hexadecimal digits of the name's hash: enough that no two names can be found that share
/// them.
const HASH_DIGITS: usize = 40;

/// Writes the records of a run, the manifest and the checksums. What an earlier export wrote is
/// replaced.
pub(super) fn export(
    directory: &Path,
    outputs: &RunOutput,
    command: Vec<String>,
) -> Result<CollectionManifest, CommandError> {
    let dir = RunDir::open(&outputs.directory)?;
    let _lock = RunLock::acquire(&dir)?;
    let reader = RunReader::open_without_indexes(&dir)?;
    reader.verify()?;
    let unfinished = directory.join(UNFINISHED);
    remove_directory(&unfinished)?;
    let mut export = Export {
        root: unfinished.clone(),
        flow_log_formats: flow_log_formats(&reader.log_sources()?),
        largest_file: LARGEST_FILE,
        open: None,
        files: Vec::new(),
    };
    collected_records(&reader, |row| export.add(row))?;
    export.close()?;
    let judge = load_coverage_judge(&reader.facts()?, &reader)?;
    let mut manifest = CollectionManifest::new(outputs, command, export.files);
    judge.judged_coverage(&reader, |rows| {
        for row in rows {
            manifest.add_coverage(&row?);
        }
        Ok::<_, CommandError>(())
    })?;
    manifest.add_sources(&judge.sources);
    // From here on, no manifest says anything about files that are not there yet.
    for name in [CollectionFile::Manifest, CollectionFile::Checksums] {
        remove_file(&directory.join(name.as_str()))?;
    }
    let records = directory.join(RECORDS);
    remove_directory(&records)?;
    if !manifest.files.is_empty() {
        fs::rename(&unfinished, &records).map_err(file_error("write", &records))?;
    }
    write_manifest(directory, &manifest)?;
    Ok(manifest)
}

fn remove_directory(path: &Path) -> Result<(), CommandError> {
    ignore_missing(fs::remove_dir_all(path)).map_err(file_error("remove", path))
}

fn remove_file(path: &Path) -> Result<(), CommandError> {
    ignore_missing(fs::remove_file(path)).map_err(file_error("remove", path))
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The files of an export. One of them is open at a time, because the records are ordered by where
/// they are stored and by time.
struct Export {
    root: PathBuf,
    flow_log_formats: FormatsByPlace,
    largest_file: u64,
    open: Option<OpenFile>,
    files: Vec<CollectedFile>,
}

struct OpenFile {
    /// The path below the directory of the collection, with slashes.
    name: String,
    path: PathBuf,
    from: CollectedFrom,
    day: String,
    /// The number of the file among those of the day, from 1.
    part: u32,
    file: RecordFile,
}

impl Export {
    fn add(&mut self, row: &StoredRow) -> Result<(), CommandError> {
        let day = day_of(row.found.timestamp_ms);
        let open = self.open.as_ref();
        let open = open.filter(|open| open.day == day && is_from(row, &open.from));
        let next_part = match open {
            Some(open) if open.file.message_bytes() < self.largest_file => None,
            Some(open) => Some(open.part + 1),
            None => Some(1),
        };
        if let Some(part) = next_part {
            self.close()?;
            self.open = Some(self.create(row, day, part)?);
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.file
            .add(&row.found)
            .map_err(file_error("write", &open.path))
    }

    fn create(&self, row: &StoredRow, day: String, part: u32) -> Result<OpenFile, CommandError> {
        let place = FlowLogPlace {
            target: Target {
                account: row.account,
                region: row.region.clone(),
            },
            log_group: row.log_group.clone(),
            bucket_prefix: row.bucket_prefix.clone(),
        };
        let from = CollectedFrom {
            account: row.account,
            region: row.region.clone(),
            source: row.source,
            log_group: row.log_group.clone(),
            bucket_prefix: row.bucket_prefix.clone(),
            flow_log_formats: self
                .flow_log_formats
                .get(&place)
                .cloned()
                .unwrap_or_default(),
        };
        let below_root = path_below_root(&from, &file_name(&day, part));
        let path = self.root.join(&below_root);
        let file = RecordFile::create(&path, &from).map_err(file_error("create", &path))?;
        Ok(OpenFile {
            name: format!("{RECORDS}/{below_root}"),
            path,
            from,
            day,
            part,
            file,
        })
    }

    /// Ends the file that is open.
    fn close(&mut self) -> Result<(), CommandError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let written = open
            .file
            .finish()
            .map_err(file_error("write", &open.path))?;
        self.files.push(CollectedFile {
            path: open.name,
            sha256: written.sha256,
            bytes: written.bytes,
            records: written.records,
            account_id: open.from.account,
            region: open.from.region,
            source: open.from.source,
            log_group: open.from.log_group,
            bucket_prefix: open.from.bucket_prefix,
        });
        Ok(())
    }
}

fn is_from(row: &StoredRow, from: &CollectedFrom) -> bool {
    row.log_group == from.log_group
        && row.bucket_prefix == from.bucket_prefix
        && row.source == from.source
        && row.region == from.region
        && row.account == from.account
}

/// Returns the day of a log time, as the name of a file.
fn day_of(timestamp_ms: i64) -> String {
    match Timestamp::from_millisecond(timestamp_ms) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        // An event may claim any time.
        Err(_) if timestamp_ms < 0 => "before".to_owned(),
        Err(_) => "after".to_owned(),
    }
}

fn file_name(day: &str, part: u32) -> String {
    match part {
        1 => format!("{day}.json.gz"),
        part => format!("{day}.{part}.json.gz"),
    }
}

/// Returns the path of a file: `111111111111/us-east-1/logs/GROUP/2026-03-01.json.gz`.
fn path_below_root(from: &CollectedFrom, file: &str) -> String {
    let CollectedFrom {
        account,
        region,
        source,
        log_group,
        bucket_prefix,
        ..
    } = from;
    match source {
        StorageKind::History => format!("{account}/{region}/{source}/{file}"),
        StorageKind::Logs | StorageKind::S3 | StorageKind::File => {
            let log = directory_name(bucket_prefix.as_deref().unwrap_or(log_group));
            format!("{account}/{region}/{source}/{log}/{file}")
        }
    }
}

/// Returns the name of the directory of a log group or a folder of a bucket: what of its name is plain,
/// and a hash of the whole name. So no name leads anywhere else or is too long, and two names never share a directory,
/// not even where names that differ in case do.
fn directory_name(log: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let readable: String = log
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(READABLE_CHARACTERS)
        .collect();
    let hash = hex::encode(Sha256::digest(log));
    let hash = hash.get(..HASH_DIGITS).unwrap_or(&hash);
    format!("{readable}-{hash}")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::store::SightingRecord;

    #[test]
    fn names_of_directories_are_safe_and_never_shared() {
        let long = "x".repeat(512);
        let longer = format!("{long}y");
        let names = [
            "/app",
            "app",
            "App",
            "..",
            "../../etc/passwd",
            "/",
            "",
            "a\nb",
            "a b",
            "-rf",
            ".hidden",
            "é",
            "AWSLogs/111111111111/CloudTrail",
            &long,
            &longer,
        ];
        let directories: BTreeSet<String> = names
            .iter()
            .map(|name| directory_name(name).to_lowercase())
            .collect();
        assert_eq!(directories.len(), names.len(), "{directories:?}");
        for directory in &directories {
            assert!(directory.len() <= READABLE_CHARACTERS + HASH_DIGITS + 1);
            assert!(!directory.starts_with('.'), "{directory}");
            assert!(
                directory
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
                "{directory}"
            );
        }
    }

    fn row(timestamp_ms: i64) -> StoredRow {
        StoredRow {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            source: StorageKind::Logs,
            log_group: "/app".to_owned(),
            bucket_prefix: None,
            out_of_scope: false,
            found: SightingRecord {
                time_ms: timestamp_ms,
                event_account: "111111111111".to_owned(),
                event_region: "us-east-1".to_owned(),
                record_id: String::new(),
                event_id: timestamp_ms.to_string(),
                log_stream: "s".to_owned(),
                timestamp_ms,
                ingestion_ms: timestamp_ms,
                indicators: Vec::new(),
                hunts: Vec::new(),
                matched_fields: Vec::new(),
                is_trusted: false,
                message: "a message".to_owned(),
            },
        }
    }

    #[test]
    fn folders_of_buckets_have_directories_of_their_own() {
        let temp = tempfile::tempdir().unwrap();
        let mut export = Export {
            root: temp.path().to_owned(),
            flow_log_formats: BTreeMap::new(),
            largest_file: LARGEST_FILE,
            open: None,
            files: Vec::new(),
        };
        for prefix in ["b/AWSLogs/1/", "b/AWSLogs/2/"] {
            let row = StoredRow {
                source: StorageKind::S3,
                log_group: String::new(),
                bucket_prefix: Some(prefix.to_owned()),
                ..row(0)
            };
            export.add(&row).unwrap();
        }
        export.close().unwrap();
        let paths: Vec<&str> = export.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths.len(), 2);
        assert!(paths[0].starts_with("logs/111111111111/us-east-1/s3/b_AWSLogs_1_-"));
        assert!(paths[1].starts_with("logs/111111111111/us-east-1/s3/b_AWSLogs_2_-"));
    }

    #[test]
    fn days_and_large_days_have_files_of_their_own() {
        const DAY_MS: i64 = 86_400_000;
        let temp = tempfile::tempdir().unwrap();
        let mut export = Export {
            root: temp.path().to_owned(),
            flow_log_formats: BTreeMap::new(),
            largest_file: 10,
            open: None,
            files: Vec::new(),
        };
        for time in [0, 1, 2, DAY_MS] {
            export.add(&row(time)).unwrap();
        }
        export.close().unwrap();
        let files: Vec<(&str, u64)> = export
            .files
            .iter()
            .map(|file| (file.path.rsplit('/').next().unwrap(), file.records))
            .collect();
        assert_eq!(
            files,
            [
                ("1970-01-01.json.gz", 2),
                ("1970-01-01.2.json.gz", 1),
                ("1970-01-02.json.gz", 1),
            ]
        );
        for file in &export.files {
            let path = file.path.strip_prefix("logs/").unwrap();
            let written = fs::read(temp.path().join(path)).unwrap();
            assert_eq!(file.sha256, hex::encode(Sha256::digest(&written)));
            assert_eq!(file.bytes, written.len() as u64);
        }
    }

    #[test]
    fn any_time_has_a_file() {
        assert_eq!(day_of(1_772_366_400_000), "2026-03-01");
        assert_eq!(day_of(i64::MAX), "after");
        assert_eq!(day_of(i64::MIN), "before");
    }
}
