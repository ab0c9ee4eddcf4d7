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
    /// A chain of digests starts anew.
    DigestGap,
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
