//! The boundaries of a literal: `evil.example` does not match in `notevil.example`.

use super::resource_names::ResourceNames;

/// Which characters must not be adjacent to a literal for it to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    /// A word: no letter, digit or `_` next to an end that is such a character itself.
    Word,
    /// An ARN: a word that is not followed by characters that would continue the name.
    Arn(ResourceNames),
    /// A domain: no adjacent character that would continue a label, and no further label after it.
    Domain,
}

impl Boundary {
    /// Whether the literal at `text[at..at + length]` has these boundaries. False if the range does
    /// not end at character boundaries.
    pub(super) fn holds_at(self, text: &str, at: usize, length: usize) -> bool {
        let Some((before, inside, after)) = split_around(text, at, length) else {
            return false;
        };
        match self {
            Self::Word => word_ends(before, inside, after),
            // `…:parameter/prod/` ends between two names.
            Self::Arn(names) => {
                word_ends(before, inside, after)
                    && (inside.ends_with(['/', ':']) || !names.are_continued_by(after))
            }
            Self::Domain => !continues_label_before(before) && !continues_domain(after),
        }
    }
}

/// Splits a text before and after a literal; `None` if that would split a character.
pub(super) fn split_around(text: &str, at: usize, length: usize) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_at_checked(at)?;
    let (inside, after) = rest.split_at_checked(length)?;
    Some((before, inside, after))
}

fn word_ends(before: &str, inside: &str, after: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let joined = |one, other| is_word(one) && is_word(other);
    (is_percent_escape(before) || !joined(before.chars().next_back(), inside.chars().next()))
        && !joined(inside.chars().next_back(), after.chars().next())
}

/// A URL may contain `%2F` before a word; the last letter of the escape is not part of the word.
fn is_percent_escape(before: &str) -> bool {
    matches!(before.as_bytes(), [.., b'%', one, other] if one.is_ascii_hexdigit() && other.is_ascii_hexdigit())
}

fn is_label(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

/// A dot before a domain is allowed, so that its subdomains match too.
fn continues_label_before(before: &str) -> bool {
    before.chars().next_back().is_some_and(is_label) && !is_percent_escape(before)
}

/// Whether the label continues, or a dot and another label follow.
fn continues_domain(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some('.') => chars.next().is_some_and(is_label),
        Some(c) => is_label(c),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(boundary: Boundary, text: &str, literal: &str) -> bool {
        boundary.holds_at(text, text.find(literal).unwrap(), literal.len())
    }

    #[test]
    fn word_matches_only_at_word_boundaries() {
        assert!(holds(
            Boundary::Word,
            "see evil.example/path",
            "evil.example"
        ));
        assert!(holds(Boundary::Word, "www.evil.example", "evil.example"));
        assert!(holds(Boundary::Word, "u=https%3A%2F%2Fevil", "evil"));
        assert!(!holds(Boundary::Word, "notevil.example", "evil.example"));
        assert!(
            !holds(Boundary::Word, "évil", "vil"),
            "letters are not only ASCII"
        );
        assert!(
            holds(Boundary::Word, "a/b/c", "/b/"),
            "an end that is not a word character needs no boundary"
        );
    }

    #[test]
    fn principal_with_longer_name_does_not_match() {
        let user = "arn:aws:iam::111111111111:user/ben";
        let boundary = Boundary::Arn(ResourceNames::IAM);
        for good in ["", "\"", " ", ".", ", and", "\n"] {
            assert!(holds(boundary, &format!("{user}{good}"), user), "{good}");
        }
        for bad in ["jamin", "-x", ".x", "@x", "/x", "+x"] {
            assert!(!holds(boundary, &format!("{user}{bad}"), user), "{bad}");
        }
    }

    #[test]
    fn domain_matches_itself_and_its_subdomains() {
        for good in [
            "evil.example",
            "www.evil.example.",
            "https://evil.example:443/a",
            "a@evil.example",
            "%2Fevil.example",
        ] {
            assert!(holds(Boundary::Domain, good, "evil.example"), "{good}");
        }
        for bad in [
            "notevil.example",
            "not-evil.example",
            "evil.example.com",
            "evil.examples",
            "évil.evil.example-x",
        ] {
            assert!(!holds(Boundary::Domain, bad, "evil.example"), "{bad}");
        }
    }
}
