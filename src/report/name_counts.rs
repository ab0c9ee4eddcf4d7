//! Counts by name for a summary of untrusted text, within a bound.

use std::collections::BTreeMap;

use super::resource::shorten;

/// The maximum number of different names of one counter.
const MOST_NAMES: usize = 64;

/// Counts by name, of a limited number of names. Long names are cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameCounts {
    counts: BTreeMap<String, NameCount>,
    others: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NameCount {
    number: u64,
    /// The position among the names, in the order in which they were first seen.
    order: usize,
}

impl NameCounts {
    /// Counts a name, unless it is empty.
    pub(super) fn add(&mut self, name: &str) {
        if name.is_empty() {
            return;
        }
        let name = shorten(name);
        let order = self.counts.len();
        if let Some(count) = self.counts.get_mut(&*name) {
            count.number += 1;
        } else if order < MOST_NAMES {
            let count = NameCount { number: 1, order };
            self.counts.insert(name.into_owned(), count);
        } else {
            self.others += 1;
        }
    }

    /// Returns the `most` frequent names, the most frequent first, equal ones by name.
    pub fn top(&self, most: usize) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self
            .counts
            .iter()
            .map(|(name, count)| (name.as_str(), count.number))
            .collect();
        all.sort_by(|(name, count), (other_name, other)| {
            other.cmp(count).then_with(|| name.cmp(other_name))
        });
        all.truncate(most);
        all
    }

    /// Returns the names in the order in which they were first seen.
    pub fn in_order(&self) -> Vec<&str> {
        let mut all: Vec<(usize, &str)> = self
            .counts
            .iter()
            .map(|(name, count)| (count.order, name.as_str()))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(_, name)| name).collect()
    }

    /// Returns the number of different names that are counted separately.
    pub fn different(&self) -> usize {
        self.counts.len()
    }

    /// Returns the sum of all counts, including those of names beyond the bound.
    pub fn total(&self) -> u64 {
        let named: u64 = self.counts.values().map(|count| count.number).sum();
        named + self.others
    }

    /// Returns the sum of the counts of names beyond the bound.
    pub fn others(&self) -> u64 {
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_within_the_bound() {
        let mut counts = NameCounts::default();
        for name in ["b", "a", "", "b", "c"] {
            counts.add(name);
        }
        assert_eq!(counts.top(2), [("b", 2), ("a", 1)]);
        assert_eq!(counts.in_order(), ["b", "a", "c"]);
        for number in 0..MOST_NAMES {
            counts.add(&format!("n{number}"));
        }
        assert_eq!(counts.different(), MOST_NAMES);
        assert_eq!(counts.others(), 3);
        assert_eq!(counts.total(), 4 + MOST_NAMES as u64);
    }
}
