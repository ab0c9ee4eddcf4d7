//! Expressions, from `or`, which binds least tightly, to single values.

use winnow::combinator::{alt, cut_err, delimited, fail, not as winnow_not, opt, peek, terminated};
use winnow::error::{ContextError, ErrMode};
use winnow::{ModalResult, Parser};

use super::expression_context::{Aggregates, ExpressionContext, MAX_NESTING};
use super::lexer::{
    blank, expected, keyword, list, name, number, period, quoted, refuse, regex, symbol, word,
};
use crate::error::SemanticError;
use crate::function::Function;
use crate::tree::{Aggregate, AggregateKind, Comparison, Expr, LikePattern, Operator};

/// Functions of Insights that are not evaluated locally.
///
/// Source: CloudWatch Logs user guide, "Boolean, comparison, numeric, datetime, and other
/// functions", "Time-series functions" (the translations also name `countOverTime`) and "stats".
const INSIGHTS_ONLY: [&str; 12] = [
    "now",
    "unmask",
    "jsonParse",
    "jsonStringify",
    "querySource",
    "median",
    "rate",
    "count_over_time",
    "countOverTime",
    "sum_over_time",
    "sumOverTime",
    "histogram",
];

/// Parses an expression of any kind.
pub(super) fn expression<'s>(
    aggregates: Aggregates,
) -> impl FnMut(&mut &'s str) -> ModalResult<Expr> {
    move |input| {
        disjunction(
            input,
            ExpressionContext {
                aggregates,
                levels: MAX_NESTING,
            },
        )
    }
}

fn disjunction(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let context = context.enter_level(input)?;
    let part = |input: &mut &str| conjunction(input, context);
    list(part, keyword("or"))
        .map(|parts| join(parts, Expr::Or))
        .parse_next(input)
}

fn conjunction(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let part = |input: &mut &str| negation(input, context);
    list(part, keyword("and"))
        .map(|parts| join(parts, Expr::And))
        .parse_next(input)
}

fn join(mut parts: Vec<Expr>, joined: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            joined(parts)
        }
        None => joined(parts),
    }
}

fn negation(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    // `!` is not in AWS's guide, but published queries have it: `filter !ispresent(errorCode)`.
    let bang = ('!', peek(winnow_not('=')), blank).void();
    if opt(alt((keyword("not").void(), bang)))
        .parse_next(input)?
        .is_none()
    {
        return condition(input, context);
    }
    let context = context.enter_level(input)?;
    let negated = |input: &mut &str| negation(input, context);
    cut_err(negated)
        .map(|inner| Expr::Not(Box::new(inner)))
        .parse_next(input)
}

/// A condition on the value before it.
enum Predicate {
    Like { negated: bool, pattern: LikePattern },
    In { negated: bool, options: Vec<Expr> },
    Compare(Comparison, Expr),
}

fn condition(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let subject = sum(input, context)?;
    let in_list = |input: &mut &str| in_predicate(input, context);
    let compared = |input: &mut &str| compare_predicate(input, context);
    let predicate = opt(alt((like_predicate, in_list, compared))).parse_next(input)?;
    let Some(predicate) = predicate else {
        return Ok(subject);
    };
    let subject = Box::new(subject);
    Ok(match predicate {
        Predicate::Like { negated, pattern } => Expr::Like {
            subject,
            negated,
            pattern,
        },
        Predicate::In { negated, options } => Expr::In {
            subject,
            negated,
            options,
        },
        Predicate::Compare(comparison, right) => {
            Expr::Compare(subject, comparison, Box::new(right))
        }
    })
}

/// A keyword with or without `not` before it. Returns whether there is a `not`.
fn negatable<'s>(word: &'static str) -> impl Parser<&'s str, bool, ErrMode<ContextError>> {
    (opt(keyword("not")), keyword(word)).map(|(not, _)| not.is_some())
}

fn like_predicate(input: &mut &str) -> ModalResult<Predicate> {
    let negated = alt((symbol("=~").value(false), negatable("like"))).parse_next(input)?;
    let pattern = alt((regex.map(LikePattern::Regex), quoted.map(LikePattern::Text)));
    cut_err(pattern)
        .context(expected(
            "quoted text or a regular expression between slashes",
        ))
        .map(|pattern| Predicate::Like { negated, pattern })
        .parse_next(input)
}

