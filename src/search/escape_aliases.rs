//! Escapes: how they are undone in a text, and which of them can hide an indicator in the raw
//! message. There are JSON escapes in a text that is not JSON itself (a line with a prefix, a
//! fragment, JSON that is quoted again), and percent escapes in a URL or the body of a form.

use std::ops::Range;

use super::escaped_colon::has_near_colon;

/// The maximum number of levels of JSON quoting that are undone in a text.
const MOST_QUOTING_LEVELS: usize = 4;

/// The maximum number of levels of percent encoding that are undone in a text. A second level is
/// common: a URL as the parameter of another one.
const MOST_PERCENT_LEVELS: usize = 3;

/// Calls `each` with a text and with its spellings without escapes. JSON escapes are undone first,
/// one level at a time, and then one level of percent escapes, which may contain JSON again.
pub(super) fn each_spelling(text: &str, each: &mut dyn FnMut(&str)) {
    each(text);
    let mut current = unescaped(text);
    let mut json_levels = usize::from(current.is_some());
    let mut percent_levels = 0;
    if current.is_none() {
        current = percent_decoded(text);
        percent_levels = usize::from(current.is_some());
    }
    while let Some(spelling) = current {
        each(&spelling);
        current = None;
        if json_levels < MOST_QUOTING_LEVELS {
            current = unescaped(&spelling);
            json_levels += usize::from(current.is_some());
        }
        if current.is_none() && percent_levels < MOST_PERCENT_LEVELS {
            current = percent_decoded(&spelling);
            percent_levels += usize::from(current.is_some());
        }
    }
}

