//! The formats for other tools: `sweep --format` and `report --format` write them, with the rights and
//! the manifest entries of all files of a run, and with hostile text harmless or exact.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::scenario::Event;
use crate::survive::binary::{dragnet, run_in};
use crate::world::{Run, World};

/// Each format with its file.
const FORMATS: [(&str, &str); 6] = [
    ("md", "report.md"),
    ("security-ir", "security-ir.json"),
    ("ocsf", "ocsf.jsonl"),
    ("timesketch", "timesketch.csv"),
    ("stix", "stix.json"),
    ("parquet", "sightings.parquet"),
];

const IP: &str = "192.0.2.1";

async fn finished(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = dragnet(directory);
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .output()
        .await
        .unwrap()
}

/// A run of the practice organization, and its directory.
async fn practice_run(directory: &Path) -> PathBuf {
    let sweep = [
        "sweep",
        "198.51.100.23",
        "--practice",
        "--account",
        "dev",
        "-q",
    ];
    finished(directory, &sweep).await;
    run_in(directory).unwrap()
}

fn manifest_entry(run: &Path, name: &str) -> Value {
    let manifest = std::fs::read(run.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let files = manifest["files"].as_array().unwrap();
    let found = files.iter().find(|file| file["name"] == name);
    found.cloned().unwrap_or_default()
}

fn sha256(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes))
}

#[tokio::test]
async fn report_writes_each_format_later() {
    let temp = tempfile::tempdir().unwrap();
    let run = practice_run(temp.path()).await;
    for (format, name) in FORMATS {
        let file = run.join(name);
        assert!(!file.exists(), "{name} is not written by default");
        let output = finished(temp.path(), &["report", "last", "--format", format]).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{format}: {error}");
        let metadata = std::fs::metadata(&file).unwrap();
        assert!(metadata.len() > 100, "{name}");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
        assert_eq!(
            manifest_entry(&run, name)["sha256"],
            sha256(&file),
            "{name}"
        );
    }
    let output = finished(temp.path(), &["runs", "verify", "last"]).await;
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_replaced() {
    let temp = tempfile::tempdir().unwrap();
    let run = practice_run(temp.path()).await;
    let outside = temp.path().join("outside");
    std::fs::write(&outside, "mine").unwrap();
    for (format, name) in FORMATS {
        symlink(&outside, run.join(name)).unwrap();
        let output = finished(temp.path(), &["report", "last", "--format", format]).await;
        assert_eq!(output.status.code(), Some(0), "{format}");
        let metadata = std::fs::symlink_metadata(run.join(name)).unwrap();
        assert!(metadata.is_file(), "{name}");
    }
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "mine");
}

/// Sweeps for an address in lines with these messages.
async fn sweep_for(messages: &[String]) -> Run {
    let planted: String = messages
        .iter()
        .map(|message| {
            Event::new("222222222222", "eu-west-1", "/app", "1h ago", message).to_string()
        })
        .collect();
    let formats = FORMATS.map(|(format, _)| format).join(",");
    let formats = format!("csv,jsonl,{formats}");
    World::small_with(&planted)
        .sweep(&[IP, "--since", "24h", "--format", &formats])
        .await
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn formats_have_the_rows_of_the_sightings_file() {
    let messages: Vec<String> = (0..150)
        .map(|number| format!("{number} from {IP}"))
        .collect();
    let run = sweep_for(&messages).await;
    let sightings = lines(&run.file("sightings.jsonl"));
    assert_eq!(sightings.len(), messages.len());

    let events = lines(&run.file("ocsf.jsonl"));
    let texts = |rows: &[Value], column: &str| -> Vec<Value> {
        rows.iter().map(|row| row[column].clone()).collect()
    };
    assert_eq!(texts(&events, "raw_data"), texts(&sightings, "message"));

    let timeline = run.columns("timesketch.csv", &["datetime", "raw_record"]);
    assert_eq!(
        timeline,
        run.columns("sightings.csv", &["event_time", "message"])
    );

    let bundle: Value = serde_json::from_str(&run.file("stix.json")).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let is_sighting = |object: &&Value| object["type"] == "sighting";
    assert_eq!(objects.iter().filter(is_sighting).count(), messages.len());

    let case: Value = serde_json::from_str(&run.file("security-ir.json")).unwrap();
    assert_eq!(
        case["impactedAccounts"],
        serde_json::json!(["222222222222"])
    );

    let ticket = run.file("report.md");
    assert!(ticket.contains("\nNot shown: 50 sightings.\n"), "{ticket}");
    assert!(ticket.contains("| prod (222222222222) | 150 |"), "{ticket}");
}

#[tokio::test(start_paused = true)]
async fn lines_of_flow_logs_are_network_activity() {
    let flow = format!(
        "2 222222222222 eni-1 {IP} 10.0.0.5 50000 22 6 3 180 1772449200 1772449260 REJECT OK"
    );
    let run = sweep_for(&[flow]).await;
    let events = lines(&run.file("ocsf.jsonl"));
    assert_eq!(events[0]["class_uid"], 4_001);
    assert_eq!(events[0]["src_endpoint"]["ip"], IP);
    assert_eq!(events[0]["dst_endpoint"]["port"], 22);
    assert!(run.file("report.md").contains("| network flow |"));
}

#[tokio::test(start_paused = true)]
async fn hostile_text_is_exact_in_json_and_harmless_elsewhere() {
    let messages = [
        format!("=cmd|' /C calc'!A0 {IP}"),
        format!("\u{1b}[2J\u{202e}{IP}"),
        format!("</script>|[x](http://e.example) {IP}\n# title"),
        format!("\",\"id\":\"x\" {IP}"),
    ];
    let run = sweep_for(&messages).await;
    let mut exact: Vec<String> = lines(&run.file("ocsf.jsonl"))
        .iter()
        .map(|event| event["raw_data"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = messages.to_vec();
    exact.sort();
    expected.sort();
    assert_eq!(exact, expected);
    for (_, name) in FORMATS {
        if name == "sightings.parquet" {
            continue;
        }
        let text = run.file(name);
        let is_raw = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n');
        assert!(!text.contains(is_raw), "{name}: {text}");
        assert!(!text.contains("\n="), "{name}: {text}");
    }
}
