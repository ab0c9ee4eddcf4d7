//! The calls to S3: what they return is what the bucket has, or an error that says why not.

use std::fmt::Write;

use dragnet::aws::{Bucket, CallError, ListQuery, ListedObject, S3Failure};
use dragnet_range::Quotas;

use super::Archive;
use crate::world::World;

const OWNER: &str = "222222222222";

/// An organization whose member account owns buckets, and `more`.
fn world(more: &str) -> World {
    World::from_toml(&format!(
        r#"
name = "s3-client"
now = "2026-03-02T12:00:00Z"
[organization]
management = "111111111111"
regions = ["us-east-1", "eu-west-1"]
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "archive"
[[kms_keys]]
arn = "arn:aws:kms:eu-west-1:222222222222:key/own"
account = "222222222222"
[[kms_keys]]
arn = "arn:aws:kms:eu-west-1:111111111111:key/foreign"
account = "111111111111"
[[buckets]]
name = "logs"
account = "222222222222"
region = "eu-west-1"
access_logs = "audit/reads/"
{more}"#
    ))
}

fn bucket_table(name: &str, account: &str, more: &str) -> String {
    format!(
        "[[buckets]]\nname = \"{name}\"\naccount = \"{account}\"\nregion = \"eu-west-1\"\n{more}\n"
    )
}

fn object_table(bucket: &str, key: &str, more: &str) -> String {
    format!("[[objects]]\nbucket = \"{bucket}\"\nkey = \"{key}\"\nat = \"1h ago\"\n{more}\n")
}

fn fault(operation: &str, kind: &str, times: u32) -> String {
    format!("[[faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\ntimes = {times}\n")
}

/// Reads an object as text.
async fn read(
    archive: &Archive,
    bucket: &Bucket,
    object: &ListedObject,
) -> Result<String, CallError> {
    let permit = archive.aws.object_permit(object.size).await.unwrap();
    let content = archive
        .aws
        .object(&archive.session, bucket, object, permit)
        .await?;
    Ok(String::from_utf8(content.bytes.to_vec()).unwrap())
}

/// Reads the only object with a prefix, and interprets the error.
async fn read_one(archive: &Archive, bucket: &str, prefix: &str) -> Result<String, S3Failure> {
    let bucket = archive.bucket(bucket).await;
    let objects = archive.objects(&bucket, prefix).await;
    let [object] = &objects[..] else {
        panic!("{objects:?}")
    };
    read(archive, &bucket, object)
        .await
        .map_err(|error| S3Failure::from_error(&error))
}

#[tokio::test(start_paused = true)]
async fn region_is_found_without_permission_too() {
    let foreign = bucket_table("foreign", "111111111111", "");
    let archive = Archive::enter(world(&foreign), OWNER).await;
    for name in ["logs", "foreign"] {
        let region = archive
            .aws
            .bucket_region(&archive.session, name, None)
            .await;
        assert_eq!(region.unwrap().as_str(), "eu-west-1", "{name}");
    }
    let missing = archive
        .aws
        .bucket_region(&archive.session, "missing", None)
        .await;
    let failure = S3Failure::from_error(&missing.unwrap_err());
    assert_eq!(failure, S3Failure::NoSuchBucket);

    let foreign = archive.bucket("foreign").await;
    let denied = archive.list(&foreign, ListQuery::default()).await;
    let failure = S3Failure::from_error(&denied.unwrap_err());
    assert_eq!(failure, S3Failure::ListDenied);
    let moved = Bucket {
        region: "us-east-1".parse().unwrap(),
        ..archive.bucket("logs").await
    };
    let redirected = archive.list(&moved, ListQuery::default()).await;
    let failure = S3Failure::from_error(&redirected.unwrap_err());
    assert_eq!(failure, S3Failure::WrongRegion);
    let stolen = Bucket {
        owner: "111111111111".parse().ok(),
        ..archive.bucket("logs").await
    };
    let refused = archive.list(&stolen, ListQuery::default()).await;
    let failure = S3Failure::from_error(&refused.unwrap_err());
    assert_eq!(failure, S3Failure::ListDenied);
}

