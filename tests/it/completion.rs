//! Completion of values that only Dragnet knows, and the manual pages, with the binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn dragnet(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dragnet"))
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .args(arguments)
        .output()
        .unwrap()
}

/// Completes the last of these words, and returns the lines. Nothing may be printed on stderr.
fn complete(directory: &Path, shell: &str, words: &[&str]) -> Vec<String> {
    let output = dragnet(directory, &[&["completions", shell, "--"], words].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {stderr}");
    assert_eq!(stderr, "", "{words:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn hunts_of_the_catalogue_are_completed() {
    let temp = tempfile::tempdir().unwrap();
    let hunts = complete(temp.path(), "bash", &["sweep", "--hunt", "iam-"]);
    assert_eq!(hunts, ["iam-access-denied", "iam-access-key"]);
    let described = complete(temp.path(), "fish", &["hunts", "show", "iam-access-d"]);
    let (name, title) = described[0].split_once('\t').unwrap();
    assert!(name == "iam-access-denied" && !title.is_empty(), "{title}");
}

#[test]
fn an_invalid_configuration_leaves_the_built_in_hunts() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("dragnet.toml"), "no such key = 1").unwrap();
    let hunts = complete(temp.path(), "zsh", &["hunts", "show", "root-"]);
    assert!(hunts[0].starts_with("root-use\t"), "{hunts:?}");
}

#[test]
fn runs_in_the_working_directory_are_completed() {
    let temp = tempfile::tempdir().unwrap();
    assert!(complete(temp.path(), "bash", &["resume", ""]).is_empty());
    for id in ["20260301T120000Z-3f9a", "20260302T120000Z-77aa"] {
        fs::create_dir_all(temp.path().join("runs").join(id)).unwrap();
    }
    let all = complete(temp.path(), "bash", &["runs", "show", ""]);
    let expected = ["last", "20260302T120000Z-77aa", "20260301T120000Z-3f9a"];
    assert_eq!(all, expected);
    let one = complete(temp.path(), "bash", &["report", "20260301"]);
    assert_eq!(one, ["20260301T120000Z-3f9a"]);
}

#[test]
fn accounts_are_those_that_are_known_without_aws() {
    let temp = tempfile::tempdir().unwrap();
    let accounts = |words: &[&str]| complete(temp.path(), "bash", words);
    assert!(accounts(&["sweep", "--account", ""]).is_empty());

    let practice = accounts(&["sweep", "--practice", "--account", ""]);
    assert!(
        practice.contains(&"222222222222".to_owned()),
        "{practice:?}"
    );

    fs::write(
        temp.path().join("dragnet.toml"),
        "[[accounts]]\nid = \"444444444444\"\nname = \"billing\"\n\
         [[accounts]]\nid = \"555555555555\"\nname = \"$(touch x)\"",
    )
    .unwrap();
    let configured = accounts(&["sweep", "--account", ""]);
    assert_eq!(configured, ["444444444444", "555555555555", "billing"]);
    assert_eq!(accounts(&["sweep", "--account=bi"]), ["--account=billing"]);

    fs::write(temp.path().join("ids.txt"), "666666666666\n").unwrap();
    let listed = accounts(&[
        "--accounts-file",
        "ids.txt",
        "list",
        "roles",
        "--account",
        "",
    ]);
    assert_eq!(listed, ["666666666666"]);
}

#[test]
fn accounts_of_the_newest_run_are_completed() {
    let temp = tempfile::tempdir().unwrap();
    let sweep = [
        "sweep",
        "198.51.100.23",
        "--since",
        "24h",
        "--practice",
        "--quiet",
    ];
    assert_eq!(dragnet(temp.path(), &sweep).status.code(), Some(3));
    let accounts = complete(temp.path(), "bash", &["sweep", "--account", "2"]);
    assert!(
        accounts.contains(&"222222222222".to_owned()),
        "{accounts:?}"
    );
}

#[test]
fn regions_are_completed_and_other_values_are_not() {
    let temp = tempfile::tempdir().unwrap();
    let regions = complete(temp.path(), "bash", &["sweep", "--region", "eu-central"]);
    assert_eq!(regions, ["eu-central-1", "eu-central-2"]);
    for words in [&["sweep", "--since", ""][..], &["swe"], &["sweep", "--acc"]] {
        assert!(complete(temp.path(), "bash", words).is_empty(), "{words:?}");
    }
}

#[test]
fn manual_pages_are_written_to_a_directory() {
    let temp = tempfile::tempdir().unwrap();
    let output = dragnet(temp.path(), &["man", "--out", "man1"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    let page = fs::read_to_string(temp.path().join("man1/dragnet-runs-diff.1")).unwrap();
    assert!(page.contains("Later run"), "{page}");

    fs::write(temp.path().join("file"), "").unwrap();
    let output = dragnet(temp.path(), &["man", "--out", "file"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && stderr.contains("manual pages"),
        "{stderr}"
    );
}
