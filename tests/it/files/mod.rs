//! `dragnet sweep --files`: copies of logs on disk, searched without any access to AWS.

mod digests;
mod formats;
mod log_files;
mod real;
mod resume;
mod scans;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::World;

/// The address that the tests search for.
const IOC: &str = "192.0.2.77";

const ACCOUNT: &str = "111111111111";

/// Returns a CloudTrail record.
fn record(id: &str, time: &str, address: &str) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": ACCOUNT, "userName": "ben"},
        "eventTime": time,
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "awsRegion": "us-east-1",
        "sourceIPAddress": address,
        "userAgent": "aws-cli/2",
        "eventID": id,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    })
}

fn hit(id: &str) -> Value {
    record(id, "2026-11-27T10:15:00Z", IOC)
}

fn log_file(records: &[Value]) -> String {
    json!({"Records": records}).to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A directory with the folder `logs`, in which commands are run.
struct Folder(TempDir);

/// What a command printed, and the files of its run.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    run: Option<PathBuf>,
}

impl Folder {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("logs")).unwrap();
        Self(temp)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file below `logs`.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join("logs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Returns the command without credentials and without an endpoint that answers.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dragnet"));
        command
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let output: Output = self.command(arguments).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            run: self.newest_run(),
        }
    }

    /// Runs `dragnet sweep IOC --files logs` with more arguments.
    fn sweep(&self, more: &[&str]) -> Ended {
        self.run(&[&["sweep", IOC, "--files", "logs"], more].concat())
    }

    fn newest_run(&self) -> Option<PathBuf> {
        let runs = fs::read_dir(self.path().join("runs")).ok()?;
        // The ids of runs of the same second are in no order.
        runs.map(|run| run.unwrap().path())
            .max_by_key(|run| fs::metadata(run).unwrap().modified().unwrap())
    }
}

impl Ended {
    fn file(&self, name: &str) -> String {
        let run = self
            .run
            .as_ref()
            .unwrap_or_else(|| panic!("no run: {}", self.stderr));
        fs::read_to_string(run.join(name)).unwrap()
    }

    /// Returns some columns of a CSV file, joined with spaces.
    fn columns(&self, name: &str, columns: &[&str]) -> Vec<String> {
        let text = self.file(name);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let rows = csv.deserialize::<std::collections::BTreeMap<String, String>>();
        rows.map(|row| {
            let row = row.unwrap();
            let cells: Vec<&str> = columns.iter().map(|column| row[*column].as_str()).collect();
            cells.join(" ")
        })
        .collect()
    }

    /// Returns what was printed on stdout, without line breaks and indentation.
    fn words(&self) -> String {
        let words: Vec<&str> = self.stdout.split_whitespace().collect();
        words.join(" ")
    }

    fn summary(&self) -> Value {
        serde_json::from_str(&self.file("summary.json")).unwrap()
    }
}

#[test]
fn search_needs_no_credentials_and_says_what_it_read() {
    let folder = Folder::new();
    folder.write(
        "a.json.gz",
        gzip(log_file(&[hit("a"), record("b", "2026-11-27T13:00:00Z", "10.0.0.1")]).as_bytes()),
    );
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stderr.contains(" in logs, whatever their time"),
        "{}",
        ended.stderr
    );
    for part in [
        "1 sighting was found, and all files were read.",
        "On disk: searched 1 file with 2 records",
        "Only these files were searched",
    ] {
        assert!(ended.words().contains(part), "{part}: {}", ended.stdout);
    }
    let rows = ended.columns(
        "sightings.csv",
        &["record_id", "source", "account_id", "region", "trusted"],
    );
    assert_eq!(rows, ["a file 111111111111 us-east-1 false"]);
    let summary = ended.summary();
    assert_eq!(
        (&summary["files"]["read"], &summary["status"]),
        (&json!(1), &json!("complete"))
    );
    assert_eq!(summary["api_calls"], json!({}));
    assert_eq!(summary["window"]["from"], "2026-11-27T10:00:00.000Z");
    assert_eq!(summary["window"]["to"], "2026-11-27T14:00:00.000Z");
    let coverage = ended.columns(
        "coverage.csv",
        &[
            "account_id",
            "region",
            "status",
            "events",
            "source",
            "kinds",
            "reason",
        ],
    );
    assert_eq!(coverage.len(), 1, "{coverage:?}");
    assert!(
        coverage[0].starts_with("111111111111 us-east-1 searched 2 file management ")
            && coverage[0].ends_with("2 hours of 4 without a record"),
        "{coverage:?}"
    );
}