fn in_predicate(input: &mut &str, context: ExpressionContext) -> ModalResult<Predicate> {
    let negated = negatable("in").parse_next(input)?;
    refuse('(', "a subquery").parse_next(input)?;
    let options = list(|input: &mut &str| disjunction(input, context), symbol(","));
    cut_err(delimited(symbol("["), options, symbol("]")))
        .context(expected("a list in brackets"))
        .map(|options| Predicate::In { negated, options })
        .parse_next(input)
}

fn compare_predicate(input: &mut &str, context: ExpressionContext) -> ModalResult<Predicate> {
    let right = |input: &mut &str| sum(input, context);
    (comparison, cut_err(right))
        .map(|(comparison, right)| Predicate::Compare(comparison, right))
        .parse_next(input)
}

fn comparison(input: &mut &str) -> ModalResult<Comparison> {
    let sign = alt((
        "!=".value(Comparison::NotEqual),
        "<=".value(Comparison::LessOrEqual),
        ">=".value(Comparison::GreaterOrEqual),
        "=".value(Comparison::Equal),
        "<".value(Comparison::Less),
        ">".value(Comparison::Greater),
    ));
    terminated(sign, blank).parse_next(input)
}

/// Left-associative operators of the same precedence.
fn chain<'s>(
    input: &mut &'s str,
    mut operand: impl FnMut(&mut &'s str) -> ModalResult<Expr>,
    mut operator: impl FnMut(&mut &'s str) -> ModalResult<Operator>,
) -> ModalResult<Expr> {
    let mut left = operand(input)?;
    for _ in 0..MAX_NESTING {
        let Some(operator) = opt(&mut operator).parse_next(input)? else {
            return Ok(left);
        };
        let right = cut_err(&mut operand).parse_next(input)?;
        left = Expr::Arithmetic(Box::new(left), operator, Box::new(right));
    }
    cut_err(fail)
        .context(expected("fewer operators in a row"))
        .parse_next(input)
}

fn sum(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let sign = |input: &mut &str| {
        terminated(
            alt(('+'.value(Operator::Add), '-'.value(Operator::Subtract))),
            blank,
        )
        .parse_next(input)
    };
    chain(input, |input| product(input, context), sign)
}

fn product(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let sign = |input: &mut &str| {
        let sign = alt((
            '*'.value(Operator::Multiply),
            '/'.value(Operator::Divide),
            '%'.value(Operator::Remainder),
        ));
        terminated(sign, blank).parse_next(input)
    };
    chain(input, |input| power(input, context), sign)
}

/// Powers are right-associative: `2 ^ 3 ^ 2` is `2 ^ (3 ^ 2)`.
fn power(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let base = signed(input, context)?;
    if opt(symbol("^")).parse_next(input)?.is_none() {
        return Ok(base);
    }
    let context = context.enter_level(input)?;
    let exponent = cut_err(|input: &mut &str| power(input, context)).parse_next(input)?;
    Ok(Expr::Arithmetic(
        Box::new(base),
        Operator::Power,
        Box::new(exponent),
    ))
}

/// A minus sign before a number belongs to it; before anything else it subtracts from 0.
fn signed(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    if opt(symbol("-")).parse_next(input)?.is_none() {
        return value(input, context);
    }
    let context = context.enter_level(input)?;
    match cut_err(|input: &mut &str| signed(input, context)).parse_next(input)? {
        Expr::Number(number) => Ok(Expr::Number(-number)),
        other => Ok(Expr::Arithmetic(
            Box::new(Expr::Number(0.0)),
            Operator::Subtract,
            Box::new(other),
        )),
    }
}

/// A field or a function call, without operators.
pub(super) fn field_or_call(input: &mut &str) -> ModalResult<Expr> {
    let context = ExpressionContext {
        aggregates: Aggregates::Refused,
        levels: MAX_NESTING,
    };
    alt((
        |input: &mut &str| call(input, context),
        name.map(Expr::Field),
    ))
    .parse_next(input)
}

fn value(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    let inner = |input: &mut &str| disjunction(input, context);
    let closing = symbol(")").context(expected("a closing parenthesis"));
    alt((
        delimited(symbol("("), cut_err(inner), cut_err(closing)),
        quoted.map(Expr::Text),
        period.map(Expr::Period),
        number.map(Expr::Number),
        keyword("true").value(Expr::Bool(true)),
        keyword("false").value(Expr::Bool(false)),
        |input: &mut &str| call(input, context),
        field,
    ))
    .context(expected("a field, a value or a function"))
    .parse_next(input)
}

/// A field. An element of a list (`a[0]`) and a URL without quotation marks, as AWS's sample query
/// for Apache logs has it, are refused.
fn field(input: &mut &str) -> ModalResult<Expr> {
    refuse((word, "://"), "a URL without quotation marks").parse_next(input)?;
    let field = name.map(Expr::Field).parse_next(input)?;
    refuse('[', "access to an element of a list").parse_next(input)?;
    Ok(field)
}

fn call(input: &mut &str, context: ExpressionContext) -> ModalResult<Expr> {
    peek((word, '(')).parse_next(input)?;
    cut_err(peek(word).try_map(check_function)).parse_next(input)?;
    let argument = |input: &mut &str| disjunction(input, context);
    // `count(*)` is the same as `count()`.
    let star = terminated(symbol("*"), peek(')')).map(|_| Vec::new());
    let arguments = alt((
        star,
        opt(list(argument, symbol(","))).map(Option::unwrap_or_default),
    ));
    let closing = symbol(")").context(expected("a comma or a closing parenthesis"));
    let call = (
        terminated(word, symbol("(")),
        terminated(arguments, cut_err(closing)),
    );
    let call = cut_err(
        call.try_map(|(name, arguments)| resolve_call(name, arguments, context.aggregates)),
    )
    .parse_next(input)?;
    refuse('[', "access to an element of a list").parse_next(input)?;
    Ok(call)
}

/// Checks that a function can be evaluated, before its arguments are parsed: those of a function
/// that only Insights knows may have another syntax.
fn check_function(name: &str) -> Result<(), SemanticError> {
    let is_known =
        Function::from_name(name).is_some() || AggregateKind::from_name(name, None).is_some();
    let is_insights_only = INSIGHTS_ONLY
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name));
    match (is_known, is_insights_only) {
        (true, _) => Ok(()),
        (false, true) => Err(SemanticError::insights_only(&format!("`{name}`"))),
        (false, false) => Err(SemanticError::unknown(&format!("function `{name}`"))),
    }
}

