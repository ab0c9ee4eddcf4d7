//! JSON escapes: how they are undone in a text that is not JSON itself (a line with a prefix, a
//! fragment, JSON that is quoted again), and which of them can hide an indicator in the raw
//! message.

/// Undoes the JSON escapes in a text, if it has some that only JSON uses: `\"`, `\/` or `\u0041`. A
/// Windows path such as `C:\new` has none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    // The usual case: without a backslash, nothing is copied.
    memchr::memchr(b'\\', text.as_bytes())?;
    let mut result = String::with_capacity(text.len());
    let mut is_json = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        result.push_str(before);
        let (character, length) = parse_escape(after).unwrap_or(('\\', 0));
        is_json |= after.starts_with(['"', '/']) || length > 1;
        result.push(character);
        rest = after.get(length..).unwrap_or_default();
    }
    result.push_str(rest);
    is_json.then_some(result)
}

/// The escape sequences that can spell a part of an indicator.
///
/// An escape is a backslash and a letter. However often JSON is quoted in JSON, the two stay
/// adjacent: a backslash is quoted as `\\`, a quotation mark as `\"`, and other letters are not
/// changed. So in a message without any of these pairs, every text that parsing can find is also in
/// the raw message.
#[derive(Clone, Debug)]
pub(super) struct EscapeAliases {
    letters: Vec<u8>,
}

impl EscapeAliases {
    /// Collects the escapes of the characters of these texts, and `\u`, which can spell any
    /// character.
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut letters = vec![b'u'];
        for letter in texts.flat_map(str::bytes).filter_map(escape_letter) {
            if !letters.contains(&letter) {
                letters.push(letter);
            }
        }
        Self { letters }
    }

    /// Whether a message contains one of the escapes.
    pub(super) fn may_be_in(&self, message: &str) -> bool {
        let following = |at: usize| message.as_bytes().get(at + 1);
        memchr::memchr_iter(b'\\', message.as_bytes())
            .filter_map(following)
            .any(|letter| self.letters.contains(letter))
    }
}

/// The letter of a character's short escape. Source: RFC 8259, section 7.
fn escape_letter(character: u8) -> Option<u8> {
    Some(match character {
        b'"' | b'\\' | b'/' => character,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => return None,
    })
}

/// The character that an escape spells, and the escape's length without its backslash. Halves of a
/// surrogate pair are not changed, because no literal contains one.
fn parse_escape(after: &str) -> Option<(char, usize)> {
    let character = match after.bytes().next()? {
        b'"' => '"',
        b'/' => '/',
        b'\\' => '\\',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let digits = after
                .get(1..5)
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
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
    fn json_escapes_are_undone() {
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
    fn only_escapes_of_own_characters_can_hide_a_text() {
        let aliases = EscapeAliases::new(["user/ben"].into_iter());
        for hiding in [r"user\/ben", r"user\\/ben", r"b\u0065n", r"b\\\\u0065n"] {
            assert!(aliases.may_be_in(hiding), "{hiding}");
        }
        for plain in ["", "user/ben", r#"{\"a\":\"\nC:\\new\"}"#, r"\"] {
            assert!(!aliases.may_be_in(plain), "{plain}");
        }
    }

    #[test]
    fn backslashes_of_other_texts_are_kept() {
        for text in [
            "",
            "plain",
            r"C:\new\users",
            r"\",
            r"\u12",
            r"a\é",
            r"\ud83d",
        ] {
            assert_eq!(unescaped(text), None, "{text}");
        }
    }
}
