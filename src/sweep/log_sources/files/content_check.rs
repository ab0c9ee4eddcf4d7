//! Compares the content of one file with CloudTrail's digests.

use crate::digests::{Digest, DigestName, ExpectedSha256};
use crate::files::{ContentSummary, FileProblem, FileReason, RecordOrigin};

/// What the digests say about a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ContentFinding {
    /// It is as it should be, or nothing is known.
    Nothing,
    /// A digest lists it, but its content could not be read.
    Unchecked,
    /// A digest lists it with another hash.
    Modified(String),
    /// It should be a digest, and is none, or not as CloudTrail writes it.
    InvalidDigest(String),
}

/// The check of one file while it is read.
pub(super) struct ContentCheck<'p> {
    name: &'p str,
    expected: Option<ExpectedSha256>,
    sha256: Option<[u8; 32]>,
    /// Whether digests are expected at this path.
    has_digest_path: bool,
    digests: u64,
    defect: Option<String>,
}

impl<'p> ContentCheck<'p> {
    pub(super) fn new(
        path: &'p str,
        expected: Option<ExpectedSha256>,
        has_digest_path: bool,
    ) -> Self {
        Self {
            name: path.rsplit('/').next().unwrap_or_default(),
            expected,
            sha256: None,
            has_digest_path,
            digests: 0,
            defect: None,
        }
    }

    /// Whether the hash of a content is needed.
    pub(super) fn wants_sha256(&self, entry: Option<&str>) -> bool {
        entry.is_none() && self.expected.is_some()
    }

    /// Takes a digest.
    pub(super) fn digest(&mut self, json: &str, origin: RecordOrigin<'_>) {
        self.digests += 1;
        if origin.entry.is_none() && self.has_digest_path && self.defect.is_none() {
            self.defect = find_defect(json, self.name);
        }
    }

    /// Takes the summary of a content.
    pub(super) fn summary(&mut self, summary: &ContentSummary<'_>) {
        if summary.entry.is_none() {
            self.sha256 = summary.sha256;
        }
    }

    /// Returns the finding, once the file was read with these problems.
    pub(super) fn finish(&mut self, problems: &[FileProblem]) -> ContentFinding {
        if let Some(expected) = self.expected {
            return self.compare(expected, problems);
        }
        if !self.has_digest_path {
            return ContentFinding::Nothing;
        }
        if let Some(defect) = self.defect.take() {
            return ContentFinding::InvalidDigest(defect);
        }
        let is_digest_name = DigestName::parse(self.name).is_some();
        match self.digests {
            0 if is_digest_name && problems.is_empty() => ContentFinding::InvalidDigest(
                "the file has the name of a CloudTrail digest and contains none; compare it with the original".to_owned(),
            ),
            number if number > 1 && is_digest_name => ContentFinding::InvalidDigest(format!(
                "the file contains {number} digests, and CloudTrail writes one; compare it with the original"
            )),
            _ => ContentFinding::Nothing,
        }
    }

    fn compare(&self, expected: ExpectedSha256, problems: &[FileProblem]) -> ContentFinding {
        let has = |reasons: &[FileReason]| {
            problems
                .iter()
                .any(|problem| reasons.contains(&problem.reason))
        };
        // An object as CloudTrail delivers it is one gzip member with nothing behind it.
        let has_trailing = has(&[FileReason::TrailingData, FileReason::TrailingZeros]);
        match self.sha256 {
            Some(sha256) if expected.matches(sha256) && has_trailing => ContentFinding::Modified(
                "data follows the content that CloudTrail delivered; keep the file as evidence"
                    .to_owned(),
            ),
            Some(sha256) if expected.matches(sha256) => ContentFinding::Nothing,
            _ if has(&NOT_READ) => ContentFinding::Unchecked,
            Some(sha256) => ContentFinding::Modified(format!(
                "the SHA-256 of the content is {}, and not the one that CloudTrail's digest lists; compare the file with the original",
                hex::encode(sha256)
            )),
            None => ContentFinding::Modified(
                "the content is damaged, so it is not the one that CloudTrail's digest lists; copy it again".to_owned(),
            ),
        }
    }
}

/// Why a content may be unknown although the file is not changed.
const NOT_READ: [FileReason; 7] = [
    FileReason::Unreadable,
    FileReason::NotRegular,
    FileReason::SymbolicLink,
    FileReason::Changed,
    FileReason::ExpansionLimit,
    FileReason::NestingLimit,
    FileReason::RecordTooLarge,
];

