//! Real CloudTrail records on disk: indicators and the shipped hunts find what a plain scan finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Folder;

/// Returns the folder with the records. If `DRAGNET_REAL_DATA` is unset, prints a note and returns
/// `None`.
fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("DRAGNET_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: DRAGNET_REAL_DATA does not name a folder of CloudTrail files");
    }
    let folder = folder?;
    let events = folder.join("events");
    Some(if events.is_dir() { events } else { folder })
}

fn records(folder: &Path) -> Vec<Value> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            all.extend(file["Records"].as_array().unwrap().iter().cloned());
        }
    }
    all
}

fn ids<'r>(records: impl Iterator<Item = &'r Value>) -> BTreeSet<String> {
    records
        .map(|record| record["eventID"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether a record contains a text that is not a part of a longer number or word.
fn contains(record: &Value, text: &str) -> bool {
    let record = record.to_string();
    record.match_indices(text).any(|(at, _)| {
        let before = record[..at].chars().next_back();
        let after = record[at + text.len()..].chars().next();
        ![before, after]
            .iter()
            .flatten()
            .any(char::is_ascii_alphanumeric)
    })
}

#[test]
fn indicators_find_what_a_plain_scan_finds() {
    let Some(data) = real_data() else { return };
    let records = records(&data);
    let folder = Folder::new();
    for (indicator, known) in [("3.225.16.109", 14), ("AKIATFQR7NSCUXC3DDDP", 43)] {
        let expected = ids(records.iter().filter(|record| contains(record, indicator)));
        assert_eq!(expected.len(), known, "{indicator}");
        let ended = folder.run(&["sweep", indicator, "--files", data.to_str().unwrap()]);
        assert!(
            ended.code.is_some_and(|code| code == 0 || code == 3),
            "{}",
            ended.stderr
        );
        let found: BTreeSet<String> = ended
            .columns("sightings.csv", &["record_id"])
            .into_iter()
            .collect();
        assert_eq!(found, expected, "{indicator}");
        assert_eq!(ended.summary()["files"]["records"], records.len());
    }
}

/// Hunts with a condition on one record, each with the same condition in plain words.
type Condition = fn(&Value) -> bool;

#[test]
fn shipped_hunts_find_what_a_plain_scan_finds() {
    let Some(data) = real_data() else { return };
    let records = records(&data);
    let folder = Folder::new();
    let is_root = |record: &Value| {
        let identity = &record["userIdentity"];
        identity["type"] == "Root" && identity.get("invokedBy").is_none_or(Value::is_null)
    };
    let is_creation =
        |record: &Value| record["eventName"] == "CreateUser" || record["eventName"] == "CreateRole";
    let is_denied = |record: &Value| {
        let code = record["errorCode"].as_str().unwrap_or_default();
        ["Unauthorized", "Denied", "Forbidden"]
            .iter()
            .any(|word| code.contains(word))
    };
    let hunts: [(&str, Condition); 3] = [
        ("root-use", is_root),
        ("users-roles-created", is_creation),
        ("iam-access-denied", is_denied),
    ];
    for (hunt, is_match) in hunts {
        let expected = ids(records.iter().filter(|record| is_match(record)));
        let ended = folder.run(&["sweep", "--hunt", hunt, "--files", data.to_str().unwrap()]);
        let name = format!("hunts/{hunt}.csv");
        let found = ended.columns(&name, &["record_id"]);
        let found: BTreeSet<String> = found.into_iter().collect();
        assert_eq!(found, expected, "{hunt}: {}", ended.stderr);
    }
}
