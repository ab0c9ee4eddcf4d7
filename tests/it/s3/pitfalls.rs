//! What real buckets have and a simple reader gets wrong: late and repeated deliveries, keys that are
//! no log files, packings and escapes that hide records, and errors that look like others.

use dragnet::aws::{Bucket, ListQuery, ListedObject, S3Failure};
use jiff::Timestamp;

use super::Archive;
use super::sweeps::{BUCKET, IP, call, calls, folders, scenario_with, trail};
use crate::scenario::{
    Account, Bucket as BucketTable, Fault, FlowLog, ObjectChange, Record, ScenarioBuilder,
};
use crate::world::{Run, World, record};

const PROD: &str = "222222222222";
const REGION: &str = "eu-west-1";
const BOB: &str = "arn:aws:iam::222222222222:user/bob";
/// The folder of prod in eu-west-1, below that of the organization.
const FOLDER: &str = "AWSLogs/o-practice00/222222222222/CloudTrail/eu-west-1/";

/// Returns the organization of the sweeps with `more`. Its trail delivers no digests, which take time
/// to sign.
fn world(more: &str) -> World {
    World::from_toml(&scenario_with(&trail().validation(false), more))
}

async fn sweep(more: &str) -> Run {
    world(more).sweep(&[IP, "--sources", "s3"]).await
}

/// Returns an object in the bucket of the trail.
fn object(key: &str, is_packed: bool, text: &str) -> String {
    format!(
        "[[objects]]\nbucket = '{BUCKET}'\nkey = '{key}'\nat = '1h ago'\ngzip = {is_packed}\ntext = '{text}'\n"
    )
}

/// Returns a log file of prod in eu-west-1 with these records. `minute` is the hour and minute of the
/// delivery.
fn log_file(minute: &str, records: &[&str]) -> String {
    let key = format!(
        "{FOLDER}2026/03/02/{PROD}_CloudTrail_{REGION}_20260302T{minute}Z_AAAAAAAAAAAAAAAA.json.gz"
    );
    let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    object(&key, true, &text)
}

fn record_at(id: &str, at: &str) -> String {
    record(id, PROD, REGION, at, IP)
}

/// Returns the status and reason of the folder of prod in eu-west-1.
fn folder(run: &Run) -> String {
    let rows = folders(run);
    let found = rows
        .iter()
        .find_map(|row| row.strip_prefix("222222222222 eu-west-1 "));
    found
        .unwrap_or_else(|| panic!("no folder: {rows:?}"))
        .to_owned()
}

fn record_ids(run: &Run) -> Vec<String> {
    run.columns("sightings.csv", &["record_id"])
}

/// Source: CloudTrail user guide, "How CloudTrail works": CloudTrail delivers again for 30 days if the
/// bucket cannot be reached, and "a log file delivered at a specific time can contain records written
/// at any point before that time".
#[tokio::test(start_paused = true)]
async fn record_that_is_delivered_twice_is_one_sighting() {
    let once = record_at("e1", "2026-03-02T05:58:00Z");
    let files = log_file("0605", &[&once]) + &log_file("1030", &[&once]);
    let run = sweep(&files).await;
    let columns = ["record_id", "copies", "copies_differ"];
    assert_eq!(run.columns("sightings.csv", &columns), ["e1 2 false"]);
    assert_eq!(folder(&run), "searched");
}

#[tokio::test(start_paused = true)]
async fn records_that_are_delivered_after_the_window_are_found() {
    let files = [
        log_file("0405", &[&record_at("before", "2026-03-02T03:59:00Z")]),
        log_file("0555", &[&record_at("late", "2026-03-02T04:30:00Z")]),
        log_file("0525", &[&record_at("after", "2026-03-02T05:20:00Z")]),
    ];
    let window = ["--from", "2026-03-02T04:00:00Z", "--to"];
    let arguments = [IP, "--sources", "s3"];
    let arguments = [&arguments[..], &window, &["2026-03-02T05:10:00Z"]].concat();
    let run = world(&files.concat()).sweep(&arguments).await;
    assert_eq!(record_ids(&run), ["late"]);
    assert_eq!(folder(&run), "searched");
}

