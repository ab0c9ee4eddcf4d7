//! The binary on the practice range: exit codes, the summary, and what refuses the run.

use std::path::Path;
use std::process::Stdio;

use crate::survive::binary::dragnet;

const COLLECT: [&str; 10] = [
    "collect",
    "--practice",
    "--account",
    "dev",
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T11:59:00Z",
    "--out",
    "evidence",
];

/// Returns the exit code of a command, its stdout and its stderr.
async fn run(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = dragnet(directory)
        .args(arguments)
        .stdout(Stdio::piped())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn collection_says_what_it_has_and_is_not_resumed_as_a_run() {
    let temp = tempfile::tempdir().unwrap();
    let (plan_code, plan, _) = run(temp.path(), &[&COLLECT[..], &["--dry-run"]].concat()).await;
    assert!(!plan.is_empty() && !temp.path().join("evidence").exists());
    let (code, summary, notes) = run(temp.path(), &COLLECT).await;
    let manifest = super::manifest(&temp.path().join("evidence"));
    let expected = if manifest["status"] == "complete" {
        0
    } else {
        3
    };
    assert_eq!(code, Some(expected), "{summary}{notes}");
    assert!(matches!(plan_code, Some(0 | 3)));
    super::assert_manifest_is_right(&temp.path().join("evidence"));
    assert!(
        summary.contains("dragnet sweep INDICATOR --files evidence"),
        "{summary}"
    );
    assert!(
        summary.contains("later records may not have been delivered yet"),
        "{summary}"
    );
    assert_eq!(
        summary.contains("INCOMPLETE"),
        manifest["status"] != "complete"
    );
    let id = manifest["run_id"].as_str().unwrap();
    let (code, _, stderr) = run(temp.path(), &["resume", &format!("evidence/run/{id}")]).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("dragnet collect"), "{stderr}");
    let search = ["sweep", "198.51.100.23", "--files", "evidence"];
    let (code, report, stderr) = run(temp.path(), &search).await;
    assert_eq!(code, Some(0), "{report}{stderr}");
    let (_, json, _) = run(temp.path(), &[&COLLECT[..], &["--json"]].concat()).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"], manifest["files"]);
}
