//! The folder of a bucket with the records of one account-Region.

use std::collections::BTreeSet;

use crate::s3_layout::{AccessLogPlace, LogFolder, LogPlace, LogRoot, ObjectKind};
use dragnet_model::{LogKind, LogSource, Organization, SourceKind, Target};

/// A folder to which a trail or flow log delivers the records of one account-Region.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent properties of a folder"
)]
pub struct ObjectFolder {
    /// The account-Region of the records.
    pub target: Target,
    pub(super) place: LogPlace,
    /// The name of the bucket.
    bucket: String,
    /// Whether the objects are Parquet and not text.
    pub(super) is_parquet: bool,
    /// Whether the log source names a KMS key with which the objects are encrypted.
    pub(super) is_encrypted: bool,
    /// Whether there is a folder with digests beside it.
    pub(super) has_digests: bool,
    /// Whether the folder exists, as far as known.
    pub(super) is_delivered: bool,
    /// What the log source records.
    kinds: BTreeSet<LogKind>,
}

impl ObjectFolder {
    /// Returns the folder to which a log source delivers the records of `target`. `organization` is
    /// that of the log source, if it is known. `None` if the log source has no bucket, or is the
    /// trail of an organization that is not known.
    pub fn new(
        log_source: &LogSource,
        target: &Target,
        organization: Option<&Organization>,
    ) -> Option<Self> {
        let id = organization.map(|organization| organization.id.as_str());
        if log_source.is_organization_trail && id.is_none() {
            return None;
        }
        let id = id.filter(|_| log_source.is_organization_trail);
        let root = LogRoot::new(&log_source.bucket.as_ref()?.prefix, id);
        Self::in_root(log_source, target, root)
    }

    /// Returns the folder of `target` in a root of the bucket of a log source.
    pub(super) fn in_root(log_source: &LogSource, target: &Target, root: LogRoot) -> Option<Self> {
        let bucket = log_source.bucket.as_ref()?;
        let kind = match log_source.kind {
            SourceKind::CloudTrail => ObjectKind::CloudTrail,
            SourceKind::VpcFlow => ObjectKind::FlowLog,
        };
        let folder = LogFolder::new(root, target.account, kind, target.region.clone());
        let folder = if bucket.is_hive {
            folder.hive()
        } else {
            folder
        };
        Some(Self {
            target: target.clone(),
            place: folder.into(),
            bucket: bucket.name.clone(),
            is_parquet: bucket.is_parquet,
            is_encrypted: bucket.kms_key.is_some(),
            has_digests: bucket.has_digests,
            is_delivered: true,
            kinds: LogKind::from_log_source(log_source),
        })
    }

    /// Returns the folder of a service that needs neither a trail nor a flow log.
    pub(super) fn of_service(target: Target, folder: LogFolder, bucket: &str) -> Self {
        Self::of_application(target, folder.into(), bucket)
    }

    /// Returns the access logs of buckets in this account-Region.
    pub(super) fn of_access_logs(target: Target, place: AccessLogPlace, bucket: &str) -> Self {
        Self::of_application(target, LogPlace::AccessLogs(place), bucket)
    }

    fn of_application(target: Target, place: LogPlace, bucket: &str) -> Self {
        Self {
            target,
            place,
            bucket: bucket.to_owned(),
            is_parquet: false,
            is_encrypted: false,
            has_digests: false,
            is_delivered: true,
            kinds: BTreeSet::from([LogKind::App]),
        }
    }

    /// The bucket and the folder, which ends in a slash; of access logs, the bucket and what their keys
    /// start with.
    pub fn location(&self) -> String {
        format!("{}/{}", self.bucket, self.place.path())
    }

    /// Adds another log source that delivers to the same folder.
    pub(super) fn add_source(&mut self, other: &Self) {
        // The keys say which objects are Parquet.
        self.is_parquet &= other.is_parquet;
        self.is_encrypted |= other.is_encrypted;
        self.has_digests |= other.has_digests;
        self.is_delivered |= other.is_delivered;
        self.kinds.extend(other.kinds.iter().copied());
    }

    /// The same folder, if a list did not find it. That of a flow log was not looked for.
    pub(super) fn without_delivery(self) -> Self {
        Self {
            is_delivered: !self.is_of_trail(),
            ..self
        }
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The kinds of logs that the log source delivers there.
    pub(super) fn kinds(&self) -> BTreeSet<LogKind> {
        self.kinds.clone()
    }

    /// Returns the folder with the digests of the log files, if the trail delivers digests.
    pub(super) fn digests(&self) -> Option<LogFolder> {
        self.digest_folder().filter(|_| self.has_digests)
    }

    /// Returns the folder in which the digests of the log files are, or would be, if a trail delivers.
    /// Validation may be off now, and may have been on before.
    pub(super) fn digest_folder(&self) -> Option<LogFolder> {
        let folder = self.place.folder().filter(|_| self.is_of_trail())?;
        Some(LogFolder {
            kind: ObjectKind::Digest,
            ..folder.clone()
        })
    }

    /// Whether a trail delivers there.
    pub(super) fn is_of_trail(&self) -> bool {
        let folder = self.place.folder();
        folder.is_some_and(|folder| folder.kind == ObjectKind::CloudTrail)
    }

    /// Whether AWS delivers most records there, and not certainly all.
    pub(super) fn is_best_effort(&self) -> bool {
        matches!(self.place, LogPlace::AccessLogs(_))
    }
}
