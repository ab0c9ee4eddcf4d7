//! The condition with which Athena names the objects that may contain a match. Like a filter pattern, it
//! may only narrow: the objects are read and matched here.
//!
//! A text of the user is always a literal of SQL, or a part of a regular expression in one. `strpos` compares
//! it as it is; `LIKE` would not, because `_` and `%` are wildcards there.
//!
//! Source: Amazon Athena user guide, "Functions in Amazon Athena"; Trino documentation, "String functions and
//! operators" (`strpos`), "Regular expression functions" (`regexp_like`), "Lexical structure".

use std::collections::BTreeSet;

use super::required_text::{HidingEscapes, RequiredText, as_regex};

/// Source: Athena API, `StartQueryExecution`: `QueryString` has at most 262,144 bytes. The accounts and Regions
/// of a statement need the rest.
const LONGEST: usize = 160_000;

/// Returns a text as a literal of SQL: only a quotation mark ends it, and two of them stand for one.
///
/// Source: Trino documentation, "Data types", `varchar`; a backslash has no meaning there.
pub(crate) fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns a name as an identifier of SQL.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the condition for lines with one of the required texts, with an escape that may hide one, or
/// with one of the `extra_texts`.
pub(super) fn line_condition(
    required_texts: &[RequiredText],
    escapes: HidingEscapes,
    extra_texts: &[&str],
) -> Option<String> {
    if required_texts.is_empty() {
        return None;
    }
    let mut conditions = BTreeSet::new();
    let mut regexes = BTreeSet::new();
    for required in required_texts {
        match required {
            RequiredText::All(texts) | RequiredText::Sequence(texts) => {
                let contained: Vec<String> = texts.iter().map(|text| contains(text)).collect();
                match &contained[..] {
                    [only] => conditions.insert(only.clone()),
                    _ => conditions.insert(format!("({})", contained.join(" AND "))),
                };
            }
            RequiredText::Any(texts) => {
                conditions.extend(texts.iter().map(|text| contains(text)));
            }
            RequiredText::Regex(alternatives) => regexes.extend(alternatives.iter().cloned()),
        }
    }
    conditions.extend(extra_texts.iter().map(|text| contains(text)));
    regexes.extend(hiding_escapes(escapes));
    let regexes: Vec<String> = regexes.into_iter().collect();
    conditions.insert(format!(
        "regexp_like(line, {})",
        quote_text(&regexes.join("|"))
    ));
    let conditions: Vec<String> = conditions.into_iter().collect();
    let condition = conditions.join(" OR ");
    (condition.len() <= LONGEST && !condition.contains(char::is_control)).then_some(condition)
}

fn contains(text: &str) -> String {
    format!("strpos(line, {}) > 0", quote_text(text))
}

/// Returns regular expressions for the escapes. A percent sign has no meaning in one, and none in SQL.
fn hiding_escapes(escapes: HidingEscapes) -> impl Iterator<Item = String> {
    escapes.terms().map(as_regex)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::SearchSet;
    use dragnet_model::Indicator;

    fn condition(indicators: &[&str]) -> Option<String> {
        let indicators: Vec<Indicator> = indicators
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let set = SearchSet::new(&indicators, &[]).unwrap();
        set.athena_condition(&["StopLogging"])
    }

    #[test]
    fn each_kind_has_the_coarsest_sufficient_condition() {
        let access_key = condition(&["AKIAIOSFODNN7EXAMPLE"]).unwrap();
        assert!(
            access_key.starts_with(
                "regexp_like(line, '%25|%2D|%2E|"
            ) && access_key.ends_with(
                " OR strpos(line, 'AKIAIOSFODNN7EXAMPLE') > 0 OR strpos(line, 'StopLogging') > 0"
            ),
            "{access_key}"
        );
        let arn = condition(&["arn:aws:iam::111111111111:user/team/ben"]).unwrap();
        let parts = "(strpos(line, 'arn:aws:iam::111111111111:user') > 0 AND strpos(line, 'team') > 0 AND strpos(line, 'ben') > 0)";
        assert!(arn.starts_with(parts), "{arn}");
        let address = condition(&["192.0.2.1"]).unwrap();
        assert!(address.contains("|192.0.2.1|"), "{address}");
    }

    #[test]
    fn what_may_be_anywhere_has_no_condition() {
        for indicator in ["regex:abc", "::1", "text:<>", "0.0.0.0/0"] {
            assert_eq!(condition(&[indicator]), None, "{indicator}");
        }
        assert_eq!(condition(&[]), None);
        let many: Vec<String> = (0..20_000).map(|n| format!("user:name{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(condition(&many), None, "it is too long");
    }

    proptest! {
        /// Only a quotation mark ends a literal or an identifier, and two of them stand for one.
        #[test]
        fn quoted_texts_have_one_end(text in "\\PC*|['\"\\\\;/*-]*") {
            for (mark, quoted) in [('\'', quote_text(&text)), ('"', quote_identifier(&text))] {
                let inner = quoted
                    .strip_prefix(mark)
                    .and_then(|rest| rest.strip_suffix(mark))
                    .unwrap();
                let twice = mark.to_string().repeat(2);
                prop_assert_eq!(inner.replace(&twice, &mark.to_string()), text.clone());
                prop_assert!(!inner.replace(&twice, "").contains(mark));
            }
        }
    }

    #[test]
    fn quotation_marks_and_comments_stay_in_their_literal() {
        assert_eq!(quote_text("a' OR 1=1 --\\"), "'a'' OR 1=1 --\\'");
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        let condition = condition(&["text:x' OR account IS NULL) --\\ ;/*é*/"]).unwrap();
        assert!(
            !condition.contains("''") && !condition.contains("--"),
            "{condition}"
        );
    }
}
