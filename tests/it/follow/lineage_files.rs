//! The files of a follow, and the practice scenario.

use std::collections::BTreeSet;

use super::{follow_json, footholds};
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn one_command_reconstructs_the_practice_scenario() {
    let scenario = include_str!("../../../config/range/small.toml");
    let run = World::from_toml(scenario)
        .sweep(&["198.51.100.23", "--follow", "--format", "csv,html"])
        .await;
    let follow = follow_json(&run);
    let found = footholds(&follow);
    for expected in [
        "access key AKIADEPLOYBOT2LEAKED",
        "access key AKIASUPPORT2BACKDOOR",
        "user support-backup in 666666666666",
        "session sync of role DataPipeline in 444444444444",
    ] {
        assert!(found.contains(expected), "{expected}: {found:#?}");
    }
    let edges = follow["edges"].as_array().unwrap();
    let names: BTreeSet<&str> = edges
        .iter()
        .map(|edge| edge["event_name"].as_str().unwrap())
        .collect();
    assert!(
        names.is_superset(&BTreeSet::from([
            "CreateUser",
            "CreateAccessKey",
            "AssumeRole"
        ])),
        "{names:?}"
    );
    for edge in edges {
        assert!(!edge["event_ids"].as_array().unwrap().is_empty(), "{edge}");
    }
    let rows = run.columns("sightings.csv", &["event_name", "depth", "lineage"]);
    // The IP address of these calls is another one.
    assert!(
        rows.iter()
            .any(|row| row.starts_with("GetSecretValue 0 ") || row.starts_with("GetSecretValue 3 ")),
        "the session was found in a round: {rows:#?}"
    );
    let mermaid = run.file("follow.mmd");
    assert!(mermaid.starts_with("flowchart LR"), "{mermaid}");
    assert!(
        mermaid.contains("session sync of role DataPipeline"),
        "{mermaid}"
    );
    assert!(run.file("follow.dot").starts_with("digraph lineage {"));
    let page = run.file("report.html");
    assert!(page.contains("<svg class=\"lineage\""));
    assert!(page.contains("session sync of role DataPipeline in 444444444444"));
    let listed = &run.outputs.files.files;
    for name in ["follow.json", "follow.mmd", "follow.dot"] {
        assert!(listed.iter().any(|file| file == name), "{listed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn run_that_does_not_follow_has_no_lineage() {
    let scenario = include_str!("../../../config/range/small.toml");
    let run = World::from_toml(scenario)
        .sweep(&["AKIADEPLOYBOT2LEAKED", "--account", "dev"])
        .await;
    assert!(!run.outputs.directory.join("follow.json").exists());
    assert!(!run.file("sightings.csv").contains(",lineage,depth"));
    assert!(run.summary().get("follow").is_none());
}