#[tokio::test(start_paused = true)]
async fn folders_and_files_without_records_are_normal() {
    let files = [
        object(FOLDER, false, ""),
        object(&format!("{FOLDER}2026/03/02/"), false, ""),
        log_file("0605", &[]),
        log_file("0610", &[&record_at("e1", "2026-03-02T06:07:00Z")]),
    ];
    let run = sweep(&files.concat()).await;
    assert_eq!(record_ids(&run), ["e1"]);
    assert_eq!(folder(&run), "searched");
}

#[tokio::test(start_paused = true)]
async fn folder_with_a_content_is_no_folder() {
    let marker = object(&format!("{FOLDER}2026/03/02/x/"), false, "records");
    let run = sweep(&(marker + &calls(1))).await;
    let row = folder(&run);
    assert!(row.starts_with("partial unknown-layout: 1 object"), "{row}");
}

/// Anyone who may write to the bucket can replace an object by an empty one.
#[tokio::test(start_paused = true)]
async fn emptied_log_file_is_a_gap() {
    let emptied = log_file("0605", &[])
        .replace("gzip = true", "gzip = false")
        .replace(r#"text = '{"Records":[]}'"#, "text = ''");
    let intact = log_file("0610", &[&record_at("e1", "2026-03-02T06:07:00Z")]);
    let run = sweep(&(emptied + &intact)).await;
    assert_eq!(record_ids(&run), ["e1"]);
    let row = folder(&run);
    let start = "partial object-unreadable: 1 object, the first is ";
    assert!(
        row.starts_with(start) && row.contains("it is empty"),
        "{row}"
    );
}

/// Their folders begin with the name of the folder of log files.
#[tokio::test(start_paused = true)]
async fn insight_events_and_digests_are_no_records() {
    let insight = log_file("0605", &[&record_at("insight", "2026-03-02T06:01:00Z")]);
    let insight = insight
        .replace("/CloudTrail/", "/CloudTrail-Insight/")
        .replace("_CloudTrail_", "_CloudTrail-Insight_");
    let digest = log_file("0605", &[&record_at("digest", "2026-03-02T06:01:00Z")]);
    let digest = digest
        .replace("/CloudTrail/", "/CloudTrail-Digest/")
        .replace("_CloudTrail_", "_CloudTrail-Digest_");
    let genuine = log_file("0605", &[&record_at("e1", "2026-03-02T06:01:00Z")]);
    let run = sweep(&[insight, digest, genuine].concat()).await;
    assert_eq!(record_ids(&run), ["e1"]);
    assert_eq!(folder(&run), "searched");
}

#[tokio::test(start_paused = true)]
async fn second_member_of_a_gzip_hides_nothing() {
    let keys = format!("*/{PROD}/CloudTrail/*");
    let change = ObjectChange::new(BUCKET, keys, "second-member");
    let run = world(&(calls(3) + &change))
        .sweep(&["regex:^Hidden$", "--sources", "s3"])
        .await;
    let found = run.columns("sightings.csv", &["message"]);
    let reason = folder(&run);
    let is_reported = reason.contains("object-unreadable: 3 objects");
    assert!(found.len() == 3 || is_reported, "{found:?} {reason}");
}

#[tokio::test(start_paused = true)]
async fn escapes_hide_no_record() {
    let plain = record_at("address", "2026-03-02T06:01:00Z");
    let address = plain.replace("192.0.2.1", r"192.0.2.\u0031");
    let plain = record("arn", PROD, REGION, "2026-03-02T06:02:00Z", "198.51.100.9");
    let arn = plain.replace("user/bob", r"user\/bob");
    assert!(!address.contains(IP) && !arn.contains(BOB));
    let other = record(
        "other",
        PROD,
        REGION,
        "2026-03-02T06:03:00Z",
        "198.51.100.9",
    );
    let other = other.replace("user/bob", "user/alice");
    for (escaped, indicator, expected) in [(&address, IP, "address"), (&arn, BOB, "arn")] {
        let files = log_file("0605", &[&other, escaped]);
        let arguments = [indicator, "--sources", "s3"];
        let run = world(&files).sweep(&arguments).await;
        assert_eq!(record_ids(&run), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn only_classes_that_need_a_restore_are_archived() {
    for (class, expected) in [
        ("STANDARD_IA", None),
        ("GLACIER_IR", None),
        ("GLACIER", Some("GLACIER")),
        ("DEEP_ARCHIVE", Some("DEEP_ARCHIVE")),
    ] {
        let bucket = BucketTable::new(BUCKET, "111111111111", "us-east-1");
        let bucket = format!("{bucket}archive_days = 0\narchive_class = \"{class}\"\n");
        let run = sweep(&(bucket + &calls(2))).await;
        let row = folder(&run);
        let found = run.columns("sightings.csv", &["source"]).len();
        match expected {
            None => assert_eq!((row.as_str(), found), ("searched", 2), "{class}"),
            Some(name) => {
                assert_eq!(found, 0, "{class}");
                let is_archived = row.starts_with("unsearchable archived: 2 objects");
                assert!(is_archived && row.ends_with(name), "{row}");
            }
        }
    }
}

/// Source: S3 API, `RestoreStatus`: the storage class of a restored object stays the same.
#[tokio::test(start_paused = true)]
async fn restored_objects_are_read() {
    let keys = format!("*/{PROD}/CloudTrail/*");
    let restored = ObjectChange::new(BUCKET, keys, "restore");
    let run = sweep(&(calls(2) + &restored)).await;
    assert_eq!(folder(&run), "searched");
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"; 2]);
}

/// Source: S3 user guide, "Using Requester Pays buckets": without the header, the response is 403.
#[tokio::test(start_paused = true)]
async fn bucket_of_another_account_whose_readers_pay_is_read() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}]}"#;
    let bucket = BucketTable::new(BUCKET, "333333333333", "us-east-1");
    let bucket = format!("{bucket}requester_pays = true\npolicy = '''{policy}'''\n");
    let run = sweep(&(bucket + &calls(2))).await;
    assert_eq!(folder(&run), "searched");
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"; 2]);
}

