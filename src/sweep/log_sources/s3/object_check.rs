//! Compares the content of one object with the hash that a digest lists for it. Pure.

use crate::digests::ExpectedSha256;
use crate::files::{ContentSummary, FileProblem, FileReason};

/// The check of an object while it is read.
#[derive(Debug, Default)]
pub(super) struct ObjectCheck {
    /// `None` if no digest lists the object, or if nothing is verified.
    expected: Option<ExpectedSha256>,
    sha256: Option<[u8; 32]>,
    has_trailing: bool,
    exceeds_limit: bool,
}

impl ObjectCheck {
    pub(super) fn new(expected: Option<ExpectedSha256>) -> Self {
        Self {
            expected,
            ..Self::default()
        }
    }

    /// Whether the hash of a content is needed.
    pub(super) fn wants_sha256(&self, entry: Option<&str>) -> bool {
        entry.is_none() && self.expected.is_some()
    }

    pub(super) fn problem(&mut self, problem: &FileProblem) {
        match problem.reason {
            FileReason::TrailingData | FileReason::TrailingZeros => self.has_trailing = true,
            FileReason::ExpansionLimit | FileReason::NestingLimit => self.exceeds_limit = true,
            _ => {}
        }
    }

    pub(super) fn summary(&mut self, summary: &ContentSummary<'_>) {
        if summary.entry.is_none() {
            self.sha256 = summary.sha256;
        }
    }

    /// Returns how the object differs from what the digest lists, if it does. An object as CloudTrail
    /// delivers it is one gzip member with nothing behind it.
    pub(super) fn difference(&self) -> Option<String> {
        let expected = self.expected?;
        match self.sha256 {
            Some(sha256) if expected.matches(sha256) => self
                .has_trailing
                .then(|| "data follows the content that CloudTrail delivered".to_owned()),
            Some(sha256) => Some(format!(
                "the SHA-256 of its content is {}, and not the one that CloudTrail's digest lists",
                hex::encode(sha256)
            )),
            None if self.exceeds_limit => None,
            None => Some(
                "its content is damaged, so it is not the one that CloudTrail's digest lists"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digests::{Digest, DigestCheck, ObjectTableBuilder};

    const NAME: &str = "111111111111_CloudTrail_us-east-1_20261127T1005Z_a.json.gz";

    fn expected() -> Option<ExpectedSha256> {
        let mut names = ObjectTableBuilder::default();
        names.add(NAME);
        let mut check = DigestCheck::for_bucket(names.build_complete());
        let json = format!(
            r#"{{"digestStartTime":"2026-11-27T10:04:04Z","digestEndTime":"2026-11-27T11:04:04Z","digestS3Bucket":"b","digestS3Object":"111111111111_CloudTrail-Digest_us-east-1_main_us-east-1_20261127T110404Z.json.gz","previousDigestS3Object":null,"logFiles":[{{"s3Bucket":"b","s3Object":"{NAME}","hashValue":"{}","hashAlgorithm":"SHA-256"}}]}}"#,
            "01".repeat(32)
        );
        check.add_signed_digest(&Digest::parse(&json).unwrap(), [0; 32], "00", 0);
        check.expected(NAME)
    }

    fn difference(sha256: Option<[u8; 32]>, reasons: &[FileReason]) -> Option<String> {
        let mut check = ObjectCheck::new(expected());
        assert!(check.wants_sha256(None) && !check.wants_sha256(Some("entry")));
        for reason in reasons {
            check.problem(&FileProblem {
                path: NAME.to_owned(),
                entry: None,
                offset: None,
                reason: *reason,
                detail: String::new(),
            });
        }
        check.sha256 = sha256;
        check.difference()
    }

    #[test]
    fn content_and_what_follows_it_are_compared() {
        let good = Some([1; 32]);
        assert_eq!(difference(good, &[]), None);
        assert_eq!(difference(None, &[FileReason::ExpansionLimit]), None);
        for (sha256, reasons, words) in [
            (Some([2; 32]), &[][..], "is 0202"),
            (good, &[FileReason::TrailingZeros][..], "data follows"),
            (good, &[FileReason::TrailingData][..], "data follows"),
            (None, &[FileReason::DamagedCompression][..], "damaged"),
        ] {
            let found = difference(sha256, reasons).unwrap();
            assert!(found.contains(words), "{found}");
        }
    }

    #[test]
    fn object_without_a_digest_is_not_compared() {
        let mut check = ObjectCheck::default();
        assert!(!check.wants_sha256(None));
        check.sha256 = Some([2; 32]);
        assert_eq!(check.difference(), None);
    }
}
