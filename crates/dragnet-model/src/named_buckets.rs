//! The buckets that records of S3 are about, with their owners.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AccountId;

/// How records name a bucket.
///
/// Source: S3 user guide, "Amazon S3 CloudTrail events", examples of log files.
const BUCKET_MEMBER: &str = "\"bucketName\":\"";
const SERVICE: &str = "s3.amazonaws.com";
const BUCKET_TYPE: &str = "AWS::S3::Bucket";

/// Buckets by name, each with the account that owns it, if a record says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedBuckets {
    buckets: BTreeMap<String, Option<AccountId>>,
    /// Whether there are more than [`NamedBuckets::MOST`].
    has_more: bool,
}

/// The members of a record that matter here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'r> {
    #[serde(borrow)]
    event_source: Cow<'r, str>,
    #[serde(borrow)]
    request_parameters: Request<'r>,
    #[serde(borrow, default)]
    resources: Option<Vec<Resource<'r>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'r> {
    #[serde(borrow)]
    bucket_name: Cow<'r, str>,
}

/// Source: CloudTrail user guide, "CloudTrail record contents", `resources`.
#[derive(Deserialize)]
struct Resource<'r> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'r, str>,
    #[serde(borrow, default, rename = "ARN")]
    arn: Cow<'r, str>,
    #[serde(borrow, default, rename = "accountId")]
    account: Cow<'r, str>,
}

impl NamedBuckets {
    /// The most buckets that are remembered.
    pub const MOST: usize = 100;

    /// Whether a record may be about a bucket. It is a fast check, which most records fail.
    pub fn may_be_about_bucket(record: &str) -> bool {
        record.contains(BUCKET_MEMBER)
    }

    /// Remembers the bucket that a record of CloudTrail is about. Returns whether it says anything new.
    pub fn note_record(&mut self, record: &str) -> bool {
        let Some((_, after)) = record.split_once(BUCKET_MEMBER) else {
            return false;
        };
        // Most records are about a bucket that is known.
        let first = after.split('"').next().unwrap_or_default();
        let is_known = |name: &str| self.buckets.get(name).is_some_and(Option::is_some);
        if is_known(first) {
            return false;
        }
        let Ok(record) = serde_json::from_str::<Record<'_>>(record) else {
            return false;
        };
        let name = &*record.request_parameters.bucket_name;
        if record.event_source != SERVICE || !is_bucket_name(name) {
            return false;
        }
        self.note(name, record.owner_of(name))
    }

    fn note(&mut self, name: &str, owner: Option<AccountId>) -> bool {
        if let Some(known) = self.buckets.get_mut(name) {
            let is_new = known.is_none() && owner.is_some();
            *known = known.or(owner);
            return is_new;
        }
        if self.buckets.len() >= Self::MOST {
            return !std::mem::replace(&mut self.has_more, true);
        }
        self.buckets.insert(name.to_owned(), owner);
        true
    }

    /// Adds what others remember.
    pub fn add(&mut self, others: &Self) {
        self.has_more |= others.has_more;
        for (name, owner) in &others.buckets {
            self.note(name, *owner);
        }
    }

    /// Whether nothing was remembered.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Whether some were not remembered.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Returns the buckets by name, with their owners.
    pub fn buckets(&self) -> impl Iterator<Item = (&str, Option<AccountId>)> {
        let buckets = self.buckets.iter();
        buckets.map(|(name, owner)| (name.as_str(), *owner))
    }
}

impl Record<'_> {
    fn owner_of(&self, name: &str) -> Option<AccountId> {
        let mut resources = self.resources.iter().flatten();
        let bucket = resources.find(|resource| {
            resource.kind == BUCKET_TYPE && resource.arn.rsplit(':').next() == Some(name)
        });
        bucket.and_then(|bucket| bucket.account.parse().ok())
    }
}

/// Whether a bucket may have this name. Names from before 2018 may be longer and have capital letters.
///
/// Source: S3 user guide, "Bucket naming rules".
fn is_bucket_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (3..=255).contains(&name.len()) && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(service: &str, bucket: &str, resources: &str) -> String {
        format!(
            r#"{{"eventSource":"{service}","eventName":"GetObject","requestParameters":{{"bucketName":"{bucket}","key":"a"}},"resources":{resources}}}"#
        )
    }

    #[test]
    fn bucket_and_owner_are_read_from_records_of_s3() {
        let mut named = NamedBuckets::default();
        let owner = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data/a"},{"accountId":"111111111111","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data"}]"#;
        for (record, is_new) in [
            (record(SERVICE, "data", "null"), true),
            (record(SERVICE, "data", "null"), false),
            (record(SERVICE, "data", owner), true),
            (record(SERVICE, "data", owner), false),
            (record(SERVICE, "other", owner), true),
            (record("iam.amazonaws.com", "third", owner), false),
            (record(SERVICE, "a b", owner), false),
            (r#"from "bucketName":"fourth""#.to_owned(), false),
        ] {
            assert!(NamedBuckets::may_be_about_bucket(&record), "{record}");
            assert_eq!(named.note_record(&record), is_new, "{record}");
        }
        let found: Vec<_> = named.buckets().collect();
        let owner = "111111111111".parse().unwrap();
        assert_eq!(found, [("data", Some(owner)), ("other", None)]);
        let json = serde_json::to_string(&named).unwrap();
        assert_eq!(serde_json::from_str::<NamedBuckets>(&json).unwrap(), named);
    }

    #[test]
    fn number_of_buckets_is_bounded() {
        let mut named = NamedBuckets::default();
        for number in 0..NamedBuckets::MOST {
            assert!(named.note(&format!("bucket-{number}"), None));
        }
        assert!(!named.has_more());
        assert!(named.note("one-more", None) && !named.note("another", None));
        assert!(named.has_more());
        assert_eq!(named.buckets().count(), NamedBuckets::MOST);
    }
}
