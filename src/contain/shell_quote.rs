//! Quotes text for the shell.

/// Quotes any text as one word of the shell. A value is written as `--option='value'`, because the
/// AWS CLI takes `-value` after a space for another option, and IAM permits such names.
pub(super) fn quote_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
