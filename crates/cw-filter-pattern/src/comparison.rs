//! Comparisons of a value (a JSON scalar or a space-delimited field) with the operand in a pattern.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, preceded};
use winnow::token::take_while;
use winnow::{ModalResult, Parser};

use super::glob::Glob;
use super::lexer::{expected, quoted, regex};

/// A value in an event.
#[derive(Clone, Debug)]
pub(super) struct Scalar<'e> {
    /// The text as in the event, without quotation marks.
    pub(super) text: Cow<'e, str>,
    /// The value as a number, if its type allows that.
    pub(super) number: Option<f64>,
}

impl<'e> Scalar<'e> {
    /// A value without a type, which is a number if it has the syntax of one.
    pub(super) fn untyped(text: &'e str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            number: decimal(text),
        }
    }
}

/// Parses a finite decimal number, including scientific notation. `inf` and `nan` are not numbers.
fn decimal(text: &str) -> Option<f64> {
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if numeric {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    } else {
        None
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug)]
enum Operand {
    Text(Glob),
    /// An unquoted number, which equals a value with the same number or the same text.
    Number(f64, Glob),
    Regex(Regex),
}

/// An operator and its right operand.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    operator: Operator,
    operand: Operand,
}

impl Comparison {
    /// Whether the comparison is true for this value. `<`, `<=`, `>` and `>=` compare only numbers.
    pub(super) fn holds(&self, value: &Scalar<'_>) -> bool {
        let relation = || match &self.operand {
            Operand::Number(bound, _) => value.number.and_then(|number| number.partial_cmp(bound)),
            Operand::Text(_) | Operand::Regex(_) => None,
        };
        match self.operator {
            Operator::Equal => self.operand.equals(value),
            Operator::NotEqual => !self.operand.equals(value),
            Operator::Less => relation().is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => relation().is_some_and(Ordering::is_le),
            Operator::Greater => relation().is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => relation().is_some_and(Ordering::is_ge),
        }
    }

    /// Whether the operand is a regular expression, whose number in a pattern is limited.
    pub(super) fn has_regex(&self) -> bool {
        matches!(self.operand, Operand::Regex(_))
    }
}

impl Operand {
    fn equals(&self, value: &Scalar<'_>) -> bool {
        match self {
            Self::Text(glob) => glob.matches(&value.text),
            Self::Number(number, glob) => {
                glob.matches(&value.text)
                    || value.number.and_then(|n| n.partial_cmp(number)) == Some(Ordering::Equal)
            }
            Self::Regex(regex) => regex.is_match(&value.text),
        }
    }
}

/// Parses an operator and its operand.
pub(super) fn comparison(input: &mut &str) -> ModalResult<Comparison> {
    let operator = operator
        .context(expected("a comparison: =, !=, <, <=, > or >="))
        .parse_next(input)?;
    let any_value = operand.context(expected(
        "a value: a word of letters, digits and _, or quoted text",
    ));
    let number = operand
        .verify(|operand| matches!(operand, Operand::Number(..)))
        .context(expected(
            "a number, because <, <=, > and >= compare only numbers",
        ));
    let operand = match operator {
        Operator::Equal | Operator::NotEqual => {
            cut_err(preceded(multispace0, any_value)).parse_next(input)?
        }
        _ => cut_err(preceded(multispace0, number)).parse_next(input)?,
    };
    Ok(Comparison { operator, operand })
}

fn operator(input: &mut &str) -> ModalResult<Operator> {
    alt((
        "!=".value(Operator::NotEqual),
        "<=".value(Operator::LessOrEqual),
        ">=".value(Operator::GreaterOrEqual),
        "=".value(Operator::Equal),
        "<".value(Operator::Less),
        ">".value(Operator::Greater),
    ))
    .parse_next(input)
}

fn operand(input: &mut &str) -> ModalResult<Operand> {
    // AWS's examples contain unquoted dots and wildcards: `123.123.*`, `kms.amazonaws.com`,
    // `*.html*`.
    let bare = take_while(1.., |c: char| c.is_alphanumeric() || "_.*+-".contains(c));
    alt((
        quoted.map(|text| Operand::Text(Glob::new(&text))),
        regex.map(Operand::Regex),
        bare.map(|text| match decimal(text) {
            Some(number) => Operand::Number(number, Glob::new(text)),
            None => Operand::Text(Glob::new(text)),
        }),
    ))
    .parse_next(input)
}
