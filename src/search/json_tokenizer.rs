//! One pass over a JSON document that finds its keys and values without copying them.
//!
//! The tokenizer accepts only valid JSON. It rejects documents with rare features, such as `\u`
//! escapes, escaped keys, fractions and deep nesting; these get a full scan.

/// The maximum nesting of objects and arrays.
const DEEPEST: usize = 64;

/// Numbers with more digits may not fit 64 bits.
const MOST_DIGITS: usize = 18;

/// The initial capacity. Most CloudTrail records have fewer tokens.
const USUAL_TOKENS: usize = 128;

/// A key or value, as a range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    /// The byte range, without the quotation marks of a text; `end` is exclusive.
    pub start: u32,
    pub end: u32,
    /// The index of the object or array that contains this token; the outermost value contains
    /// itself.
    pub container: u32,
    /// The index of the first token after this one and its content.
    pub after: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    /// A string without escapes.
    Text,
    /// A string with escapes.
    Escaped,
    /// A whole number or a truth value.
    Bare,
    Null,
    Object,
    Array,
}

/// Returns the tokens of an object or array in document order, or `None` if the text is not JSON or
/// needs a full scan.
pub(super) fn tokenize(json: &str) -> Option<Vec<Token>> {
    // Offsets and token indices are stored in 32 bits.
    u32::try_from(json.len()).ok()?;
    let tokens = Vec::with_capacity(USUAL_TOKENS);
    let mut tokenizer = JsonTokenizer {
        json: json.as_bytes(),
        at: 0,
        tokens,
        container: None,
        depth: 0,
    };
    tokenizer.read_document()?;
    Some(tokenizer.tokens)
}

struct JsonTokenizer<'m> {
    json: &'m [u8],
    at: usize,
    tokens: Vec<Token>,
    /// The innermost object or array that is still open.
    container: Option<usize>,
    /// The number of open objects and arrays.
    depth: usize,
}

impl JsonTokenizer<'_> {
    fn read_document(&mut self) -> Option<()> {
        if !matches!(self.peek()?, b'{' | b'[') {
            return None;
        }
        loop {
            match self.peek()? {
                b'{' => {
                    self.open_container(Kind::Object)?;
                    if self.peek()? != b'}' {
                        self.read_key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.open_container(Kind::Array)?;
                    if self.peek()? != b']' {
                        continue;
                    }
                }
                b'"' => self.read_string()?,
                b't' => self.read_word(b"true", Kind::Bare)?,
                b'f' => self.read_word(b"false", Kind::Bare)?,
                b'n' => self.read_word(b"null", Kind::Null)?,
                _ => self.read_number()?,
            }
            if self.advance()? {
                return Some(());
            }
        }
    }

    /// Moves from the end of a value to the next value. Returns whether the document has ended.
    fn advance(&mut self) -> Option<bool> {
        while let Some(container) = self.container {
            let kind = self.tokens.get(container)?.kind;
            match (self.peek()?, kind) {
                (b'}', Kind::Object) | (b']', Kind::Array) => self.close_container(container)?,
                (b',', Kind::Object) => {
                    self.at += 1;
                    self.read_key()?;
                    return Some(false);
                }
                (b',', Kind::Array) => {
                    self.at += 1;
                    return Some(false);
                }
                _ => return None,
            }
        }
        // Nothing may follow the outermost value.
        if self.peek().is_some() {
            None
        } else {
            Some(true)
        }
    }

    /// Skips white space and returns the next byte without consuming it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.json.get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn open_container(&mut self, kind: Kind) -> Option<()> {
        let index = self.tokens.len();
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.push_token(kind, self.at, self.at)?;
        self.at += 1;
        self.container = Some(index);
        Some(())
    }

    fn close_container(&mut self, container: usize) -> Option<()> {
        self.at += 1;
        self.depth -= 1;
        let after = u32::try_from(self.tokens.len()).ok()?;
        let token = self.tokens.get_mut(container)?;
        token.end = u32::try_from(self.at).ok()?;
        token.after = after;
        let outer = token.container as usize;
        self.container = (outer != container).then_some(outer);
        Some(())
    }

    /// Reads a key and the colon after it.
    fn read_key(&mut self) -> Option<()> {
        self.peek()?;
        self.read_string()?;
        let token = self
            .tokens
            .last_mut()
            .filter(|token| token.kind == Kind::Text)?;
        token.kind = Kind::Key;
        let colon = self.peek()?;
        self.at += 1;
        (colon == b':').then_some(())
    }

    fn read_string(&mut self) -> Option<()> {
        if self.json.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut kind = Kind::Text;
        self.at = start;
        loop {
            self.at += plain_bytes(self.json.get(self.at..)?);
            match self.json.get(self.at)? {
                b'"' => break,
                // `u` is not in the list: such an escape may be half of a surrogate pair.
                b'\\'
                    if matches!(
                        self.json.get(self.at + 1)?,
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'
                    ) =>
                {
                    kind = Kind::Escaped;
                    self.at += 2;
                }
                _ => return None,
            }
        }
        self.push_token(kind, start, self.at)?;
        self.at += 1;
        Some(())
    }

    fn read_word(&mut self, word: &[u8], kind: Kind) -> Option<()> {
        let end = self.at + word.len();
        if self.json.get(self.at..end)? != word {
            return None;
        }
        self.push_token(kind, self.at, end)?;
        self.at = end;
        Some(())
    }

    /// Reads a whole number, if it is spelled as Rust prints it.
    fn read_number(&mut self) -> Option<()> {
        let text = self.json.get(self.at..)?;
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let length = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let is_plain = match digits {
            [b'0', ..] => length == 1 && digits.len() == text.len(),
            _ => (1..=MOST_DIGITS).contains(&length),
        };
        if !is_plain || matches!(digits.get(length), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        let end = self.at + text.len() - digits.len() + length;
        self.push_token(Kind::Bare, self.at, end)?;
        self.at = end;
        Some(())
    }

    fn push_token(&mut self, kind: Kind, start: usize, end: usize) -> Option<()> {
        let index = self.tokens.len();
        let small = |number: usize| u32::try_from(number).ok();
        let container = small(self.container.unwrap_or(index))?;
        self.tokens.push(Token {
            kind,
            start: small(start)?,
            end: small(end)?,
            container,
            after: small(index + 1)?,
        });
        Some(())
    }
}

