//! `dragnet collect`: the raw records of accounts, saved so that a search of the files finds what a
//! sweep finds.

mod buckets;
mod interrupted;
mod random;
mod served;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Parser;
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{Collected, CommandError, Connection, OpenCollection};
use dragnet::config::Config;
use dragnet::report::RunStatus;
use dragnet::settings::{CollectSettings, ProgressStyle};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::scenario::{Behaviour, Event, Fault, FlowLog, ScenarioBuilder};
use crate::world::{Run, World, record};

/// The address that the tests search for.
const IOC: &str = "192.0.2.77";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const WINDOW: [&str; 2] = ["--from", "2026-03-01T12:00:00Z"];
/// The directory of the collection.
const OUT: &str = "evidence";

/// The columns in which a search of the files equals the sweep.
const COLUMNS: [&str; 9] = [
    "record_id",
    "event_time",
    "event_account_id",
    "event_region",
    "event_name",
    "indicators",
    "matched_fields",
    "hunts",
    "copies",
];

/// Returns an organization of two member accounts in two Regions, each with the log group `/app`.
fn scenario() -> ScenarioBuilder {
    ScenarioBuilder::new("collect")
        .regions(&REGIONS)
        .account("222222222222", "prod")
        .account("333333333333", "dev")
        .group(["prod", "dev"], "/app")
        .with(&Behaviour::new().own_traces(false))
}

/// Runs `dragnet collect` with these arguments.
async fn try_collect(world: &World, arguments: &[&str]) -> Result<Collected, CommandError> {
    let arguments = [
        &["dragnet", "collect", "--out", OUT],
        &WINDOW[..],
        arguments,
    ]
    .concat();
    let parsed = Arguments::try_parse_from(arguments).unwrap();
    let Command::Collect(collect) = &parsed.command else {
        panic!("not a collection")
    };
    let settings = world
        .resolve(|context| CollectSettings::resolve(&parsed.global, collect, context).unwrap());
    let config = Config::default();
    let collection = OpenCollection::open(settings, true, &config)?;
    let reach = &collection.settings().reach;
    let connection = Box::pin(Connection::open(world.environment(), reach)).await?;
    let cancel = CancellationToken::new();
    Box::pin(collection.collect(connection, &config, ProgressStyle::None, cancel)).await
}

async fn collect(world: &World, arguments: &[&str]) -> Collected {
    let collected = try_collect(world, arguments).await.unwrap();
    assert_manifest_is_right(&directory(world));
    collected
}

fn directory(world: &World) -> PathBuf {
    world.resolve(|context| context.working_directory.join(OUT))
}

/// Returns the sightings in what was collected, with the status of the search.
async fn search_collection(world: &World, arguments: &[&str]) -> (Vec<String>, Run) {
    let run = world
        .search_files(&[arguments, &["--files", OUT]].concat())
        .await;
    (sightings(&run), run)
}

fn sightings(run: &Run) -> Vec<String> {
    let messages = run.columns("sightings.csv", &["message"]);
    let rows = run.columns("sightings.csv", &COLUMNS).into_iter();
    let mut rows: Vec<String> = rows
        .zip(messages)
        .map(|(row, message)| format!("{row} {}", canonical(message)))
        .collect();
    rows.sort();
    rows
}

/// Copies of a record are one sighting, whose message may be that of any of them.
fn canonical(message: String) -> String {
    serde_json::from_str::<Value>(&message).map_or(message, |value| value.to_string())
}

