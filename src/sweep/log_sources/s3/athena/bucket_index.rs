//! Which objects of a bucket need not be read. Pure.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::statement::StatementScope;
use crate::aws::ListedObject;
use crate::s3_layout::LogFolder;

/// Packed objects up to this size have lines that Athena can read: Trino refuses lines that are too long,
/// and a log file of CloudTrail is one line.
const LARGEST_OBJECT: u64 = 8 << 20;

/// The storage classes whose objects Athena reads. Objects of `INTELLIGENT_TIERING` may be archived, and Athena
/// leaves out those of archives.
///
/// Source: Amazon Athena user guide, "Restored S3 Glacier objects"; S3 API, `Object`, `StorageClass`.
const READ_CLASSES: [&str; 5] = [
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "GLACIER_IR",
    "REDUCED_REDUNDANCY",
];

/// What a query may not have seen: objects that were written later than this before it was submitted.
const MARGIN_SECONDS: i64 = 60;

/// Partitions over which a query ended.
#[derive(Clone, Debug)]
pub(super) struct IndexedPart {
    pub scope: StatementScope,
    /// The service of the folders.
    pub kind: &'static str,
    /// When the query was submitted.
    pub submitted: Timestamp,
}

/// What the queries over the objects of a bucket named.
#[derive(Clone, Debug, Default)]
pub(in crate::sweep::log_sources::s3) struct BucketIndex {
    bucket: String,
    parts: Vec<IndexedPart>,
    paths: HashSet<String>,
}

impl BucketIndex {
    pub(super) fn new(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            ..Self::default()
        }
    }

    /// Adds the result of a query.
    pub(super) fn add(&mut self, part: IndexedPart, paths: impl IntoIterator<Item = String>) {
        self.parts.push(part);
        self.paths.extend(paths);
    }

    /// Whether no query ended.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a query that read this object of a folder did not name it.
    pub(in crate::sweep::log_sources::s3) fn rules_out(
        &self,
        folder: &LogFolder,
        object: &ListedObject,
    ) -> bool {
        let is_named = || {
            let path = format!("s3://{}/{}", self.bucket, object.key);
            self.paths.contains(&path)
        };
        is_read_by_athena(object)
            && day_of(folder, &object.key).is_some_and(|day| self.was_queried(folder, day, object))
            && !is_named()
    }

    fn was_queried(&self, folder: &LogFolder, day: Date, object: &ListedObject) -> bool {
        let Some(region) = folder.region().filter(|_| !folder.is_hive) else {
            return false;
        };
        let root = folder.root.path();
        self.parts.iter().any(|part| {
            let margin = part.submitted.as_second().saturating_sub(MARGIN_SECONDS);
            part.kind == folder.kind.as_str()
                && part.scope.root == root
                && part.scope.accounts.contains(&folder.account)
                && part.scope.regions.contains(region)
                && part.scope.days.contains(day)
                && object.modified.as_second() < margin
        })
    }
}

/// Whether Athena reads the lines of an object, and `$path` names it by its key as it is. Athena hides names
/// that begin with `_` or `.`, and unpacks by the extension.
///
/// Source: Amazon Athena user guide, "Create tables in Athena", "Hidden files"; "Compression support".
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "Hadoop's codecs compare the case"
)]
pub(super) fn is_read_by_athena(object: &ListedObject) -> bool {
    let name = object.key.rsplit('/').next().unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./=-".contains(&byte);
    name.ends_with(".gz")
        && !name.starts_with(['_', '.'])
        && object.key.bytes().all(is_plain)
        && (1..=LARGEST_OBJECT).contains(&object.size)
        && READ_CLASSES.contains(&object.storage_class.as_str())
}

/// Returns the day of the partition in which an object of a folder is.
pub(super) fn day_of(folder: &LogFolder, key: &str) -> Option<Date> {
    let rest = key.strip_prefix(folder.path().as_str())?;
    let day = rest
        .get(..10)
        .filter(|_| rest.as_bytes().get(10) == Some(&b'/'))?;
    day.replace('/', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::s3_layout::{LogRoot, ObjectKind};
    use crate::sweep::log_sources::s3::athena::statement::DayRange;

    const NAME: &str = "111111111111_CloudTrail_us-east-1_20260302T1005Z_a.json.gz";

    fn folder() -> LogFolder {
        let account = "111111111111".parse().unwrap();
        let region = "us-east-1".parse().unwrap();
        LogFolder::new(
            LogRoot::new("", None),
            account,
            ObjectKind::CloudTrail,
            region,
        )
    }

    fn object(name: &str) -> ListedObject {
        ListedObject {
            key: format!("{}2026/03/02/{name}", folder().path()),
            size: 100,
            etag: String::new(),
            modified: "2026-03-02T10:06:00Z".parse().unwrap(),
            storage_class: "STANDARD".to_owned(),
            is_restored: false,
        }
    }

    fn index(named: &[&str]) -> BucketIndex {
        let day: Date = "2026-03-02".parse().unwrap();
        let mut index = BucketIndex::new("logs");
        let scope = StatementScope {
            table: "t".to_owned(),
            root: "AWSLogs/".to_owned(),
            accounts: BTreeSet::from([folder().account]),
            regions: BTreeSet::from(["us-east-1".parse().unwrap()]),
            days: DayRange {
                first: day,
                last: day,
            },
        };
        let part = IndexedPart {
            scope,
            kind: "CloudTrail",
            submitted: "2026-03-02T12:00:00Z".parse().unwrap(),
        };
        let paths = named
            .iter()
            .map(|name| format!("s3://logs/{}", object(name).key));
        index.add(part, paths);
        index
    }

    #[test]
    fn only_what_was_queried_and_not_named_is_ruled_out() {
        let folder = folder();
        assert!(index(&[]).rules_out(&folder, &object(NAME)));
        assert!(!index(&[NAME]).rules_out(&folder, &object(NAME)));
        assert!(!BucketIndex::new("logs").rules_out(&folder, &object(NAME)));
        let late = ListedObject {
            modified: "2026-03-02T11:59:30Z".parse().unwrap(),
            ..object(NAME)
        };
        assert!(
            !index(&[]).rules_out(&folder, &late),
            "the query may not have seen it"
        );
        let other_day = ListedObject {
            key: object(NAME).key.replace("/02/1", "/03/1"),
            ..object(NAME)
        };
        assert!(!index(&[]).rules_out(&folder, &other_day));
        let other_region = LogFolder::new(
            LogRoot::new("", None),
            folder.account,
            ObjectKind::CloudTrail,
            "eu-west-1".parse().unwrap(),
        );
        assert!(!index(&[]).rules_out(&other_region, &object(NAME)));
    }

    #[test]
    fn what_athena_skips_is_never_ruled_out() {
        let archived = |class: &str| ListedObject {
            storage_class: class.to_owned(),
            is_restored: true,
            ..object(NAME)
        };
        let large = ListedObject {
            size: LARGEST_OBJECT + 1,
            ..object(NAME)
        };
        let skipped = [
            object(&format!("_{NAME}")),
            object(&format!(".{NAME}")),
            object("111111111111_CloudTrail_us-east-1_20260302T1005Z_a.json"),
            object("a b.json.gz"),
            archived("GLACIER"),
            archived("DEEP_ARCHIVE"),
            archived("INTELLIGENT_TIERING"),
            archived(""),
            large,
        ];
        for object in &skipped {
            assert!(!index(&[]).rules_out(&folder(), object), "{object:?}");
        }
    }
}
