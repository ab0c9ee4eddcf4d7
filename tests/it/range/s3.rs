//! The S3 of the range: lists, and what trails and flow logs deliver.

use std::collections::BTreeSet;

use dragnet_range::Scenario;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::clients::World;
use super::event_history::look_up;
use super::s3_client::{S3Client, inflate};

pub(super) const BUCKET: &str = "cloudtrail-111111111111";
const LOGS: &str = "AWSLogs/111111111111/CloudTrail/us-east-1/";
const DIGESTS: &str = "AWSLogs/111111111111/CloudTrail-Digest/us-east-1/";

/// A management account with a trail and a member account, in two Regions.
pub(super) fn world(tables: &str) -> World {
    let scenario = format!(
        r#"
name = "s3"
now = "2026-03-02T12:00:00Z"
[organization]
id = "o-storage000"
management = "111111111111"
regions = ["us-east-1", "eu-west-1"]
[behaviour]
own_traces = false
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "member"
[[trails]]
name = "main"
account = "111111111111"
home = "us-east-1"
log_group = "/trail"
validated_since = "1d ago"
events_a_day = 30
{tables}"#
    );
    World::new(&Scenario::from_toml(&scenario).unwrap())
}

fn event_ids(log_file: &str) -> Vec<String> {
    let file: Value = serde_json::from_str(log_file).unwrap();
    let records = file["Records"].as_array().unwrap();
    records
        .iter()
        .map(|record| record["eventID"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn pages_of_any_size_cover_the_same_sorted_keys() {
    let world = world("");
    let s3 = S3Client::administrator(&world, "us-east-1");
    let all = s3.keys(BUCKET, LOGS, 1_000).await;
    assert!(all.len() > 20 && all.is_sorted(), "{all:?}");
    assert_eq!(s3.keys(BUCKET, LOGS, 7).await, all);

    let middle = &all[all.len() / 2];
    let list = format!("/{BUCKET}?list-type=2&prefix={LOGS}&start-after={middle}");
    let rest = s3.get(&list).await.texts("Key");
    assert_eq!(rest, all[all.len() / 2 + 1..]);

    let list = format!("/{BUCKET}?list-type=2&prefix=AWSLogs/111111111111/&delimiter=%2F");
    let folders = s3.get(&list).await;
    assert_eq!(folders.texts("Key"), [""; 0]);
    assert_eq!(folders.texts("KeyCount"), ["2"]);
    let prefixes = folders.texts("CommonPrefixes").concat();
    let expected = ["CloudTrail-Digest/", "CloudTrail/"]
        .map(|name| format!("<Prefix>AWSLogs/111111111111/{name}</Prefix>"));
    assert_eq!(prefixes, expected.concat());

    let marker = format!("/{BUCKET}?prefix={LOGS}&marker={middle}&max-keys=2");
    let page = s3.get(&marker).await;
    assert_eq!(page.texts("Key"), rest[..2]);
    assert_eq!(page.texts("IsTruncated"), ["true"]);
    assert_eq!(page.texts("Owner").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn files_have_the_records_of_the_event_history_after_their_time() {
    let world = world("");
    let s3 = S3Client::administrator(&world, "us-east-1");
    let mut in_files = Vec::new();
    for key in s3.keys(BUCKET, LOGS, 1_000).await {
        let text = s3.inflated(BUCKET, &key).await;
        let file: Value = serde_json::from_str(&text).unwrap();
        let name_time = key.rsplit('_').nth(1).unwrap();
        for record in file["Records"].as_array().unwrap() {
            let time = record["eventTime"]
                .as_str()
                .unwrap()
                .replace(['-', ':'], "");
            assert!(time[..13] < name_time[..13], "{key}: {time}");
        }
        in_files.extend(event_ids(&text));
    }
    let unique: BTreeSet<String> = in_files.iter().cloned().collect();
    assert_eq!(unique.len(), in_files.len());

    let config = world.config(
        super::clients::long_term(&world.range.administrator()),
        "us-east-1",
    );
    let trail = aws_sdk_cloudtrail::Client::new(&config);
    let history = look_up(trail.lookup_events()).await;
    let history: BTreeSet<String> = history
        .iter()
        .map(|event| event.event_id().unwrap().to_owned())
        .collect();
    assert_eq!(unique, history);
}

#[tokio::test(start_paused = true)]
async fn digests_are_a_chain_and_list_every_original_file() {
    let plain = world("");
    let keys = S3Client::administrator(&plain, "us-east-1")
        .keys(BUCKET, LOGS, 1_000)
        .await;
    let modified = &keys[keys.len() - 3];
    let deleted = &keys[keys.len() - 4];
    let change = |key: &str, change: &str| {
        format!("[[object_changes]]\nbucket = '{BUCKET}'\nkeys = '{key}'\nchange = '{change}'\n")
    };
    let world = world(&[change(modified, "modify"), change(deleted, "delete")].concat());
    let s3 = S3Client::administrator(&world, "us-east-1");
    let mut previous: Option<(String, String, String)> = None;
    let mut wrong = BTreeSet::new();
    let digests = s3.keys(BUCKET, DIGESTS, 1_000).await;
    assert!((22..=24).contains(&digests.len()), "{}", digests.len());
    for key in digests {
        let response = s3.get(&format!("/{BUCKET}/{key}")).await;
        let text = inflate(&response.body);
        let digest: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(digest["digestS3Object"], key);
        if let Some((previous_key, hash, signature)) = &previous {
            assert_eq!(digest["previousDigestS3Object"], *previous_key);
            assert_eq!(digest["previousDigestHashValue"], *hash);
            assert_eq!(digest["previousDigestSignature"], *signature);
        }
        for file in digest["logFiles"].as_array().unwrap() {
            let name = file["s3Object"].as_str().unwrap();
            let response = s3.get(&format!("/{BUCKET}/{name}")).await;
            let is_same = response.status == 200
                && hex::encode(Sha256::digest(inflate(&response.body))) == file["hashValue"];
            if !is_same {
                wrong.insert((name.to_owned(), response.status));
            }
        }
        let signature = response.header("x-amz-meta-signature").unwrap().to_owned();
        assert_eq!(signature.len(), 512);
        previous = Some((key, hex::encode(Sha256::digest(text)), signature));
    }
    assert_eq!(
        wrong,
        BTreeSet::from([(modified.clone(), 200), (deleted.clone(), 404)])
    );
}

#[tokio::test(start_paused = true)]
async fn flow_logs_deliver_lines_with_a_header() {
    let world = world(
        r#"
[[flow_logs]]
account = "member"
region = "us-east-1"
destination = "s3"
destination_account = "111111111111"
log_group = "flows/net"
hive = true
hourly = true
events_a_day = 100
"#,
    );
    let s3 = S3Client::administrator(&world, "us-east-1");
    let keys = s3.keys("flows", "", 1_000).await;
    let folder = "net/AWSLogs/aws-account-id=222222222222/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=0";
    assert!(
        !keys.is_empty() && keys.iter().all(|key| key.starts_with(folder)),
        "{keys:?}"
    );
    let mut lines = 0;
    for key in &keys {
        let text = s3.inflated("flows", &key.replace('=', "%3D")).await;
        assert!(
            text.starts_with("version account-id interface-id srcaddr"),
            "{text}"
        );
        lines += text.lines().count() - 1;
    }
    assert!((195..=200).contains(&lines), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn scenario_s3_org_has_each_record_once_and_one_of_them_late() {
    const ARCHIVE: &str = "archive-trail-222222222222";
    let world = World::new(&Scenario::builtin("s3-org").unwrap());
    let s3 = S3Client::assume(&world, "222222222222", "DragnetRead", "eu-central-1").await;
    let mut found = Vec::new();
    for (account, region) in [
        ("444444444444", "eu-central-1"),
        ("444444444444", "us-east-1"),
        ("333333333333", "us-east-1"),
        ("333333333333", "eu-central-1"),
    ] {
        let prefix = format!("o-archive000/AWSLogs/o-archive000/{account}/CloudTrail/{region}/");
        for key in s3.keys(ARCHIVE, &prefix, 1_000).await {
            if !key.ends_with(".json.gz") {
                continue;
            }
            let text = s3.inflated(ARCHIVE, &key).await;
            let file: Value = serde_json::from_str(&text).unwrap();
            for record in file["Records"].as_array().unwrap() {
                if record["sourceIPAddress"] == "198.51.100.77" {
                    found.push(record["eventID"].as_str().unwrap().to_owned());
                    let is_late = record["eventName"] == "RunInstances";
                    assert_eq!(is_late, key.contains("20260302T0805Z"), "{key}");
                }
            }
        }
    }
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!((found.len(), unique.len()), (15, 15));
}
