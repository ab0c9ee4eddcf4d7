//! The files on disk that a run searched, in numbers and as sentences.

use jiff::Timestamp;
use serde::Serialize;

use crate::digests::DigestSummary;
use dragnet_model::format::{bytes, count, plural};

/// The files on disk that a run searched. The field names are keys of `summary.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Whether only files were searched, and nothing in AWS.
    pub are_alone: bool,
    /// The files that were read, completely or in part.
    pub read: u64,
    /// Their records.
    pub records: u64,
    /// Bytes of their unpacked contents.
    pub bytes: u64,
    /// The files and directories that could not be read, or not completely.
    pub not_read: u64,
    /// What CloudTrail's digests say about the log files, if there are any.
    pub digests: Option<DigestSummary>,
}

impl FileSummary {
    /// Says how much was read, and that not everything was, if so: `searched 5,000 files with
    /// 1,200,000 records (2.2 GB); 2 files could not be read, or not completely`.
    pub(super) fn describe(&self) -> String {
        let read = format!(
            "searched {} with {} ({})",
            plural(self.read, "file"),
            plural(self.records, "record"),
            bytes(self.bytes)
        );
        match self.not_read {
            0 => read,
            1 => format!("{read}; 1 file could not be read, or not completely"),
            more => format!(
                "{read}; {} files could not be read, or not completely",
                count(more)
            ),
        }
    }

    /// Returns the sentences of the verdict.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![format!("On disk: {}.", self.describe())];
        sentences.extend(self.digests.as_ref().map(describe_digests));
        if self.are_alone {
            let limit = "Only these files were searched: an account, Region or hour without a record in them may have had \
                         activity.";
            sentences.push(limit.to_owned());
        }
        sentences
    }
}

/// Says what the digests confirm, what they do not, and what was not compared.
fn describe_digests(digests: &DigestSummary) -> String {
    let found =
        [(digests.missing, "missing"), (digests.modified, "modified")].map(|(number, what)| {
            match number {
                0 => format!("none {what}"),
                number => format!("{} {what}", count(number)),
            }
        });
    let mut parts = vec![
        format!(
            "{}: {}",
            plural(digests.log_files, "log file"),
            found.join(", ")
        ),
        describe_chains(digests),
    ];
    let not_compared = [
        (digests.unchecked, "could not be read"),
        (
            digests.not_copied,
            "listed, but of accounts, Regions or days that are not on disk",
        ),
        (digests.unlisted, "of this time in no digest, or not yet"),
        (
            digests.without_digest,
            "of other times or account-Regions, without a digest",
        ),
    ];
    for (number, what) in not_compared {
        if number > 0 {
            parts.push(format!(
                "not compared: {} {what}",
                plural(number, "log file")
            ));
        }
    }
    format!(
        "CloudTrail digests list {} (signatures not checked: a copy has none).",
        parts.join("; ")
    )
}

fn describe_chains(digests: &DigestSummary) -> String {
    let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let hours = format!("from {} to {}", time(digests.from), time(digests.to));
    match (digests.digest_problems, digests.account_regions) {
        (0, 1) => format!("digest chain unbroken {hours}"),
        (0, several) => format!(
            "digest chains of {} unbroken, together {hours}",
            plural(several, "account-Region")
        ),
        (problems, _) => format!(
            "{} with the digests {hours}, so they confirm less",
            plural(problems, "problem")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_say_what_was_not_read() {
        let mut files = FileSummary {
            are_alone: true,
            read: 5_000,
            records: 1_200_000,
            bytes: 10,
            not_read: 2,
            digests: None,
        };
        let sentences = files.sentences();
        assert_eq!(
            sentences[0],
            "On disk: searched 5,000 files with 1,200,000 records (10 B); \
             2 files could not be read, or not completely."
        );
        assert!(sentences[1].contains("without a record"));
        files.not_read = 0;
        files.are_alone = false;
        let sentences = files.sentences();
        assert!(sentences.len() == 1 && !sentences[0].contains("could not"));
    }

    #[test]
    fn digests_are_described_with_what_they_do_not_say() {
        let mut digests = DigestSummary {
            digests: 24,
            digest_problems: 0,
            account_regions: 1,
            from: "2026-11-27T00:04:04Z".parse().unwrap(),
            to: "2026-11-28T00:04:04Z".parse().unwrap(),
            log_files: 28_914,
            missing: 0,
            modified: 0,
            unchecked: 0,
            not_copied: 0,
            unlisted: 0,
            without_digest: 0,
            signatures_checked: false,
        };
        assert_eq!(
            describe_digests(&digests),
            "CloudTrail digests list 28,914 log files: none missing, none modified; \
             digest chain unbroken from 2026-11-27T00:04:04Z to 2026-11-28T00:04:04Z \
             (signatures not checked: a copy has none)."
        );
        digests.missing = 1_000;
        digests.digest_problems = 1;
        digests.unlisted = 1;
        let text = describe_digests(&digests);
        for part in [
            ": 1,000 missing, none modified; 1 problem with the digests from ",
            "; not compared: 1 log file of this time in no digest, or not yet (signatures",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("unbroken"), "{text}");
        digests.digest_problems = 0;
        digests.account_regions = 2;
        let text = describe_digests(&digests);
        assert!(
            text.contains("chains of 2 account-Regions unbroken, together from "),
            "{text}"
        );
    }
}
