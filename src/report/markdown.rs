//! Untrusted text in Markdown files.

use super::escape;

/// Characters that have a meaning in Markdown or in its extensions: code, emphasis, links, images,
/// HTML, headings, tables, strikethrough, entities, mentions.
///
/// Source: `CommonMark`, "Backslash escapes"; GitHub Flavored Markdown Specification, "Tables",
/// "Strikethrough", "Autolinks".
const SPECIAL: &str = "|\\`*_<>[]#~&@!$";

/// Escapes untrusted text for a line of Markdown: it cannot end its cell, format anything, make a
/// link or be hidden.
pub(crate) fn escape_markdown(text: &str) -> String {
    let shown = escape(text);
    let mut escaped = String::with_capacity(shown.len());
    let mut rest = &*shown;
    while let Some(character) = rest.chars().next() {
        // A text at the beginning of a list item could be another list or a rule.
        let starts_list = escaped.trim_start().is_empty() && "-+=".contains(character);
        // GitHub makes links of bare addresses.
        let starts_link = rest.starts_with("://") || follows_www(&escaped, character);
        if SPECIAL.contains(character) || starts_list || starts_link {
            escaped.push('\\');
        }
        escaped.push(character);
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    escaped
}

/// Whether a character is the dot that makes a bare address of `www`.
fn follows_www(before: &str, character: char) -> bool {
    let start = before.len().checked_sub(3);
    let last = start.and_then(|start| before.get(start..));
    character == '.' && last.is_some_and(|last| last.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_links_and_tables_become_text() {
        for (text, escaped) in [
            ("arn:aws:iam::1:user/a.b-c", "arn:aws:iam::1:user/a.b-c"),
            ("a|b\n<b>", "a\\|b\\\\u{a}\\<b\\>"),
            ("![x](http://e.example)", "\\!\\[x\\](http\\://e.example)"),
            ("www.e.example WWW.e", "www\\.e.example WWW\\.e"),
            ("~~x~~ &lt; a@b", "\\~\\~x\\~\\~ \\&lt; a\\@b"),
            ("- item", "\\- item"),
            ("\u{202e}x", "\\\\u{202e}x"),
        ] {
            assert_eq!(escape_markdown(text), escaped, "{text:?}");
        }
    }
}