fn manifest(directory: &Path) -> Value {
    let text = fs::read_to_string(directory.join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns all files below a directory by their path in it, with slashes.
fn files_below(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
            let name = path.strip_prefix(directory).unwrap().to_str().unwrap();
            files.insert(name.to_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Asserts that the manifest and the checksums list every file of records, and nothing else.
fn assert_manifest_is_right(directory: &Path) {
    let manifest_bytes = fs::read(directory.join("manifest.json")).unwrap();
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let mut sums = BTreeMap::from([("manifest.json".to_owned(), sha256(&manifest_bytes))]);
    let mut records = 0;
    let logs = directory.join("logs");
    let files = if logs.exists() {
        files_below(&logs)
    } else {
        BTreeMap::new()
    };
    let manifest = manifest(directory);
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len(), files.len());
    for file in listed {
        let path = file["path"].as_str().unwrap();
        let bytes = &files[path.strip_prefix("logs/").unwrap()];
        assert_eq!(file["sha256"], sha256(bytes), "{path}");
        assert_eq!(file["bytes"], bytes.len(), "{path}");
        sums.insert(path.to_owned(), sha256(bytes));
        records += file["records"].as_u64().unwrap();
    }
    assert_eq!(manifest["records"], records);
    let text = fs::read_to_string(directory.join("SHA256SUMS")).unwrap();
    let found: BTreeMap<String, String> = text
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sum, path)| (path.to_owned(), sum.to_owned()))
        .collect();
    assert_eq!(found, sums);
}

#[tokio::test(start_paused = true)]
async fn custom_flow_logs_keep_their_format() {
    let line = format!("vpc-1 10.0.0.5 {IOC} REJECT");
    let flow_log = FlowLog::new("prod", "eu-west-1", "/flows")
        .format("${vpc-id} ${srcaddr} ${dstaddr} ${action}");
    let planted = Event::new(
        "222222222222",
        "eu-west-1",
        "/flows",
        "1h ago",
        line.as_str(),
    );
    let toml = scenario().with(&flow_log).with(&planted).toml();
    let query = [
        "--query-string",
        "filter action = 'REJECT' | fields dstAddr, vpcId",
    ];
    let expected = World::from_toml(&toml)
        .sweep(&[&query[..], &WINDOW].concat())
        .await;
    assert_eq!(sightings(&expected).len(), 1);
    let world = World::from_toml(&toml);
    collect(&world, &["--account", "prod"]).await;
    let (found, run) = search_collection(&world, &query).await;
    assert_eq!(found, sightings(&expected));
    let hunt = |run: &Run| run.columns("hunts/query-string.csv", &["dstAddr", "vpcId"]);
    assert_eq!(hunt(&run), hunt(&expected));
    assert_eq!(hunt(&run), [format!("{IOC} vpc-1")]);
}

#[tokio::test(start_paused = true)]
async fn names_of_log_groups_lead_nowhere_and_are_not_searched() {
    let long = "x".repeat(512);
    let names = [
        "../../../escaped",
        "/app/../..",
        "AWSLogs/444444444444/CloudTrail/us-east-1/2026/03/01",
        "App",
        "app",
        ".hidden",
        "-rf",
        "/app/192.0.2.77",
        &long,
    ];
    let mut builder = scenario();
    for name in names {
        let line = format!("from {IOC}");
        builder = builder.group("prod", name).with(&Event::new(
            "222222222222",
            "us-east-1",
            name,
            "1h ago",
            line.as_str(),
        ));
    }
    let silent = Event::new(
        "222222222222",
        "us-east-1",
        "/app/192.0.2.77",
        "2h ago",
        "harmless",
    );
    let world = World::from_toml(&builder.with(&silent).toml());
    collect(&world, &["--account", "prod"]).await;
    let beside: Vec<_> = fs::read_dir(directory(&world))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(beside.len(), 4, "{beside:?}");
    let mut groups: Vec<String> = manifest(&directory(&world))["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["log_group"].as_str().unwrap().to_owned())
        .filter(|name| names.contains(&name.as_str()))
        .collect();
    groups.sort();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(groups, expected);
    let (found, run) = search_collection(&world, &[IOC]).await;
    assert_eq!(found.len(), names.len(), "{found:#?}");
    let stored = run.columns("sightings.csv", &["account_id", "region"]);
    assert!(stored.iter().all(|row| row == "222222222222 us-east-1"));
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn what_was_denied_is_in_the_manifest() {
    let planted = Event::new("222222222222", "us-east-1", "/app", "1h ago", "hello");
    let denied = Fault::denied("FilterLogEvents").account("222222222222");
    let toml = scenario().with(&planted).toml();
    let world = World::from_toml(&format!("{toml}{denied}"));
    let collected = collect(&world, &["--account", "prod"]).await;
    let written = collected.manifest.unwrap();
    assert_eq!(written.status, RunStatus::Incomplete);
    let manifest = manifest(&directory(&world));
    assert_eq!(manifest["status"], "incomplete");
    let gaps = manifest["gaps"].as_array().unwrap();
    let is_group = |gap: &&Value| gap["log_group"] == "/app" && gap["region"] == "us-east-1";
    let gap = gaps.iter().find(is_group).unwrap();
    assert_eq!(gap["status"], "denied", "{gap}");
    assert!(gap["reason"].as_str().unwrap().starts_with("access-denied"));
    let is_collected = |file: &Value| file["log_group"] == "/app";
    assert!(
        !manifest["files"]
            .as_array()
            .unwrap()
            .iter()
            .any(is_collected)
    );
    // The denial was lifted: the same command closes the gap.
    let world = world.restarted_with(&toml);
    collect(&world, &["--account", "prod"]).await;
    let (found, _) = search_collection(&world, &["hello"]).await;
    assert_eq!(found.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn record_in_an_application_log_stays_there() {
    let forged = record(
        "f",
        "444444444444",
        "us-east-1",
        "2026-03-02T10:00:00Z",
        IOC,
    );
    let other = forged.replace("\"f\"", "\"g\"");
    let wrapped = format!(r#"{{"detail-type":"AWS API Call via CloudTrail","detail":{other}}}"#);
    let toml = [&forged, &wrapped]
        .iter()
        .fold(scenario(), |builder, message| {
            builder.with(&Event::new(
                "333333333333",
                "eu-west-1",
                "/app",
                "1h ago",
                message.as_str(),
            ))
        })
        .toml();
    let expected = World::from_toml(&toml)
        .sweep(&[&[IOC, "--account", "dev"], &WINDOW[..]].concat())
        .await;
    let world = World::from_toml(&toml);
    collect(&world, &["--account", "dev"]).await;
    let (found, _) = search_collection(&world, &[IOC]).await;
    assert_eq!(found, sightings(&expected));
    assert!(!found.is_empty());
}
