//! Regular expressions of Insights as those of the `regex` crate.
//!
//! Insights' engine has look-around and back references, and prints numbers as Java does (`1.28E8`),
//! so it is taken to be Java's. The two engines agree on what can be translated, except for `$`:
//! in Java it also matches before a line break at the end of the text, with which many log lines
//! end. What cannot be translated is refused, so that Insights evaluates it.
//!
//! Source: Java SE API, `java.util.regex.Pattern` ("Line terminators").

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{self, AssertionKind, Ast, Flag, Span, Visitor};

/// A `$` that is not at the end of a line: the end of the text, or the line break before it.
const END: &str = r"(?:(?:\r\n|[\n\r\u{85}\u{2028}\u{2029}])?\z)";

/// The maximum compiled size of a regular expression, in bytes.
const SIZE_LIMIT: usize = 10 << 20;

/// Why a regular expression cannot be evaluated locally.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegex {
    /// It has a construct of Java that the `regex` crate does not have.
    #[error("{0} in a regular expression")]
    JavaOnly(&'static str),
    /// It is not a regular expression.
    #[error("invalid regular expression: {0}")]
    Invalid(String),
}

/// Compiles a regular expression.
pub(super) fn compile(text: &str) -> Result<Regex, InvalidRegex> {
    let translated = translate(text)?;
    let compiled = RegexBuilder::new(&translated)
        .size_limit(SIZE_LIMIT)
        .build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => InvalidRegex::JavaOnly("a repetition of this size"),
        // The error shows the expression on several lines; the reason is on the last one.
        error => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            InvalidRegex::Invalid(reason.to_owned())
        }
    })
}

/// Returns the same expression in the syntax of the `regex` crate.
fn translate(text: &str) -> Result<String, InvalidRegex> {
    let ast = Parser::new().parse(text).map_err(|error| {
        java_construct(text).map_or_else(
            || InvalidRegex::Invalid(error.kind().to_string()),
            InvalidRegex::JavaOnly,
        )
    })?;
    let mut differences = Differences::default();
    let Ok(()) = ast::visit(&ast, &mut differences);
    match differences.java_only {
        Some(construct) => Err(InvalidRegex::JavaOnly(construct)),
        None => Ok(differences.replace_ends(text)),
    }
}

/// The construct of Java that the `regex` crate cannot parse in this text, if there is one.
fn java_construct(text: &str) -> Option<&'static str> {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let rest = text.get(at..).unwrap_or_default();
        if character == '\\' {
            let (_, escaped) = characters.next()?;
            if let Some(construct) = java_escape(escaped) {
                return Some(construct);
            }
        } else if let Some((_, construct)) = GROUPS.iter().find(|(open, _)| rest.starts_with(open))
        {
            return Some(construct);
        }
    }
    None
}

/// Groups of Java that the `regex` crate does not have.
const GROUPS: [(&str, &str); 5] = [
    ("(?=", "look-ahead"),
    ("(?!", "look-ahead"),
    ("(?<=", "look-behind"),
    ("(?<!", "look-behind"),
    ("(?>", "an atomic group"),
];

/// The construct of Java that begins with a backslash and this character.
fn java_escape(escaped: char) -> Option<&'static str> {
    match escaped {
        '1'..='9' | 'k' => Some("a back reference"),
        'Q' | 'E' => Some("quoting by \\Q…\\E"),
        '0' | 'c' | 'e' | 'h' | 'H' | 'V' | 'R' | 'X' | 'Z' | 'G' | 'N' | 'p' | 'P' | 'x' | 'u' => {
            Some("an escape of Java")
        }
        _ => None,
    }
}

/// Finds what has another meaning in Java.
#[derive(Default)]
struct Differences {
    ends: Vec<Span>,
    has_line_mode: bool,
    java_only: Option<&'static str>,
}

impl Differences {
    /// Replaces each `$`.
    fn replace_ends(&self, text: &str) -> String {
        if self.has_line_mode {
            // At the ends of lines, both engines agree.
            return text.to_owned();
        }
        let mut replaced = String::with_capacity(text.len());
        let mut copied = 0;
        for span in &self.ends {
            replaced.push_str(text.get(copied..span.start.offset).unwrap_or_default());
            replaced.push_str(END);
            copied = span.end.offset;
        }
        replaced + text.get(copied..).unwrap_or_default()
    }

