//! Follows the strings and brackets of JSON in memory. Whether the brackets match is left to the
//! parser.

/// Returns the position behind the object or array that a text starts with. `None` if it starts
/// with something else, or breaks off.
pub(super) fn value_end(text: &[u8]) -> Option<usize> {
    let (b'{' | b'[', inside) = text.split_first()? else {
        return None;
    };
    Some(1 + enclosing_end(inside)?)
}

/// Returns the position behind the object or array that contains the start of a text. The text
/// must not start in a string.
fn enclosing_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut depth = 1_u32;
    while depth > 0 {
        let byte = text.get(at)?;
        at += 1;
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth -= 1,
            b'"' => at += string_length(text.get(at..)?)?,
            _ => {}
        }
    }
    Some(at)
}

/// Returns the length of the rest of a string with its quotation mark. A raw line break is not
/// allowed in a string.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr3(b'"', b'\\', b'\n', text.get(at..)?)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_behind_strings_and_brackets() {
        for (text, expected) in [
            ("{}", Some(2)),
            (r#"{"a":"}]\"}","b":[{}]},{}"#, Some(22)),
            (r#"["\\"]]"#, Some(6)),
            ("[1", None),
            (r#"{"a":"b\"}"#, None),
            ("{\"a\":\"b\n\"}", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(value_end(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(enclosing_end(br#""a":1}]}"#), Some(6));
    }
}
