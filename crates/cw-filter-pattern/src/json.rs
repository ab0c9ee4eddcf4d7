//! JSON patterns: `{ $.userIdentity.type = "Root" && $.errorCode NOT EXISTS }`.

use std::borrow::Cow;

use serde_json::Value;
use winnow::ascii::{dec_uint, multispace0, multispace1};
use winnow::combinator::{alt, cut_err, delimited, preceded, repeat};
use winnow::token::{take_till, take_while};
use winnow::{ModalResult, Parser};

use super::comparison::{Comparison, Scalar, comparison};
use super::expression::{Expression, expression};
use super::lexer::{expected, spaced};
use super::{MAX_REGEXES, MAX_WILDCARD_SELECTORS, PatternError};

/// One step of a property selector.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Element(usize),
    AnyMember,
    AnyElement,
}

impl Step {
    fn is_wildcard(&self) -> bool {
        matches!(self, Self::AnyMember | Self::AnyElement)
    }
}

#[derive(Clone, Debug)]
enum Test {
    Comparison(Comparison),
    IsNull,
    Is(bool),
    NotExists,
}

/// A property selector, and the test for the nodes that it selects.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    selector: Vec<Step>,
    test: Test,
}

impl Condition {
    fn wildcards(&self) -> usize {
        self.selector
            .iter()
            .filter(|step| step.is_wildcard())
            .count()
    }

    fn holds(&self, event: &Value) -> bool {
        let any_selected = |check: &dyn Fn(&Value) -> bool| any_node(&self.selector, event, check);
        match &self.test {
            // A selector that selects an array, an object or nothing does not match, not even with
            // `!=`.
            Test::Comparison(comparison) => {
                any_selected(&|node| scalar(node).is_some_and(|value| comparison.holds(&value)))
            }
            Test::IsNull => any_selected(&Value::is_null),
            Test::Is(truth) => any_selected(&|node| node.as_bool() == Some(*truth)),
            Test::NotExists => !any_selected(&|_| true),
        }
    }
}

/// Whether `check` is true for at least one of the nodes that `steps` select.
fn any_node(steps: &[Step], node: &Value, check: &dyn Fn(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return check(node);
    };
    let mut descend = |child| any_node(rest, child, check);
    match (step, node) {
        (Step::Member(name), Value::Object(members)) => members.get(name).is_some_and(descend),
        (Step::AnyMember, Value::Object(members)) => members.values().any(descend),
        (Step::Element(index), Value::Array(elements)) => elements.get(*index).is_some_and(descend),
        (Step::AnyElement, Value::Array(elements)) => elements.iter().any(&mut descend),
        _ => false,
    }
}

fn scalar(node: &Value) -> Option<Scalar<'_>> {
    match node {
        Value::String(text) => Some(Scalar {
            text: Cow::Borrowed(text),
            number: None,
        }),
        Value::Number(number) => Some(Scalar {
            text: Cow::Owned(number.to_string()),
            number: number.as_f64(),
        }),
        Value::Bool(truth) => Some(Scalar {
            text: Cow::Borrowed(if *truth { "true" } else { "false" }),
            number: None,
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A JSON pattern that has been checked against the limits.
#[derive(Clone, Debug)]
pub(super) struct JsonPattern(Expression<Condition>);

impl JsonPattern {
    pub(super) fn new(conditions: Expression<Condition>) -> Result<Self, PatternError> {
        let regexes = |condition: &Condition| {
            usize::from(
                matches!(&condition.test, Test::Comparison(comparison) if comparison.has_regex()),
            )
        };
        if conditions.total(&regexes) > MAX_REGEXES {
            return Err(PatternError::TooManyRegexes);
        }
        let has_several_wildcards = |condition: &Condition| usize::from(condition.wildcards() > 1);
        if conditions.total(&Condition::wildcards) > MAX_WILDCARD_SELECTORS
            || conditions.total(&has_several_wildcards) > 0
        {
            return Err(PatternError::TooManyWildcardSelectors);
        }
        Ok(Self(conditions))
    }

    /// Whether the pattern matches. An event that is not JSON matches no JSON pattern.
    pub(super) fn matches(&self, message: &str) -> bool {
        let is_structured = message.trim_start().starts_with(['{', '[']);
        is_structured
            && serde_json::from_str(message)
                .is_ok_and(|event: Value| self.0.holds(&|condition| condition.holds(&event)))
    }
}

/// Parses a JSON pattern.
pub(super) fn pattern(input: &mut &str) -> ModalResult<Expression<Condition>> {
    let closing = '}'.context(expected("`&&`, `||` or a closing brace"));
    spaced(delimited(
        '{',
        spaced(cut_err(expression(condition))),
        cut_err(closing),
    ))
    .parse_next(input)
}

fn condition(input: &mut &str) -> ModalResult<Condition> {
    let selector = cut_err(selector)
        .context(expected("a property selector, such as $.eventName"))
        .parse_next(input)?;
    let test = cut_err(preceded(multispace0, test)).parse_next(input)?;
    Ok(Condition { selector, test })
}

fn test(input: &mut &str) -> ModalResult<Test> {
    let is = preceded(
        ("IS", multispace1),
        cut_err(alt((
            "NULL".value(Test::IsNull),
            "TRUE".value(Test::Is(true)),
            "FALSE".value(Test::Is(false)),
        )))
        .context(expected("NULL, TRUE or FALSE")),
    );
    let not_exists = ("NOT", multispace1, "EXISTS").value(Test::NotExists);
    alt((is, not_exists, comparison.map(Test::Comparison)))
        .context(expected(
            "a comparison (=, !=, <, <=, >, >=), IS NULL, IS TRUE, IS FALSE or NOT EXISTS",
        ))
        .parse_next(input)
}

fn selector(input: &mut &str) -> ModalResult<Vec<Step>> {
    let name =
        take_while(1.., |c: char| c.is_alphanumeric() || c == '_' || c == '-').map(str::to_owned);
    let member = alt((
        name.map(Step::Member),
        '*'.value(Step::AnyMember),
        bracketed,
    ));
    let step = alt((preceded('.', cut_err(member)), bracketed));
    preceded('$', repeat(1.., step)).parse_next(input)
}

/// Parses `[3]`, `[*]`, and `['name']`, which is needed for names with a period.
fn bracketed(input: &mut &str) -> ModalResult<Step> {
    let name = |quote: char| {
        delimited(quote, take_till(1.., quote), quote)
            .map(|name: &str| Step::Member(name.to_owned()))
    };
    let inner = alt((
        dec_uint.map(Step::Element),
        '*'.value(Step::AnyElement),
        name('\''),
        name('"'),
    ));
    delimited('[', spaced(cut_err(inner)), cut_err(']'))
        .context(expected("an array index, * or a quoted name in brackets"))
        .parse_next(input)
}
