//! Makes untrusted text harmless for terminals and in JSON. CSV files, Markdown and HTML have their
//! own modules.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// Escapes text for a terminal. Control characters could move the cursor or rename the window,
/// bidirectional characters could make one name look like another, and invisible characters could
/// hide text: all are shown as `\u{…}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if is_plain_ascii(text) || !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_deceptive(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Escapes JSON that a terminal may show. The characters that `escape` replaces are written as JSON
/// escapes, so that a JSON parser reads the same texts.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    // Outside of strings, the only such characters are white space.
    let hidden = |c: char| is_deceptive(c) && !c.is_ascii_whitespace();
    if is_plain_ascii(json) || !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if hidden(character) {
            let mut units = [0; 2];
            shown.extend(
                character
                    .encode_utf16(&mut units)
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            );
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// JSON that a terminal may show: the characters that [`escape`] replaces are JSON escapes, so a
/// parser reads the exact value.
pub(crate) struct JsonText(String);

impl JsonText {
    /// Serializes a value on one line.
    pub(crate) fn compact(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(Self::from_json)
    }

    /// Serializes a value on indented lines.
    pub(crate) fn indented(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string_pretty(value).map(Self::from_json)
    }

    fn from_json(json: String) -> Self {
        let escaped = match escape_json(&json) {
            Cow::Borrowed(_) => None,
            Cow::Owned(escaped) => Some(escaped),
        };
        Self(escaped.unwrap_or(json))
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a text has only visible ASCII characters and spaces, as most texts do.
fn is_plain_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Source: Unicode Technical Report 36 and the list of default-ignorable code points.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Soft hyphen, Arabic letter mark, zero-width characters and marks of direction.
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
            // Line and paragraph separator, embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotation, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidirectional_characters_are_escaped() {
        assert_eq!(escape("plain ü 名"), "plain ü 名");
        assert_eq!(escape("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(
            escape("moc\u{202e}live\u{2069}"),
            "moc\\u{202e}live\\u{2069}"
        );
        assert_eq!(escape("a\u{200b}\u{9b}"), "a\\u{200b}\\u{9b}");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({ "a\u{9b}": "\u{1b}[2J\u{202e}x\u{7f}\u{e0041}é\n" });
        let json = serde_json::to_string_pretty(&value).unwrap();
        let shown = escape_json(&json);
        assert!(
            shown.chars().all(|c| c == '\n' || !is_deceptive(c)),
            "{shown}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
        assert!(matches!(
            escape_json("{\n \"a\": \"é\"\n}"),
            Cow::Borrowed(_)
        ));
    }
}
