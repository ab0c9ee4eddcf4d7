//! The errors of the range's S3: Regions, permissions, conditions, rates and faults.

use dragnet_range::Quotas;
use http::Method;

use super::s3::{BUCKET, world};
use super::s3_client::S3Client;

#[tokio::test(start_paused = true)]
async fn requests_to_the_wrong_region_are_redirected() {
    let world = world(
        r#"
[[buckets]]
name = "irish"
account = "111111111111"
region = "eu-west-1"
[[buckets]]
name = "fresh"
account = "111111111111"
region = "us-east-1"
redirected = true
"#,
    );
    let virginia = S3Client::administrator(&world, "us-east-1");
    let ireland = S3Client::administrator(&world, "eu-west-1");
    let list = |bucket: &str| format!("/{bucket}?list-type=2");
    let moved = ireland.get(&list(BUCKET)).await;
    assert_eq!(moved.error(), (301, "PermanentRedirect".to_owned()));
    assert_eq!(moved.header("x-amz-bucket-region"), Some("us-east-1"));
    let malformed = virginia.get(&list("irish")).await;
    let code = "AuthorizationHeaderMalformed".to_owned();
    assert_eq!(malformed.error(), (400, code));
    assert_eq!(malformed.texts("Region"), ["eu-west-1"]);
    assert_eq!(malformed.header("x-amz-bucket-region"), Some("eu-west-1"));
    let head = virginia.send(Method::HEAD, "/irish", &[]).await;
    assert_eq!((head.status, head.body.len()), (400, 0));
    assert_eq!(head.header("x-amz-bucket-region"), Some("eu-west-1"));
    let found = ireland.send(Method::HEAD, "/irish", &[]).await;
    assert_eq!(found.status, 200);
    let location = virginia.get("/irish?location").await;
    assert!(location.text().contains(">eu-west-1<"), "{location:?}");
    let other_host = "irish.s3.eu-west-1.amazonaws.com";
    let virtual_hosted = ireland
        .send_to(other_host, Method::GET, "/?list-type=2", &[])
        .await;
    assert_eq!(virtual_hosted.status, 200);
    let temporary = virginia
        .send_to("fresh.s3.amazonaws.com", Method::GET, "/?list-type=2", &[])
        .await;
    assert_eq!(temporary.error(), (307, "TemporaryRedirect".to_owned()));
    assert_eq!(virginia.get(&list("fresh")).await.status, 200);
}

