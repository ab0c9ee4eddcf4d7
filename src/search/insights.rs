//! The Insights query that fetches the events of a search: whole events, which are matched and
//! evaluated locally.
//!
//! So both engines give the same rows, Insights' limit of 200 fields per event has no effect, and
//! averages keep their counts. The condition of the query may only narrow: like a filter pattern,
//! it requires a text that every matching message contains.

use super::required_text::{HidingEscapes, RequiredText};
use insights_ql::{Expr, Item, LikePattern, Query, RegexLiteral, Stage};

/// Source: CloudWatch Logs API, `StartQuery`: `queryString` has at most 10,000 characters.
const LONGEST: usize = 10_000;

/// The characters reserved for conditions that are added later: tampering calls and names of log
/// streams.
const RESERVED: usize = 2_000;

/// The fields returned for each event; `@ptr` is always returned.
const FIELDS: [&str; 5] = [
    "@timestamp",
    "@ingestionTime",
    "@log",
    "@logStream",
    "@message",
];

/// A condition on the message that holds for every event with one of the required texts, or with an
/// escape that may hide one. `None` if only an unfiltered scan is safe, or if the condition is too
/// long for a query.
pub(super) fn condition(required_texts: &[RequiredText], escapes: HidingEscapes) -> Option<Expr> {
    if required_texts.is_empty() {
        return None;
    }
    let mut conditions: Vec<Expr> = required_texts.iter().filter_map(text_condition).collect();
    conditions.dedup();
    let mut regexes: Vec<String> = required_texts.iter().flat_map(regexes).cloned().collect();
    regexes.sort();
    regexes.dedup();
    regexes.push(escapes.regex());
    conditions.push(like(LikePattern::Regex(
        RegexLiteral::new(&regexes.join("|")).ok()?,
    )));
    let condition = any_of(conditions)?;
    (query_text(Some(&condition), &[], None).len() + RESERVED <= LONGEST).then_some(condition)
}

/// The text of the query for events that meet the condition or contain one of the `extra_texts`;
/// for all events if there is no condition. `streams` limits it to some log streams.
pub(super) fn query_text(
    condition: Option<&Expr>,
    extra_texts: &[&str],
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
        let conditions = std::iter::once(condition.clone()).chain(any_text(extra_texts));
        stages.extend(any_of(conditions.collect()).map(Stage::Filter));
    }
    Query {
        source: None,
        stages,
    }
    .to_string()
}

/// A condition on the message that it contains one of these texts. One regex with many words is
/// much shorter than as many conditions.
fn any_text(texts: &[&str]) -> Vec<Expr> {
    let is_word = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let regex = (texts.len() > 1 && texts.iter().all(is_word))
        .then(|| RegexLiteral::new(&texts.join("|")).ok())
        .flatten();
    if let Some(regex) = regex {
        return vec![like(LikePattern::Regex(regex))];
    }
    let contains = |text: &&str| contains_text((*text).to_owned());
    texts.iter().map(contains).collect()
}

/// Selects some streams of a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamFilter {
    /// Only these.
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

/// Whether a query text is within the limit of Insights.
pub(super) fn fits_limit(text: &str) -> bool {
    text.chars().count() <= LONGEST
}

fn text_condition(required: &RequiredText) -> Option<Expr> {
    let texts = |texts: &[String]| {
        texts
            .iter()
            .cloned()
            .map(contains_text)
            .collect::<Vec<Expr>>()
    };
    match required {
        RequiredText::All(terms) | RequiredText::Sequence(terms) => {
            let mut terms = texts(terms);
            if terms.len() > 1 {
                Some(Expr::And(terms))
            } else {
                terms.pop()
            }
        }
        RequiredText::Any(terms) => any_of(texts(terms)),
        RequiredText::Regex(_) => None,
    }
}

fn regexes(required: &RequiredText) -> &[String] {
    match required {
        RequiredText::Regex(regexes) => regexes,
        RequiredText::All(_) | RequiredText::Sequence(_) | RequiredText::Any(_) => &[],
    }
}

fn any_of(mut conditions: Vec<Expr>) -> Option<Expr> {
    if conditions.len() > 1 {
        Some(Expr::Or(conditions))
    } else {
        conditions.pop()
    }
}

fn contains_text(text: String) -> Expr {
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
    use dragnet_model::Indicator;

    fn filter_for(indicators: &[&str]) -> String {
        let required_texts: Option<Vec<RequiredText>> = indicators
            .iter()
            .map(|text| RequiredText::from_indicator(&text.parse::<Indicator>().unwrap()))
            .collect();
        let condition = required_texts
            .and_then(|required_texts| condition(&required_texts, HidingEscapes::JsonAndPercent));
        let text = query_text(condition.as_ref(), &["StopLogging"], None);
        let parsed: Query = text.parse().unwrap();
        assert_eq!(
            parsed.to_string(),
            text,
            "the query parses to the same text"
        );
        let fields = "fields @timestamp, @ingestionTime, @log, @logStream, @message";
        text.strip_prefix(fields).unwrap().to_owned()
    }

    #[test]
    fn condition_tests_the_raw_message() {
        let escapes = HidingEscapes::JsonAndPercent.regex();
        assert_eq!(
            filter_for(&["192.0.2.1", "arn:aws:iam::111111111111:user/team/ben"]),
            format!(
                " | filter (@message like \"arn:aws:iam::111111111111:user\" and \
                 @message like \"team\" and @message like \"ben\" or \
                 @message like /192.0.2.1|[fF]{{4}}:[0-9a-fA-F]*:|{escapes}/) \
                 or @message like \"StopLogging\""
            )
        );
        assert_eq!(
            filter_for(&["a1.example"]),
            format!(
                " | filter @message like /[aA]1\\.[eE][xX][aA][mM][pP][lL][eE]|{escapes}/ \
                 or @message like \"StopLogging\""
            )
        );
        assert_eq!(filter_for(&["regex:^a"]), "", "everything is read");
    }

    #[test]
    fn too_long_condition_reads_everything() {
        let many: Vec<String> = (0..10_000)
            .map(|n| format!("10.{}.{}.1", n / 250, n % 250))
            .collect();
        assert_eq!(
            filter_for(&many.iter().map(String::as_str).collect::<Vec<_>>()),
            ""
        );
    }

    #[test]
    fn stream_filter_names_the_streams() {
        let these = StreamFilter::These(vec!["a\"b".to_owned(), "c".to_owned()]);
        let text = query_text(None, &[], Some(&these));
        assert!(
            text.ends_with(r#"@message | filter @logStream in ["a\"b", "c"]"#),
            "{text}"
        );
        assert!(text.parse::<Query>().is_ok());
    }
}
