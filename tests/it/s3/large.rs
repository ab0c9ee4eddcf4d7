//! An object that is too large for memory is read in ranges, which are parts of the listed object.

use super::Archive;
use super::sweeps::{BUCKET, IP, folders, scenario_with, trail};
use crate::scenario::{Bucket as BucketTable, Fault, ScenarioBuilder};
use crate::world::{Run, World, record};
use dragnet::aws::{Bucket, ListedObject, S3Failure};

const PROD: &str = "222222222222";
const REGION: &str = "eu-west-1";
const OWNER: &str = "222222222222";

/// A log file of more than 8 MB, the last record of which has the address.
fn scenario(more: &str) -> String {
    let padding = "x".repeat(1 << 20);
    let mut records: Vec<String> = (0..8)
        .map(|number| {
            let padded = record(
                &format!("p{number}"),
                PROD,
                REGION,
                "2026-03-02T06:00:00Z",
                "198.51.100.9",
            );
            padded.replace(
                "\"userAgent\":\"cli\"",
                &format!("\"userAgent\":\"{padding}\""),
            )
        })
        .collect();
    records.push(record("last", PROD, REGION, "2026-03-02T06:01:00Z", IP));
    let key = format!(
        "AWSLogs/o-practice00/{PROD}/CloudTrail/{REGION}/2026/03/02/{PROD}_CloudTrail_{REGION}_20260302T0605Z_AAAAAAAAAAAAAAAA.json.gz"
    );
    let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let object = format!(
        "[[objects]]\nbucket = '{BUCKET}'\nkey = '{key}'\nat = '1h ago'\ntext = '{text}'\n"
    );
    scenario_with(&trail().validation(false), &(object + more))
}

fn folder(run: &Run) -> String {
    let rows = folders(run);
    let row = rows
        .iter()
        .find_map(|row| row.strip_prefix("222222222222 eu-west-1 "));
    row.unwrap_or_else(|| panic!("no folder: {rows:?}"))
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn large_object_is_searched_to_its_end() {
    let world = World::from_toml(&scenario(""));
    let run = world.sweep(&[IP, "--sources", "s3"]).await;
    assert_eq!(run.columns("sightings.csv", &["record_id"]), ["last"]);
    assert_eq!(folder(&run), "searched");
    // One is the trial whether objects can be read.
    assert_eq!(world.calls("GetObject"), 3);
}

#[tokio::test(start_paused = true)]
async fn large_object_that_is_deleted_while_it_is_read_is_gone() {
    // The trial and the first range succeed.
    let deleted = Fault::new("GetObject", "delete-object").after(2).times(1);
    let run = World::from_toml(&scenario(&deleted.to_string()))
        .sweep(&[IP, "--sources", "s3"])
        .await;
    let row = folder(&run);
    assert!(row.starts_with("failed object-gone: 1 object"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn ranges_are_parts_of_the_listed_object() {
    let scenario = ScenarioBuilder::new("ranges")
        .account(OWNER, "archive")
        .with(&BucketTable::new("logs", OWNER, "us-east-1"))
        .with("[[objects]]\nbucket = 'logs'\nkey = 'k'\nat = '1h ago'\ntext = '0123456789'\n");
    let archive = Archive::enter(World::from_toml(&scenario.toml()), OWNER).await;
    let bucket: Bucket = archive.bucket("logs").await;
    let object = archive.objects(&bucket, "").await.remove(0);
    let read = async |object: &ListedObject, range| {
        let range = archive
            .aws
            .object_range(&archive.session, &bucket, object, range);
        let bytes = range.await.map(|bytes| bytes.to_vec());
        bytes.map_err(|error| S3Failure::from_error(&error))
    };
    assert_eq!(read(&object, 0..4).await.as_deref(), Ok(&b"0123"[..]));
    assert_eq!(read(&object, 4..10).await.as_deref(), Ok(&b"456789"[..]));
    let changed = ListedObject {
        etag: "\"other\"".to_owned(),
        ..object.clone()
    };
    assert_eq!(read(&changed, 0..4).await, Err(S3Failure::ObjectChanged));
    for size in [9, 11] {
        let wrong = ListedObject {
            size,
            ..object.clone()
        };
        assert_eq!(
            read(&wrong, 4..9).await,
            Err(S3Failure::Unreadable),
            "{size}"
        );
    }
    // The response ends before the range does.
    assert_eq!(read(&object, 4..11).await, Err(S3Failure::Unreadable));
}
