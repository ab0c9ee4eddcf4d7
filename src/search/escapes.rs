//! JSON inside a text that is not JSON itself: a line with a prefix, a fragment, JSON quoted once more.

/// The text without its JSON escapes, if it has some that only JSON writes: `\"`, `\/` or `\u0041`. A
/// Windows path, `C:\new`, has none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut is_json = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (character, length) = escape(after).unwrap_or(('\\', 0));
        is_json |= after.starts_with(['"', '/']) || length > 1;
        plain.push(character);
        rest = after.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    is_json.then_some(plain)
}

/// The character that an escape stands for, and the escape's length behind its backslash. Halves of a
/// surrogate pair stay as they are: no literal holds one.
fn escape(after: &str) -> Option<(char, usize)> {
    let character = match after.bytes().next()? {
        b'"' => '"',
        b'/' => '/',
        b'\\' => '\\',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let digits = after.get(1..5).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            return Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 5));
        }
        _ => return None,
    };
    Some((character, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_are_read() {
        for (text, expected) in [
            (r#"INFO {"a":"user\/ben"}"#, r#"INFO {"a":"user/ben"}"#),
            (r#"{\"a\":\"line\nevil\"}"#, "{\"a\":\"line\nevil\"}"),
            (r#"{\\\"a\\\":1}"#, r#"{\"a\":1}"#),
            (r"\u0041\u00e9", "Aé"),
        ] {
            assert_eq!(unescaped(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_backslashes_are_none() {
        for text in ["", "plain", r"C:\new\users", r"\", r"\u12", r"a\é", r"\ud83d"] {
            assert_eq!(unescaped(text), None, "{text}");
        }
    }
}