/// Undoes one level of percent escapes; `None` if there are none. Source: RFC 3986, section 2.1.
fn percent_decoded(text: &str) -> Option<String> {
    // The usual case: without a percent sign, nothing is copied.
    memchr::memchr(b'%', text.as_bytes())?;
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let mut has_escape = false;
    while let Some(byte) = bytes.get(at) {
        if let Some(escaped) = percent_escape(bytes, at) {
            decoded.push(escaped);
            has_escape = true;
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    has_escape.then(|| String::from_utf8_lossy(&decoded).into_owned())
}

/// The byte that the percent escape at an offset spells.
fn percent_escape(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = bytes.get(at..at + 3)? else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Undoes the JSON escapes in a text, if it has some that only JSON uses: `\"`, `\/` or `\u0041`. A
/// Windows path such as `C:\new` has none.
fn unescaped(text: &str) -> Option<String> {
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
/// A JSON escape is a backslash and a letter. However often JSON is quoted in JSON, the two stay
/// adjacent: a backslash is quoted as `\\`, a quotation mark as `\"`, and other letters are not
/// changed. So in a message without any of these pairs, every text that parsing can find is also in
/// the raw message, unless percent escapes spell a character of it, or of an escape.
#[derive(Clone, Debug)]
pub(super) struct EscapeAliases {
    letters: Vec<u8>,
    /// For each byte, whether its percent escape can spell a part of an indicator.
    percent: Vec<bool>,
    /// Whether a colon can only be a part of an IPv6 address. Policies in URLs have many others.
    colon_is_of_address: bool,
}

/// The characters of escapes. Their percent escapes can spell an escape.
const ESCAPE_CHARACTERS: &[u8] = b"%\\u0123456789abcdefABCDEF";

impl EscapeAliases {
    /// Collects the escapes of the characters of these texts, and `\u`, which can spell any
    /// character.
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut letters = vec![b'u'];
        let mut percent = vec![false; 256];
        let mut add = |byte: u8| {
            if let Some(is_alias) = percent.get_mut(usize::from(byte)) {
                *is_alias = true;
            }
        };
        for byte in ESCAPE_CHARACTERS {
            add(*byte);
        }
        for text in texts {
            if text.contains(char::REPLACEMENT_CHARACTER) {
                // Decoding writes this character for every byte that is not UTF-8.
                (0x80..=u8::MAX).for_each(&mut add);
            }
            for byte in text.bytes() {
                add(byte.to_ascii_lowercase());
                add(byte.to_ascii_uppercase());
                if let Some(letter) = escape_letter(byte) {
                    add(letter);
                    if !letters.contains(&letter) {
                        letters.push(letter);
                    }
                }
            }
        }
        Self {
            letters,
            percent,
            colon_is_of_address: false,
        }
    }

    /// Adds the escapes of these characters, which are those of addresses.
    pub(super) fn with_addresses(self, characters: &str) -> Self {
        let is_alias = |byte: usize| self.percent.get(byte).copied().unwrap_or_default();
        let has_own_colon = is_alias(usize::from(b':'));
        let added = Self::new([characters].into_iter());
        let mut letters = self.letters;
        letters.extend(added.letters);
        letters.sort_unstable();
        letters.dedup();
        let percent = self.percent.iter().zip(&added.percent);
        Self {
            letters,
            percent: percent.map(|(one, other)| *one || *other).collect(),
            colon_is_of_address: !has_own_colon && characters.contains(':'),
        }
    }

    /// Whether a message contains one of the escapes.
    pub(super) fn may_be_in(&self, message: &str) -> bool {
        let bytes = message.as_bytes();
        self.find_in_block(bytes, 0..bytes.len()).next().is_some()
    }

    /// The offsets of the escapes that begin in a block of a content.
    pub(super) fn find_in_block(
        &self,
        content: &[u8],
        block: Range<usize>,
    ) -> impl Iterator<Item = usize> {
        let start = block.start;
        let bytes = content.get(block).unwrap_or_default();
        // One pass for both, because every message is searched.
        memchr::memchr2_iter(b'\\', b'%', bytes)
            .map(move |at| start + at)
            .filter(move |at| self.is_alias(content, *at))
    }

    /// The letters that a backslash can be before.
    pub(super) fn letters(&self) -> &[u8] {
        &self.letters
    }

    /// Whether the backslash or percent sign at an offset begins one of the escapes.
    pub(super) fn is_alias(&self, bytes: &[u8], at: usize) -> bool {
        match bytes.get(at) {
            Some(b'%') => self.is_percent_alias(bytes, at),
            _ => bytes
                .get(at + 1)
                .is_some_and(|letter| self.letters.contains(letter)),
        }
    }

    /// Whether a text contains one of the percent escapes.
    pub(super) fn percent_escape_is_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        memchr::memchr_iter(b'%', bytes).any(|at| self.is_percent_alias(bytes, at))
    }

    fn is_percent_alias(&self, bytes: &[u8], at: usize) -> bool {
        let Some(byte) = percent_escape(bytes, at) else {
            return false;
        };
        if byte == b':' && self.colon_is_of_address {
            return has_near_colon(bytes, at);
        }
        let is_alias = self.percent.get(usize::from(byte));
        is_alias.is_some_and(|is_alias| *is_alias)
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
        b'b' => '\u{8}',
        b'f' => '\u{c}',
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
            (r#"\"a\bb\fc"#, "\"a\u{8}b\u{c}c"),
        ] {
            assert_eq!(unescaped(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn percent_escapes_are_undone_at_every_level() {
        let spellings = |text: &str| {
            let mut all = Vec::new();
            each_spelling(text, &mut |spelling| all.push(spelling.to_owned()));
            all
        };
        assert_eq!(spellings("arn%3Aaws"), ["arn%3Aaws", "arn:aws"]);
        assert_eq!(spellings("a%252Fb%"), ["a%252Fb%", "a%2Fb%", "a/b%"]);
        assert_eq!(
            spellings(r"%22a%5C%2Fb"),
            [r"%22a%5C%2Fb", r#""a\/b"#, "\"a/b"]
        );
        assert_eq!(spellings(r"a\u0025zz"), [r"a\u0025zz", "a%zz"]);
        for plain in ["", "a%", "100%zz", "%2", "é%é1"] {
            assert_eq!(spellings(plain), [plain]);
        }
        assert_eq!(spellings("%ff1").len(), 2, "no valid UTF-8");
    }

    #[test]
    fn only_percent_escapes_of_own_characters_can_hide_a_text() {
        let aliases = EscapeAliases::new(["user:x"].into_iter());
        for hiding in ["user%3Ax", "user%253Ax", "%55ser", "%5Cu0031", "\\%750031"] {
            assert!(aliases.may_be_in(hiding), "{hiding}");
        }
        for plain in ["user:x", "a%2Fb%20c", "100%", "%zz"] {
            assert!(!aliases.may_be_in(plain), "{plain}");
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
    fn invalid_utf8_can_hide_a_replacement_character() {
        let aliases = EscapeAliases::new(["a\u{fffd}b"].into_iter());
        assert!(aliases.may_be_in("a%ffb") && !aliases.may_be_in("a%20b"));
    }

    #[test]
    fn escapes_are_found_in_the_block_in_which_they_begin() {
        let aliases = EscapeAliases::new(["user:x"].into_iter());
        let content = br"a\u0031 %3A %2F \n";
        let found = |block: Range<usize>| aliases.find_in_block(content, block).collect::<Vec<_>>();
        assert_eq!(found(0..content.len()), [1, 8]);
        assert_eq!(found(0..3), [1]);
        assert_eq!(found(3..10), [8]);
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
