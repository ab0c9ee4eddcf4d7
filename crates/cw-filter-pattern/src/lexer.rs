//! Parsers that all kinds of pattern share: white space, quoted text, regular expressions.

use regex::Regex;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, preceded, repeat};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::token::{none_of, one_of, take_till};
use winnow::{ModalResult, Parser};

use super::restricted_regex;

/// Error context that says what was expected.
pub(super) fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

/// Allows white space on both sides of `inner`.
pub(super) fn spaced<'s, O, P>(inner: P) -> impl Parser<&'s str, O, ErrMode<ContextError>>
where
    P: Parser<&'s str, O, ErrMode<ContextError>>,
{
    delimited(multispace0, inner, multispace0)
}

/// Parses `"text"`, in which `\"` and `\\` are escapes.
pub(super) fn quoted(input: &mut &str) -> ModalResult<String> {
    let character = alt((preceded('\\', one_of(['"', '\\'])), none_of('"')));
    delimited(
        '"',
        repeat(0.., character),
        cut_err('"').context(expected("a closing quotation mark")),
    )
    .parse_next(input)
}

/// Parses `%regex%`.
pub(super) fn regex(input: &mut &str) -> ModalResult<Regex> {
    let body = take_till(0.., '%').try_map(restricted_regex::compile);
    delimited(
        '%',
        cut_err(body),
        cut_err('%').context(expected("a closing `%`")),
    )
    .parse_next(input)
}

/// Parses a pattern that is a single regular expression.
pub(super) fn lone_regex(input: &mut &str) -> ModalResult<Regex> {
    spaced(regex)
        .context(expected(
            "a regular expression alone, without further terms",
        ))
        .parse_next(input)
}
