//! IAM's wildcards: `*` matches any sequence of characters, `?` a single one.

/// Whether `pattern` matches the whole text, case-sensitively.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let pattern = pattern.as_bytes();
    let text = text.as_bytes();
    let mut at = 0;
    let mut seen = 0;
    // The position of the last `*`, and the position in the text up to which it matches so far.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, swallowed)) = star else {
                    return false;
                };
                star = Some((star_at, swallowed + 1));
                at = star_at + 1;
                seen = swallowed + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn stars_and_question_marks() {
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
