//! Log files of trails in buckets of servers that others wrote. moto lists and pages as S3 does, and
//! ministack denies as S3 does, also across accounts.

use std::collections::BTreeSet;
use std::io::Write;

use aws_sdk_s3::Client as S3;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, StorageClass};
use dragnet_model::time::Clock;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::contain::{MANAGEMENT, create_role, ministack_root, without_management};
use super::dragnet::{Row, Run, sweep};
use super::moto::management_keys;
use super::planted::ADDRESS;
use super::server::{Keys, Server};
use crate::world::record;

/// The Region of the records.
pub(super) const REGION: &str = "us-east-1";
/// More keys than a page of a list has.
const MANY_OBJECTS: usize = 1_010;
/// One object in this many has a record with the address.
pub(super) const PLANTED: usize = 20;
const CONCURRENT: usize = 16;
/// What the role of a sweep may do. ministack enforces it.
const READ_ACTIONS: [&str; 6] = [
    "cloudtrail:*",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeRegions",
    "logs:*",
    "s3:GetObject",
    "s3:ListBucket",
];

/// The log files of a trail in a bucket.
pub(super) struct LogFiles<'a> {
    s3: S3,
    bucket: &'a str,
    account: &'a str,
    /// When the first of them was delivered: some hours ago.
    first: Timestamp,
}

