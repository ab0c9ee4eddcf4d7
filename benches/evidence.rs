//! Matching and writing real CloudTrail records: throughput, memory, and the merge of millions of
//! sightings. Prints one table.
//!
//! `DRAGNET_REAL_DATA=FOLDER cargo bench --bench evidence [-- SIGHTINGS]`; the folder contains
//! files of `{"Records":[…]}`.

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::io::sink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dragnet::config::SightingsForm;
use dragnet::report::{AccountNames, write_sightings};
use dragnet::search::Matcher;
use dragnet::store::{RunDir, RunReader, RunRegistry};
use dragnet::sweep::{MergeSource, Tally, merged_sightings};
use dragnet::throttle::QuotaTable;
use dragnet_model::Indicator;
use serde_json::{Value, json};
use support::{
    FakeOrganization, STAMP, SweepRequest, cpu_seconds, head, memory, page, row, sweep_parts,
};
use tokio::time::{Instant, sleep};

/// The address that most of the records contain.
const ADDRESS: &str = "192.168.10.20";
/// A key that one or two of a hundred records contain, as in a sweep that reads everything.
const KEY: &str = "AKIATFQR7NSCUXC3DDDP";
/// One indicator of each of the most common kinds.
const KINDS: [&str; 6] = [
    KEY,
    "198.51.100.7",
    "203.0.113.0/24",
    "2001:db8::/32",
    "evil.example",
    "arn:aws:iam::111111111111:user/ben",
];
const PAGE_BYTES: usize = 1 << 20;
/// Memory should not grow after this number of sightings.
const EARLY: u64 = 1_000_000;

fn main() {
    let Some(folder) = std::env::var_os("DRAGNET_REAL_DATA").map(PathBuf::from) else {
        println!("skipped: DRAGNET_REAL_DATA does not name a folder of CloudTrail files");
        return;
    };
    let sightings = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(5_000_000);
    let records = records(&folder);
    head();
    measure_matching(&records);
    let is_match = matcher(&[ADDRESS]);
    let matching: Vec<&Value> = records
        .iter()
        .filter(|record| is_match.find(&record.to_string()).is_some())
        .collect();
    let temp = tempfile::tempdir().unwrap();
    let groups = sightings / matching.len();
    let found = (groups * matching.len()) as f64;
    let directory = measure_sweep(&matching, groups, temp.path());
    measure_merge(&directory, found);
}

/// Measures the exact match of a few sets of indicators.
fn measure_matching(records: &[Value]) {
    let messages: Vec<String> = records.iter().map(Value::to_string).collect();
    for (indicators, label) in [
        (&[KEY][..], "a key"),
        (&KINDS, "six kinds"),
        (&[ADDRESS], "an address"),
    ] {
        let (per_second, share) = match_rate(&matcher(indicators), &messages);
        row(
            &format!("exact match of {label} ({share:.1} % match), events/s and core"),
            per_second,
            ">= 500000",
        );
    }
}

/// Measures a sweep of these records in each of `groups` log groups, and returns the directory of
/// the run.
fn measure_sweep(records: &[&Value], groups: usize, directory: &Path) -> RunDir {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let pages = pages(records);
    let swept = runtime.block_on(sweep(pages, window(records), groups, directory));
    let found = (groups * records.len()) as f64;
    row(
        &format!("matching events/s from body to commit, {found} events"),
        found / swept.elapsed.as_secs_f64(),
        ">= 150000",
    );
    row(
        "processor µs an event from body to commit",
        swept.processor * 1e6 / found,
        "",
    );
    row(
        "MiB more at the end than at the first million",
        swept.at_end - swept.early,
        "< 64",
    );
    swept.directory
}

/// Measures the merge of the `found` sightings of a run to each format.
fn measure_merge(directory: &RunDir, found: f64) {
    let reader = RunReader::open(directory).unwrap();
    for (name, format) in [("csv", SightingsForm::Csv), ("jsonl", SightingsForm::Jsonl)] {
        let start = Instant::now();
        let before = memory("VmRSS");
        let mut peak = before;
        let mut rows_read = 0_u64;
        let source = MergeSource {
            reader: &reader,
            registry: &RunRegistry::default(),
        };
        merged_sightings(source, |rows| {
            let rows = rows.inspect(|_| {
                rows_read += 1;
                if rows_read.is_multiple_of(100_000) {
                    peak = peak.max(memory("VmRSS"));
                }
            });
            write_sightings(format, rows, &AccountNames::default(), &mut sink())
        })
        .unwrap();
        assert_eq!(rows_read as f64, found, "each once");
        row(
            &format!("merge to {name}, rows/s"),
            found / start.elapsed().as_secs_f64(),
            ">= 300000",
        );
        row(
            &format!("merge to {name}, MiB more than before"),
            peak - before,
            "< 64",
        );
    }
}

