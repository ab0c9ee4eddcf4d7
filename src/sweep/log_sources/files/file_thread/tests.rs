//! A search that was killed between two batches is resumed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::super::file_batch::MOST_FILES;
use super::super::file_search::FileSearchParts;
use super::*;
use crate::config::{Config, Format};
use crate::search::SearchSet;
use crate::settings::{EngineChoice, EngineSettings, FileSettings, Reach, SweepSettings};
use crate::store::{Journal, KnownFiles, RunDir, RunFacts, RunReader, StoreError};
use crate::sweep::tally::Tally;
use dragnet_model::time::Clock;
use dragnet_model::{Coverage, RequiredKinds, RunId, SourceSelection, TimeWindow, WindowEnd};

const FILES: usize = MOST_FILES + 40;

/// How many files are read before the search is killed.
const READ: usize = MOST_FILES + 20;

/// Writes files with one record each. One file in four has the indicator.
fn write_files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for number in 0..FILES {
        let id = format!("{number:04}");
        let address = if number % 4 == 0 {
            found.push(id.clone());
            "192.0.2.77"
        } else {
            "192.0.2.1"
        };
        let record = format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"111111111111"}},"eventTime":"2026-11-27T10:15:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","sourceIPAddress":"{address}","eventID":"{id}","eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111111111111","eventCategory":"Management"}}"#
        );
        let content = format!(r#"{{"Records":[{record}]}}"#);
        fs::write(directory.join(format!("{id}.json")), content).unwrap();
    }
    found
}

fn settings() -> SweepSettings {
    let config = Config::from_toml("[[accounts]]\nid = \"111111111111\"\n", "x").unwrap();
    SweepSettings {
        reach: Reach::from_config(&config, None).unwrap(),
        window: TimeWindow::try_from([0, 3_600_000]).unwrap(),
        window_end: WindowEnd::Now,
        required: RequiredKinds::all(),
        sources: SourceSelection::default(),
        indicators: vec!["192.0.2.77".parse().unwrap()],
        hunts: Vec::new(),
        left_out: Vec::new(),
        rejected: Vec::new(),
        files: None,
        formats: Format::DEFAULT.to_vec(),
        out_dir: PathBuf::from("runs"),
        fail_on_sighting: false,
        check_trail_integrity: true,
        verify_integrity: false,
        athena: None,
        changes_only: false,
        collects: false,
        follow: None,
        engines: EngineSettings {
            choice: EngineChoice::Auto,
            max_scan_cost: EngineSettings::DEFAULT_MAX_SCAN_COST,
            unmask: false,
        },
    }
}

fn file_search(directory: &Path, journal: Journal, known: KnownFiles) -> FileSearch {
    let settings = settings();
    FileSearch::new(FileSearchParts {
        search_set: SearchSet::new(&settings.indicators, &settings.hunts).unwrap(),
        settings,
        files: FileSettings {
            directories: vec![directory.to_owned()],
            are_alone: true,
            all_times: true,
        },
        known,
        journal,
        clock: Clock::wall(),
        tally: Arc::new(Tally::default()),
        cancel: CancellationToken::new(),
    })
}

// With paused time, no batch is journaled because it waited for long.
#[tokio::test(start_paused = true)]
async fn kill_between_batches_loses_no_file_and_finds_nothing_twice() {
    let temp = tempfile::tempdir().unwrap();
    let logs = temp.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let expected = write_files(&logs);
    let id = RunId::new("2026-11-28T12:00:00Z".parse().unwrap(), 1);
    let dir = RunDir::create(temp.path(), &id).unwrap();
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let search = file_search(&logs, journal, KnownFiles::default());
    let killed = tokio::task::spawn_blocking(move || {
        let mut thread = FileThread::new(&search);
        for _ in 0..READ {
            assert!(thread.read_next().unwrap());
        }
    });
    killed.await.unwrap();
    writer.await.unwrap().unwrap();

    let (journal, writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    let known = checkpoint.take_files();
    assert_eq!(known.read.len(), MOST_FILES, "files of whole batches");
    let search = file_search(&logs, journal, known);
    search_files(Arc::new(search)).await.unwrap();
    writer.await.unwrap().unwrap();

    let reader = RunReader::open(&dir).unwrap();
    let mut found: Vec<String> = reader
        .sightings(|rows| {
            rows.map(|row| row.map(|row| row.found.record_id))
                .collect::<Result<_, StoreError>>()
        })
        .unwrap();
    found.sort();
    assert_eq!(found, expected);
    let rows: Vec<Coverage> = reader
        .coverage(|rows| rows.collect::<Result<_, StoreError>>())
        .unwrap();
    let files = FILES as u64;
    let numbers: Vec<[u64; 3]> = rows
        .iter()
        .map(|row| [row.pages, row.events, row.sightings])
        .collect();
    assert_eq!(numbers, [[files, files, expected.len() as u64]]);
    assert_eq!(reader.file_total().unwrap().files, files);
    let hours: HashSet<u64> = reader
        .file_hours()
        .unwrap()
        .iter()
        .map(|hour| hour.records)
        .collect();
    assert_eq!(hours, HashSet::from([files]));
}
