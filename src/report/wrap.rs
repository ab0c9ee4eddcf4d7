//! Wraps text to the width of a terminal.

use std::borrow::Cow;

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Breaks text into lines of at most `width` columns: between words where possible, and inside a
/// word that is longer than a line. Several spaces become one. A line is never empty, unless the
/// text is.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    // Names and ARNs contain hyphens, at which they are not broken.
    let options = Options::new(width)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(&words.join(" "), options)
        .into_iter()
        .map(Cow::into_owned)
        .collect()
}

/// Returns a text cut to `width` columns. The last column then shows that something is missing.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if display_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut columns = 0;
    for character in text.chars() {
        columns += display_width(character.encode_utf8(&mut [0; 4]));
        if columns >= width {
            break;
        }
        shown.push(character);
    }
    shown.push('…');
    Cow::Owned(shown)
}

/// Returns a text in exactly `width` columns: cut, or filled with spaces.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut shown = cut(text, width).into_owned();
    let missing = width.saturating_sub(display_width(&shown));
    shown.extend(std::iter::repeat_n(' ', missing));
    shown
}

/// Returns how many columns of a terminal a text takes.
pub(super) fn display_width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_longer_than_a_line_are_split() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a abcdefghij b", 4), ["a", "abcd", "efgh", "ij b"]);
        assert_eq!(wrap("log-group a", 5), ["log-g", "roup", "a"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("abc", 0), ["a", "b", "c"]);
    }

    #[test]
    fn several_spaces_become_one() {
        assert_eq!(wrap("  a   b  ", 80), ["a b"]);
        assert_eq!(wrap("   ", 80), [""]);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("名前名", 4), "名…");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("名前名", 4), "名… ");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("名前 名", 6), ["名前", "名"]);
        assert_eq!(display_width("名a"), 3);
    }
}
