//! Runs are named by prefix or `last`, failed starts leave nothing, and a complete run is not
//! resumed.

use std::path::Path;

use crate::survive::binary::dragnet;

/// Accepts every gap, so that a practice sweep is complete.
const ACCEPTED: &str = r#"
[[scope.accepted_gap]]
accounts = ["*"]
regions = ["*"]
reason = "known"
by = "secops"
expires = "2027-03-01"
"#;

struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn output(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = dragnet(directory);
    command.stdout(std::process::Stdio::piped()).args(arguments);
    let output = command.output().await.unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a sweep that is complete, and returns its exit code.
async fn complete_sweep(directory: &Path) -> Option<i32> {
    std::fs::write(directory.join("gaps.toml"), ACCEPTED).unwrap();
    let arguments = [
        "sweep",
        "198.51.100.23",
        "--practice",
        "--config",
        "gaps.toml",
        "--account",
        "dev",
        "--fail-on-sighting",
        "-q",
    ];
    output(directory, &arguments).await.code
}

/// Returns the ids of the runs, sorted.
fn ids(directory: &Path) -> Vec<String> {
    let Ok(runs) = std::fs::read_dir(directory.join("runs")) else {
        return Vec::new();
    };
    let mut ids: Vec<String> = runs
        .map(|run| run.unwrap().file_name().into_string().unwrap())
        .collect();
    ids.sort();
    ids
}

/// Returns every file of a run with its content.
fn files(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(run)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Returns the arguments that plan a containment from a run.
fn plan_from(run: &str) -> Vec<&str> {
    let plan = ["contain", "plan", "--practice", "--reason", "x"];
    [&plan[..], &["--from-run", run]].concat()
}

/// Returns the beginning that two ids have in common.
fn common_prefix(one: &str, other: &str) -> String {
    let pairs = one.chars().zip(other.chars());
    pairs
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one)
        .collect()
}

#[tokio::test]
async fn runs_are_named_by_prefix_and_last() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    complete_sweep(here).await;
    let first = ids(here).pop().unwrap();
    complete_sweep(here).await;
    let second = ids(here).into_iter().find(|id| *id != first).unwrap();

    let shared = common_prefix(&first, &second);
    let unique = &first[..=shared.len()];
    // Ids have a resolution of one second; within one, the run that was created later is the last.
    let seconds = "20260302T120000Z".len();
    let last = if second[..seconds] >= first[..seconds] {
        second.as_str()
    } else {
        first.as_str()
    };
    for (name, id) in [
        ("last", last),
        (unique, first.as_str()),
        (second.as_str(), second.as_str()),
    ] {
        let shown = output(here, &["runs", "show", name, "--json"]).await;
        let summary: serde_json::Value = serde_json::from_str(&shown.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", shown.stderr));
        assert_eq!(summary["run_id"], id, "{name}");
    }
    for arguments in [
        vec!["runs", "show", shared.as_str()],
        vec!["runs", "verify", &shared],
        vec!["runs", "diff", &shared, "last"],
        vec!["report", &shared],
        vec!["resume", &shared],
        plan_from(&shared),
    ] {
        let refused = output(here, &arguments).await;
        let stderr = &refused.stderr;
        assert_eq!(refused.code, Some(2), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains(&first) && stderr.contains(&second),
            "{arguments:?}: {stderr}"
        );
    }
    for arguments in [
        vec!["runs", "show", "nosuch"],
        vec!["runs", "verify", "nosuch"],
        vec!["runs", "diff", "last", "nosuch"],
        vec!["report", "nosuch"],
        vec!["resume", "nosuch"],
        plan_from("nosuch"),
    ] {
        let refused = output(here, &arguments).await;
        let stderr = &refused.stderr;
        assert_eq!(refused.code, Some(1), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains("there is no run `nosuch` in runs; the nearest are ")
                && stderr.contains(&first)
                && stderr.contains("dragnet runs list"),
            "{arguments:?}: {stderr}"
        );
    }

    let list = output(here, &["runs", "list"]).await.stdout;
    assert_eq!(list.lines().count(), 3, "one line for each run: {list}");
    assert!(list.lines().last().unwrap().starts_with(last), "{list}");
    let json = output(here, &["runs", "list", "-o", "json"]).await.stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[1]["run_id"], last);
    assert_eq!(json[0]["indicators"], serde_json::json!(["198.51.100.23"]));
}

#[tokio::test]
async fn complete_run_is_not_resumed() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    let code = complete_sweep(here).await;
    let run = here.join("runs").join(ids(here).pop().unwrap());
    let summary = std::fs::read_to_string(run.join("summary.json")).unwrap();
    assert!(summary.contains("\"status\": \"complete\""), "{summary}");
    let before = files(&run);
    let resumed = output(here, &["resume", "last"]).await;
    assert_eq!(resumed.code, code, "{}", resumed.stderr);
    assert!(
        resumed
            .stderr
            .contains("is complete: there is nothing to resume"),
        "{}",
        resumed.stderr
    );
    assert!(files(&run) == before, "no file of the run changes");

    // Killed before its last file was written, the run is not finished.
    std::fs::remove_file(run.join("manifest.json")).unwrap();
    let resumed = output(here, &["resume", "last"]).await;
    assert_eq!(resumed.code, code, "{}", resumed.stderr);
    assert!(run.join("manifest.json").exists());
}

#[tokio::test]
async fn failed_start_leaves_no_run() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    let arguments = [
        "sweep",
        "198.51.100.23",
        "--practice",
        "--account",
        "nosuch",
    ];
    let failed = output(here, &arguments).await;
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("no account matches"),
        "{}",
        failed.stderr
    );
    assert!(
        !failed.stderr.contains("dragnet resume"),
        "{}",
        failed.stderr
    );
    assert_eq!(ids(here), Vec::<String>::new());
}
