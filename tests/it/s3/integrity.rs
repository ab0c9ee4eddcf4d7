//! `--verify-integrity`: what was deleted or changed in a bucket is reported, and nothing else. What cannot
//! be verified is never called unbroken.

use serde_json::{Value, json};

use super::sweeps::{BUCKET, IP, folders};
use crate::scenario::{Behaviour, Fault, ObjectChange, Record, ScenarioBuilder, Trail};
use crate::world::{Run, World};

const ACCOUNT: &str = "111111111111";
/// The only folder with objects.
const FOLDER: &str = "111111111111 us-east-1 ";
const ARGUMENTS: [&str; 8] = [
    IP,
    "--require",
    "management",
    "--sources",
    "s3",
    "--since",
    "12h",
    "--verify-integrity",
];

/// The number of objects: they arrived at 04:05, 05:05 … 09:05.
const OBJECTS: u64 = 6;

/// The words of all gaps that these tests are about.
const REASONS: [&str; 5] = [
    "object-deleted",
    "file-modified",
    "file-unconfirmed",
    "not-verified",
    "object-unreadable",
];

fn trail() -> Trail {
    Trail::new("main", ACCOUNT, "us-east-1").validated_since("20h ago")
}

/// Returns one account-Region whose trail delivers an object in each hour, and `more`.
fn scenario_with(trail: &Trail, more: &str) -> String {
    let bob = "arn:aws:iam::111111111111:user/bob";
    let calls: String = (3..3 + OBJECTS)
        .map(|hours| format!("{hours}h ago"))
        .map(|at| {
            Record::new(ACCOUNT, "us-east-1", at.as_str(), bob)
                .call("s3", "DeleteBucket")
                .ip(IP)
                .raw(&format!("delivered = \"{at}\""))
                .to_string()
        })
        .collect();
    ScenarioBuilder::new("integrity")
        .with(&Behaviour::new().own_traces(false))
        .with(trail)
        .with(&calls)
        .with(more)
        .toml()
}

fn scenario(more: &str) -> String {
    scenario_with(&trail(), more)
}

/// A change of the objects or digests of one hour.
fn change(folder: &str, hour: &str, change: &str) -> ObjectChange {
    let keys = format!("*/{folder}/*_20260302T{hour}*");
    ObjectChange::new(BUCKET, keys.as_str(), change)
}

async fn sweep(scenario: &str) -> Run {
    World::from_toml(scenario).sweep(&ARGUMENTS).await
}

/// Returns the status and reason of the folder.
fn folder(run: &Run) -> String {
    let rows = folders(run);
    let found = rows.iter().find_map(|row| row.strip_prefix(FOLDER));
    found
        .unwrap_or_else(|| panic!("no folder: {rows:?}"))
        .to_owned()
}

/// What the digests say, in numbers.
fn digests(run: &Run) -> Value {
    run.summary()["integrity"]["digests"].clone()
}

