//! Which events a trail or a flow log is configured to record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ObjectSelector, S3_OBJECT, SelectedReads};

/// The events that a log source records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// The event selectors of a trail.
    Events {
        /// The management events.
        management: ManagementEvents,
        /// The resource types whose data events are recorded, for example `AWS::S3::Object`.
        data: BTreeSet<String>,
        /// The event selectors that select objects in S3. Earlier versions did not store them.
        #[serde(default)]
        objects: Vec<ObjectSelector>,
    },
    /// The traffic that a flow log records.
    Traffic {
        /// `ALL`, `ACCEPT` or `REJECT`.
        kept: String,
        /// The fields of a record, in AWS's `${field}` syntax.
        format: String,
    },
}

/// The management events that are recorded: for reads and for writes, the exclusions, or `None` if
/// none are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementEvents {
    /// For read-only calls: the excluded services (`kms.amazonaws.com`) and conditions.
    pub reads: Option<BTreeSet<String>>,
    /// For all other calls: the exclusions.
    pub writes: Option<BTreeSet<String>>,
}

impl ManagementEvents {
    /// All management events.
    pub fn all() -> Self {
        Self {
            reads: Some(BTreeSet::new()),
            writes: Some(BTreeSet::new()),
        }
    }

    /// Whether nothing is excluded.
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether no management events are recorded.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Combines two log sources: only what both exclude is excluded.
    #[must_use]
    pub fn combined_with(self, other: Self) -> Self {
        Self {
            reads: excluded_by_both(self.reads, other.reads),
            writes: excluded_by_both(self.writes, other.writes),
        }
    }

    /// Adds an exclusion.
    pub fn exclude(&mut self, what: &str) {
        for excluded in [&mut self.reads, &mut self.writes].into_iter().flatten() {
            excluded.insert(what.to_owned());
        }
    }

    fn text(&self) -> String {
        let without = |excluded: &BTreeSet<String>| match excluded.len() {
            0 => String::new(),
            _ => format!(" without {}", joined(excluded)),
        };
        match (&self.reads, &self.writes) {
            (None, None) => "no management events".to_owned(),
            (Some(reads), Some(writes)) if reads == writes => {
                format!("management events{}", without(reads))
            }
            (Some(reads), None) => format!("management events: only reads{}", without(reads)),
            (None, Some(writes)) => format!("management events: only writes{}", without(writes)),
            (Some(reads), Some(writes)) => {
                format!(
                    "management events: reads{}, writes{}",
                    without(reads),
                    without(writes)
                )
            }
        }
    }
}

fn excluded_by_both(
    one: Option<BTreeSet<String>>,
    other: Option<BTreeSet<String>>,
) -> Option<BTreeSet<String>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(&other).cloned().collect()),
        (one, other) => one.or(other),
    }
}

fn joined(words: &BTreeSet<String>) -> String {
    words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

impl Selection {
    /// The recorded management events; none for a flow log.
    pub fn management(&self) -> ManagementEvents {
        match self {
            Self::Events { management, .. } => management.clone(),
            Self::Traffic { .. } => ManagementEvents::default(),
        }
    }

    /// Whether all management events or all traffic is recorded. Data events do not count, because
    /// trails exclude them by default.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Events { management, .. } => management.is_all(),
            Self::Traffic { kept, .. } => kept == "ALL",
        }
    }

    /// Returns how many of the reads of the objects of a bucket are recorded as data events.
    pub fn reads_of_bucket(&self, bucket: &str) -> SelectedReads {
        match self {
            Self::Events { data, objects, .. } => {
                let selected = objects.iter().map(|selector| selector.reads_of(bucket));
                let is_unknown = objects.is_empty() && data.contains(S3_OBJECT);
                selected.max().unwrap_or(if is_unknown {
                    SelectedReads::Part
                } else {
                    SelectedReads::None
                })
            }
            Self::Traffic { .. } => SelectedReads::None,
        }
    }

    /// Describes the selection in one line.
    pub fn text(&self) -> String {
        match self {
            Self::Events {
                management, data, ..
            } if data.is_empty() => {
                format!("{}; no data events", management.text())
            }
            Self::Events {
                management, data, ..
            } => {
                format!("{}; data events: {}", management.text(), joined(data))
            }
            Self::Traffic { kept, format } => format!("{kept}: {format}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluding(reads: Option<&[&str]>, writes: Option<&[&str]>) -> ManagementEvents {
        let set = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        ManagementEvents {
            reads: reads.map(set),
            writes: writes.map(set),
        }
    }

    #[test]
    fn combination_excludes_only_what_both_exclude() {
        let reads = || excluding(Some(&[]), None);
        assert!(reads().combined_with(excluding(None, Some(&[]))).is_all());
        assert_eq!(
            reads().combined_with(excluding(None, Some(&["kms"]))),
            excluding(Some(&[]), Some(&["kms"]))
        );
        let two = excluding(Some(&["kms", "rds"]), Some(&["kms"]))
            .combined_with(excluding(Some(&["kms"]), Some(&["rds"])));
        assert_eq!(two, excluding(Some(&["kms"]), Some(&[])));
        assert_eq!(ManagementEvents::default().combined_with(two.clone()), two);
    }

    #[test]
    fn selection_is_described_in_one_line() {
        let text = |management, data: &[&str]| {
            let data = data.iter().map(ToString::to_string).collect();
            Selection::Events {
                management,
                data,
                objects: Vec::new(),
            }
            .text()
        };
        assert_eq!(
            text(ManagementEvents::all(), &[]),
            "management events; no data events"
        );
        assert_eq!(
            text(
                excluding(None, Some(&["kms.amazonaws.com"])),
                &["AWS::S3::Object"]
            ),
            "management events: only writes without kms.amazonaws.com; data events: AWS::S3::Object"
        );
        assert_eq!(
            text(ManagementEvents::default(), &[]),
            "no management events; no data events"
        );
    }
}
