//! The commands of the query language.

use winnow::ascii::digit1;
use winnow::combinator::{alt, cut_err, delimited, opt, preceded, separated_pair, terminated};
use winnow::token::any;
use winnow::{ModalResult, Parser};

use super::expression::expression;
use super::expression_context::Aggregates;
use super::extraction::extraction;
use super::lexer::{blank, expected, field_name, keyword, list, quoted, refuse, symbol, word};
use crate::error::SemanticError;
use crate::tree::{Item, SortKey, Source, Stage, Stats};

/// Commands of Insights that are not evaluated locally.
///
/// Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
const INSIGHTS_ONLY: [&str; 10] = [
    "pattern",
    "diff",
    "anomaly",
    "unmask",
    "lookup",
    "cidrlookup",
    "unnest",
    "expand",
    "join",
    "addtotals",
];

#[derive(Clone, Copy)]
enum Command {
    Fields,
    Display,
    Filter,
    Parse,
    Stats,
    Sort,
    Limit,
    Dedup,
}

impl Command {
    fn from_word(word: &str) -> Result<Self, SemanticError> {
        match word.to_ascii_lowercase().as_str() {
            "fields" => Ok(Self::Fields),
            "display" => Ok(Self::Display),
            // `filterIndex` lets Insights skip log groups without an index on the field. It keeps
            // the same records.
            "filter" | "filterindex" => Ok(Self::Filter),
            "parse" => Ok(Self::Parse),
            "stats" => Ok(Self::Stats),
            "sort" => Ok(Self::Sort),
            "limit" => Ok(Self::Limit),
            "dedup" => Ok(Self::Dedup),
            _ if INSIGHTS_ONLY
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word)) =>
            {
                Err(SemanticError::insights_only(&format!(
                    "the command `{word}`"
                )))
            }
            _ => Err(SemanticError::unknown(&format!("command `{word}`"))),
        }
    }
}

/// Parses a command with its arguments.
pub(super) fn stage(input: &mut &str) -> ModalResult<Stage> {
    let command = word
        .try_map(Command::from_word)
        .context(expected("a command, such as fields or filter"));
    let command = cut_err(command).parse_next(input)?;
    cut_err(|input: &mut &str| arguments(input, command)).parse_next(input)
}

fn arguments(input: &mut &str, command: Command) -> ModalResult<Stage> {
    match command {
        Command::Fields => items(input, Aggregates::Refused).map(Stage::Fields),
        Command::Display => items(input, Aggregates::Refused).map(Stage::Display),
        Command::Filter => expression(Aggregates::Refused)
            .map(Stage::Filter)
            .parse_next(input),
        Command::Parse => extraction.map(Stage::Parse).parse_next(input),
        Command::Stats => stats.map(Stage::Stats).parse_next(input),
        // AWS's Lambda operator guide writes `sort by @billedDuration desc`.
        Command::Sort => preceded(opt(keyword("by")), list(sort_key, symbol(",")))
            .map(Stage::Sort)
            .parse_next(input),
        Command::Limit => limit.map(Stage::Limit).parse_next(input),
        Command::Dedup => list(field_name, symbol(","))
            .map(Stage::Dedup)
            .parse_next(input),
    }
}

fn items(input: &mut &str, aggregates: Aggregates) -> ModalResult<Vec<Item>> {
    let item = |input: &mut &str| {
        let alias = opt(preceded(keyword("as"), cut_err(field_name)));
        (expression(aggregates), alias)
            .map(|(expr, alias)| Item { expr, alias })
            .parse_next(input)
    };
    list(item, symbol(",")).parse_next(input)
}

fn stats(input: &mut &str) -> ModalResult<Stats> {
    let computed = items(input, Aggregates::Allowed)?;
    let mut by = opt(preceded(
        keyword("by"),
        cut_err(|input: &mut &str| items(input, Aggregates::Refused)),
    ));
    let by = by.parse_next(input)?.unwrap_or_default();
    refuse(keyword("offset"), "`offset`").parse_next(input)?;
    Ok(Stats {
        items: computed,
        by,
    })
}

fn sort_key(input: &mut &str) -> ModalResult<SortKey> {
    let direction = opt(alt((
        keyword("asc").value(false),
        keyword("desc").value(true),
    )));
    (expression(Aggregates::Refused), direction)
        .map(|(expr, direction)| SortKey {
            expr,
            descending: direction.unwrap_or(false),
        })
        .parse_next(input)
}

fn limit(input: &mut &str) -> ModalResult<usize> {
    terminated(digit1.parse_to(), blank)
        .context(expected("a number of rows"))
        .parse_next(input)
}

/// `SOURCE logGroups(name: [values], …)`, which is allowed only at the start.
pub(super) fn source(input: &mut &str) -> ModalResult<Source> {
    keyword("source").parse_next(input)?;
    let parameter = |input: &mut &str| {
        let values = delimited(symbol("["), list(quoted, symbol(",")), symbol("]"));
        let values = alt((values, quoted.map(|value| vec![value])));
        separated_pair(word.map(str::to_owned), symbol(":"), values).parse_next(input)
    };
    let parameters = opt(list(parameter, symbol(","))).map(Option::unwrap_or_default);
    let parameters = delimited(symbol("("), parameters, symbol(")"));
    let log_groups =
        preceded(keyword("logGroups"), parameters).map(|parameters| Source { parameters });
    // Dashboards write `SOURCE "group" | SOURCE "other group" | …`.
    let other = refuse(any, "this form of SOURCE").verify_map(|()| None);
    cut_err(alt((log_groups, other)))
        .context(expected("logGroups(namePrefix: [\"…\"], …)"))
        .parse_next(input)
}