/// All records of all files.
fn records(folder: &Path) -> Vec<Value> {
    let folder = if folder.join("events").is_dir() {
        folder.join("events")
    } else {
        folder.to_owned()
    };
    let mut files: Vec<PathBuf> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read =
        |path: &PathBuf| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    files
        .iter()
        .flat_map(|path| read(path)["Records"].as_array().unwrap().clone())
        .collect()
}

fn matcher(indicators: &[&str]) -> Matcher {
    let indicators: Vec<Indicator> = indicators
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    Matcher::new(&indicators).unwrap()
}

/// Returns messages per second, and the percentage of them that match.
fn match_rate(matcher: &Matcher, messages: &[String]) -> (f64, f64) {
    let start = Instant::now();
    let mut examined = 0_usize;
    let mut found = 0_usize;
    while start.elapsed() < Duration::from_secs(3) {
        found += messages
            .iter()
            .filter(|message| matcher.find(message).is_some())
            .count();
        examined += messages.len();
    }
    assert!(found > 0);
    (
        examined as f64 / start.elapsed().as_secs_f64(),
        found as f64 / examined as f64 * 100.0,
    )
}

/// The window of the records' event times. Its end is exclusive, so it is one second after the
/// last.
fn window(records: &[&Value]) -> [String; 2] {
    let times = || {
        records.iter().map(|record| {
            record["eventTime"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .unwrap()
        })
    };
    let end = times().max().unwrap() + Duration::from_secs(1);
    [times().min().unwrap().to_string(), end.to_string()]
}

/// The records as events, on pages of 1 MiB. Their IDs contain the stamp, which is replaced in each
/// log group, so that no two groups have the same IDs.
fn pages(records: &[&Value]) -> Vec<bytes::Bytes> {
    let mut pages: Vec<Vec<String>> = vec![Vec::new()];
    let mut bytes = 0;
    for (n, record) in records.iter().enumerate() {
        let mut record = (*record).clone();
        let id = record["eventID"].as_str().unwrap();
        record["eventID"] = format!("{STAMP}{}", &id[STAMP.len()..]).into();
        let time = record["eventTime"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_millisecond();
        let event = json!({
            "logStreamName": "o-example_CloudTrail_us-east-1", "timestamp": time, "ingestionTime": time + 1,
            "message": record.to_string(), "eventId": format!("{STAMP}{n:048}"),
        });
        let event = event.to_string();
        if bytes + event.len() > PAGE_BYTES {
            pages.push(Vec::new());
            bytes = 0;
        }
        bytes += event.len();
        pages.last_mut().unwrap().push(event);
    }
    let last = pages.len() - 1;
    pages
        .iter()
        .enumerate()
        .map(|(n, events)| page(events, (n < last).then_some(n + 1)))
        .collect()
}

struct Swept {
    directory: RunDir,
    elapsed: Duration,
    /// Processor seconds.
    processor: f64,
    /// Resident MiB when the first million was found, and at the end.
    early: f64,
    at_end: f64,
}

async fn sweep(
    pages: Vec<bytes::Bytes>,
    window: [String; 2],
    groups: usize,
    directory: &Path,
) -> Swept {
    let organization = FakeOrganization {
        regions: vec!["us-east-1"],
        groups,
        pages,
        latency: Duration::ZERO,
    };
    let window = ["--from", &window[0], "--to", &window[1]];
    let mut quotas = QuotaTable::built_in().unwrap();
    quotas.set("FilterLogEvents", None, 1e6).unwrap();
    let request = SweepRequest {
        accounts: 1,
        indicator: ADDRESS,
        window: &window,
        quotas,
    };
    let (parts, directory, writer) = sweep_parts(organization, request, directory).await;
    let tally = Arc::clone(&parts.tally);
    let start = Instant::now();
    let before = cpu_seconds();
    let early = tokio::spawn(memory_after(Arc::clone(&tally), EARLY));
    dragnet::sweep::sweep(parts).await.unwrap();
    writer.await.unwrap().unwrap();
    let elapsed = start.elapsed();
    let processor = cpu_seconds() - before;
    let at_end = memory("VmRSS");
    // A run with fewer sightings has only the value at the end.
    let early = if tally.snapshot().sightings >= EARLY {
        early.await.unwrap()
    } else {
        at_end
    };
    Swept {
        directory,
        elapsed,
        processor,
        early,
        at_end,
    }
}

async fn memory_after(tally: Arc<Tally>, sightings: u64) -> f64 {
    while tally.snapshot().sightings < sightings {
        sleep(Duration::from_millis(20)).await;
    }
    memory("VmRSS")
}