/// Resolves a call to a function or an aggregate, and checks its arguments.
fn resolve_call(
    name: &str,
    arguments: Vec<Expr>,
    aggregates: Aggregates,
) -> Result<Expr, SemanticError> {
    if let Some(function) = Function::from_name(name) {
        return match function.argument_error(&arguments) {
            Some(message) => Err(SemanticError::malformed(message)),
            None => Ok(Expr::Call(function, arguments)),
        };
    }
    let percent = match arguments.last() {
        Some(&Expr::Number(percent)) if arguments.len() == 2 => Some(percent),
        _ => None,
    };
    let kind = AggregateKind::from_name(name, percent)
        .ok_or_else(|| SemanticError::unknown(&format!("function `{name}`")))?;
    if aggregates == Aggregates::Refused {
        return Err(SemanticError::malformed(format!(
            "`{name}` is an aggregate, which is allowed only in `stats`"
        )));
    }
    resolve_aggregate(name, kind, arguments)
}

fn resolve_aggregate(
    name: &str,
    kind: AggregateKind,
    mut arguments: Vec<Expr>,
) -> Result<Expr, SemanticError> {
    if let AggregateKind::Pct(percent) = kind {
        arguments.pop();
        if !(0.0..=100.0).contains(&percent) {
            return Err(SemanticError::malformed(format!(
                "`{name}` takes a field and a percentage from 0 to 100"
            )));
        }
    }
    let counts_all = kind == AggregateKind::Count && arguments.is_empty();
    if arguments.len() != 1 && !counts_all {
        return Err(SemanticError::malformed(format!(
            "wrong number of arguments for `{name}`"
        )));
    }
    let mut is_nested = false;
    for argument in &arguments {
        argument.walk(&mut |expr| is_nested |= matches!(expr, Expr::Aggregate(_)));
    }
    if is_nested {
        return Err(SemanticError::malformed(format!(
            "the argument of `{name}` cannot contain another aggregate"
        )));
    }
    Ok(Expr::Aggregate(Box::new(Aggregate {
        kind,
        argument: arguments.pop(),
    })))
}
