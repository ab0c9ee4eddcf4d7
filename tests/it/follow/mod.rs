//! `sweep --follow`: every foothold of an attack is found, nothing else is, and what cannot be seen
//! is an open end.

mod attack;
mod hostile_graphs;
mod lineage_files;
mod published;
mod random;
mod rounds;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::Run;

/// Reads `follow.json`.
fn follow_json(run: &Run) -> Value {
    serde_json::from_str(&run.file("follow.json")).unwrap()
}

/// Returns the identities whose calls are followed.
fn footholds(follow: &Value) -> BTreeSet<String> {
    let nodes = follow["nodes"].as_array().unwrap();
    let followed = nodes.iter().filter(|node| node["is_followed"] == true);
    followed
        .map(|node| node["identity"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the identities of the open ends of a kind.
fn open_ends(follow: &Value, kind: &str) -> BTreeSet<String> {
    let open_ends = follow["open_ends"].as_array().unwrap();
    let of_kind = open_ends.iter().filter(|open_end| open_end["kind"] == kind);
    of_kind
        .map(|open_end| open_end["identity"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the number of AWS calls of a run.
fn calls(run: &Run) -> u64 {
    let summary = run.summary();
    let counts = summary["api_calls"].as_object().unwrap();
    counts.values().map(|count| count.as_u64().unwrap()).sum()
}