#[test]
fn window_limits_the_records() {
    let folder = Folder::new();
    let times = [
        "2026-11-27T09:59:59Z",
        "2026-11-27T10:00:00Z",
        "2026-11-27T11:00:00Z",
    ];
    let records: Vec<Value> = times.iter().map(|time| record(time, time, IOC)).collect();
    folder.write("a.json", log_file(&records));
    // A line without a time may be of any time.
    folder.write("app.log", format!("login from {IOC}\n"));
    let ended = folder.sweep(&[
        "--from",
        "2026-11-27T10:00:00Z",
        "--to",
        "2026-11-27T11:00:00Z",
    ]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let found = ended.columns("sightings.csv", &["record_id", "message"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with(" login from"));
    assert!(found[1].starts_with("2026-11-27T10:00:00Z "));
}

#[test]
fn records_without_a_known_time_are_in_every_window() {
    let folder = Folder::new();
    let mut broken = hit("broken");
    broken["eventTime"] = json!("yesterday");
    folder.write("a.json", log_file(&[broken, hit("known")]));
    folder.write("app.log", format!("login from {IOC}\n"));
    let ended = folder.sweep(&[
        "--from",
        "2020-01-01T00:00:00Z",
        "--to",
        "2020-01-02T00:00:00Z",
    ]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let columns = ["event_time", "timestamp", "ingestion_time", "message"];
    let found = ended.columns("sightings.csv", &columns);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], format!("   login from {IOC}"));
    assert!(found[1].starts_with("   {") && found[1].contains("yesterday"));
    assert_eq!(ended.summary()["indicators"][0]["first_seen"], Value::Null);
    let reasons = ended.columns("coverage.csv", &["account_id", "reason"]);
    let unknown = "without a known time, searched as if inside the window";
    assert!(
        reasons.len() == 2 && reasons.iter().all(|row| row.ends_with(unknown)),
        "{reasons:?}"
    );
    assert!(reasons[1].contains(" and 1 of them without"), "{reasons:?}");
    let query = "fields @timestamp, @message | filter @message like /login/";
    let ended = folder.run(&["sweep", "--query-string", query, "--files", "logs"]);
    let times = ended.columns("hunts/query-string.csv", &["@timestamp"]);
    assert_eq!(times, [""], "{}", ended.stderr);
}

#[test]
fn records_of_the_future_are_found() {
    let folder = Folder::new();
    let record = record("a", "2126-03-01T10:00:00Z", IOC);
    folder.write("a.json", log_file(&[record]));
    let ended = folder.sweep(&[]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.columns("sightings.csv", &["record_id"]), ["a"]);
}

#[test]
fn copies_in_several_files_are_one_sighting() {
    let folder = Folder::new();
    let copy = serde_json::to_string_pretty(&hit("a")).unwrap();
    folder.write("1.json", log_file(&[hit("a")]));
    folder.write("2.json", copy);
    let mut other = hit("a");
    other["userAgent"] = json!("another");
    folder.write("3.json", log_file(&[other]));
    let ended = folder.sweep(&[]);
    let found = ended.columns("sightings.csv", &["record_id", "copies", "copies_differ"]);
    assert_eq!(found, ["a 2 true", "a 1 true"], "{}", ended.stderr);
}

#[test]
fn options_about_aws_are_refused_and_the_plan_reads_nothing() {
    let folder = Folder::new();
    folder.write("a.json", log_file(&[hit("a")]));
    let refused = folder.sweep(&["--account", "prod"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("--sources logs,history"),
        "{}",
        refused.stderr
    );
    let missing = folder.run(&["sweep", IOC, "--files", "nowhere"]);
    assert!(
        missing.code == Some(2) && missing.stderr.contains("nowhere"),
        "{}",
        missing.stderr
    );
    let plan = folder.sweep(&["--dry-run"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert!(
        plan.stdout.starts_with("Would read 1 file ("),
        "{}",
        plan.stdout
    );
    assert!(folder.newest_run().is_none());
}

#[tokio::test(start_paused = true)]
async fn named_sources_are_searched_besides() {
    let folder = Folder::new();
    folder.write(
        "a.json",
        log_file(&[record("a", "2026-03-02T10:00:00Z", IOC)]),
    );
    let world = World::small_with("");
    let logs = folder.path().join("logs");
    let run = world
        .sweep(&[
            IOC,
            "--since",
            "24h",
            "--sources",
            "logs",
            "--files",
            logs.to_str().unwrap(),
        ])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["record_id", "source"]),
        ["a file"]
    );
    let summary = run.summary();
    assert_eq!(summary["files"]["are_alone"], json!(false));
    assert_eq!(
        summary["accounts"]["in_scope"],
        json!(3),
        "files bring no account into scope"
    );
    assert!(summary["api_calls"].as_object().unwrap().len() > 3);
    let sources = run.columns("coverage.csv", &["source"]);
    assert!(
        sources.iter().any(|source| source == "file")
            && sources.iter().any(|source| source == "logs")
    );
}
