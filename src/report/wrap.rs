//! Wraps text to the width of a terminal.

/// Breaks text into lines of at most `width` characters: between words where possible, and inside a
/// word that is longer than a line. A line is never empty, unless the text is.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let used = lines.last().map_or(0, |line| line.chars().count());
            let space = usize::from(used > 0);
            let fits = rest.len() + used + space <= width;
            if !fits && used > 0 {
                lines.push(String::new());
                continue;
            }
            let tail = rest.split_off(rest.len().min(width));
            if let Some(line) = lines.last_mut() {
                line.extend(std::iter::repeat_n(' ', space));
                line.extend(rest);
            }
            rest = tail;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_longer_than_a_line_are_split() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a abcdefghij b", 4), ["a", "abcd", "efgh", "ij b"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("abc", 0), ["a", "b", "c"]);
    }
}