const OBJECTS: &str = r#"
[[kms_keys]]
arn = "arn:aws:kms:us-east-1:222222222222:key/foreign"
account = "222222222222"
[[buckets]]
name = "shared"
account = "222222222222"
region = "us-east-1"
versioned = true
policy = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/open/*"}]}'
[[buckets]]
name = "secret"
account = "111111111111"
region = "us-east-1"
kms_key = "arn:aws:kms:us-east-1:222222222222:key/foreign"
[[buckets]]
name = "paid"
account = "222222222222"
region = "us-east-1"
requester_pays = true
policy = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}'
[[objects]]
bucket = "shared"
key = "open/text"
at = "1h ago"
text = "0123456789"
[[objects]]
bucket = "shared"
key = "closed/text"
at = "1h ago"
[[objects]]
bucket = "secret"
key = "k"
at = "1h ago"
[[objects]]
bucket = "secret"
key = "cold"
at = "1h ago"
storage_class = "DEEP_ARCHIVE"
[[objects]]
bucket = "paid"
key = "k"
at = "1h ago"
"#;

#[tokio::test(start_paused = true)]
async fn errors_are_those_of_s3() {
    let world = world(OBJECTS);
    let s3 = S3Client::administrator(&world, "us-east-1");
    for (path, status, code) in [
        ("/none?list-type=2", 404, "NoSuchBucket"),
        ("/cloudtrail-111111111111/none", 404, "NoSuchKey"),
        ("/cloudtrail-111111111111?policy", 404, "NoSuchBucketPolicy"),
        ("/cloudtrail-111111111111?versions", 501, "NotImplemented"),
        (
            "/cloudtrail-111111111111?list-type=2&max-keys=x",
            400,
            "InvalidArgument",
        ),
        (
            "/cloudtrail-111111111111?list-type=2&continuation-token=x",
            400,
            "InvalidArgument",
        ),
        // Without the permission to list, a missing object is a denial too.
        ("/shared/open/none", 403, "AccessDenied"),
        ("/shared/closed/text", 403, "AccessDenied"),
        ("/shared?list-type=2", 403, "AccessDenied"),
        ("/secret/k", 403, "AccessDenied"),
        ("/secret/cold", 403, "InvalidObjectState"),
        ("/paid/k", 403, "AccessDenied"),
    ] {
        let response = s3.get(path).await;
        assert_eq!(
            response.error(),
            (status, code.to_owned()),
            "{path}: {}",
            response.text()
        );
    }
    let denied = s3.get("/secret/k").await.texts("Message").concat();
    assert!(
        denied.contains("not authorized to perform: kms:Decrypt"),
        "{denied}"
    );
    let denied = s3
        .get("/shared?list-type=2")
        .await
        .texts("Message")
        .concat();
    assert!(
        denied.contains("no resource-based policy allows the s3:ListBucket"),
        "{denied}"
    );
    let cold = s3.get("/secret?list-type=2&prefix=cold").await;
    assert_eq!(cold.texts("StorageClass"), ["DEEP_ARCHIVE"]);
    for (header, value, status) in [
        ("x-amz-expected-bucket-owner", "222222222222", 200),
        ("x-amz-expected-bucket-owner", "111111111111", 403),
        ("if-none-match", "*", 304),
        ("if-match", "\"x\"", 412),
        ("range", "bytes=2-4", 206),
        ("range", "bytes=10-", 416),
    ] {
        let response = s3
            .send(Method::GET, "/shared/open/text", &[(header, value)])
            .await;
        assert_eq!(response.status, status, "{header} {value}");
    }
    let part = s3
        .send(Method::GET, "/shared/open/text", &[("range", "bytes=2-4")])
        .await;
    assert_eq!(part.text(), "234");
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let paid = s3
        .send(
            Method::GET,
            "/paid/k",
            &[("x-amz-request-payer", "requester")],
        )
        .await;
    assert_eq!(paid.header("x-amz-request-charged"), Some("requester"));
}

#[tokio::test(start_paused = true)]
async fn faults_delete_and_cut_objects() {
    let faults = r#"
[[faults]]
operation = "GetObject"
kind = "truncated"
times = 1
[[faults]]
operation = "GetObject"
kind = "wrong-checksum"
after = 1
times = 1
[[faults]]
operation = "GetObject"
kind = "delete-object"
after = 2
times = 1
"#;
    let world = world(&[OBJECTS, faults].concat());
    let s3 = S3Client::administrator(&world, "us-east-1");
    let checked = [("x-amz-checksum-mode", "ENABLED")];
    let read = || s3.send(Method::GET, "/shared/open/text", &checked);
    let cut = read().await;
    assert_eq!((cut.status, cut.text().as_str()), (200, "01234"));
    let sum = cut.header("x-amz-checksum-crc64nvme").unwrap().to_owned();
    let wrong = read().await;
    assert_eq!(wrong.text(), "0123456789");
    assert_ne!(wrong.header("x-amz-checksum-crc64nvme"), Some(sum.as_str()));
    // The caller may not list this bucket, so the deletion looks like a denial.
    assert_eq!(read().await.error(), (403, "AccessDenied".to_owned()));
    assert_eq!(read().await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn rates_belong_to_the_bucket() {
    let world = world(
        r#"
[[buckets]]
name = "busy"
account = "111111111111"
region = "us-east-1"
requests_a_second = 2
partitions = ["other/"]
"#,
    );
    world.range.enforce(Quotas::Real).unwrap();
    let s3 = S3Client::administrator(&world, "us-east-1");
    let mut statuses = Vec::new();
    for path in ["/busy/a", "/busy/b", "/busy/c", "/busy/other/a"] {
        let response = s3.get(path).await;
        statuses.push(response.error());
    }
    let missing = (404, "NoSuchKey".to_owned());
    let slow = (503, "SlowDown".to_owned());
    assert_eq!(statuses, [missing.clone(), missing.clone(), slow, missing]);
}

/// Source: S3 API, `PutObject`, `If-None-Match` and `If-Match`; S3 user guide, "How to prevent object
/// overwrites with conditional writes".
#[tokio::test(start_paused = true)]
async fn conditional_writes_say_why_they_fail() {
    let world =
        world("[[faults]]\noperation = \"PutObject\"\nkind = \"write-conflict\"\ntimes = 1\n");
    let s3 = S3Client::administrator(&world, "us-east-1");
    let path = format!("/{BUCKET}/shards/commit");
    let create = ("if-none-match", "*");
    let conflict = s3.send(Method::PUT, &path, &[create]).await;
    let code = "ConditionalRequestConflict".to_owned();
    assert_eq!(conflict.error(), (409, code));
    assert_eq!(s3.get(&path).await.status, 404, "nothing was written");

    assert_eq!(s3.send(Method::PUT, &path, &[create]).await.status, 200);
    let exists = s3.send(Method::PUT, &path, &[create]).await;
    assert_eq!(exists.error(), (412, "PreconditionFailed".to_owned()));
    assert_eq!(exists.texts("Condition"), ["If-None-Match"]);
    let etag = s3.get(&path).await.header("etag").unwrap().to_owned();
    for (headers, status, code) in [
        (&[("if-none-match", "\"x\"")][..], 501, "NotImplemented"),
        (&[("if-match", "\"x\"")][..], 412, "PreconditionFailed"),
        (&[("if-match", etag.as_str())][..], 200, ""),
        (&[][..], 200, ""),
    ] {
        let response = s3.send(Method::PUT, &path, headers).await;
        assert_eq!(response.error(), (status, code.to_owned()), "{headers:?}");
    }
    let missing = format!("/{BUCKET}/shards/missing");
    let replaced = s3
        .send(Method::PUT, &missing, &[("if-match", "\"x\"")])
        .await;
    assert_eq!(replaced.error(), (404, "NoSuchKey".to_owned()));
}
