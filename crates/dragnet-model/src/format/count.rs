//! Counts.

use thousands::Separable;

/// Formats `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    number.separate_with_commas()
}

/// Formats `1 account`, `2 accounts`, for words whose plural ends in s.
pub fn plural(number: u64, word: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {word}{ending}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(plural(1, "account"), "1 account");
        assert_eq!(plural(0, "account"), "0 accounts");
        assert_eq!(plural(2_000, "account"), "2,000 accounts");
    }
}