#[tokio::test(start_paused = true)]
async fn session_of_a_bucket_reads_no_other() {
    let tables = bucket_table("other", OWNER, "") + &object_table("logs", "k", "text = \"x\"");
    let world = world(&tables);
    let settings = world.settings(&["192.0.2.1"]);
    let aws = world
        .environment()
        .connect(&settings.reach, None)
        .await
        .unwrap();
    let archive = Archive::enter_bucket(world, aws, OWNER, "logs").await;
    assert_eq!(read_one(&archive, "logs", "k").await.as_deref(), Ok("x"));
    let other = archive.bucket("other").await;
    let denied = archive.list(&other, ListQuery::default()).await;
    let error = denied.unwrap_err();
    assert_eq!(S3Failure::from_error(&error), S3Failure::ListDenied);
    assert!(error.message.contains("session policy"), "{error}");
    let region = "us-east-1".parse().unwrap();
    let groups = archive.aws.log_groups(&archive.session, &region, None);
    assert!(groups.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn lists_have_every_key_between_their_ends() {
    let mut objects = String::new();
    for number in 0..1_005 {
        let key = format!("many/{number:04}");
        write!(objects, "{}", object_table("logs", &key, "")).unwrap();
    }
    let odd = "odd/a+b c%20=é.gz";
    objects += &object_table("logs", odd, "");
    let archive = Archive::enter(world(&objects), OWNER).await;
    let bucket = archive.bucket("logs").await;
    let (listed, _, pages) = archive.list(&bucket, ListQuery::default()).await.unwrap();
    assert_eq!((listed.len(), pages), (1_006, 2));
    assert_eq!(listed.last().unwrap().key, odd);

    let part = ListQuery {
        prefix: "many/".to_owned(),
        start_after: Some("many/0001".to_owned()),
        end_before: Some("many/0005".to_owned()),
        delimiter: None,
    };
    let (listed, _, pages) = archive.list(&bucket, part).await.unwrap();
    let keys: Vec<&str> = listed.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["many/0002", "many/0003", "many/0004"]);
    assert_eq!(pages, 1, "the list ends as soon as possible");

    let folders = ListQuery {
        delimiter: Some('/'),
        ..ListQuery::default()
    };
    let (listed, common_prefixes, _) = archive.list(&bucket, folders).await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert_eq!(common_prefixes, ["many/", "odd/"]);
}

#[tokio::test(start_paused = true)]
async fn broken_lists_are_requested_again() {
    let objects = object_table("logs", "a", "") + &object_table("logs", "b", "");
    let cut = fault("ListObjectsV2", "truncated", 2);
    let archive = Archive::enter(world(&(objects.clone() + &cut)), OWNER).await;
    let bucket = archive.bucket("logs").await;
    assert_eq!(archive.objects(&bucket, "").await.len(), 2);

    let cut = fault("ListObjectsV2", "truncated", 1_000);
    let archive = Archive::enter(world(&(objects + &cut)), OWNER).await;
    let bucket = archive.bucket("logs").await;
    assert!(archive.list(&bucket, ListQuery::default()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn objects_are_as_listed_or_the_failure_has_a_reason() {
    let key =
        |owner: &str, name: &str| format!("kms_key = \"arn:aws:kms:eu-west-1:{owner}:key/{name}\"");
    let tables = [
        bucket_table("own-key", OWNER, &key(OWNER, "own")),
        bucket_table("foreign-key", OWNER, &key("111111111111", "foreign")),
        object_table("own-key", "k", "text = \"secret\""),
        object_table("foreign-key", "k", ""),
        object_table("logs", "plain", "text = \"0123456789\""),
        object_table("logs", "markup", "text = \"<log>without an end\""),
        object_table("logs", "cold", "storage_class = \"DEEP_ARCHIVE\""),
    ];
    let archive = Archive::enter(world(&tables.concat()), OWNER).await;
    for (bucket, key, expected) in [
        ("own-key", "k", Ok("secret")),
        ("foreign-key", "k", Err(S3Failure::KeyDenied)),
        ("logs", "plain", Ok("0123456789")),
        ("logs", "markup", Ok("<log>without an end")),
        ("logs", "cold", Err(S3Failure::Archived)),
    ] {
        let found = read_one(&archive, bucket, key).await;
        let found = found.as_deref().map_err(|failure| *failure);
        assert_eq!(found, expected, "{bucket} {key}");
    }
    let bucket = archive.bucket("logs").await;
    let objects = archive.objects(&bucket, "").await;
    let archived: Vec<bool> = objects.iter().map(ListedObject::is_archived).collect();
    assert_eq!(archived, [true, false, false]);

    let [_, _, plain] = &objects[..] else {
        panic!("{objects:?}")
    };
    for (object, expected) in [
        (
            ListedObject {
                etag: "\"other\"".to_owned(),
                ..plain.clone()
            },
            S3Failure::ObjectChanged,
        ),
        (
            ListedObject {
                size: 11,
                ..plain.clone()
            },
            S3Failure::Unreadable,
        ),
        (
            ListedObject {
                key: "deleted".to_owned(),
                ..plain.clone()
            },
            S3Failure::ObjectGone,
        ),
    ] {
        let error = read(&archive, &bucket, &object).await.unwrap_err();
        assert_eq!(S3Failure::from_error(&error), expected, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_objects_are_read_again() {
    for kind in ["truncated", "wrong-checksum"] {
        let object = object_table("logs", "k", "text = \"0123456789\"");
        for (times, expected) in [(2, Ok("0123456789")), (1_000, Err(S3Failure::Unreadable))] {
            let tables = object.clone() + &fault("GetObject", kind, times);
            let archive = Archive::enter(world(&tables), OWNER).await;
            let found = read_one(&archive, "logs", "k").await;
            let found = found.as_deref().map_err(|failure| *failure);
            assert_eq!(found, expected, "{kind} {times} times");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requester_pays_if_the_owner_does_not() {
    let policy = r#"policy = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}'"#;
    let more = format!("requester_pays = true\n{policy}");
    let tables = bucket_table("paid", "111111111111", &more) + &object_table("paid", "k", "");
    let archive = Archive::enter(world(&tables), OWNER).await;
    let bucket = archive.bucket("paid").await;
    assert!(archive.list(&bucket, ListQuery::default()).await.is_err());
    let paid = Bucket {
        requester_pays: true,
        ..bucket
    };
    let objects = archive.objects(&paid, "").await;
    assert_eq!(read(&archive, &paid, &objects[0]).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_the_bucket_alone() {
    let tables = bucket_table("busy", OWNER, "requests_a_second = 4")
        + &object_table("busy", "k", "text = \"x\"")
        + &object_table("logs", "k", "text = \"y\"");
    let archive = Archive::enter(world(&tables), OWNER).await;
    archive.world.range().enforce(Quotas::Real).unwrap();
    let busy = archive.bucket("busy").await;
    let object = archive.objects(&busy, "").await.remove(0);
    for _ in 0..20 {
        assert_eq!(read(&archive, &busy, &object).await.unwrap(), "x");
    }
    assert_eq!(read_one(&archive, "logs", "k").await.as_deref(), Ok("y"));
    let slowed: Vec<(String, Option<String>)> = archive
        .aws
        .slowed_rates()
        .into_iter()
        .map(|rate| (rate.operation, rate.bucket))
        .collect();
    assert_eq!(slowed, [("GetObject".to_owned(), Some("busy".to_owned()))]);
    let logs = archive.bucket("logs").await;
    assert_eq!(archive.aws.object_rate(&logs), 1_100.0);
    assert!(archive.aws.object_rate(&busy) < 1_100.0);
}

#[tokio::test(start_paused = true)]
async fn access_logs_name_their_destination() {
    let partitioned = "access_logs = \"audit\"\naccess_log_dates = \"EventTime\"";
    let others = bucket_table("quiet", OWNER, "")
        + &bucket_table("audit", OWNER, "")
        + &bucket_table("by-source", OWNER, partitioned);
    let archive = Archive::enter(world(&others), OWNER).await;
    let mut targets = Vec::new();
    for name in ["logs", "quiet", "by-source"] {
        let bucket = archive.bucket(name).await;
        let target = archive.aws.access_log_target(&archive.session, &bucket);
        let target = target.await.unwrap();
        targets.push(target.map(|target| (target.url(), target.is_partitioned)));
    }
    let audit = Some(("s3://audit/reads/".to_owned(), false));
    let by_source = Some(("s3://audit/".to_owned(), true));
    assert_eq!(targets, [audit, None, by_source]);
}
