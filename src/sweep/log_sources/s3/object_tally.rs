//! What became of the objects of a folder, and the outcome that follows. Pure.

use std::collections::BTreeMap;

use crate::store::ObjectCount;
use dragnet_model::format::plural;
use dragnet_model::{Outcome, Reason, Status};

/// The reasons, those first that say the most about the outcome.
const BY_WEIGHT: [Reason; 10] = [
    Reason::KeyDenied,
    Reason::ObjectDenied,
    Reason::FileModified,
    Reason::ObjectDeleted,
    Reason::ObjectUnreadable,
    Reason::ObjectGone,
    Reason::ObjectArchived,
    Reason::Parquet,
    Reason::UnknownLayout,
    Reason::FileUnconfirmed,
];

/// If access to so many objects is denied and to none allowed, the rest is not tried.
const DENIED_OBJECTS: u64 = 8;

/// The objects of a folder by result; `None` stands for those that were read.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectTally(BTreeMap<Option<Reason>, ObjectCount>);

impl ObjectTally {
    /// Counts an object that was read.
    pub(super) fn add_read(&mut self, key: &str) {
        self.add_object(None, key, "");
    }

    /// Counts an object that could not be read, or not completely.
    pub(super) fn add_problem(&mut self, reason: Reason, key: &str, detail: &str) {
        self.add_object(Some(reason), key, detail);
    }

    /// Counts an object that a query of Athena read and did not name.
    pub(super) fn add_ruled_out(&mut self, key: &str) {
        self.add_object(Some(Reason::RuledOut), key, "");
    }

    /// Returns the number of objects that queries ruled out in words, if there are any.
    pub(super) fn ruled_out_note(&self) -> Option<String> {
        let number = self.number(&[Reason::RuledOut]);
        (number > 0).then(|| format!("Athena ruled out {}", plural(number, "object")))
    }

    fn add_object(&mut self, reason: Option<Reason>, key: &str, detail: &str) {
        self.add(&ObjectCount {
            reason,
            objects: 1,
            first_key: key.to_owned(),
            detail: detail.to_owned(),
        });
    }

    /// Adds objects. Of those with the same reason, the one with the first key is named.
    pub(super) fn add(&mut self, count: &ObjectCount) {
        let known = self.0.entry(count.reason).or_insert_with(|| ObjectCount {
            objects: 0,
            ..count.clone()
        });
        known.objects += count.objects;
        if count.first_key < known.first_key {
            known.first_key.clone_from(&count.first_key);
            known.detail.clone_from(&count.detail);
        }
    }

    /// Adds all objects of another part of the folder.
    pub(super) fn merge(&mut self, other: &Self) {
        other.0.values().for_each(|count| self.add(count));
    }

    /// Returns what the journal stores.
    pub(super) fn counts(&self) -> Vec<ObjectCount> {
        self.0.values().cloned().collect()
    }

    /// Returns the number of objects with one of these reasons.
    pub(super) fn number(&self, reasons: &[Reason]) -> u64 {
        let counts = reasons
            .iter()
            .filter_map(|reason| self.0.get(&Some(*reason)));
        counts.map(|count| count.objects).sum()
    }

    /// Whether there was no object.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object was read.
    pub(super) fn has_read(&self) -> bool {
        self.0.contains_key(&None)
    }

    /// Whether access to all of many objects was denied.
    pub(super) fn is_denied(&self) -> bool {
        let denied = self.number(&[Reason::KeyDenied, Reason::ObjectDenied]);
        denied >= DENIED_OBJECTS && !self.has_read()
    }

