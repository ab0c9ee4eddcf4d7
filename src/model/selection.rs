//! What of all that happens a trail or a flow log is set to keep.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a recorder keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// A trail's event selectors.
    Events {
        /// Which management events.
        management: ManagementEvents,
        /// The kinds of resource whose data events it keeps, e.g. `AWS::S3::Object`.
        data: BTreeSet<String>,
    },
    /// A flow log's.
    Traffic {
        /// `ALL`, `ACCEPT` or `REJECT`.
        kept: String,
        /// The fields of a line, in AWS's `${field}` form.
        format: String,
    },
}

/// Which management events are kept: for reads and for writes the services that are left out, or
/// `None` where none are kept at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementEvents {
    /// Of calls that only read: the services (`kms.amazonaws.com`) and conditions that are left out.
    pub reads: Option<BTreeSet<String>>,
    /// Of all other calls.
    pub writes: Option<BTreeSet<String>>,
}

impl ManagementEvents {
    /// All of them.
    pub fn all() -> Self {
        Self {
            reads: Some(BTreeSet::new()),
            writes: Some(BTreeSet::new()),
        }
    }

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether all are left out.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What two recorders keep together: left out is only what both leave out.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            reads: excluded_by_both(self.reads, other.reads),
            writes: excluded_by_both(self.writes, other.writes),
        }
    }

    /// Leaves something more out.
    pub fn leave_out(&mut self, what: &str) {
        for left_out in [&mut self.reads, &mut self.writes].into_iter().flatten() {
            left_out.insert(what.to_owned());
        }
    }

    fn text(&self) -> String {
        let but = |left_out: &BTreeSet<String>| match left_out.len() {
            0 => String::new(),
            _ => format!(" without {}", joined(left_out)),
        };
        match (&self.reads, &self.writes) {
            (None, None) => "no management events".to_owned(),
            (Some(reads), Some(writes)) if reads == writes => {
                format!("management events{}", but(reads))
            }
            (Some(reads), None) => format!("management events: reads alone{}", but(reads)),
            (None, Some(writes)) => format!("management events: writes alone{}", but(writes)),
            (Some(reads), Some(writes)) => {
                format!(
                    "management events: reads{}, writes{}",
                    but(reads),
                    but(writes)
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
    /// The management events that it keeps; none if it is about traffic.
    pub fn management(&self) -> ManagementEvents {
        match self {
            Self::Events { management, .. } => management.clone(),
            Self::Traffic { .. } => ManagementEvents::default(),
        }
    }

    /// Whether nothing of its own kind is left out: no management event, no traffic. Data events are
    /// left out unless somebody names them, so they do not count.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Events { management, .. } => management.is_all(),
            Self::Traffic { kept, .. } => kept == "ALL",
        }
    }

    /// In one line.
    pub fn text(&self) -> String {
        match self {
            Self::Events { management, data } if data.is_empty() => {
                format!("{}; no data events", management.text())
            }
            Self::Events { management, data } => {
                format!("{}; data events: {}", management.text(), joined(data))
            }
            Self::Traffic { kept, format } => format!("{kept}: {format}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(reads: Option<&[&str]>, writes: Option<&[&str]>) -> ManagementEvents {
        let set = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        ManagementEvents {
            reads: reads.map(set),
            writes: writes.map(set),
        }
    }

    #[test]
    fn together_only_what_both_leave_out_is_left_out() {
        let reads = || without(Some(&[]), None);
        assert!(reads().and(without(None, Some(&[]))).is_all());
        assert_eq!(
            reads().and(without(None, Some(&["kms"]))),
            without(Some(&[]), Some(&["kms"]))
        );
        let two = without(Some(&["kms", "rds"]), Some(&["kms"]))
            .and(without(Some(&["kms"]), Some(&["rds"])));
        assert_eq!(two, without(Some(&["kms"]), Some(&[])));
        assert_eq!(ManagementEvents::default().and(two.clone()), two);
    }

    #[test]
    fn one_line_says_it() {
        let text = |management, data: &[&str]| {
            let data = data.iter().map(ToString::to_string).collect();
            Selection::Events { management, data }.text()
        };
        assert_eq!(
            text(ManagementEvents::all(), &[]),
            "management events; no data events"
        );
        assert_eq!(
            text(
                without(None, Some(&["kms.amazonaws.com"])),
                &["AWS::S3::Object"]
            ),
            "management events: writes alone without kms.amazonaws.com; data events: AWS::S3::Object"
        );
        assert_eq!(
            text(ManagementEvents::default(), &[]),
            "no management events; no data events"
        );
    }
}
