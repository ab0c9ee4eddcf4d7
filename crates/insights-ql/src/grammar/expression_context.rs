//! The context in which an expression is parsed: what it may contain, and how deep it may nest.

use winnow::combinator::{cut_err, fail};
use winnow::{ModalResult, Parser};

use super::lexer::expected;

/// The maximum nesting of an expression, and the maximum number of operators in a row without
/// parentheses. The evaluator is recursive; the limit keeps it within a small stack.
pub(super) const MAX_NESTING: usize = 32;

/// Whether an expression may contain aggregates.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Aggregates {
    Allowed,
    Refused,
}

/// The context in which the parser reads an expression.
#[derive(Clone, Copy)]
pub(super) struct ExpressionContext {
    pub(super) aggregates: Aggregates,
    /// How many more levels of nesting are allowed.
    pub(super) levels: usize,
}

impl ExpressionContext {
    /// Enters a nested expression, unless the nesting is too deep.
    pub(super) fn enter_level(self, input: &mut &str) -> ModalResult<Self> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => cut_err(fail)
                .context(expected("fewer nested expressions"))
                .parse_next(input),
        }
    }
}
