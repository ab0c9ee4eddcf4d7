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
        let Some(mut left) = text.strip_prefix(self.first.as_str()) else {
            return false;
        };
        for piece in middle {
            match left.find(piece.as_str()) {
                Some(at) => left = &left[at + piece.len()..],
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_even_an_empty_one() {
        for (glob, text, fits) in [
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
            assert_eq!(Glob::new(glob).matches(text), fits, "{glob} on {text}");
        }
    }
}
