//! Published records of attacks: everything that a technique created is a node.

use std::path::Path;

use dragnet::lineage::{Lineage, LineageRecord, Start, follow_lineage};
use dragnet_model::EventDetails;
use serde_json::Value;

/// The directory with the detonation logs of Stratus Red Team: files of JSON arrays of CloudTrail
/// records.
const DIRECTORY: &str = "DRAGNET_STRATUS";

/// Where a record has what its call created.
const CREATED: [(&str, &str); 8] = [
    ("CreateUser", "/requestParameters/userName"),
    ("CreateRole", "/requestParameters/roleName"),
    ("CreateLoginProfile", "/requestParameters/userName"),
    ("UpdateLoginProfile", "/requestParameters/userName"),
    ("CreateAccessKey", "/responseElements/accessKey/accessKeyId"),
    ("AssumeRole", "/responseElements/credentials/accessKeyId"),
    (
        "GetFederationToken",
        "/responseElements/credentials/accessKeyId",
    ),
    (
        "CreateTrustAnchor",
        "/responseElements/trustAnchor/trustAnchorArn",
    ),
];

fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let parsed: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match parsed {
        Value::Array(records) => records,
        Value::Object(mut file) => match file.remove("Records") {
            Some(Value::Array(records)) => records,
            other => panic!("{}: {other:?}", path.display()),
        },
        other => panic!("{}: {other}", path.display()),
    }
}

/// Follows every actor of the records.
fn follow(records: &[Value]) -> Lineage {
    let messages: Vec<String> = records.iter().map(Value::to_string).collect();
    let mut starts = Vec::new();
    let mut parsed = Vec::new();
    for message in &messages {
        let details: EventDetails<'_> = serde_json::from_str(message).unwrap();
        starts.extend(Start::from_identity(&details.identity, details.time_ms));
        parsed.extend(LineageRecord::parse(message, &details));
    }
    follow_lineage(&starts, &parsed, 1_000)
}

/// What successful calls created, by fields that this test knows.
fn created(records: &[Value]) -> Vec<String> {
    let succeeded = records
        .iter()
        .filter(|record| record.get("errorCode").is_none());
    succeeded
        .filter_map(|record| {
            let name = record["eventName"].as_str()?;
            let (_, pointer) = CREATED.iter().find(|(known, _)| *known == name)?;
            Some(record.pointer(pointer)?.as_str()?.to_owned())
        })
        .collect()
}

#[test]
fn everything_that_a_published_technique_created_is_a_node() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        println!("skipped: set {DIRECTORY} to a directory with published records");
        return;
    };
    let mut number = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let records = records(&path);
        let lineage = follow(&records);
        for name in created(&records) {
            number += 1;
            let is_node = lineage.nodes.iter().any(|node| {
                node.identity.to_string().contains(&name) || node.access_keys.contains(&name)
            });
            assert!(is_node, "{}: {name}", path.display());
        }
    }
    println!("{number} created identities are nodes");
    assert!(number > 0, "the records create nothing");
}
