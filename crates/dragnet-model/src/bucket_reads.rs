//! Whether reads of a bucket were recorded: who copied its objects can be found out only then.

use serde::{Deserialize, Serialize};

crate::word_enum! {
    /// Whether reads of the objects of a bucket were recorded.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ReadRecording: Serialize, Deserialize {
        /// All of them, in the whole window, as far as AWS records them.
        Recorded => "recorded",
        /// Some of them, or in a part of the window.
        Partial => "partial",
        /// None.
        NotRecorded => "not-recorded",
        /// It is not known.
        Unknown => "unknown",
    }
}

/// Whether reads of a bucket were recorded, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketReads {
    /// The name of the bucket.
    pub bucket: String,
    /// Whether they were recorded.
    pub recording: ReadRecording,
    /// What recorded them, or why they were not, or why it is not known. Untrusted text.
    pub detail: String,
}

impl BucketReads {
    /// Describes it in one line.
    pub fn sentence(&self) -> String {
        let Self {
            bucket,
            recording,
            detail,
        } = self;
        let what = match recording {
            ReadRecording::Recorded => "reads were recorded by",
            ReadRecording::Partial => "a part of the reads was recorded by",
            ReadRecording::NotRecorded => "reads were not recorded:",
            ReadRecording::Unknown => "unknown:",
        };
        format!("bucket {bucket}: {what} {detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentence_says_what_is_known() {
        let sentence = |recording, detail: &str| {
            let reads = BucketReads {
                bucket: "logs".to_owned(),
                recording,
                detail: detail.to_owned(),
            };
            reads.sentence()
        };
        assert_eq!(
            sentence(ReadRecording::Recorded, "data events of trail t"),
            "bucket logs: reads were recorded by data events of trail t"
        );
        assert_eq!(
            sentence(ReadRecording::Unknown, "GetBucketLogging was denied"),
            "bucket logs: unknown: GetBucketLogging was denied"
        );
    }
}
