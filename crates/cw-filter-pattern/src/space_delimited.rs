//! Space-delimited patterns: `[ip, user, ..., status = 4*, bytes > 1000]`.

use std::iter;

use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, peek, preceded, separated, terminated};
use winnow::token::{one_of, take_while};
use winnow::{ModalResult, Parser};

use super::comparison::{Comparison, Scalar, comparison};
use super::expression::{Expression, expression};
use super::lexer::{expected, spaced};
use super::{MAX_REGEXES, PatternError};

/// One column of the pattern.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// `...`: any number of fields.
    Ellipsis,
    /// A name without a condition: a field with any content.
    Any,
    /// The conditions that the field must satisfy.
    Conditions(Expression<Comparison>),
}

impl Column {
    fn accepts(&self, field: &str) -> bool {
        match self {
            Self::Ellipsis | Self::Any => true,
            Self::Conditions(conditions) => {
                let value = Scalar::untyped(field);
                conditions.holds(&|comparison| comparison.holds(&value))
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct SpaceDelimitedPattern {
    before: Vec<Column>,
    /// The columns after the ellipsis, which match the last fields of an event. `None` without an
    /// ellipsis.
    after: Option<Vec<Column>>,
}

impl SpaceDelimitedPattern {
    pub(super) fn new(mut columns: Vec<Column>) -> Result<Self, PatternError> {
        let regexes = |column: &Column| match column {
            Column::Conditions(conditions) => {
                conditions.total(&|comparison| usize::from(comparison.has_regex()))
            }
            Column::Ellipsis | Column::Any => 0,
        };
        if columns.iter().map(regexes).sum::<usize>() > MAX_REGEXES {
            return Err(PatternError::TooManyRegexes);
        }
        let ellipsis = columns
            .iter()
            .position(|column| matches!(column, Column::Ellipsis));
        let after = ellipsis.map(|at| columns.split_off(at).split_off(1));
        Ok(Self {
            before: columns,
            after,
        })
    }

    /// Whether the pattern matches. Without an ellipsis the last column matches the rest of the
    /// line, as AWS's pattern for Lambda logs requires: `[timestamp=*Z, request_id="*-*", event]`.
    pub(super) fn matches(&self, message: &str) -> bool {
        let fields: Vec<Field<'_>> = fields(message).collect();
        let min_fields = self.before.len() + self.after.as_ref().map_or(0, Vec::len);
        if fields.len() < min_fields {
            return false;
        }
        let all_accepted = |columns: &[Column], fields: &[Field<'_>]| {
            columns
                .iter()
                .zip(fields)
                .all(|(column, field)| column.accepts(field.text))
        };
        match &self.after {
            Some(after) => {
                all_accepted(&self.before, &fields)
                    && all_accepted(
                        after,
                        fields.get(fields.len() - after.len()..).unwrap_or_default(),
                    )
            }
            None if fields.len() == min_fields => all_accepted(&self.before, &fields),
            None => self.before.split_last().is_some_and(|(last, before)| {
                let rest = fields
                    .get(before.len())
                    .and_then(|field| message.get(field.start..))
                    .unwrap_or_default();
                all_accepted(before, &fields) && last.accepts(rest.trim_end())
            }),
        }
    }
}

/// A field of an event.
struct Field<'e> {
    /// The byte offset in the message at which the field begins, including its delimiter.
    start: usize,
    /// The text without the brackets or quotation marks around it.
    text: &'e str,
}

/// Splits a message at white space. Text in `[…]` or `"…"` is one field.
fn fields(message: &str) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message.trim_start();
    iter::from_fn(move || {
        let start = message.len() - rest.len();
        let closing = match rest.chars().next()? {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let enclosed = closing.and_then(|closing| rest.get(1..)?.split_once(closing));
        let (text, remaining) = enclosed
            .unwrap_or_else(|| rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())));
        rest = remaining.trim_start();
        Some(Field { start, text })
    })
}

/// Parses a space-delimited pattern.
pub(super) fn pattern(input: &mut &str) -> ModalResult<Vec<Column>> {
    let columns = separated(1.., spaced(cut_err(column)), ',');
    let closing = ']'.context(expected("a comma or a closing bracket"));
    spaced(delimited('[', columns, cut_err(closing)))
        .verify(|columns: &Vec<Column>| {
            columns
                .iter()
                .filter(|column| matches!(column, Column::Ellipsis))
                .count()
                < 2
        })
        .context(expected("one ellipsis at most"))
        .parse_next(input)
}

fn column(input: &mut &str) -> ModalResult<Column> {
    let name_alone = terminated(name, peek((multispace0, one_of([',', ']']))));
    alt((
        "...".value(Column::Ellipsis),
        name_alone.value(Column::Any),
        expression(condition).map(Column::Conditions),
    ))
    .context(expected(
        "a field name, with or without a condition, or an ellipsis",
    ))
    .parse_next(input)
}

/// Parses a condition. Every condition repeats the name of the field, and any name is accepted.
fn condition(input: &mut &str) -> ModalResult<Comparison> {
    preceded((cut_err(name), multispace0), cut_err(comparison)).parse_next(input)
}

fn name<'s>(input: &mut &'s str) -> ModalResult<&'s str> {
    take_while(1.., |c: char| c.is_alphanumeric() || c == '_' || c == '-')
        .context(expected("a field name"))
        .parse_next(input)
}
