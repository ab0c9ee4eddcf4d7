//! What cannot be read in a bucket is a gap with its own reason, and nothing else is lost.

use super::sweeps::{BUCKET, IP, calls, folders, scenario, scenario_with, trail};
use crate::scenario::{Fault, KmsKey, ObjectChange};
use crate::world::{Run, World};

/// The folder with the planted calls.
const FOLDER: &str = "222222222222 eu-west-1 ";

async fn sweep(scenario: &str) -> Run {
    World::from_toml(scenario)
        .sweep(&[IP, "--sources", "s3"])
        .await
}

/// Returns the status and reason of the folder with the planted calls.
fn folder(run: &Run) -> String {
    let rows = folders(run);
    let found = rows.iter().find_map(|row| row.strip_prefix(FOLDER));
    found
        .unwrap_or_else(|| panic!("no folder: {rows:?}"))
        .to_owned()
}

/// A change of all objects with the planted calls.
fn change(change: &str) -> ObjectChange {
    ObjectChange::new(BUCKET, "*/222222222222/CloudTrail/eu-west-1/*", change)
}

#[tokio::test(start_paused = true)]
async fn denied_bucket_is_a_gap_of_every_account_region() {
    let run = sweep(&scenario(&(calls(2) + &Fault::denied("ListObjectsV2")))).await;
    let rows = folders(&run);
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(
        rows.iter().all(|row| row
            .contains(" denied access-denied: ListObjectsV2 in account 111111111111")
            && row.contains("was tried from account 111111111111")),
        "{rows:?}"
    );
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn denied_objects_end_their_folder() {
    let scenario = scenario(&(calls(40) + &Fault::denied("GetObject")));
    let world = World::from_toml(&scenario);
    let run = world.sweep(&[IP, "--sources", "s3"]).await;
    let reason = folder(&run);
    assert!(
        reason.starts_with("denied object-denied: 8 objects"),
        "{reason}"
    );
    assert!(
        world.calls("GetObject") < 20,
        "{}",
        world.calls("GetObject")
    );
}

#[tokio::test(start_paused = true)]
async fn denied_key_has_its_own_reason() {
    let arn = "arn:aws:kms:us-east-1:333333333333:key/11111111-2222-3333-4444-555555555555";
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "kms:*", "Resource": "*"}]}"#;
    let key = KmsKey::new(arn, "333333333333").policy(policy);
    let scenario = scenario_with(&trail().kms_key(arn), &(calls(3) + &key));
    let reason = folder(&sweep(&scenario).await);
    assert!(
        reason.starts_with("denied kms-denied: 3 objects"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn archived_objects_are_not_requested() {
    let scenario = scenario(&(calls(3) + &change("archive")));
    let world = World::from_toml(&scenario);
    let run = world.sweep(&[IP, "--sources", "s3"]).await;
    let reason = folder(&run);
    assert!(
        reason.starts_with("unsearchable archived: 3 objects") && reason.ends_with(": GLACIER"),
        "{reason}"
    );
    assert_eq!(world.calls("GetObject"), 0);
}

#[tokio::test(start_paused = true)]
async fn object_that_is_deleted_after_the_list_is_gone() {
    // The first call tries the permission to read.
    let deleted = Fault::new("GetObject", "delete-object").after(1).times(1);
    let run = sweep(&scenario(&(calls(5) + &deleted))).await;
    let reason = folder(&run);
    assert!(
        reason.starts_with("partial object-gone: 1 object"),
        "{reason}"
    );
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"; 4]);
}

#[tokio::test(start_paused = true)]
async fn damaged_objects_are_named_and_the_rest_of_them_is_searched() {
    let cut = folder(&sweep(&scenario(&(calls(3) + &change("cut")))).await);
    assert!(cut.contains(" object-unreadable: 3 objects"), "{cut}");
    let run = sweep(&scenario(&(calls(3) + &change("trailing-data")))).await;
    let trailing = folder(&run);
    assert!(
        trailing.contains(" object-unreadable: 3 objects"),
        "{trailing}"
    );
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"; 3]);
}
