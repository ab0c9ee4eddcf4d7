//! Undoes the spellings by which reports keep addresses, domains and URLs from being opened:
//! `192.0.2[.]1`, `evil[dot]example`, `hxxp[://]evil.example`.

use std::borrow::Cow;

/// Spellings of a dot, a colon, an at sign and a slash. Longer ones come first.
const SEPARATORS: [(&str, &str); 36] = [
    ("[://]", "://"),
    ("(://)", "://"),
    ("[:]//", "://"),
    ("[:/]/", "://"),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("<dot>", "."),
    ("[DOT]", "."),
    ("(DOT)", "."),
    ("{DOT}", "."),
    ("[Dot]", "."),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("<.>", "."),
    ("[,]", "."),
    ("[punkt]", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[AT]", "@"),
    ("(AT)", "@"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
    ("[:]", ":"),
    ("(:)", ":"),
    ("{:}", ":"),
    ("[/]", "/"),
    ("(/)", "/"),
    ("\\.", "."),
    ("[.", "."),
    (".]", "."),
    ("(.", "."),
    (".)", "."),
];

/// Schemes that stand for `http` and `https`, in lower case.
const SCHEMES: [(&str, &str); 12] = [
    ("hxxps", "https"),
    ("hxxp", "http"),
    ("h**ps", "https"),
    ("h**p", "http"),
    ("hxtps", "https"),
    ("hxtp", "http"),
    ("htxps", "https"),
    ("htxp", "http"),
    ("h__ps", "https"),
    ("h__p", "http"),
    ("meows", "https"),
    ("meow", "http"),
];

/// Characters that take no room on the screen, and come along when a report is copied.
const INVISIBLE: [char; 9] = [
    '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}',
    '\u{180e}',
];

/// Restores a defanged text. Other texts are returned as they are.
pub(super) fn refang(text: &str) -> Cow<'_, str> {
    let text = without_invisible(text);
    let has_separator = SEPARATORS
        .iter()
        .any(|(spelling, _)| text.contains(spelling));
    let text = if has_separator {
        restore_separators(&text).into()
    } else {
        text
    };
    match restore_scheme(&text) {
        Some(restored) => restored.into(),
        None => text,
    }
}

/// Whitespace of every kind becomes a space, and full-width dots become dots.
fn without_invisible(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !INVISIBLE.contains(&c) && replacement(c) == c;
    if text.chars().all(is_plain) {
        return text.into();
    }
    text.chars()
        .filter(|c| !INVISIBLE.contains(c))
        .map(replacement)
        .collect::<String>()
        .into()
}

fn replacement(c: char) -> char {
    match c {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' => ' ',
        '\u{3002}' | '\u{ff0e}' | '\u{2024}' => '.',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{2014}' => '-',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2018}' | '\u{2019}' => '\'',
        _ => c,
    }
}

/// Replaces the spellings from left to right. An opening bracket before a dot, or a closing one
/// after it, counts only within a word: `evil[.example` but not `(.NET)`.
fn restore_separators(text: &str) -> String {
    let mut restored = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = SEPARATORS.iter().find(|(spelling, _)| {
            rest.strip_prefix(spelling).is_some_and(|after| {
                let is_inside = restored.ends_with(|c: char| c.is_alphanumeric() || c == ':')
                    && after.starts_with(|c: char| c.is_alphanumeric() || "[(:*".contains(c));
                // `://` is between a scheme and a host; the others are within a name.
                is_inside || spelling.contains('/')
            })
        });
        if let Some((spelling, meaning)) = found {
            restored.push_str(meaning);
            rest = &rest[spelling.len()..];
        } else {
            restored.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    restored
}

/// Restores the scheme of every URL in a text.
fn restore_scheme(text: &str) -> Option<String> {
    text.contains("://").then_some(())?;
    let mut restored = String::with_capacity(text.len());
    let mut changed = false;
    for (number, part) in text.split("://").enumerate() {
        if number > 0 {
            restored.push_str("://");
        }
        let name_start = part
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '*' && c != '_')
            .map_or(0, |at| {
                at + part[at..].chars().next().map_or(1, char::len_utf8)
            });
        let (before, name) = part.split_at(name_start);
        let lower = name.to_ascii_lowercase();
        let known = SCHEMES.iter().find(|(spelling, _)| *spelling == lower);
        let is_scheme = number < text.matches("://").count();
        restored.push_str(before);
        match known {
            Some((_, scheme)) if is_scheme => {
                changed = true;
                restored.push_str(scheme);
            }
            _ => restored.push_str(name),
        }
    }
    changed.then_some(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defanged_spellings_are_restored() {
        for (given, expected) in [
            ("192[.]0[.]2[.]1", "192.0.2.1"),
            ("198.51.100[dot]23", "198.51.100.23"),
            ("198.51.100(.)23", "198.51.100.23"),
            ("198.51.100{.}23", "198.51.100.23"),
            ("198.51.100\\.23", "198.51.100.23"),
            ("198.51.100[.23", "198.51.100.23"),
            ("198.51.100.]23", "198.51.100.23"),
            ("2001[:]db8[:][:]1", "2001:db8::1"),
            ("hxxps://evil[.]example/a", "https://evil.example/a"),
            ("hXXp[://]evil.example", "http://evil.example"),
            ("HXXPS://evil.example", "https://evil.example"),
            ("https[://]evil.example", "https://evil.example"),
            ("hxxp[:]//evil.example", "http://evil.example"),
            ("meow://evil.example", "http://evil.example"),
            ("a[@]evil[.]example", "a@evil.example"),
            ("a[at]evil.example", "a@evil.example"),
            ("evil.exam\u{200b}ple", "evil.example"),
            ("evil\u{3002}example", "evil.example"),
            ("192.0.2.1\u{a0}x", "192.0.2.1 x"),
        ] {
            assert_eq!(refang(given), expected, "{given}");
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in [
            "",
            "192.0.2.1",
            "a sentence (see .NET). And more.",
            "https://evil.example/a",
            "[2001:db8::1]:443",
            "polka dot",
            "thermometer://x",
        ] {
            assert_eq!(refang(text), text);
        }
    }
}
