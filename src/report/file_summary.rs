//! The files on disk that a run searched, in numbers and as sentences.

use serde::Serialize;

use super::digest_text::describe_copied_digests;
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
        sentences.extend(self.digests.as_ref().map(describe_copied_digests));
        if self.are_alone {
            let limit = "Only these files were searched: an account, Region or hour without a record in them may have had \
                         activity.";
            sentences.push(limit.to_owned());
        }
        sentences
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
}
