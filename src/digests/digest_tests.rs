//! Digests as CloudTrail writes them, and hostile ones.

use serde_json::{Value, json};

use super::Digest;
use super::digest::{InvalidDigest, MOST_LOG_FILES};
use super::test_digests::{TestChain, log_key};

fn digest() -> Value {
    let mut chain = TestChain::new("main");
    chain.next_hour(&[]);
    chain.next_hour(&[("a", "content")])
}

fn parse(value: &Value) -> Result<Digest, InvalidDigest> {
    Digest::parse(&value.to_string())
}

#[test]
fn digest_is_read() {
    let digest = parse(&digest()).unwrap();
    assert_eq!(digest.name.target.to_string(), "111111111111 us-east-1");
    assert_eq!(digest.end_s - digest.start_s, 3_600);
    let previous = digest.previous.unwrap();
    assert_eq!(previous.name.end_s, digest.start_s);
    assert_eq!(digest.log_files.len(), 1);
    assert!(digest.log_files[0].key.ends_with("_a.json.gz"));
    assert_eq!(digest.unusable, None);
}

#[test]
fn first_digest_of_a_chain_has_none_before() {
    let first = TestChain::new("main").next_hour(&[]);
    assert!(first["previousDigestS3Object"].is_null());
    assert_eq!(parse(&first).unwrap().previous, None);
}

#[test]
fn what_cloudtrail_does_not_write_is_invalid() {
    let long = "9".repeat(200_000);
    for (member, value) in [
        ("digestStartTime", json!(7)),
        ("digestStartTime", json!("now")),
        ("digestEndTime", json!("1999-01-01T00:00:00Z")),
        ("digestS3Object", json!("../../etc/passwd")),
        ("digestS3Object", json!(long)),
        ("digestS3Bucket", Value::Null),
        ("previousDigestS3Object", json!("a/b.json.gz")),
        (
            "previousDigestS3Object",
            json!(
                "111111111111_CloudTrail-Digest_us-east-1_other_us-east-1_20261127T100404Z.json.gz"
            ),
        ),
        ("previousDigestHashValue", json!("00")),
        ("previousDigestHashValue", json!("A".repeat(64))),
        ("previousDigestHashValue", json!("é".repeat(32))),
        ("previousDigestHashValue", Value::Null),
        ("previousDigestHashAlgorithm", json!("MD5")),
        ("logFiles", json!({})),
        ("logFiles", json!([1])),
        ("logFiles", json!([{"s3Object": "a"}])),
    ] {
        let mut digest = digest();
        digest[member] = value;
        let error = parse(&digest).unwrap_err().to_string();
        assert!(error.len() < 400, "{member}: {error}");
    }
    for json in ["", "{}", "[]", "null", r#"{"logFiles":[]}"#] {
        assert!(Digest::parse(json).is_err(), "{json}");
    }
}

#[test]
fn unusable_entries_are_counted() {
    let mut digest = digest();
    let good = digest["logFiles"][0].clone();
    let with = |member: &str, value: Value| {
        let mut entry = good.clone();
        entry[member] = value;
        entry
    };
    digest["logFiles"] = json!([
        with("s3Object", json!(format!("../{}", log_key("b")))),
        with("s3Object", json!("etc/passwd")),
        with("hashValue", json!("AB".repeat(32))),
        with("hashAlgorithm", json!("MD5")),
        good,
    ]);
    let digest = parse(&digest).unwrap();
    assert_eq!(digest.log_files.len(), 1);
    let (number, first) = digest.unusable.unwrap();
    assert_eq!(number, 4);
    assert!(first.contains("is not the key of a log file"), "{first}");
}

#[test]
fn huge_lists_are_cut() {
    let mut digest = digest();
    let entry = digest["logFiles"][0].clone();
    digest["logFiles"] = Value::Array(vec![entry; MOST_LOG_FILES + 3]);
    let digest = parse(&digest).unwrap();
    assert_eq!(digest.log_files.len(), MOST_LOG_FILES);
    assert_eq!(digest.unusable.unwrap().0, 3);
}
