//! Real CloudTrail records, swept and counted against a plain scan of their files.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::World;

/// The folder that `DRAGNET_REAL_DATA` names; `None`, said aloud, where it is unset.
fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("DRAGNET_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: DRAGNET_REAL_DATA does not name a folder of CloudTrail files");
    }
    folder.map(|folder| if folder.join("events").is_dir() { folder.join("events") } else { folder })
}

/// Every record of every file, as the files have them.
fn records(folder: &Path) -> Vec<Value> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        all.extend(file["Records"].as_array().unwrap().iter().cloned());
    }
    all
}

/// Whether a text is a leaf of the record, or stands in one free of what would make it another: the
/// plain way to look, which shares no code with the matcher.
fn holds(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text.match_indices(wanted).any(|(at, _)| {
            let joined = |c: char| c.is_ascii_alphanumeric() || "_-+=@/".contains(c);
            let before = text[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
            let after = text[at + wanted.len()..].chars().next().is_some_and(joined);
            !before && !after
        }),
        Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
        Value::Object(fields) => fields.iter().any(|(key, field)| key == wanted || holds(field, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[tokio::test(start_paused = true)]
async fn sweeps_find_what_a_plain_scan_finds() {
    let Some(folder) = real_data() else { return };
    let records = records(&folder);
    assert_eq!(records.len(), 2_900);
    let world = World::of(&format!(
        "name = \"real\"\nnow = \"2023-07-10T13:00:00Z\"\n[organization]\nmanagement = \"111111111111\"\n\
         regions = [\"us-east-1\", \"eu-west-1\"]\n[[accounts]]\nid = \"111111111111\"\nname = \"management\"\n\
         [[accounts]]\nid = \"123837392027\"\nname = \"real\"\n[[trails]]\nname = \"all\"\n\
         account = \"123837392027\"\nhome = \"us-east-1\"\nlog_group = \"/trail\"\n[[load]]\nfolder = '{}'\n\
         account = \"123837392027\"\nregion = \"us-east-1\"\ngroup = \"/trail\"\n",
        folder.display()
    ));
    for (indicator, known) in
        [("3.225.16.109", 14), ("AKIATFQR7NSCUXC3DDDP", 43), ("arn:aws:iam::123837392027:user/benjamin", 105)]
    {
        let mut expected: Vec<&str> = records
            .iter()
            .filter(|record| holds(record, indicator))
            .map(|record| record["eventID"].as_str().unwrap())
            .collect();
        expected.sort_unstable();
        let run = world.sweep(&[indicator, "--since", "24h"]).await;
        let mut found = run.columns("sightings.csv", &["record_id"]);
        found.sort_unstable();
        assert_eq!(found, expected, "{indicator}");
        assert_eq!(found.len(), known, "{indicator}");
        // The management account has no trail.
        assert_eq!(run.summary()["sources"]["accounts"], serde_json::json!({"no-source": 1, "searched": 1}));
        let tampering = run.summary()["tampering"].clone();
        let known = serde_json::json!({
            "DeleteFlowLogs": 1, "DeleteLogGroup": 1, "DeleteTrail": 3, "PutEventSelectors": 2, "StopLogging": 3
        });
        assert_eq!(tampering, known, "{indicator}");
        assert_eq!(run.columns("tampering.csv", &["event_name"]).len(), 10);
    }
}