/// Returns what of a digest is not as CloudTrail writes it, in a file of this name.
fn find_defect(json: &str, file_name: &str) -> Option<String> {
    let digest = match Digest::parse(json) {
        Ok(digest) => digest,
        Err(error) => return Some(format!("{error}; compare the digest with the original")),
    };
    if let Some((number, first)) = digest.unusable {
        return Some(format!(
            "{number} entries of the digest's list are not as CloudTrail writes them, the first: {first}; the log files in them were not compared"
        ));
    }
    (!digest.fits_name(file_name)).then(|| {
        format!(
            "the content is that of the digest {}; compare it with the original",
            digest.name
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digests::{DigestCheck, ObjectTableBuilder};

    const NAME: &str = "111111111111_CloudTrail_us-east-1_20261127T1005Z_a.json.gz";
    const DIGEST: &str =
        "111111111111_CloudTrail-Digest_us-east-1_main_us-east-1_20261127T110404Z.json.gz";

    fn digest_json(name: &str, hash: &str) -> String {
        format!(
            r#"{{"digestStartTime":"2026-11-27T10:04:04Z","digestEndTime":"2026-11-27T11:04:04Z","digestS3Bucket":"b","digestS3Object":"{name}","previousDigestS3Object":null,"logFiles":[{{"s3Bucket":"b","s3Object":"{NAME}","hashValue":"{hash}","hashAlgorithm":"SHA-256"}}]}}"#
        )
    }

    fn expected() -> Option<ExpectedSha256> {
        let mut names = ObjectTableBuilder::default();
        names.add(NAME);
        let mut check = DigestCheck::new(names.build());
        let json = digest_json(DIGEST, &"01".repeat(32));
        check.add_digest(&Digest::parse(&json).unwrap(), [0; 32]);
        check.expected(NAME)
    }

    fn problem(reason: FileReason) -> FileProblem {
        FileProblem {
            path: NAME.to_owned(),
            entry: None,
            offset: None,
            reason,
            detail: String::new(),
        }
    }

    #[test]
    fn content_is_compared_if_it_was_read() {
        let finish = |sha256, reasons: &[FileReason]| {
            let mut check = ContentCheck::new(NAME, expected(), false);
            assert!(check.wants_sha256(None) && !check.wants_sha256(Some("entry")));
            check.sha256 = sha256;
            let problems: Vec<FileProblem> = reasons.iter().map(|one| problem(*one)).collect();
            check.finish(&problems)
        };
        let is_modified = |finding| matches!(finding, ContentFinding::Modified(_));
        let good = Some([1; 32]);
        assert_eq!(finish(good, &[]), ContentFinding::Nothing);
        assert!(is_modified(finish(Some([2; 32]), &[])));
        assert!(is_modified(finish(good, &[FileReason::TrailingZeros])));
        assert!(is_modified(finish(None, &[FileReason::DamagedCompression])));
        assert!(is_modified(finish(None, &[FileReason::Binary])));
        let unreadable = finish(None, &[FileReason::Unreadable]);
        assert_eq!(unreadable, ContentFinding::Unchecked);
        let changing = finish(Some([2; 32]), &[FileReason::Changed]);
        assert_eq!(changing, ContentFinding::Unchecked);
    }

    #[test]
    fn files_that_should_be_digests_are_checked() {
        let origin = RecordOrigin {
            path: DIGEST,
            entry: None,
            record: 1,
            offset: 0,
        };
        let finish = |jsons: &[String]| {
            let mut check = ContentCheck::new(DIGEST, None, true);
            for json in jsons {
                check.digest(json, origin);
            }
            check.finish(&[])
        };
        let hash = "01".repeat(32);
        let good = digest_json(DIGEST, &hash);
        assert_eq!(finish(std::slice::from_ref(&good)), ContentFinding::Nothing);
        let other_name = DIGEST.replace("T11", "T12");
        for jsons in [
            vec![],
            vec![good.clone(), good],
            vec![digest_json(&other_name, &hash)],
            vec![digest_json(DIGEST, "00")],
            vec!["{}".to_owned()],
        ] {
            let finding = finish(&jsons);
            let is_invalid = matches!(finding, ContentFinding::InvalidDigest(_));
            assert!(is_invalid, "{jsons:?}: {finding:?}");
        }
    }
}
