//! Conditions joined by `&&` and `||`, in JSON and in space-delimited patterns.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, fail, preceded, separated};
use winnow::{ModalResult, Parser};

use super::lexer::{expected, spaced};

/// The limit on nested parentheses, because the parser is recursive.
const MAX_DEPTH: usize = 100;

/// A tree of conditions. `&&` binds more tightly than `||`.
#[derive(Clone, Debug)]
pub(super) enum Expression<C> {
    Condition(C),
    All(Vec<Expression<C>>),
    Any(Vec<Expression<C>>),
}

impl<C> Expression<C> {
    /// Evaluates the expression, given a function that evaluates a condition.
    pub(super) fn holds(&self, condition_holds: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::Condition(condition) => condition_holds(condition),
            Self::All(parts) => parts.iter().all(|part| part.holds(condition_holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(condition_holds)),
        }
    }

    /// The sum of `count` over all conditions.
    pub(super) fn total(&self, count: &impl Fn(&C) -> usize) -> usize {
        match self {
            Self::Condition(condition) => count(condition),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(|part| part.total(count)).sum(),
        }
    }
}

/// A parser of one condition.
pub(super) type Condition<C> = for<'s> fn(&mut &'s str) -> ModalResult<C>;

/// Returns a parser of an expression.
pub(super) fn expression<C>(
    condition: Condition<C>,
) -> impl Fn(&mut &str) -> ModalResult<Expression<C>> {
    move |input| any_of(input, condition, MAX_DEPTH)
}

fn any_of<C>(
    input: &mut &str,
    condition: Condition<C>,
    depth: usize,
) -> ModalResult<Expression<C>> {
    let part = |input: &mut &str| all_of(input, condition, depth);
    separated(1.., part, spaced("||"))
        .map(|parts| join(parts, Expression::Any))
        .parse_next(input)
}

fn all_of<C>(
    input: &mut &str,
    condition: Condition<C>,
    depth: usize,
) -> ModalResult<Expression<C>> {
    let part = |input: &mut &str| primary(input, condition, depth);
    separated(1.., part, spaced("&&"))
        .map(|parts| join(parts, Expression::All))
        .parse_next(input)
}

fn join<C>(
    mut parts: Vec<Expression<C>>,
    joined: fn(Vec<Expression<C>>) -> Expression<C>,
) -> Expression<C> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            joined(parts)
        }
        None => joined(parts),
    }
}

fn primary<C>(
    input: &mut &str,
    condition: Condition<C>,
    depth: usize,
) -> ModalResult<Expression<C>> {
    let nested = |input: &mut &str| match depth.checked_sub(1) {
        Some(depth) => any_of(input, condition, depth),
        None => cut_err(fail)
            .context(expected("fewer nested parentheses"))
            .parse_next(input),
    };
    let closing = preceded(multispace0, ')').context(expected("a closing parenthesis"));
    alt((
        delimited(('(', multispace0), cut_err(nested), cut_err(closing)),
        condition.map(Expression::Condition),
    ))
    .parse_next(input)
}
