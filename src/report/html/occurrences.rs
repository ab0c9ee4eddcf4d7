//! Finds indicators in a text, to mark them. The search has its own, exact matcher; this only shows
//! a reader where to look.

use std::ops::Range;

/// Shorter values are not marked.
const SHORTEST: usize = 2;
/// The maximum number of occurrences that are marked.
const MOST_OCCURRENCES: usize = 50;

/// Returns where a text contains one of the values, in any case. The ranges are sorted and do not
/// overlap. A value with a prefix, such as `user:alice`, is also found without it.
pub(super) fn find_occurrences(text: &str, values: &[String]) -> Vec<Range<usize>> {
    // The positions stay the same, because only ASCII letters change.
    let folded = text.to_ascii_lowercase();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for value in values {
        let value = value.to_ascii_lowercase();
        let found = find_value(&folded, &value);
        if !found.is_empty() {
            ranges.extend(found);
        } else if let Some((_, without_prefix)) = value.split_once(':') {
            ranges.extend(find_value(&folded, without_prefix));
        }
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut separate: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        if separate.last().is_none_or(|last| last.end <= range.start) {
            separate.push(range);
        }
    }
    separate
}

fn find_value(text: &str, value: &str) -> Vec<Range<usize>> {
    if value.len() < SHORTEST {
        return Vec::new();
    }
    text.match_indices(value)
        .take(MOST_OCCURRENCES)
        .map(|(start, found)| start..start + found.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(text: &'t str, values: &[&str]) -> Vec<&'t str> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let ranges = find_occurrences(text, &values);
        ranges.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn values_are_found_in_any_case_and_without_a_prefix() {
        assert_eq!(found("é Alice alice", &["ALICE"]), ["Alice", "alice"]);
        assert_eq!(found("user alice", &["user:alice"]), ["alice"]);
        assert_eq!(found("aab", &["aa", "ab"]), ["aa"]);
        assert!(found("a b", &["a", ""]).is_empty());
    }
}
