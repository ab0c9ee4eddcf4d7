//! AWS's restricted regular expressions, translated to the syntax of the `regex` crate.
//!
//! Only ASCII letters and digits, the symbols and operators below, and a few escapes are allowed.
//! Groups are not supported, and `\d`, `\s` and `\w` are ASCII-only. A space is not in AWS's list,
//! but AWS's own CDK deploys patterns that contain one.
//!
//! Source: CloudWatch Logs user guide, "Supported regular expressions (regex) syntax".

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

const SYMBOLS: &str = " :_#=@/;,-";
const OPERATORS: &str = "^$?[]{}|\\*+.";

/// The limit on the compiled size of an expression, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Why a regular expression is rejected.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegexError {
    #[error("the regular expression is empty")]
    Empty,
    #[error("`{0}` is not supported in a regular expression")]
    Unsupported(char),
    #[error("`\\{0}` is not a supported escape in a regular expression")]
    UnsupportedEscape(char),
    #[error("the regular expression ends inside an escape or a character class")]
    Unfinished,
    #[error("not a valid regular expression")]
    Invalid(#[source] regex::Error),
}

/// Compiles the text between the `%`s.
pub(super) fn compile(text: &str) -> Result<Regex, RegexError> {
    if text.is_empty() {
        return Err(RegexError::Empty);
    }
    let mut translated = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => translate_escape(&mut rest, &mut translated, EscapePosition::OutsideClass)?,
            '[' => translate_class(&mut rest, &mut translated)?,
            '{' => translate_repetition(&mut rest, &mut translated)?,
            ']' | '}' => push_literal(c, &mut translated),
            _ if is_allowed(c) => translated.push(c),
            _ => return Err(RegexError::Unsupported(c)),
        }
    }
    RegexBuilder::new(&translated)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(RegexError::Invalid)
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || SYMBOLS.contains(c) || OPERATORS.contains(c)
}

fn push_literal(c: char, out: &mut String) {
    out.push('\\');
    out.push(c);
}

#[derive(Clone, Copy, PartialEq)]
enum EscapePosition {
    OutsideClass,
    InClass,
}

/// Translates an escape, after its backslash.
fn translate_escape(
    rest: &mut Peekable<Chars<'_>>,
    out: &mut String,
    position: EscapePosition,
) -> Result<(), RegexError> {
    let c = rest.next().ok_or(RegexError::Unfinished)?;
    let set = match c.to_ascii_lowercase() {
        'd' => "0-9",
        's' => r"\t-\r ",
        'w' => "0-9A-Za-z_",
        'x' if c == 'x' => {
            let digits: Option<String> = (0..2)
                .map(|_| rest.next_if(char::is_ascii_hexdigit))
                .collect();
            out.push_str(r"\x");
            out.push_str(&digits.ok_or(RegexError::UnsupportedEscape('x'))?);
            return Ok(());
        }
        _ if OPERATORS.contains(c) || "-/".contains(c) => {
            push_literal(c, out);
            return Ok(());
        }
        _ => return Err(RegexError::UnsupportedEscape(c)),
    };
    match (c.is_ascii_uppercase(), position) {
        (false, EscapePosition::InClass) => out.push_str(set),
        (false, EscapePosition::OutsideClass) => out.extend(["[", set, "]"]),
        (true, _) => out.extend(["[^", set, "]"]),
    }
    Ok(())
}

/// Translates a character class, after its `[`. Characters that the `regex` crate would interpret
/// as set operations are escaped.
fn translate_class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), RegexError> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = rest.next().ok_or(RegexError::Unfinished)?;
        match c {
            ']' if !first => break,
            '\\' => translate_escape(rest, out, EscapePosition::InClass)?,
            // A hyphen makes a range only between two characters.
            '-' if !first && rest.peek().is_some_and(|&next| next != ']' && next != '-') => {
                out.push('-');
            }
            '[' | ']' | '^' | '-' => push_literal(c, out),
            _ if is_allowed(c) => out.push(c),
            _ => return Err(RegexError::Unsupported(c)),
        }
        first = false;
    }
    out.push(']');
    Ok(())
}

/// Translates a counted repetition, after its `{`: `{m}`, `{m,n}`, `{m,}`, `{,n}`.
fn translate_repetition(
    rest: &mut Peekable<Chars<'_>>,
    out: &mut String,
) -> Result<(), RegexError> {
    out.push('{');
    loop {
        match rest.next().ok_or(RegexError::Unfinished)? {
            '}' => break,
            ' ' => {}
            ',' if out.ends_with('{') => out.push_str("0,"),
            c if c.is_ascii_digit() || c == ',' => out.push(c),
            c => return Err(RegexError::Unsupported(c)),
        }
    }
    out.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_operators_match() {
        for (regex, text, matches) in [
            ("^[hc]at", "hat", true),
            ("^[hc]at", "a hat", false),
            ("[hc]at$", "a cat", true),
            ("colou?r", "color", true),
            ("^[abcx-z]$", "y", true),
            ("^[^a-c]$", "b", false),
            ("^a{3,5}$", "aaaa", true),
            ("^a{,2}$", "aaa", false),
            ("^a{2,}$", "aaa", true),
            ("gr[ae]y|slate", "slate", true),
            (r"^\[.\]$", "[]]", true),
            (r"10\.10\.0\.1", "10.10.0.1", true),
            (r"10\.10\.0\.1", "10a10b0c1", false),
            (r"^\d\D\s\S\w\W$", "1a bc-", true),
            (r"^[\d\-]+$", "1-2", true),
            (r"^\d$", "٣", false),
            (r"\x28x\x29", "f(x)", true),
            ("^[+--]$", "-", true),
        ] {
            assert_eq!(
                compile(regex).unwrap().is_match(text),
                matches,
                "{regex} on {text}"
            );
        }
    }

    #[test]
    fn unsupported_syntax_is_rejected() {
        for regex in [
            "",
            "(a)",
            "a!",
            "é",
            r"\b",
            r"\n",
            r"\x2",
            "[a",
            "a{",
            "a{2,1}",
            "*",
            "a{x}",
            "\\",
            "a{9999}{9999}",
            "~",
        ] {
            assert!(compile(regex).is_err(), "{regex}");
        }
    }
}
