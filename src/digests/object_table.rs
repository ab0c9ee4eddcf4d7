//! The log files that exist, with the hashes that digests list for them.

use std::collections::BTreeMap;

use dragnet_model::Target;

use super::object_name::{LogFileName, name_id};

const DAY_S: i64 = 86_400;

/// Collects the names of the log files that exist.
#[derive(Debug, Default)]
pub struct ObjectTableBuilder {
    objects: Vec<PresentObject>,
    groups: BTreeMap<GroupKey, GroupIndex>,
    days: Vec<CopiedDays>,
}

/// The log files that exist, some 48 bytes for each, whatever the length of its name.
#[derive(Debug)]
pub struct ObjectTable {
    /// In the order of their ids.
    objects: Vec<PresentObject>,
    groups: BTreeMap<GroupKey, GroupIndex>,
    days: Vec<CopiedDays>,
    /// The groups by their index.
    targets: Vec<Target>,
    /// Whether these are all log files that exist, and not those of a copy.
    is_complete: bool,
}

/// Log files with the same account, Region and service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    target: Target,
    service: String,
}

#[derive(Clone, Copy, Debug)]
struct GroupIndex(usize);

/// The first and the last day of delivery, in days since the Unix epoch.
#[derive(Clone, Copy, Debug)]
struct CopiedDays {
    first: i64,
    last: i64,
}

#[derive(Debug)]
struct PresentObject {
    id: u64,
    group: GroupIndex,
    delivered_s: i64,
    expected: Option<ExpectedSha256>,
}

/// The start of the SHA-256 that a digest lists: half of it is enough to recognise a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedSha256([u8; 16]);

impl ExpectedSha256 {
    fn from_sha256(sha256: [u8; 32]) -> Self {
        Self(sha256.first_chunk().copied().unwrap_or_default())
    }

    /// Whether a content with this hash is the listed one.
    pub fn matches(self, sha256: [u8; 32]) -> bool {
        self == Self::from_sha256(sha256)
    }
}

/// What is known about a log file that a digest lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// It exists, and no digest listed it before.
    Present,
    /// It exists, and was listed before with the same hash.
    Again,
    /// It exists, and was listed before with another hash.
    Conflict,
    /// It does not exist, but others that were delivered before and after do.
    Missing,
    /// It does not exist, and its account, Region or day is not in the copy.
    NotCopied,
}

impl ObjectTableBuilder {
    /// Adds a file by its name without folders. Other names than those of log files are ignored.
    pub fn add(&mut self, file_name: &str) {
        let Some(name) = LogFileName::parse(file_name) else {
            return;
        };
        let day = name.delivered_s.div_euclid(DAY_S);
        let key = GroupKey {
            target: name.target,
            service: name.service,
        };
        let new = GroupIndex(self.days.len());
        let group = *self.groups.entry(key).or_insert(new);
        match self.days.get_mut(group.0) {
            Some(days) => {
                days.first = days.first.min(day);
                days.last = days.last.max(day);
            }
            None => self.days.push(CopiedDays {
                first: day,
                last: day,
            }),
        }
        self.objects.push(PresentObject {
            id: name_id(file_name),
            group,
            delivered_s: name.delivered_s,
            expected: None,
        });
    }

    /// Returns the table. Several copies of a log file are one.
    pub fn build(mut self) -> ObjectTable {
        self.objects.sort_unstable_by_key(|object| object.id);
        self.objects.dedup_by_key(|object| object.id);
        let mut by_index: Vec<(usize, Target)> = self
            .groups
            .iter()
            .map(|(key, index)| (index.0, key.target.clone()))
            .collect();
        by_index.sort_unstable_by_key(|(index, _)| *index);
        ObjectTable {
            objects: self.objects,
            groups: self.groups,
            days: self.days,
            targets: by_index.into_iter().map(|(_, target)| target).collect(),
            is_complete: false,
        }
    }

    /// Returns the table, if the log files are all that exist: every other one is missing.
    pub fn build_complete(self) -> ObjectTable {
        ObjectTable {
            is_complete: true,
            ..self.build()
        }
    }
}

impl ObjectTable {
    /// Notes what a digest lists. `file_name` is the name of a log file without folders.
    pub(super) fn list(&mut self, file_name: &str, sha256: [u8; 32]) -> Listed {
        let expected = ExpectedSha256::from_sha256(sha256);
        let object = self
            .position(file_name)
            .and_then(|position| self.objects.get_mut(position));
        let Some(object) = object else {
            return if self.is_complete || self.is_copied(file_name) {
                Listed::Missing
            } else {
                Listed::NotCopied
            };
        };
        match object.expected {
            None => {
                object.expected = Some(expected);
                Listed::Present
            }
            Some(before) if before == expected => Listed::Again,
            Some(_) => Listed::Conflict,
        }
    }

    /// Returns the hash that a digest lists for a log file.
    pub fn expected(&self, file_name: &str) -> Option<ExpectedSha256> {
        let position = self.position(file_name)?;
        self.objects.get(position)?.expected
    }

    /// Returns the account-Regions and times of delivery of the log files that no digest lists.
    pub(super) fn unlisted(&self) -> impl Iterator<Item = (&Target, i64)> {
        self.objects
            .iter()
            .filter(|object| object.expected.is_none())
            .filter_map(|object| Some((self.targets.get(object.group.0)?, object.delivered_s)))
    }

    fn position(&self, file_name: &str) -> Option<usize> {
        let id = name_id(file_name);
        self.objects
            .binary_search_by_key(&id, |object| object.id)
            .ok()
    }

    /// Whether log files of the same account, Region and service that were delivered on the same day,
    /// or on days before and after, exist: then this one should be there too.
    fn is_copied(&self, file_name: &str) -> bool {
        let Some(name) = LogFileName::parse(file_name) else {
            return false;
        };
        let day = name.delivered_s.div_euclid(DAY_S);
        let key = GroupKey {
            target: name.target,
            service: name.service,
        };
        let days = self
            .groups
            .get(&key)
            .and_then(|group| self.days.get(group.0));
        days.is_some_and(|days| (days.first..=days.last).contains(&day))
    }
}
