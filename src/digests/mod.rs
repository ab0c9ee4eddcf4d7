//! CloudTrail digests: what they list, and whether log files and digests agree with them.
//!
//! ```text
//! names of log files ── ObjectTable ─┐
//! digests ───────────── Digest ──────┴── DigestCheck ── problems, summary
//!                                        which log files are missing, the hashes of the others,
//!                                        the chains of the digests
//! ```
//! Each hour, CloudTrail delivers a digest: a list of the log files of this hour with their SHA-256,
//! and the SHA-256 of the digest before. The caller reads the objects, from wherever they are, and
//! compares the hash of each log file with [`DigestCheck::expected`]. CloudTrail keeps the signatures in
//! the metadata of the objects, which only a bucket has and a copy on disk does not; the caller verifies
//! a [`DigestSignature`] before it adds a digest of a bucket.
//!
//! Log files and digests are known by their names without folders, because a copy may have other
//! folders. The names contain account, Region and time, and those of log files a random text. Digests
//! are untrusted: nothing in them is used as a path, and what they list is limited. Nothing here does
//! I/O.
//!
//! Source: CloudTrail user guide, "CloudTrail digest file structure" and "Custom implementations of
//! CloudTrail log file integrity validation".

mod chain;
mod check;
mod digest;
mod object_name;
mod object_table;
mod problem;
mod signature;
mod summary;
mod time_text;

pub use check::{DigestCheck, LogFileCounts};
pub use digest::{Digest, InvalidDigest, ListedLogFile, PreviousDigest, SignedMembers};
pub use object_name::{ChainName, DigestName, LogFileName};
pub use object_table::{ExpectedSha256, ObjectTable, ObjectTableBuilder};
pub use problem::{IntegrityKind, IntegrityProblem};
pub use signature::{DigestSignature, InvalidSignature, PublicKey};
pub use summary::{DigestSummary, IntegritySummary};

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod digest_tests;
#[cfg(test)]
mod test_digests;