impl<'a> LogFiles<'a> {
    pub(super) fn new(
        server: &Server,
        keys: &Keys,
        bucket: (&'a str, &str),
        account: &'a str,
    ) -> Self {
        let (bucket, region) = bucket;
        let config = aws_sdk_s3::config::Builder::from(&server.config(keys, region))
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let now = Clock::wall().now().as_second();
        let minute = Timestamp::from_second(now - now.rem_euclid(60)).unwrap();
        Self {
            s3: S3::from_conf(config.build()),
            bucket,
            account,
            first: minute - SignedDuration::from_hours(5),
        }
    }

    /// When an object is delivered: in the first two hours, several each minute.
    fn time(&self, number: usize) -> Timestamp {
        let minutes = i64::try_from(number / 4 % 120).unwrap();
        self.first + SignedDuration::from_mins(minutes)
    }

    /// The folder of a day.
    fn folder(&self, at: Timestamp) -> String {
        let account = self.account;
        let day = at.strftime("%Y/%m/%d");
        format!("AWSLogs/{account}/CloudTrail/{REGION}/{day}/")
    }

    pub(super) fn key(&self, number: usize) -> String {
        let at = self.time(number);
        let account = self.account;
        let folder = self.folder(at);
        let minute = at.strftime("%Y%m%dT%H%MZ");
        format!("{folder}{account}_CloudTrail_{REGION}_{minute}_{number:016}.json.gz")
    }

    /// Stores objects, each with one record. Returns the ids of the records with the address.
    pub(super) async fn put(&self, objects: usize) -> BTreeSet<String> {
        let mut planted = BTreeSet::new();
        let numbers: Vec<usize> = (0..objects).collect();
        for numbers in numbers.chunks(CONCURRENT) {
            let puts = numbers.iter().map(|number| self.put_object(*number));
            planted.extend(join_all(puts).await.into_iter().flatten());
        }
        planted
    }

    async fn put_object(&self, number: usize) -> Option<String> {
        let is_planted = number.is_multiple_of(PLANTED);
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let address = if is_planted { ADDRESS } else { "198.51.100.7" };
        let called = self.time(number) - SignedDuration::from_mins(3);
        let record = record(&id, self.account, REGION, &called.to_string(), address);
        let content = gzip(&format!(r#"{{"Records":[{record}]}}"#));
        self.put_content(&self.key(number), content, StorageClass::Standard)
            .await;
        is_planted.then_some(id)
    }

    async fn put_content(&self, key: &str, content: Vec<u8>, class: StorageClass) {
        let put = self.s3.put_object().bucket(self.bucket).key(key);
        let put = put.body(ByteStream::from(content)).storage_class(class);
        put.send().await.unwrap();
    }

    /// The window of the objects, as arguments.
    pub(super) fn window(&self) -> [String; 4] {
        let from = self.first - SignedDuration::from_hours(1);
        let to = self.first + SignedDuration::from_hours(3);
        let [from, to] = [from, to].map(|time| time.to_string());
        ["--from".to_owned(), from, "--to".to_owned(), to]
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Creates a trail that delivers to a bucket alone.
pub(super) async fn create_trail(server: &Server, keys: &Keys, bucket: &str) {
    let trails = aws_sdk_cloudtrail::Client::new(&server.config(keys, REGION));
    let create = trails.create_trail().name("all").s3_bucket_name(bucket);
    create.send().await.unwrap();
    trails.start_logging().name("all").send().await.unwrap();
}

/// Sweeps the objects of a window.
fn sweep_objects(server: &Server, keys: &Keys, config: &str, window: &[String]) -> Run {
    let arguments = [ADDRESS, "--region", REGION, "--sources", "s3"];
    let window = window.iter().map(String::as_str);
    let progress = ["--progress", "none"];
    let arguments: Vec<&str> = arguments
        .into_iter()
        .chain(progress)
        .chain(window)
        .collect();
    sweep(server, keys, config, &arguments)
}

/// Returns the row of the folder of an account.
pub(super) fn folder_row(run: &Run, account: &str) -> Row {
    let rows = run.csv("coverage.csv");
    let is_folder = |row: &&Row| row["source"] == "s3" && row["account_id"] == account;
    let found: Vec<&Row> = rows.iter().filter(is_folder).collect();
    let [row] = found[..] else {
        panic!("{found:?} of {rows:?}: {}", run.stderr)
    };
    row.clone()
}

/// Asserts that each planted record was found once, and no other.
pub(super) fn assert_found(run: &Run, planted: &BTreeSet<String>) {
    let sightings = run.sightings();
    let ids = sightings
        .iter()
        .map(|row| row["record_id"].as_str().unwrap());
    let found: BTreeSet<String> = ids.map(str::to_owned).collect();
    assert_eq!(&found, planted, "{}", run.stderr);
    assert_eq!(sightings.len(), planted.len());
}

#[tokio::test]
async fn every_page_of_a_bucket_is_read() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    server.reset("/moto-api/reset");
    let keys = management_keys();
    let config = server.config(&keys, REGION);
    let organizations = aws_sdk_organizations::Client::new(&config);
    organizations.create_organization().send().await.unwrap();
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity();
    let account = caller.send().await.unwrap().account.unwrap();
    server.create_bucket("trail-files", &keys);
    create_trail(&server, &keys, "trail-files").await;
    let files = LogFiles::new(&server, &keys, ("trail-files", REGION), &account);
    let planted = files.put(MANY_OBJECTS).await;
    assert!(planted.len() > 50);

    let run = sweep_objects(&server, &keys, "", &files.window());
    assert_found(&run, &planted);
    let row = folder_row(&run, &account);
    assert_eq!((&*row["status"], &*row["reason"]), ("searched", ""));
    assert_eq!(row["events"], MANY_OBJECTS.to_string());
    run.assert_manifest_is_correct();

    let archived = files.key(MANY_OBJECTS);
    let content = gzip(r#"{"Records":[]}"#);
    files
        .put_content(&archived, content, StorageClass::Glacier)
        .await;
    let unknown = format!("{}export.csv", files.folder(files.first));
    let content = b"who,when\n".to_vec();
    files
        .put_content(&unknown, content, StorageClass::Standard)
        .await;
    let run = sweep_objects(&server, &keys, "", &files.window());
    assert_found(&run, &planted);
    let row = folder_row(&run, &account);
    assert_eq!(row["status"], "partial", "{row:?}");
    let reason = &row["reason"];
    assert!(
        reason.starts_with("archived: 1 object") && reason.contains("unknown-layout: 1 object"),
        "{reason}"
    );
}

/// Returns the policy of a bucket that another account may read.
fn bucket_policy(bucket: &str, reader: &str) -> String {
    let arn = format!("arn:aws:s3:::{bucket}");
    serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{reader}:root")},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [arn, format!("{arn}/*")],
    }]})
    .to_string()
}

#[tokio::test]
async fn bucket_is_read_by_an_account_that_may() {
    let Some(server) = Server::from_env("DRAGNET_MINISTACK_URL") else {
        return;
    };
    server.reset("/_ministack/reset");
    let management = ministack_root(MANAGEMENT);
    let trail_owner = server.create_account(&management, "app", None).await;
    let archive = server.create_account(&management, "archive", None).await;
    let trail_keys = ministack_root(&trail_owner);
    let archive_keys = ministack_root(&archive);
    let archive_iam = aws_sdk_iam::Client::new(&server.config(&archive_keys, REGION));
    let trail_iam = aws_sdk_iam::Client::new(&server.config(&trail_keys, REGION));
    create_role(&trail_iam, "DragnetRead", &READ_ACTIONS).await;
    create_role(&archive_iam, "DragnetRead", &READ_ACTIONS).await;

    // The bucket is in another account and Region than the trail.
    let bucket = format!("logs-{archive}");
    let files = LogFiles::new(
        &server,
        &archive_keys,
        (bucket.as_str(), "eu-west-1"),
        &trail_owner,
    );
    let location = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::EuWest1)
        .build();
    let create = files.s3.create_bucket().bucket(&bucket);
    let create = create.create_bucket_configuration(location);
    create.send().await.unwrap();
    create_trail(&server, &trail_keys, &bucket).await;
    let planted = files.put(60).await;
    let config = without_management();
    let sweep = || sweep_objects(&server, &management, &config, &files.window());

    // By the account whose id is in the name of the bucket.
    let run = sweep();
    assert_found(&run, &planted);
    assert_eq!(folder_row(&run, &trail_owner)["status"], "searched");

    let delete = archive_iam.delete_role_policy().role_name("DragnetRead");
    delete.policy_name("own").send().await.unwrap();
    let run = sweep();
    assert_found(&run, &BTreeSet::new());
    let row = folder_row(&run, &trail_owner);
    assert_eq!(row["status"], "denied", "{row:?}");
    assert!(row["reason"].contains(&*bucket), "{row:?}");

    // By the account of the trail.
    let policy = bucket_policy(&bucket, &trail_owner);
    let put = files.s3.put_bucket_policy().bucket(&bucket).policy(policy);
    put.send().await.unwrap();
    let run = sweep();
    assert_found(&run, &planted);
    assert_eq!(folder_row(&run, &trail_owner)["status"], "searched");
}