    /// Notes the flags that are switched on.
    fn note_flags(&mut self, flags: &ast::Flags) {
        self.has_line_mode |= flags.flag_state(Flag::MultiLine) == Some(true);
    }
}

/// Whether the expression can only be empty, so that it may follow `$` in a match.
fn is_empty(ast: &Ast) -> bool {
    matches!(ast, Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_))
}

fn is_end(ast: &Ast) -> bool {
    match ast {
        Ast::Assertion(assertion) => assertion.kind == AssertionKind::EndLine,
        Ast::Group(group) => is_end(&group.ast),
        Ast::Concat(concat) => concat.asts.iter().any(is_end),
        Ast::Alternation(alternation) => alternation.asts.iter().any(is_end),
        Ast::Repetition(repetition) => is_end(&repetition.ast),
        _ => false,
    }
}

impl Visitor for &mut Differences {
    type Output = ();
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<(), Self::Err> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::EndLine => self.ends.push(assertion.span),
                // In Java `\<` is the character.
                AssertionKind::WordBoundaryStartAngle | AssertionKind::WordBoundaryEndAngle => {
                    self.java_only = Some("the escape of < or >");
                }
                _ => {}
            },
            Ast::Flags(set) => self.note_flags(&set.flags),
            Ast::Group(group) => {
                if let Some(flags) = group.flags() {
                    self.note_flags(flags);
                }
            }
            // In Java `a++` is possessive.
            Ast::Repetition(repetition) => {
                if let Ast::Repetition(_) = repetition.ast.as_ref() {
                    self.java_only = Some("a possessive quantifier");
                }
            }
            Ast::Concat(concat) => {
                let end = concat.asts.iter().position(is_end);
                let after = end
                    .and_then(|end| concat.asts.get(end + 1..))
                    .unwrap_or_default();
                if !after.iter().all(is_empty) {
                    self.java_only = Some("`$` before other characters");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollar_matches_before_a_final_line_break() {
        for (regex, text, expected) in [
            ("LATEST$", "x $LATEST\n", true),
            ("LATEST$", "x $LATEST\r\n", true),
            ("LATEST$", "x $LATEST", true),
            ("LATEST$", "x $LATEST\n\n", false),
            ("LATEST$", "$LATEST\nmore\n", false),
            (r"LATEST\z", "x $LATEST\n", false),
            ("^a$|^b$", "b\n", true),
            ("^(a|b$)", "b\n", true),
            ("(?m)a$", "a\nb\n", true),
            (r"\$LATEST", "$LATEST", true),
            ("[$]", "$", true),
        ] {
            let compiled = compile(regex).unwrap();
            assert_eq!(compiled.is_match(text), expected, "{regex} on {text:?}");
        }
        let captures = compile("(?<a>[a-z]+)$").unwrap();
        assert_eq!(&captures.captures("x\n").unwrap()["a"], "x");
    }

    #[test]
    fn constructs_of_java_are_named() {
        for (regex, construct) in [
            ("^((?!watch).)*$", "look-ahead"),
            ("(?<=a)b", "look-behind"),
            (r"(a)\1", "a back reference"),
            (r"(?<a>x)\k<a>", "a back reference"),
            ("(?>a+)b", "an atomic group"),
            (r"\Qa.b\E", "quoting by \\Q…\\E"),
            ("a++b", "a possessive quantifier"),
            ("a{1,2}+", "a possessive quantifier"),
            (r"\h+", "an escape of Java"),
            (r"a\Z", "an escape of Java"),
            ("a$b", "`$` before other characters"),
            (r"\<a", "the escape of < or >"),
            ("(?:a{1000}){1000}{1000}", "a possessive quantifier"),
            ("((a{1000}){1000}){1000}", "a repetition of this size"),
        ] {
            assert_eq!(
                compile(regex).unwrap_err(),
                InvalidRegex::JavaOnly(construct),
                "{regex}"
            );
        }
        for invalid in ["(", "a)", "[", "*", r"\y", "(?<a>x)(?<a>y)"] {
            let error = compile(invalid).unwrap_err();
            assert!(
                matches!(&error, InvalidRegex::Invalid(reason) if !reason.contains('\n')),
                "{invalid}: {error}"
            );
        }
    }
}
