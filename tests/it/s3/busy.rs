//! A folder with more keys than a page is cut into days, whose keys are listed and read side by side. The
//! result is that of one list.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::resume::{process, results};
use super::sweeps::{BUCKET, IP, folders, scenario_with, trail};
use crate::world::{Run, World, record};

const PROD: &str = "222222222222";
const REGION: &str = "eu-west-1";
/// The folder of prod in eu-west-1, below that of the organization.
const FOLDER: &str = "AWSLogs/o-practice00/222222222222/CloudTrail/eu-west-1/";
const ARGUMENTS: [&str; 7] = [
    IP,
    "--sources",
    "s3",
    "--from",
    "2026-02-27T12:00:00Z",
    "--to",
    "2026-03-02T00:00:00Z",
];

/// The times in the names of the log files, and those of their records. Between the parts, and at both
/// ends of the window, a minute decides.
const LOG_FILES: [(&str, &str); 8] = [
    ("20260227T1159", "2026-02-27T11:58:00Z"),
    ("20260227T1200", "2026-02-27T12:00:00Z"),
    ("20260227T2359", "2026-02-27T23:58:00Z"),
    ("20260228T0000", "2026-02-27T23:59:00Z"),
    ("20260228T2359", "2026-02-28T23:58:00Z"),
    ("20260301T0000", "2026-02-28T23:59:30Z"),
    ("20260302T0059", "2026-03-01T23:59:00Z"),
    ("20260302T0100", "2026-03-02T00:00:00Z"),
];

/// The records of the window.
const FOUND: [&str; 6] = ["e1", "e2", "e3", "e4", "e5", "e6"];

fn key_of(time: &str, unique: usize) -> String {
    let day = format!("{}/{}/{}", &time[..4], &time[4..6], &time[6..8]);
    format!("{FOLDER}{day}/{PROD}_CloudTrail_{REGION}_{time}Z_{unique:016}.json.gz")
}

/// Returns a folder with more objects on its first day than a page has. These are archived, so that none of
/// them is requested.
fn scenario() -> String {
    let mut tables = String::new();
    let mut add = |key: &str, more: &str| {
        let table = format!("[[objects]]\nbucket = '{BUCKET}'\nkey = '{key}'\nat = '1h ago'\n");
        writeln!(tables, "{table}{more}").unwrap();
    };
    for number in 0..1_010 {
        let key = key_of("20260227T1300", number);
        add(&key, "storage_class = 'GLACIER'");
    }
    for (number, (name_time, event_time)) in LOG_FILES.iter().enumerate() {
        let id = format!("e{number}");
        let text = record(&id, PROD, REGION, event_time, IP);
        let text = format!("gzip = true\ntext = '{{\"Records\":[{text}]}}'");
        add(&key_of(name_time, 0), &text);
    }
    // The key at which two parts meet, and others that are not those of log files.
    for key in ["2026/02/28", "2026/03/01/notes.txt"] {
        add(&format!("{FOLDER}{key}"), "text = 'x'");
    }
    scenario_with(&trail().validation(false), &tables)
}

fn found(run: &Run) -> Vec<String> {
    run.columns("sightings.csv", &["record_id"])
}

#[tokio::test(start_paused = true)]
async fn busy_folder_is_read_in_parts_and_has_one_result() {
    let run = World::from_toml(&scenario()).sweep(&ARGUMENTS).await;
    assert_eq!(found(&run), FOUND);
    let rows = folders(&run);
    let row = rows
        .iter()
        .find_map(|row| row.strip_prefix("222222222222 eu-west-1 "));
    let first = key_of("20260227T1300", 0);
    let expected = format!(
        "partial archived: 1,010 objects, the first is {first}: GLACIER; unknown-layout: 2 objects, the first is {FOLDER}2026/02/28"
    );
    assert_eq!(row, Some(expected.as_str()));
    // Two batches and the end of the first day, one batch and the end of each other day.
    let pages = run.columns("coverage.csv", &["source", "account_id", "region", "pages"]);
    let pages = pages
        .iter()
        .find_map(|row| row.strip_prefix("s3 222222222222 eu-west-1 "));
    assert_eq!(pages, Some("7"));
}

#[test]
fn killed_parts_resume_to_the_same_result() {
    let scenario = scenario() + "[[faults]]\noperation = '*'\nkind = 'slow'\nmilliseconds = 50\n";
    let expected = process(async { results(&World::from_toml(&scenario).sweep(&ARGUMENTS).await) });
    let mut resumed = 0;
    for time in [700, 900, 1_100, 1_300, 1_500].map(Duration::from_millis) {
        let first = process(async { World::from_toml(&scenario) });
        process(async {
            let world = first.restarted_with(&scenario);
            _ = timeout(time, world.try_sweep(&ARGUMENTS, CancellationToken::new())).await;
        });
        let Some(directory) = first.runs().pop() else {
            continue;
        };
        let again = process(async {
            let world = first.restarted_with(&scenario);
            world.resume(&directory).await.ok().map(|run| results(&run))
        });
        if let Some(again) = again {
            assert_eq!(again, expected, "killed after {time:?}");
            resumed += 1;
        }
    }
    assert!(resumed > 2, "{resumed}");
}
