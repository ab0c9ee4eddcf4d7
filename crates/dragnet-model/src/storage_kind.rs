//! The kinds of storage of records, and which of them a search uses.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

crate::word_enum! {
    /// A kind of place where records are stored. The words are those of the column `source` in
    /// reports; `run.db` stores them together with a location.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum StorageKind: Serialize, Deserialize {
        /// CloudWatch log groups. The location is the name of the log group.
        Logs => "logs",
        /// The event history of CloudTrail. An account-Region has exactly one, so its location is
        /// empty.
        History => "history",
        /// Objects in S3. The location is the bucket and the prefix of the keys: the folder of one
        /// account-Region.
        S3 => "s3",
        /// Files on disk: copies of logs. The location of a row about an account-Region is
        /// `files on disk`, that of a row about a file its path.
        File => "file",
    }
}

impl StorageKind {
    /// The kinds that are in AWS: the words of `--sources`.
    pub const IN_AWS: [Self; 3] = [Self::Logs, Self::History, Self::S3];

    /// Names a place of this kind for people. `location` is its location.
    pub fn place_name(self, location: &str) -> &str {
        match self {
            Self::Logs | Self::S3 | Self::File => location,
            Self::History => "event history",
        }
    }
}

/// Which kinds of storage in AWS a search uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSelection(Option<BTreeSet<StorageKind>>);

impl SourceSelection {
    /// The word for the default: each kind where it is needed.
    pub const AUTO: &'static str = "auto";

    /// Uses only these kinds, each of them everywhere.
    pub fn only(kinds: impl IntoIterator<Item = StorageKind>) -> Self {
        Self(Some(kinds.into_iter().collect()))
    }

    /// Whether the user named kinds.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a kind may be used.
    pub fn allows(&self, kind: StorageKind) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Whether the user named a kind, so that it is used wherever it can be.
    pub fn names(&self, kind: StorageKind) -> bool {
        self.0.as_ref().is_some_and(|kinds| kinds.contains(&kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_allows_every_kind_and_names_none() {
        let auto = SourceSelection::default();
        let history = SourceSelection::only([StorageKind::History]);
        for kind in StorageKind::ALL {
            assert!(auto.allows(kind) && !auto.names(kind), "{kind}");
            let is_history = kind == StorageKind::History;
            assert_eq!(
                (history.allows(kind), history.names(kind)),
                (is_history, is_history)
            );
        }
        let json = serde_json::to_string(&history).unwrap();
        assert_eq!(json, r#"["history"]"#);
        assert_eq!(
            serde_json::from_str::<SourceSelection>("null").unwrap(),
            auto
        );
    }
}
