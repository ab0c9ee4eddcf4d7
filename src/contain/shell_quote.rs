//! Quotes text for the shell. A script may be shown on a terminal before it is run, so nothing in it
//! is a character that a terminal obeys or hides.

use crate::report::{escape, escape_json};

/// Quotes any text as one word of the shell. A value is written as `--option='value'`, because the
/// AWS CLI takes `-value` after a space for another option, and IAM permits such names. Characters
/// that names in AWS cannot have are shown as `\u{…}`.
pub(super) fn quote_for_shell(text: &str) -> String {
    quote(&escape(text))
}

/// Quotes a JSON document as one word of the shell. A parser reads the same document.
pub(super) fn quote_document(json: &str) -> String {
    // In JSON, raw tabs and returns are only between values.
    quote(&escape_json(json).replace(['\t', '\r', '\u{c}'], " "))
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_documents_are_quoted_without_characters_that_terminals_obey() {
        assert_eq!(quote_for_shell("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(quote_for_shell("a\u{9b}b\n"), "'a\\u{9b}b\\u{a}'");
        assert_eq!(
            quote_document("{\t\"a\":\n\"\u{202e}'\"}"),
            "'{ \"a\":\n\"\\u202e'\\''\"}'"
        );
    }
}