/// Source: S3 user guide, "Request redirection and the REST API": requests for a new bucket may be
/// redirected to its Region for some time.
#[tokio::test(start_paused = true)]
async fn redirected_bucket_is_read_in_its_region() {
    let bucket = BucketTable::new(BUCKET, "111111111111", REGION);
    let bucket = format!("{bucket}redirected = true\n");
    let run = sweep(&(bucket + &calls(2))).await;
    assert_eq!(folder(&run), "searched");
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"; 2]);
}

#[tokio::test(start_paused = true)]
async fn list_that_stays_incomplete_is_a_gap() {
    for member in ["KeyCount", "Contents", "IsTruncated"] {
        let cut = Fault::incomplete("ListObjectsV2", "without-member").member(member);
        let run = sweep(&(calls(2) + &cut)).await;
        let row = folder(&run);
        assert!(row.starts_with("failed "), "{member}: {row}");
        let found = run.columns("sightings.csv", &["source"]);
        assert_eq!((found.len(), &*run.status()), (0, "incomplete"), "{member}");
        let run = sweep(&(calls(2) + &cut.times(2))).await;
        assert_eq!(folder(&run), "searched", "{member}");
    }
}

#[tokio::test(start_paused = true)]
async fn parquet_is_named_and_not_skipped() {
    let flow_log = FlowLog::new(PROD, REGION, "flows").destination("s3");
    let key = "AWSLogs/222222222222/vpcflowlogs/eu-west-1/2026/03/02/222222222222_vpcflowlogs_eu-west-1_fl-0123456789abcdef0_20260302T0605Z_0123abcd.log.parquet";
    let file = object(key, false, "PAR1").replace(BUCKET, "flows");
    let arguments = [IP, "--sources", "s3", "--require", "flow"];
    let run = world(&format!("{flow_log}{file}")).sweep(&arguments).await;
    let columns = ["bucket_prefix", "status", "reason"];
    let rows = run.columns("coverage.csv", &columns);
    let row = rows.iter().find(|row| row.contains("vpcflowlogs"));
    let row = row.unwrap_or_else(|| panic!("{rows:?}"));
    assert!(row.contains(" unsearchable parquet: 1 object"), "{row}");
    assert_eq!(run.status(), "incomplete");
}

