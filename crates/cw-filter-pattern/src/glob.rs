//! Globs in which `*` matches any sequence of characters.

/// A glob, split at each `*`.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    first: String,
    /// The text after each `*`.
    rest: Vec<String>,
}

impl Glob {
    pub(super) fn new(text: &str) -> Self {
        let mut pieces = text.split('*').map(str::to_owned);
        Self {
            first: pieces.next().unwrap_or_default(),
            rest: pieces.collect(),
        }
    }

    /// Whether the glob matches the whole text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((last, middle)) = self.rest.split_last() else {
            return text == self.first;
        };
        let Some(mut remaining) = text.strip_prefix(self.first.as_str()) else {
            return false;
        };
        for piece in middle {
            match remaining.find(piece.as_str()) {
                Some(at) => remaining = &remaining[at + piece.len()..],
                None => return false,
            }
        }
        remaining.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_matches_any_sequence() {
        for (glob, text, matches) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*", "", true),
            ("a*", "a", true),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("ab*bc", "abc", false),
            ("*b*b*", "abab", true),
            ("*b*b*", "aba", false),
            ("a**c", "abc", true),
            ("*é*", "café!", true),
        ] {
            assert_eq!(Glob::new(glob).matches(text), matches, "{glob} on {text}");
        }
    }
}
