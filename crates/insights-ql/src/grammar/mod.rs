//! The grammar of the query language. Source: CloudWatch Logs user guide, "CloudWatch Logs Insights
//! language query syntax".

mod expression;
mod expression_context;
mod extraction;
mod lexer;
mod stage;

use winnow::combinator::{cut_err, eof, opt, terminated};
use winnow::{ModalResult, Parser};

use super::error::{QueryError, QueryErrorKind, SemanticError};
use super::tree::Query;
pub(super) use lexer::is_plain_name;
use lexer::{blank, expected, keyword, list, symbol};

/// The maximum length of a query, in characters. Source: CloudWatch Logs API,
/// `StartQuery.queryString`.
const MAX_CHARACTERS: usize = 10_000;

/// Parses a query.
pub(super) fn parse_query(text: &str) -> Result<Query, QueryError> {
    let malformed =
        |offset, message| QueryError::new(text, offset, QueryErrorKind::Malformed, message);
    let characters = text.chars().count();
    if characters > MAX_CHARACTERS {
        return Err(malformed(
            0,
            format!("the query has {characters} characters; the maximum is {MAX_CHARACTERS}"),
        ));
    }
    query.parse(text).map_err(|error| {
        let reason = error.inner();
        if let Some(semantic_error) = reason
            .cause()
            .and_then(|cause| cause.downcast_ref::<SemanticError>())
        {
            return QueryError::new(
                text,
                error.offset(),
                semantic_error.kind,
                semantic_error.message.clone(),
            );
        }
        let message = reason
            .context()
            .next()
            .map_or_else(|| "unexpected text".to_owned(), ToString::to_string);
        malformed(error.offset(), message)
    })
}

/// Whether a query begins with `SOURCE`.
pub(super) fn begins_with_source(query: &str) -> bool {
    let mut rest = query;
    let source: ModalResult<_> = (blank, keyword("source")).parse_next(&mut rest);
    source.is_ok()
}

fn query(input: &mut &str) -> ModalResult<Query> {
    let source = opt(terminated(stage::source, cut_err(symbol("|"))));
    let stages = list(stage::stage, symbol("|"));
    let end = eof.context(expected("a pipe or the end of the query"));
    (blank, source, stages, end)
        .map(|((), source, stages, _)| Query { source, stages })
        .parse_next(input)
}
