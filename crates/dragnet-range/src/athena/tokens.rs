//! The tokens of SQL.
//!
//! Source: Trino documentation, "Lexical structure"; the grammar `SqlBase.g4` of Trino.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a plain name, in lower case.
    Word(String),
    /// A name in quotation marks.
    Name(String),
    /// A text.
    Text(String),
    Number(i64),
    /// One of `( ) , . > < =`, or a pair of them.
    Symbol(String),
}

/// Splits a statement. The error says what is wrong, as Athena would.
pub(super) fn tokenize(statement: &str) -> Result<Vec<Token>, String> {
    let mut rest = statement;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                let end = rest.find("*/").ok_or_else(|| mismatched(rest))?;
                (None, end + 2)
            }
            '\'' => quoted(rest, '\'').map(|(text, length)| (Some(Token::Text(text)), length))?,
            '"' => quoted(rest, '"').map(|(text, length)| (Some(Token::Name(text)), length))?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
                (Some(Token::Word(word)), length)
            }
            c if c.is_ascii_digit() => {
                let length = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                let number = rest.get(..length).and_then(|digits| digits.parse().ok());
                let number = number.ok_or_else(|| mismatched(rest))?;
                (Some(Token::Number(number)), length)
            }
            '(' | ')' | ',' | '.' | '=' | '<' | '>' => {
                let length = if [">=", "<=", "<>"].iter().any(|pair| rest.starts_with(pair)) {
                    2
                } else {
                    1
                };
                let symbol = rest.get(..length).unwrap_or_default().to_owned();
                (Some(Token::Symbol(symbol)), length)
            }
            _ => return Err(mismatched(rest)),
        };
        tokens.extend(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(tokens)
}

/// Reads a text in quotation marks; two of them stand for one. Returns its length in the statement.
fn quoted(rest: &str, mark: char) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != mark {
            text.push(c);
        } else if characters.next_if(|(_, next)| *next == mark).is_some() {
            text.push(mark);
        } else {
            return Ok((text, at + 1));
        }
    }
    Err(mismatched(rest))
}

fn mismatched(rest: &str) -> String {
    let found: String = rest.chars().take(20).collect();
    format!("mismatched input '{found}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_end_where_trino_ends_them() {
        let texts = tokenize("'a''b' -- 'c'\n/* 'd' */ 'e\\' \"f\"\"g\"").unwrap();
        let expected = [
            Token::Text("a'b".to_owned()),
            Token::Text("e\\".to_owned()),
            Token::Name("f\"g".to_owned()),
        ];
        assert_eq!(texts, expected);
        for broken in ["'a", "\"a", "/* a", ";", "#"] {
            assert!(tokenize(broken).is_err(), "{broken}");
        }
    }
}
