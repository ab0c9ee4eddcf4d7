//! Sweeps real CloudTrail records and compares the results with a plain scan of their files.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scenario::{Load, ScenarioBuilder, Trail};
use crate::world::World;

/// The account of the records.
const REAL: &str = "123837392027";

/// Returns the folder that `DRAGNET_REAL_DATA` names. If it is unset, prints a note and returns
/// `None`.
fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("DRAGNET_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: DRAGNET_REAL_DATA does not name a folder of CloudTrail files");
    }
    folder.map(|folder| {
        if folder.join("events").is_dir() {
            folder.join("events")
        } else {
            folder
        }
    })
}

/// Returns every record of every file.
fn records(folder: &Path) -> Vec<Value> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        all.extend(file["Records"].as_array().unwrap().iter().cloned());
    }
    all
}

/// Returns whether a value contains the text as a whole, not as a part of a longer word. This plain
/// search shares no code with the matcher.
fn contains_word(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.match_indices(word).any(|(at, _)| {
            let joined = |c: char| c.is_ascii_alphanumeric() || "_-+=@/".contains(c);
            let before = text[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_ascii_alphanumeric());
            let after = text[at + word.len()..].chars().next().is_some_and(joined);
            !before && !after
        }),
        Value::Array(items) => items.iter().any(|item| contains_word(item, word)),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, field)| key == word || contains_word(field, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns an organization in which one log group has all the records, and the log group of the
/// management account's trail has none.
fn world(folder: &Path) -> World {
    let scenario = ScenarioBuilder::new("real")
        .now("2023-07-10T13:00:00Z")
        .regions(&["us-east-1", "eu-west-1"])
        .account(REAL, "real")
        .with(&Trail::new("all", REAL, "us-east-1").log_group("/trail"))
        .with(&Trail::new("own", "111111111111", "us-east-1").log_group("/own"))
        .with(&Load::new(
            folder.display().to_string(),
            REAL,
            "us-east-1",
            "/trail",
        ));
    World::from_toml(&scenario.toml())
}

/// Sweeps for an indicator and asserts that the records found are exactly those that `is_match`
/// selects. Returns their number.
async fn assert_found(
    world: &World,
    records: &[Value],
    indicator: &str,
    is_match: impl Fn(&Value) -> bool,
) -> usize {
    let matching = records.iter().filter(|record| is_match(record));
    let mut expected: Vec<&str> = matching
        .map(|record| record["eventID"].as_str().unwrap())
        .collect();
    expected.sort_unstable();
    let run = world.sweep(&[indicator, "--since", "24h"]).await;
    let mut found = run.columns("sightings.csv", &["record_id"]);
    found.sort_unstable();
    assert_eq!(found, expected, "{indicator}");
    assert_eq!(run.status(), "complete");
    found.len()
}

#[tokio::test(start_paused = true)]
async fn sweeps_find_what_a_plain_scan_finds() {
    let Some(folder) = real_data() else { return };
    let records = records(&folder);
    assert_eq!(records.len(), 2_900);
    let world = world(&folder);
    for (indicator, known) in [
        ("3.225.16.109", 14),
        ("AKIATFQR7NSCUXC3DDDP", 43),
        ("arn:aws:iam::123837392027:user/benjamin", 105),
    ] {
        assert_eq!(
            assert_found(&world, &records, indicator, |record| contains_word(
                record, indicator
            ))
            .await,
            known,
            "{indicator}"
        );
    }
}

/// Every sweep reports tampering, whatever its indicator, so that an account whose trail was
/// stopped does not look like one without activity.
#[tokio::test(start_paused = true)]
async fn tampering_is_reported_whatever_the_indicator() {
    let Some(folder) = real_data() else { return };
    let run = world(&folder)
        .sweep(&["192.0.2.77", "--since", "24h"])
        .await;
    let known = serde_json::json!({
        "DeleteFlowLogs": 1, "DeleteLogGroup": 1, "DeleteTrail": 3, "LeaveOrganization": 1,
        "PutEventSelectors": 2, "StopLogging": 3
    });
    assert_eq!(run.summary()["tampering"], known);
    // Calls about buckets of which nothing says that they store logs.
    assert_eq!(run.summary()["tampering_low"], 13);
    assert_eq!(run.columns("tampering.csv", &["event_name"]).len(), 24);
}

#[tokio::test(start_paused = true)]
async fn every_kind_finds_what_a_plain_scan_finds() {
    let Some(folder) = real_data() else { return };
    let records = records(&folder);
    let world = world(&folder);
    let is_event = |record: &Value| record["eventName"] == "ListBuckets";
    assert!(assert_found(&world, &records, "event:ListBuckets", is_event).await > 0);
    let is_network = |record: &Value| record.to_string().contains("\"3.225.16.");
    assert!(assert_found(&world, &records, "3.225.16.0/24", is_network).await >= 14);
    let is_domain = |record: &Value| {
        record
            .to_string()
            .to_lowercase()
            .contains("sts.amazonaws.com")
    };
    assert!(assert_found(&world, &records, "domain:STS.amazonaws.com", is_domain).await > 0);
    let is_user = |record: &Value| {
        contains_word(record, "arn:aws:iam::123837392027:user/benjamin")
            || has_user(record, "benjamin")
    };
    assert!(assert_found(&world, &records, "user:benjamin", is_user).await >= 105);
    assert!(
        assert_found(
            &world,
            &records,
            "regex:^arn:aws:iam::[0-9]{12}:root$",
            is_root
        )
        .await
            > 0
    );
}

fn has_user(value: &Value, name: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has_user(item, name)),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, field)| (key == "userName" && field == name) || has_user(field, name)),
        _ => false,
    }
}

