//! Makes untrusted text harmless for terminals, JSON and spreadsheets.

use std::borrow::Cow;
use std::io::Write;

/// Escapes text for a terminal. Control characters could move the cursor or rename the window,
/// bidirectional characters could make one name look like another, and invisible characters could
/// hide text: all are shown as `\u{…}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
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
    if !json.contains(hidden) {
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

/// Defuses text for a cell of a CSV file. A spreadsheet executes a cell that begins with `=`, `+`,
/// `-` or `@` as a formula, some also after white space or a quote; a leading apostrophe makes it
/// text.
///
/// Source: OWASP, "CSV Injection".
pub fn defuse(cell: &str) -> Cow<'_, str> {
    if runs_as_formula(cell) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Writes a row of a CSV file with every cell defused.
pub(super) fn write_defused<W: Write>(
    csv: &mut csv::Writer<W>,
    cells: &[impl AsRef<str>],
) -> Result<(), csv::Error> {
    for cell in cells {
        csv.write_field(defuse(cell.as_ref()).as_bytes())?;
    }
    csv.write_record(None::<&[u8]>)
}

fn runs_as_formula(cell: &str) -> bool {
    let ignored = |c: char| c.is_whitespace() || c == '"' || c == '\'' || is_deceptive(c);
    // Some spreadsheets treat the full-width forms like the plain ones.
    let is_operator = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    cell.starts_with(['\t', '\r', '\n'])
        || cell.trim_start_matches(ignored).starts_with(is_operator)
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

    #[test]
    fn formulas_become_text() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(1)",
            " =1",
            "\t=1",
            "\rx",
            "\"=1",
            "' =1",
            "\u{feff}=1",
            "\u{a0}@x",
            "＝1",
        ] {
            assert_eq!(defuse(formula), format!("'{formula}"), "{formula:?}");
        }
        for plain in [
            "",
            "a=1",
            "{\"a\": -1}",
            "::1",
            "192.0.2.1",
            "'quoted'",
            "it's",
        ] {
            assert_eq!(defuse(plain), plain);
        }
    }
}
