//! Formats numbers, sizes and durations for people.

use std::collections::BTreeMap;

/// Formats `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats `1 account`, `2 accounts`, for words whose plural ends in s.
pub fn plural(number: u64, word: &str) -> String {
    format!(
        "{} {word}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// Formats bytes with a decimal prefix, as AWS bills them: `1.2 GB`.
pub fn bytes(number: u64) -> String {
    const PREFIXES: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    let mut scaled = number as f64;
    let mut prefix = "";
    for next in PREFIXES {
        // A value that would be shown as 1000 gets the next prefix.
        if scaled < 999.95 {
            break;
        }
        scaled /= 1_000.0;
        prefix = next;
    }
    if prefix.is_empty() {
        format!("{number} B")
    } else {
        format!("{scaled:.1} {prefix}B")
    }
}

/// Formats US dollars: `0.02 USD`. Less than a cent is not shown as zero.
pub fn money(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 {
        "under 0.01 USD".to_owned()
    } else {
        format!("{usd:.2} USD")
    }
}

/// Formats a duration with its two largest units: `2h 5m`, `48s`.
pub fn duration(seconds: u64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{}h {minutes}m", count(hours)),
    }
}

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
    counts.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
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
    fn numbers_have_separators_and_units() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_200_000_000), "1.2 GB");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(u64::MAX), "18.4 EB");
        assert_eq!(
            (plural(1, "account"), plural(2_000, "account")),
            ("1 account".into(), "2,000 accounts".into())
        );
    }

    #[test]
    fn long_lists_are_abridged() {
        let list = |length: u32| abridged(&(1..=length).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(list(6), "1, 2, 3, 4, 5, 6");
        assert_eq!(list(10_000), "1, 2, 3, 4, 5 and 9,995 more");
    }
}