/// Returns whether a value contains the ARN of a root user. A policy document is JSON in a string,
/// so strings are parsed, too.
fn is_root(value: &Value) -> bool {
    match value {
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).is_ok_and(|inner| is_root(&inner))
        }
        Value::String(text) => {
            text.starts_with("arn:aws:iam::") && text.ends_with(":root") && text.len() == 30
        }
        Value::Array(items) => items.iter().any(is_root),
        Value::Object(fields) => fields.values().any(is_root),
        _ => false,
    }
}

const KEYS: [&str; 3] = [
    "AKIATFQR7NSCUXC3DDDP",
    "AKIATFQR7NSC8Q4X20BJ",
    "ASIATFQR7NSCS5BLNV76",
];
const ADDRESSES: [&str; 3] = ["3.225.16.109", "192.168.10.20", "10.8.8.10"];

/// Decides whether a plain scan selects a record.
type Predicate = Box<dyn Fn(&Value) -> bool>;

/// Returns the ids of the records that a hunt finds, sorted. Asserts that Insights finds the same.
async fn sightings_of_hunt(world: &World, request: &str) -> Vec<String> {
    let run = world.sweep(&["--hunt", request, "--since", "24h"]).await;
    assert_eq!(run.status(), "complete");
    let name = request.split(':').next().unwrap();
    let by_insights = world
        .sweep(&["--hunt", request, "--since", "24h", "--engine", "insights"])
        .await;
    let rows = format!("hunts/{name}.json");
    assert_eq!(run.file(&rows), by_insights.file(&rows), "{request}");
    let mut found = run.columns(&format!("hunts/{name}.csv"), &["record_id"]);
    found.sort_unstable();
    assert_eq!(run.summary()["sightings"], found.len(), "{request}");
    found
}

#[tokio::test(start_paused = true)]
async fn hunts_find_what_a_plain_scan_finds() {
    let Some(folder) = real_data() else { return };
    let records = records(&folder);
    let world = world(&folder);
    let by_field = |path: &'static str, expected: &'static str| {
        move |record: &Value| record.pointer(path).is_some_and(|value| value == expected)
    };
    let mut searches: Vec<(String, Predicate)> = vec![
        (
            "s3-list-buckets".to_owned(),
            Box::new(by_field("/eventName", "ListBuckets")),
        ),
        (
            "users-roles-created".to_owned(),
            Box::new(|record| {
                ["CreateUser", "CreateRole"]
                    .iter()
                    .any(|name| record["eventName"] == *name)
            }),
        ),
        (
            "iam-access-denied".to_owned(),
            Box::new(|record| {
                let code = record["errorCode"].as_str().unwrap_or_default();
                ["Unauthorized", "Denied", "Forbidden"]
                    .iter()
                    .any(|word| code.contains(word))
            }),
        ),
    ];
    for (hunt, parameter, path, known) in [
        (
            "iam-access-key",
            "access_key_id",
            "/userIdentity/accessKeyId",
            KEYS,
        ),
        ("source-ip", "source_ip", "/sourceIPAddress", ADDRESSES),
    ] {
        for value in known {
            searches.push((
                format!("{hunt}:{parameter}={value}"),
                Box::new(by_field(path, value)),
            ));
        }
    }
    for (request, is_match) in searches {
        let matching = records.iter().filter(|record| is_match(record));
        let mut expected: Vec<String> = matching
            .map(|record| record["eventID"].as_str().unwrap().to_owned())
            .collect();
        expected.sort_unstable();
        assert!(!expected.is_empty(), "{request}: the data has none");
        assert_eq!(
            Box::pin(sightings_of_hunt(&world, &request)).await,
            expected,
            "{request}"
        );
    }
}
