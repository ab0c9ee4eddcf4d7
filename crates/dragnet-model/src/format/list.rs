//! Lists with counts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::count;

/// How many entries of a long list are named.
const NAMED: usize = 5;

/// Joins a list, and shortens it if it is long: `a, b, c, d, e and 9,995 more`.
pub fn abridged(list: &[String]) -> String {
    match list.split_at_checked(NAMED) {
        // Naming one more entry takes no more room than "and 1 more".
        Some((first, rest)) if rest.len() > 1 => {
            format!("{} and {} more", first.join(", "), count(rest.len() as u64))
        }
        _ => list.join(", "),
    }
}

/// Returns the kinds of indicators with their counts, the most frequent first: `300 ip, 2 domain`.
pub fn kind_counts<'k>(kinds: impl IntoIterator<Item = &'k str>) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, number)| Reverse(*number));
    let counts: Vec<String> = counts
        .iter()
        .map(|(kind, number)| format!("{} {kind}", count(*number)))
        .collect();
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_abridged() {
        let list = |length: u32| abridged(&(1..=length).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(list(6), "1, 2, 3, 4, 5, 6");
        assert_eq!(list(10_000), "1, 2, 3, 4, 5 and 9,995 more");
    }

    #[test]
    fn frequent_kinds_come_first() {
        assert_eq!(kind_counts(["user", "ip", "ip"]), "2 ip, 1 user");
        assert_eq!(kind_counts([]), "");
    }
}
