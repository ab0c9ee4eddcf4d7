//! `dragnet runs`: lists runs, shows how they ended, and verifies that they were not changed.

use std::path::Path;

use super::binary::{dragnet, run_in};

async fn run_dragnet(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = dragnet(directory);
    command.stdout(std::process::Stdio::piped()).args(arguments);
    let output = command.output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_run_is_listed_shown_and_verified() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    assert_eq!(
        run_dragnet(here, &["runs", "list"]).await.0,
        Some(0),
        "no runs is not an error"
    );
    run_dragnet(
        here,
        &[
            "sweep",
            "198.51.100.23",
            "--practice",
            "--account",
            "dev",
            "-q",
        ],
    )
    .await;
    let run = run_in(here).unwrap();
    let name = run.file_name().unwrap().to_str().unwrap();
    let (_, listed) = run_dragnet(here, &["runs", "list"]).await;
    assert!(
        listed.contains(name) && listed.contains("complete") && listed.contains("198.51.100.23"),
        "{listed}"
    );
    let (code, shown) = run_dragnet(here, &["runs", "show", name]).await;
    assert!(code == Some(0) && shown.contains(" searched"), "{shown}");
    let (code, verified) = run_dragnet(here, &["runs", "verify", name]).await;
    assert_eq!(code, Some(0), "`runs show` changes no file: {verified}");

    let sightings = run.join("sightings.csv");
    let whole = std::fs::read(&sightings).unwrap();
    std::fs::write(&sightings, &whole[..whole.len() - 1]).unwrap();
    std::fs::remove_file(run.join("calls.csv")).unwrap();
    std::fs::write(run.join("more.csv"), "").unwrap();
    let (code, verified) = run_dragnet(here, &["runs", "verify", name]).await;
    assert_eq!(code, Some(1));
    for line in [
        "CHANGED   sightings.csv",
        "MISSING   calls.csv",
        "ADDED     more.csv",
        "listed    run.db",
    ] {
        assert!(verified.contains(line), "{line}: {verified}");
    }
    // A forged manifest must not cause other files to be read.
    let outside = r#"{"run_id":"x","tool_version":"x","settings_sha256":"x","caller_arn":"x",
        "files":[{"name":"../../secret","bytes":0,"sha256":""}]}"#;
    std::fs::write(run.join("manifest.json"), outside).unwrap();
    assert!(
        run_dragnet(here, &["runs", "verify", name])
            .await
            .1
            .contains("MISSING   ../../secret")
    );
}

#[tokio::test]
async fn locked_run_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    run_dragnet(
        here,
        &[
            "sweep",
            "198.51.100.23",
            "--practice",
            "--account",
            "dev",
            "-q",
        ],
    )
    .await;
    let run = run_in(here).unwrap();
    let name = run.file_name().unwrap().to_str().unwrap();
    let lock = std::fs::File::create(run.join("run.lock")).unwrap();
    lock.lock().unwrap();
    for command in ["resume", "report"] {
        let (code, output) = run_dragnet(here, &[command, name]).await;
        assert!(
            code == Some(1) && output.contains("is in use by another dragnet"),
            "{command}: {output}"
        );
    }
    // The owner of the lock is dead, but the file still exists.
    drop(lock);
    let (code, output) = run_dragnet(here, &["resume", name]).await;
    assert!(matches!(code, Some(0 | 3)), "{output}");
    let (code, output) = run_dragnet(here, &["resume", name, "--member-role", "Other"]).await;
    assert!(
        code == Some(2) && output.contains("--member-role"),
        "{output}"
    );
}