/// Returns the number of bytes before the first quotation mark, backslash or control character.
/// Compares eight bytes at a time.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    // The high bit of each byte of the result says whether that byte of `word` is 0. It may be
    // wrong above the first zero byte, but only the first one is used.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut length = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let ends = (zeros(word ^ (ONES * u64::from(b'"')))
            | zeros(word ^ (ONES * u64::from(b'\\')))
            | control)
            & (ONES << 7);
        if ends != 0 {
            return length + ends.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length
        + rest
            .iter()
            .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20))
            .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(json: &str) -> Option<Vec<Kind>> {
        Some(
            tokenize(json)?
                .into_iter()
                .map(|token| token.kind)
                .collect(),
        )
    }

    #[test]
    fn invalid_or_unusual_json_is_rejected() {
        let deep = format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        for json in [
            "",
            " ",
            "1",
            "\"a\"",
            "{",
            "[",
            "[1",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":1,}",
            "[1,]",
            "[,]",
            "{,}",
            "{1:1}",
            "{a:1}",
            "[1 2]",
            "[1}",
            "{\"a\":1]",
            "[]]",
            "[] []",
            "[tru]",
            "[truee]",
            "[nul",
            "[01]",
            "[-]",
            "[-0]",
            "[1.5]",
            "[1e3]",
            "[1234567890123456789]",
            "[\"\\u0041\"]",
            "{\"\\n\":1}",
            "[\"\\x\"]",
            "[\"\n\"]",
            "[\"a]",
            "[\"\\\"]",
            "\u{a0}[]",
            &deep,
        ] {
            assert_eq!(kinds(json), None, "{json}");
        }
    }

    #[test]
    fn each_token_has_its_kind() {
        use Kind::{Array, Bare, Escaped, Key, Null, Object, Text};
        let json = " {\"a\" : [ ] ,\"b\":{},\"c\":[1,-20,0,true,false,null],\"d\":\"é\",\"e\":\"\\n\\\"\"}\r\n\t";
        let expected = [
            Object, Key, Array, Key, Object, Key, Array, Bare, Bare, Bare, Bare, Bare, Null, Key,
            Text, Key, Escaped,
        ];
        assert_eq!(kinds(json).unwrap(), expected);
        let deep = format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        assert_eq!(kinds(&deep).unwrap().len(), DEEPEST);
    }

    #[test]
    fn plain_bytes_stop_at_quote_backslash_or_control() {
        for end in ["\"", "\\", "\n", "\u{0}", "\u{1f}", ""] {
            for length in 0..40 {
                let plain = "é !#[]^\u{7f}~"
                    .chars()
                    .cycle()
                    .take(length)
                    .collect::<String>();
                assert_eq!(
                    plain_bytes(format!("{plain}{end}\"\u{1}").as_bytes()),
                    plain.len()
                );
            }
        }
    }
}
