//! The tokens of the query language: names, quoted text, regular expressions, numbers, comments.

use winnow::ascii::{Caseless, digit1, multispace1, till_line_ending};
use winnow::combinator::{
    alt, cut_err, delimited, empty, not, opt, peek, preceded, repeat, terminated,
};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::token::{any, literal, none_of, one_of, take_till, take_while};
use winnow::{ModalResult, Parser};

use crate::error::SemanticError;
use crate::java_regex::InvalidRegex;
use crate::period::Period;
use crate::tree::RegexLiteral;

/// Words that are names only in backticks.
const KEYWORDS: [&str; 11] = [
    "and", "or", "not", "in", "like", "as", "by", "asc", "desc", "true", "false",
];

/// The part of an error message that says what was expected.
pub(super) fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

/// White space and comments, which extend from `#` to the end of the line.
pub(super) fn blank(input: &mut &str) -> ModalResult<()> {
    repeat(
        0..,
        alt((multispace1.void(), ('#', till_line_ending).void())),
    )
    .parse_next(input)
}

/// An operator or punctuation mark, with the white space after it.
pub(super) fn symbol<'s>(sign: &'static str) -> impl FnMut(&mut &'s str) -> ModalResult<&'s str> {
    move |input| terminated(sign, blank).parse_next(input)
}

/// A keyword in any case, with the white space after it.
pub(super) fn keyword<'s>(word: &'static str) -> impl FnMut(&mut &'s str) -> ModalResult<&'s str> {
    move |input| {
        terminated(
            literal(Caseless(word)),
            (not(one_of(is_name_character)), blank),
        )
        .parse_next(input)
    }
}

/// Refuses what only Insights can evaluate, if `parser` matches it; consumes nothing otherwise.
pub(super) fn refuse<'s, T>(
    mut parser: impl Parser<&'s str, T, ErrMode<ContextError>>,
    what: &'static str,
) -> impl FnMut(&mut &'s str) -> ModalResult<()> {
    move |input| {
        let is_found = opt(peek(parser.by_ref())).parse_next(input)?.is_some();
        if !is_found {
            return Ok(());
        }
        let error = |()| Err(SemanticError::insights_only(what));
        cut_err(empty.try_map(error)).parse_next(input)
    }
}

/// One or more items. A separator must be followed by an item, so that an error refers to the item.
pub(super) fn list<'s, T, S>(
    mut item: impl FnMut(&mut &'s str) -> ModalResult<T>,
    mut separator: impl FnMut(&mut &'s str) -> ModalResult<S>,
) -> impl FnMut(&mut &'s str) -> ModalResult<Vec<T>> {
    move |input| {
        let mut items = vec![item(input)?];
        while opt(&mut separator).parse_next(input)?.is_some() {
            items.push(cut_err(&mut item).parse_next(input)?);
        }
        Ok(items)
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '@'
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || "_@.".contains(c)
}

fn is_keyword(name: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(name))
}

/// Whether a field's name needs no backticks.
pub(crate) fn is_plain_name(name: &str) -> bool {
    name.starts_with(is_name_start) && name.chars().all(is_name_character) && !is_keyword(name)
}

/// A word of letters, digits, `_`, `@` and `.`; it may be a keyword.
pub(super) fn word<'s>(input: &mut &'s str) -> ModalResult<&'s str> {
    terminated(
        (one_of(is_name_start), take_while(0.., is_name_character)).take(),
        blank,
    )
    .parse_next(input)
}

/// A field's name: `userIdentity.arn`, `` `foo-bar` ``, `` a.`b-c`.d ``.
pub(super) fn name(input: &mut &str) -> ModalResult<String> {
    let quoted = delimited(
        '`',
        take_till(1.., '`'),
        cut_err('`').context(expected("a closing backtick")),
    );
    let plain = take_while(1.., is_name_character);
    let pieces = preceded(
        peek(one_of(|c| is_name_start(c) || c == '`')),
        repeat(1.., alt((quoted, plain)))
            .fold(String::new, |name, piece| name + piece)
            .with_taken(),
    );
    terminated(pieces, blank)
        .verify(|(_, taken)| !is_keyword(taken))
        .map(|(name, _)| name)
        .parse_next(input)
}

/// A field's name where nothing else is allowed.
pub(super) fn field_name(input: &mut &str) -> ModalResult<String> {
    name.context(expected("a field's name")).parse_next(input)
}

/// Text in single or double quotation marks. A backslash escapes a quotation mark or a backslash;
/// before anything else it is an ordinary character.
pub(super) fn quoted(input: &mut &str) -> ModalResult<String> {
    let mark = one_of(['"', '\'']).parse_next(input)?;
    let character = alt((preceded('\\', one_of(['"', '\'', '\\'])), none_of(mark)));
    let closing = cut_err(mark).context(expected("a closing quotation mark"));
    terminated(repeat(0.., character), (closing, blank)).parse_next(input)
}

/// A regular expression between slashes; a slash in it is written `\/`.
pub(super) fn regex(input: &mut &str) -> ModalResult<RegexLiteral> {
    let character = alt((('\\', any).void(), none_of('/').void()));
    let body = repeat::<_, _, (), _, _>(1.., character)
        .take()
        .try_map(|text: &str| {
            RegexLiteral::new(text).map_err(|error| match error {
                InvalidRegex::JavaOnly(_) => SemanticError::insights_only(&error.to_string()),
                InvalidRegex::Invalid(_) => SemanticError::malformed(error.to_string()),
            })
        });
    let closing = cut_err('/').context(expected("a closing slash"));
    delimited(
        '/',
        cut_err(body).context(expected("a regular expression")),
        (closing, blank),
    )
    .parse_next(input)
}

/// An unsigned number.
pub(super) fn number(input: &mut &str) -> ModalResult<f64> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1);
    let digits = (digit1, opt(('.', digit1)), opt(exponent)).take();
    let finite = digits.parse_to().verify(|number: &f64| number.is_finite());
    terminated(finite, (not(one_of(is_name_character)), blank)).parse_next(input)
}

/// A period of time such as `5m`.
pub(super) fn period(input: &mut &str) -> ModalResult<Period> {
    let unit = take_while(1.., |c: char| c.is_ascii_alphabetic());
    (
        digit1.parse_to(),
        terminated(unit, (not(one_of(is_name_character)), blank)),
    )
        .verify_map(|(count, unit)| Period::new(count, unit))
        .parse_next(input)
}
