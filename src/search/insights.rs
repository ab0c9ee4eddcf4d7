//! The query with which Insights is asked for events: those that may answer a question, whole, to be matched and
//! evaluated here.
//!
//! So both engines give the same rows, Insights' limit of 200 fields an event changes nothing, and averages carry
//! their counts. Its condition may only narrow: a text that is surely in the message, as for a filter pattern.

use super::required_text::{ESCAPES_REGEX, RequiredText};
use crate::query::{Expr, Item, LikePattern, Query, RegexLiteral, Stage};

/// Source: CloudWatch Logs API, `StartQuery`: `queryString` has at most 10,000 characters.
const LONGEST: usize = 10_000;

/// Of that, what is kept for conditions that come later: calls that tamper with records, names of streams.
const ROOM: usize = 2_000;

/// What is told of an event; `@ptr` always comes.
const FIELDS: [&str; 5] = [
    "@timestamp",
    "@ingestionTime",
    "@log",
    "@logStream",
    "@message",
];

/// A condition on the message that holds for every event which has one of the marks, or an escape that may hide one;
/// `None` if only reading
/// everything is safe, or if it is longer than a query may be.
pub(super) fn condition(traces: &[RequiredText]) -> Option<Expr> {
    let mut conditions = traces.iter().map(of_trace).collect::<Option<Vec<Expr>>>()?;
    conditions.dedup();
    if !conditions.is_empty() {
        conditions.push(like(LikePattern::Regex(
            RegexLiteral::new(ESCAPES_REGEX).ok()?,
        )));
    }
    let condition = any(conditions)?;
    (text(Some(&condition), &[], None).len() + ROOM <= LONGEST).then_some(condition)
}

/// The text of the query for events that meet the condition, or have one of the texts in `also`; without a condition,
/// for all. `streams`: which log streams to look at, or all but which.
pub(super) fn text(
    condition: Option<&Expr>,
    also: &[&str],
    streams: Option<&StreamFilter>,
) -> String {
    let fields = FIELDS
        .iter()
        .map(|name| Item {
            expr: Expr::Field((*name).to_owned()),
            alias: None,
        })
        .collect();
    let mut stages = vec![Stage::Fields(fields)];
    if let Some(streams) = streams {
        stages.push(Stage::Filter(streams.condition()));
    }
    if let Some(condition) = condition {
        let also = also.iter().map(|text| has((*text).to_owned()));
        stages.extend(
            any(std::iter::once(condition.clone()).chain(also).collect()).map(Stage::Filter),
        );
    }
    Query {
        source: None,
        stages,
    }
    .to_string()
}

/// Some of a log group's streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamFilter {
    /// These.
    These(Vec<String>),
    /// All but these.
    Others(Vec<String>),
}

impl StreamFilter {
    fn condition(&self) -> Expr {
        let (Self::These(names) | Self::Others(names)) = self;
        Expr::In {
            subject: Box::new(Expr::Field("@logStream".to_owned())),
            negated: matches!(self, Self::Others(_)),
            options: names.iter().map(|name| Expr::Text(name.clone())).collect(),
        }
    }
}

/// Whether a query of this text may be asked.
pub(super) fn fits(text: &str) -> bool {
    text.chars().count() <= LONGEST
}

fn of_trace(trace: &RequiredText) -> Option<Expr> {
    let texts = |texts: &[String]| texts.iter().cloned().map(has).collect::<Vec<Expr>>();
    match trace {
        RequiredText::All(terms) | RequiredText::Sequence(terms) => {
            let mut terms = texts(terms);
            if terms.len() > 1 {
                Some(Expr::And(terms))
            } else {
                terms.pop()
            }
        }
        RequiredText::Any(terms) => any(texts(terms)),
        RequiredText::Regex(regex) => {
            Some(like(LikePattern::Regex(RegexLiteral::new(regex).ok()?)))
        }
    }
}

fn any(mut conditions: Vec<Expr>) -> Option<Expr> {
    if conditions.len() > 1 {
        Some(Expr::Or(conditions))
    } else {
        conditions.pop()
    }
}

fn has(text: String) -> Expr {
    like(LikePattern::Text(text))
}

fn like(pattern: LikePattern) -> Expr {
    Expr::Like {
        subject: Box::new(Expr::Field("@message".to_owned())),
        negated: false,
        pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Indicator;

    fn of(indicators: &[&str]) -> String {
        let traces: Option<Vec<RequiredText>> = indicators
            .iter()
            .map(|text| RequiredText::from_indicator(&text.parse::<Indicator>().unwrap()))
            .collect();
        let condition = traces.and_then(|traces| condition(&traces));
        let text = text(condition.as_ref(), &["StopLogging"], None);
        let read: Query = text.parse().unwrap();
        assert_eq!(read.to_string(), text, "the range reads it as it was meant");
        let fields = "fields @timestamp, @ingestionTime, @log, @logStream, @message";
        text.strip_prefix(fields).unwrap().to_owned()
    }

    #[test]
    fn a_condition_is_about_the_message_as_it_lies_there() {
        assert_eq!(
            of(&["192.0.2.1", "arn:aws:iam::111111111111:user/team/ben"]),
            format!(
                " | filter (@message like \"192.0.2.1\" or @message like \"arn:aws:iam::111111111111:user\" and \
                 @message like \"team\" and @message like \"ben\" or @message like /{ESCAPES_REGEX}/) \
                 or @message like \"StopLogging\""
            )
        );
        assert_eq!(
            of(&["a1.example"]),
            format!(
                " | filter (@message like /[aA]1\\.[eE][xX][aA][mM][pP][lL][eE]/ or @message like /{ESCAPES_REGEX}/) \
                 or @message like \"StopLogging\""
            )
        );
        assert_eq!(of(&["regex:^a"]), "", "everything is read");
    }

    #[test]
    fn what_is_too_long_reads_everything() {
        let many: Vec<String> = (0..10_000)
            .map(|n| format!("10.{}.{}.1", n / 250, n % 250))
            .collect();
        assert_eq!(of(&many.iter().map(String::as_str).collect::<Vec<_>>()), "");
    }

    #[test]
    fn streams_are_named() {
        let these = StreamFilter::These(vec!["a\"b".to_owned(), "c".to_owned()]);
        let text = text(None, &[], Some(&these));
        assert!(
            text.ends_with(r#"@message | filter @logStream in ["a\"b", "c"]"#),
            "{text}"
        );
        assert!(text.parse::<Query>().is_ok());
    }
}