/// Returns a bucket of another account that allows prod to read objects and nothing else.
fn unlisted_bucket(is_in_organization: bool) -> String {
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
            "Principal": {{"AWS": "arn:aws:iam::{PROD}:root"}},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open/*"}}]}}"#
    );
    let owner = Account::new("555555555555", "vendor").outside_organization(!is_in_organization);
    ScenarioBuilder::new("unlisted")
        .account(PROD, "prod")
        .with(&owner)
        .with(&BucketTable::new("open", "555555555555", "us-east-1"))
        .with(&format!("policy = '''{policy}'''"))
        .with("[[objects]]\nbucket = 'open'\nkey = 'k'\nat = '1h ago'\ntext = '0123456789'\n")
        .toml()
}

/// Source: S3 API, `GetObject`, "Permissions": without `s3:ListBucket`, S3 returns 403 for an object
/// that does not exist.
#[tokio::test(start_paused = true)]
async fn missing_key_is_gone_or_denied_depending_on_the_permission_to_list() {
    for (is_in_organization, expected) in [
        (true, S3Failure::ObjectGone),
        (false, S3Failure::ObjectDenied),
    ] {
        let world = World::from_toml(&unlisted_bucket(is_in_organization));
        let archive = Archive::enter(world, PROD).await;
        let bucket: Bucket = archive.bucket("open").await;
        let denied = archive.list(&bucket, ListQuery::default()).await;
        let failure = S3Failure::from_error(&denied.unwrap_err());
        assert_eq!(failure, S3Failure::ListDenied);
        let listed = |key: &str| ListedObject {
            key: key.to_owned(),
            size: 10,
            etag: "*".to_owned(),
            modified: Timestamp::UNIX_EPOCH,
            storage_class: "STANDARD".to_owned(),
            is_restored: false,
        };
        let mut results = Vec::new();
        for key in ["k", "missing"] {
            let permit = archive.aws.object_permit(10).await.unwrap();
            let object = listed(key);
            let read = archive
                .aws
                .object(&archive.session, &bucket, &object, permit);
            let content = read.await.map(|content| content.bytes);
            results.push(content.map_err(|error| S3Failure::from_error(&error)));
        }
        let [present, missing] = &results[..] else {
            panic!("{results:?}")
        };
        assert_eq!(present.as_deref(), Ok(&b"0123456789"[..]));
        assert_eq!(missing, &Err(expected));
    }
}

/// Delivery at midnight: the folder is that of the day after the call.
#[tokio::test(start_paused = true)]
async fn record_of_the_last_minutes_of_a_day_is_found() {
    let late = Record::new(PROD, REGION, "2026-03-01T23:58:00Z", BOB)
        .call("s3", "DeleteBucket")
        .ip(IP)
        .raw("delivered = \"2026-03-02T00:03:00Z\"");
    let before = call("2026-03-01T22:00:00Z");
    let arguments = [
        IP,
        "--sources",
        "s3",
        "--from",
        "2026-03-01T23:00:00Z",
        "--to",
        "2026-03-02T00:00:00Z",
    ];
    let run = world(&format!("{late}{before}")).sweep(&arguments).await;
    let times = run.columns("sightings.csv", &["event_time"]);
    assert_eq!(times, ["2026-03-01T23:58:00.000Z"]);
    assert_eq!(folder(&run), "searched");
}
