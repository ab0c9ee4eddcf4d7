//! IAM's wildcards: `*` matches any sequence of characters, `?` a single one. In filter patterns of
//! CloudWatch Logs, `?` is an ordinary character, so `cw_filter_pattern` has globs of its own.

/// Whether `pattern` matches the whole text, case-sensitively.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let pattern = pattern.as_bytes();
    let text = text.as_bytes();
    let mut pattern_at = 0;
    let mut text_at = 0;
    // The position of the last `*`, and the position in the text up to which it matches so far.
    let mut star: Option<(usize, usize)> = None;
    while text_at < text.len() {
        match pattern.get(pattern_at) {
            Some(b'*') => {
                star = Some((pattern_at, text_at));
                pattern_at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[text_at] => {
                pattern_at += 1;
                text_at += 1;
            }
            _ => {
                let Some((star_at, matched_to)) = star else {
                    return false;
                };
                star = Some((star_at, matched_to + 1));
                pattern_at = star_at + 1;
                text_at = matched_to + 1;
            }
        }
    }
    pattern[pattern_at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a?c", "abc"),
            ("*:role/*", "x:role/y"),
            ("a*b*c", "aXbYbZc"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a?", "a"),
            ("a*c", "abd"),
            ("A*", "abc"),
            ("*a", "ab"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