/// Checks that a run has one gap, and that it is about one object or digest with this in its key.
fn assert_one_gap(run: &Run, reason: &str, parts: &[&str]) {
    let row = folder(run);
    let start = format!("partial {reason}: 1 object, the first is ");
    assert!(row.starts_with(&start), "{row}");
    for part in parts {
        assert!(row.contains(part), "{part}: {row}");
    }
    for other in REASONS.iter().filter(|other| **other != reason) {
        assert!(!row.contains(other), "{row}");
    }
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn intact_bucket_is_confirmed() {
    let world = World::from_toml(&scenario(""));
    let run = world.sweep(&ARGUMENTS).await;
    assert_eq!(folder(&run), "searched");
    assert_eq!(run.status(), "complete");
    let digests = digests(&run);
    assert_eq!(digests["log_files"], json!(OBJECTS), "{digests}");
    for none in [
        "missing",
        "modified",
        "digest_problems",
        "unlisted",
        "without_digest",
    ] {
        assert_eq!(digests[none], json!(0), "{none}: {digests}");
    }
    assert_eq!(digests["signatures_checked"], json!(true));
    let integrity = &run.summary()["integrity"];
    assert_eq!(integrity["not_verified"], json!(0), "{integrity}");
    assert_eq!(world.calls("ListPublicKeys"), 1);
    assert_eq!(run.columns("sightings.csv", &["source"]).len(), 6);
}

#[tokio::test(start_paused = true)]
async fn digests_are_read_on_request_only() {
    let world = World::from_toml(&scenario(&change("CloudTrail", "0905", "modify")));
    let run = world.sweep(&ARGUMENTS[..7]).await;
    assert_eq!(folder(&run), "searched");
    assert_eq!(run.summary()["integrity"], Value::Null);
    assert_eq!(world.calls("ListPublicKeys"), 0);
    // One more is the trial whether objects can be read.
    assert_eq!(world.calls("GetObject"), OBJECTS + 1);
}

#[tokio::test(start_paused = true)]
async fn deleted_object_is_named() {
    let run = sweep(&scenario(&change("CloudTrail", "0805", "delete"))).await;
    let key = format!("s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/03/02/");
    assert_one_gap(&run, "object-deleted", &[&key, "T0805Z"]);
    let digests = digests(&run);
    assert_eq!(digests["missing"], json!(1), "{digests}");
    assert_eq!(digests["digest_problems"], json!(0), "{digests}");
}

#[tokio::test(start_paused = true)]
async fn deletion_of_all_objects_is_no_empty_folder() {
    let run = sweep(&scenario(&change("CloudTrail", "", "delete"))).await;
    let row = folder(&run);
    assert!(
        row.starts_with("partial object-deleted: 6 objects, the first is s3://"),
        "{row}"
    );
    assert_eq!(digests(&run)["missing"], json!(OBJECTS));
}

#[tokio::test(start_paused = true)]
async fn changed_objects_are_named() {
    for (kind, words) in [
        ("modify", "the SHA-256 of its content is "),
        ("trailing-data", "data follows the content"),
        ("second-member", ""),
        ("cut", "its content is damaged"),
    ] {
        let run = sweep(&scenario(&change("CloudTrail", "0805", kind))).await;
        assert_one_gap(&run, "file-modified", &["T0805Z", words]);
        let digests = digests(&run);
        assert_eq!(digests["modified"], json!(1), "{kind}: {digests}");
        assert_eq!(digests["missing"], json!(0), "{kind}: {digests}");
    }
}

#[tokio::test(start_paused = true)]
async fn deleted_and_forged_digests_are_named() {
    for (kind, words) in [
        ("delete", "the digest is missing, which the next one, "),
        ("modify", "its signature is wrong"),
        ("cut", ""),
        ("trailing-data", "trailing-data"),
    ] {
        let run = sweep(&scenario(&change("CloudTrail-Digest", "08", kind))).await;
        let folder = format!("s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/");
        assert_one_gap(&run, "file-unconfirmed", &[&folder, "_20260302T08", words]);
        let digests = digests(&run);
        assert_eq!(digests["digest_problems"], json!(1), "{kind}: {digests}");
        // Nothing confirms the object of that hour, and nothing says that it is missing.
        assert_eq!(digests["unlisted"], json!(1), "{kind}: {digests}");
        assert_eq!(
            digests["log_files"],
            json!(OBJECTS - 1),
            "{kind}: {digests}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn window_in_the_middle_of_a_chain_is_confirmed() {
    let run = World::from_toml(&scenario(""))
        .sweep(&[
            IP,
            "--sources",
            "s3",
            "--verify-integrity",
            "--from",
            "2026-03-02T03:30:00Z",
            "--to",
            "2026-03-02T07:30:00Z",
        ])
        .await;
    assert_eq!(folder(&run), "searched");
    let digests = digests(&run);
    assert_eq!(digests["log_files"], json!(5), "{digests}");
    assert_eq!(digests["digest_problems"], json!(0), "{digests}");
    assert_eq!(run.columns("sightings.csv", &["source"]).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn hours_before_validation_are_not_confirmed() {
    let late = Trail::new("main", ACCOUNT, "us-east-1").validated_since("5h ago");
    let run = sweep(&scenario_with(&late, "")).await;
    let row = folder(&run);
    let start = "partial file-unconfirmed: no valid digest covers 2026-03-02T00:00:00.000Z to 2026-03-02T07:";
    assert!(row.starts_with(start), "{row}");
    let digests = digests(&run);
    assert_eq!(digests["digest_problems"], json!(1), "{digests}");
    assert_eq!(digests["missing"], json!(0), "{digests}");
}

#[tokio::test(start_paused = true)]
async fn trail_without_validation_is_not_verified() {
    let off = Trail::new("main", ACCOUNT, "us-east-1").validation(false);
    let world = World::from_toml(&scenario_with(&off, ""));
    let run = world.sweep(&ARGUMENTS).await;
    let row = folder(&run);
    let start = "partial file-unconfirmed: not verified: there is no digest of this time";
    assert!(row.starts_with(start), "{row}");
    let integrity = &run.summary()["integrity"];
    assert_eq!(integrity["digests"], Value::Null, "{integrity}");
    assert_eq!(integrity["not_verified"], json!(1), "{integrity}");
    assert_eq!(world.calls("ListPublicKeys"), 0);
}

#[tokio::test(start_paused = true)]
async fn denied_keys_and_digests_are_not_verified() {
    // The first object is the trial whether objects can be read.
    let digest = Fault::denied("GetObject").after(1).times(1);
    for (fault, operation) in [
        (Fault::denied("ListPublicKeys"), "ListPublicKeys"),
        (digest, "GetObject"),
    ] {
        let run = sweep(&scenario(&fault)).await;
        let row = folder(&run);
        assert!(
            row.starts_with("partial not-verified: not verified: ") && row.contains(operation),
            "{row}"
        );
        let integrity = &run.summary()["integrity"];
        assert_eq!(integrity["digests"], Value::Null, "{integrity}");
        assert_eq!(integrity["not_verified"], json!(1), "{integrity}");
        assert_eq!(run.columns("sightings.csv", &["source"]).len(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn resumed_run_has_the_same_result() {
    let changes = format!(
        "{}{}",
        change("CloudTrail", "0805", "delete"),
        change("CloudTrail", "0605", "modify")
    );
    let world = World::from_toml(&scenario(&changes));
    let run = world.sweep(&ARGUMENTS).await;
    let shown = |run: &Run| (folder(run), run.summary()["integrity"].clone());
    let expected = shown(&run);
    assert_eq!(expected.1["digests"]["modified"], json!(1), "{expected:?}");
    let directory = world.runs().pop().unwrap();
    let resumed = world.resume(&directory).await.unwrap();
    assert_eq!(shown(&resumed), expected);
}

#[tokio::test(start_paused = true)]
async fn resumed_run_verifies_what_was_denied() {
    let fault = Fault::denied("ListPublicKeys").times(1);
    let world = World::from_toml(&scenario(&fault));
    let run = world.sweep(&ARGUMENTS).await;
    assert!(folder(&run).contains("not verified"));
    let directory = world.runs().pop().unwrap();
    let resumed = world.resume(&directory).await.unwrap();
    assert_eq!(folder(&resumed), "searched");
    assert_eq!(digests(&resumed)["log_files"], json!(OBJECTS));
    assert_eq!(resumed.summary()["integrity"]["not_verified"], json!(0));
}

/// The first part of the run reads objects without digests, because the keys are denied, and ends in the middle of
/// the folder.
#[tokio::test(start_paused = true)]
async fn resumed_run_compares_what_was_read_without_digests() {
    let bob = "arn:aws:iam::111111111111:user/bob";
    let more: String = (3..3 + OBJECTS)
        .map(|hours| format!("{}m ago", 60 * hours + 30))
        .map(|at| {
            Record::new(ACCOUNT, "us-east-1", at.as_str(), bob)
                .call("s3", "DeleteBucket")
                .ip(IP)
                .raw(&format!("delivered = \"{at}\""))
                .to_string()
        })
        .collect();
    // It is in the first batch, which has eight objects.
    let modified = more + &change("CloudTrail", "0405", "modify");
    // The trial whether objects can be read comes before them.
    let faults = format!(
        "{}{}",
        Fault::denied("ListPublicKeys"),
        Fault::new("GetObject", "throttle").after(9)
    );
    let first = World::from_toml(&scenario(&format!("{modified}{faults}")));
    let run = first.sweep(&ARGUMENTS).await;
    let row = folder(&run);
    assert!(!row.starts_with("partial "), "it did not end: {row}");
    let directory = first.runs().pop().unwrap();
    let resumed = first.restarted_with(&scenario(&modified));
    let run = resumed.resume(&directory).await.unwrap();
    assert_one_gap(&run, "file-modified", &["T0405Z"]);
    let digests = digests(&run);
    assert_eq!(digests["modified"], json!(1), "{digests}");
    assert_eq!(digests["log_files"], json!(2 * OBJECTS), "{digests}");
}
