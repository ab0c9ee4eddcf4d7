//! What digests say is wrong.

/// What is wrong with a log file, or with the digests themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrityKind {
    /// A digest lists a log file that does not exist.
    MissingLogFile,
    /// A digest does not exist, but the next one names it.
    MissingDigest,
    /// The content of a digest is not the one that the next one names.
    ModifiedDigest,
    /// A digest is not as CloudTrail writes it, or its signature is wrong.
    InvalidDigest,
    /// A chain of digests starts anew.
    DigestGap,
}

/// Where the log files and the digests are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectPlace {
    /// On disk: a copy, which may have a part of the objects.
    Disk,
    /// In the bucket to which they were delivered.
    Bucket,
}

impl ObjectPlace {
    /// Says what a missing log file means.
    pub(super) fn describe_missing_log_file(self) -> &'static str {
        match self {
            Self::Disk => {
                "a digest lists it, and it is not on disk, although others of this time are; copy it again"
            }
            Self::Bucket => {
                "a digest lists it, and the bucket does not have it any more; look for the principal or lifecycle rule that deleted it, and for an earlier version"
            }
        }
    }

    /// Says what to do about a missing digest.
    pub(super) fn advice_for_missing_digest(self) -> &'static str {
        match self {
            Self::Disk => "copy it again",
            Self::Bucket => {
                "look for the principal or lifecycle rule that deleted it, and for an earlier version"
            }
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrityProblem {
    /// What it is.
    pub kind: IntegrityKind,
    /// The object as `s3://BUCKET/KEY`, according to the digests: untrusted text.
    pub address: String,
    /// What was found and what to do.
    pub detail: String,
}