    /// Returns the outcome if the list of the objects ended.
    pub(super) fn outcome(&self) -> Outcome {
        let problems: Vec<(Reason, &ObjectCount)> = BY_WEIGHT
            .into_iter()
            .filter_map(|reason| Some((reason, self.0.get(&Some(reason))?)))
            .collect();
        let Some((reason, first)) = problems.first() else {
            return Outcome::searched();
        };
        let texts: Vec<String> = problems
            .iter()
            .map(|(other, count)| match describe(count) {
                text if other == reason => text,
                text => format!("{other}: {text}"),
            })
            .collect();
        let detail = texts.join("; ");
        let status = match reason {
            _ if self.has_read() => Status::Partial,
            // Their records were searched, or there are none any more.
            Reason::FileModified | Reason::ObjectDeleted | Reason::FileUnconfirmed => {
                Status::Partial
            }
            Reason::KeyDenied | Reason::ObjectDenied => Status::Denied,
            Reason::ObjectArchived | Reason::Parquet | Reason::UnknownLayout => {
                Status::Unsearchable
            }
            _ => Status::Failed,
        };
        let denied_by = Outcome::denied(first.detail.as_str()).denied_by;
        Outcome {
            denied_by: denied_by.filter(|_| status == Status::Denied),
            ..Outcome::with_reason(status, *reason, detail)
        }
    }
}

fn describe(count: &ObjectCount) -> String {
    let objects = plural(count.objects, "object");
    let ObjectCount {
        first_key, detail, ..
    } = count;
    if detail.is_empty() {
        format!("{objects}, the first is {first_key}")
    } else {
        format!("{objects}, the first is {first_key}: {detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(read: u64, problems: &[(Reason, &str)]) -> Outcome {
        let mut tally = ObjectTally::default();
        for number in 0..read {
            tally.add_read(&number.to_string());
        }
        for (number, (reason, detail)) in problems.iter().enumerate() {
            tally.add_problem(*reason, &format!("k{number}"), detail);
        }
        tally.outcome()
    }

    #[test]
    fn heaviest_reason_decides_and_all_are_named() {
        assert_eq!(outcome(3, &[]), Outcome::searched());
        assert_eq!(outcome(0, &[]), Outcome::searched());
        let mixed = outcome(
            1,
            &[
                (Reason::ObjectArchived, "GLACIER"),
                (Reason::ObjectArchived, "GLACIER"),
                (Reason::ObjectUnreadable, ""),
            ],
        );
        assert_eq!(mixed.status, Status::Partial);
        assert_eq!(
            mixed.reason_text(),
            "object-unreadable: 1 object, the first is k2; archived: 2 objects, the first is k0: GLACIER"
        );
    }

    #[test]
    fn order_of_the_parts_does_not_matter() {
        let mut parts = [ObjectTally::default(), ObjectTally::default()];
        parts[0].add_problem(Reason::UnknownLayout, "b", "second");
        parts[0].add_read("c");
        parts[1].add_problem(Reason::UnknownLayout, "a", "first");
        let merged = |order: [usize; 2]| {
            let mut all = ObjectTally::default();
            for number in order {
                all.merge(&parts[number]);
            }
            all.counts()
        };
        assert_eq!(merged([0, 1]), merged([1, 0]));
        let [read, unknown] = &merged([0, 1])[..] else {
            panic!("two kinds of objects")
        };
        assert_eq!((read.reason, read.objects), (None, 1));
        assert_eq!((unknown.objects, unknown.detail.as_str()), (2, "first"));
    }

    #[test]
    fn status_says_what_to_do_if_nothing_was_read() {
        let status = |reason| outcome(0, &[(reason, "")]).status;
        assert_eq!(status(Reason::ObjectArchived), Status::Unsearchable);
        assert_eq!(status(Reason::Parquet), Status::Unsearchable);
        assert_eq!(status(Reason::ObjectUnreadable), Status::Failed);
        let message = "no identity-based policy allows the s3:GetObject action";
        let denied = outcome(0, &[(Reason::ObjectDenied, message)]);
        assert_eq!(denied.status, Status::Denied);
        assert_eq!(denied.denied_by, Outcome::denied(message).denied_by);
    }

    #[test]
    fn many_denials_and_no_read_end_the_folder() {
        let mut tally = ObjectTally::default();
        for number in 0..DENIED_OBJECTS {
            assert!(!tally.is_denied());
            tally.add_problem(Reason::KeyDenied, &number.to_string(), "");
        }
        assert!(tally.is_denied());
        tally.add_read("k");
        assert!(!tally.is_denied());
    }
}
